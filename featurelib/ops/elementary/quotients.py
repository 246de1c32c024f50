"""Quotients of polynomials in sums of two doubles, for functions that no short series gives.

``python benchmarks/derive_quotients.py`` derives the coefficients.
"""

from featurelib.dtypes import Float64, Int64
from featurelib.intrinsics import i64_add
from featurelib.op import kernel_function
from featurelib.ops.elementary.double import quotient, two_product, two_sum

TERMS = 9
PROBIT_MIDDLE, PROBIT_NEAR, PROBIT_FAR, ERF_MIDDLE, ERF_TAIL = 0, 18, 36, 54, 72
"""Where the polynomials of a quotient begin: that above the line, then that below it."""
COEFFICIENTS = (
    6294.832613886349, 108706.89032782053, 289487.6909448025, 268448.14520068513,
    113065.41545984184, 24243.506025639064, 2732.0612455263745, 153.59183366792445,
    3.387132872796367,
    14553.680455763988, 102953.47552810224, 185263.37639098836, 134977.5867421368,
    48059.9137441365, 9093.734593991067, 929.8489679814181, 48.35093434578801, 1.0,
    0.00010592937590377616, 0.0038923982191349316, 0.05337175036947082, 0.38128054951706397,
    1.603260493285897, 4.079076802025153, 6.057264253104017, 4.706777395572506,
    1.4234371107496837,
    7.604570399764199e-11, 7.489524203260568e-05, 0.002633233596610806, 0.033734393896983524,
    0.22093260558723124, 0.8321110258083079, 1.8141216883294407, 2.1068923127015746, 1.0,
    1.6720639285565002e-09, 4.803363826665639e-07, 4.182690487337808e-05, 0.001587763072542868,
    0.030653801563927337, 0.3226012391480721, 1.8675380883965795, 5.5675048667303795,
    6.657904643501103,
    0.0, 1.1823270289523485e-09, 3.3373856138410037e-07, 2.791199155382256e-05,
    0.0009841740984079593, 0.01682333314497134, 0.1459129953060044, 0.6154106747256738, 1.0,
    0.0, 0.0, 0.0, 7.78117598938071e-08, 0.00019688635027731585, 0.00187747028091463,
    0.04548380942040652, 0.14350833432948876, 1.1283791670955126,
    0.0, 0.0, 0.0, 2.0810765791700024e-05, 0.0006925104086112979, 0.010693206087202603,
    0.09381373766151971, 0.4605142832430028, 1.0,
    1.383920404941822e-12, 0.0008303284401614985, 0.011477024028108816, 0.07729284253326052,
    0.3210465449645749, 0.8811726993388745, 1.599620530260186, 1.7974120878819435,
    0.9999999969502297,
    0.0014717190041619393, 0.02034249028616185, 0.13773395912267078, 0.5792099565296229,
    1.6296170708502558, 3.1094662177821473, 3.9010225761206123, 2.925791220741554, 1.0,
)  # fmt: skip
"""Highest power first."""
PROBIT_MIDDLE_LOW = -5.22765026869547e-17
PROBIT_NEAR_LOW = -2.9980133107014564e-18
PROBIT_FAR_LOW = 1.8123844023702664e-16
ERF_MIDDLE_LOW = 1.6128259919667932e-17
ERF_TAIL_LOW = 1.4886449852245107e-18
"""What the constant terms above the line lack."""


@kernel_function
def polynomial(first: Int64, r: Float64, r_low: Float64):
    """The polynomial whose coefficients begin at a place, of r + r_low, with hardly any rounding.

    Horner's rule on sums of two doubles: each step keeps what a product and a sum would lose.
    """
    y = COEFFICIENTS[first]
    y_low = 0.0
    for k in range(1, TERMS):
        p, p_low = two_product(y, r)
        y_low = p_low + (y * r_low + y_low * r)
        y, lost = two_sum(p, COEFFICIENTS[i64_add(first, k)])
        y_low = y_low + lost
    return y, y_low


@kernel_function
def rational(first: Int64, low: Float64, r: Float64, r_low: Float64):
    """The quotient of two polynomials, as high and low part.

    Args:
        first: Where the first one begins.
        low: What its constant term lacks.
        r: The argument.
        r_low: What it lacks.
    """
    a, a_low = polynomial(first, r, r_low)
    b, b_low = polynomial(i64_add(first, TERMS), r, r_low)
    return quotient(a, a_low + low, b, b_low)

"""log, log1p, log2, log10: k log(2) + log(1 + f), sqrt(1/2) <= 1 + f < sqrt(2)."""

from featurelib.intrinsics import (
    f64_bits,
    f64_div,
    f64_from_bits,
    u64_add,
    u64_and,
    u64_or,
    u64_shr,
)
from featurelib.op import Float, inlined, op
from featurelib.ops.elementary.double import head, ordered_sum, two_sum

INF = float("inf")
NAN = float("nan")
SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
TO_EXPONENT = 0x00095F619980C433  # the bits of 1.0 less those of sqrt(1/2)
FRACTION = 0x000FFFFFFFFFFFFF
TWO_52_BITS = 0x4330000000000000
SMALLEST_NORMAL = 2.2250738585072014e-308

LN2_HIGH = 0.6931471805598903  # 42 bits: times an exponent it is exact
LN2_LOW = 5.497923018708371e-14
INV_LN2_HIGH = 1.4426950216293335  # 26 bits
INV_LN2_LOW = 1.9259629911266175e-08
INV_LN10_HIGH = 0.4342944771051407  # 26 bits
INV_LN10_LOW = 4.798111141615973e-09
LOG10_2_HIGH = 0.30102999566395283  # 42 bits
LOG10_2_LOW = 2.8363394551044964e-14

# log((1 + s) / (1 - s)) = 2 s + s z (LOG_0 + LOG_1 z + ...), z = s**2
LOG_0 = 0.6666666666666666
LOG_1 = 0.4000000000000088
LOG_2 = 0.2857142857080323
LOG_3 = 0.2222222239180047
LOG_4 = 0.18181795630884753
LOG_5 = 0.15386240205813478
LOG_6 = 0.13268759668560612
LOG_7 = 0.13086767009948175


@inlined
def log_reduced(x):
    """x = 2**k m for a positive finite x: gives k as a float, and m."""
    tiny = x < SMALLEST_NORMAL
    normal = x * 18014398509481984.0 if tiny else x
    u = u64_add(f64_bits(normal), TO_EXPONENT)
    # The exponent field becomes a float by laying it under the bits of 2**52.
    k = f64_from_bits(u64_or(u64_shr(u, 52), TWO_52_BITS)) - 4503599627371519.0
    m = f64_from_bits(u64_add(u64_and(u, FRACTION), SQRT_HALF_BITS))
    return k - 54.0 if tiny else k, m


@inlined
def log_fraction(f):
    """log(1 + f) as high and low part; the low one is up to 1/16 of the high one."""
    s = f64_div(f, 2.0 + f)
    z = s * s
    z2 = z * z
    a = (LOG_0 + LOG_1 * z) + (LOG_2 + LOG_3 * z) * z2
    b = (LOG_4 + LOG_5 * z) + (LOG_6 + LOG_7 * z) * z2
    p = a + b * (z2 * z2)
    f1 = head(f)
    square = 0.5 * f1 * f1
    square_low = 0.5 * (f - f1) * (f + f1)
    high, low = ordered_sum(f, -square)
    return high, low + (s * (0.5 * f * f + z * p) - square_low)


@inlined
def log_domain(x, y):
    """y where x is positive and finite, else the logarithm of 0, infinity, NaN or a negative x."""
    finite = y if x < INF else x
    return finite if x > 0.0 else (-INF if x == 0.0 else NAN)


@inlined
def log_parts(k, f):
    """k log(2) + log(1 + f) as high and low part."""
    high, low = log_fraction(f)
    s, s_low = two_sum(k * LN2_HIGH, high)
    return s, s_low + (low + k * LN2_LOW)


@inlined
def log_scaled(high, low, factor_high, factor_low):
    """(high + low) * (factor_high + factor_low) as parts; factor_high has at most 26 bits."""
    s, s_low = ordered_sum(high, low)
    s1 = head(s)
    return s1 * factor_high, (s - s1) * factor_high + (s * factor_low + s_low * factor_high)


@op("log", version=1)
@inlined
def log(x: Float) -> Float:
    """Natural logarithm; -inf at zero, NaN below.

    At most 0.597 ulp from the true value in ``python benchmarks/measure_elementary.py log``.
    """
    k, m = log_reduced(x)
    s, s_low = log_parts(k, m - 1.0)
    return log_domain(x, s + s_low)


@op("log1p", version=1)
@inlined
def log1p(x: Float) -> Float:
    """log(1 + x), exact to the last bits near 0; -inf at -1, NaN below.

    At most 0.656 ulp from the true value in ``python benchmarks/measure_elementary.py log1p``.
    """
    u, lost = two_sum(1.0, x)
    k, m = log_reduced(u)
    s, s_low = log_parts(k, m - 1.0)
    y = s + (s_low + f64_div(lost, u))
    return x if x == 0.0 else log_domain(u, y)


@op("log2", version=1)
@inlined
def log2(x: Float) -> Float:
    """Logarithm to base 2; exact at powers of two.

    At most 0.649 ulp from the true value in ``python benchmarks/measure_elementary.py log2``.
    """
    k, m = log_reduced(x)
    high, low = log_fraction(m - 1.0)
    p, p_low = log_scaled(high, low, INV_LN2_HIGH, INV_LN2_LOW)
    s, s_low = two_sum(k, p)
    return log_domain(x, s + (s_low + p_low))


@op("log10", version=1)
@inlined
def log10(x: Float) -> Float:
    """Logarithm to base 10; exact at powers of ten.

    At most 0.570 ulp from the true value in ``python benchmarks/measure_elementary.py log10``.
    """
    k, m = log_reduced(x)
    high, low = log_fraction(m - 1.0)
    p, p_low = log_scaled(high, low, INV_LN10_HIGH, INV_LN10_LOW)
    s, s_low = two_sum(k * LOG10_2_HIGH, p)
    return log_domain(x, s + (s_low + (p_low + k * LOG10_2_LOW)))

"""sqrt, cbrt and powers of floats."""

from featurelib.intrinsics import (
    f64_abs,
    f64_bits,
    f64_copysign,
    f64_div,
    f64_floor,
    f64_from_bits,
    f64_sqrt,
    u64_add,
    u64_and,
    u64_div,
    u64_mul,
    u64_or,
    u64_shl,
    u64_shr,
    u64_sub,
)
from featurelib.op import Float, inlined, op
from featurelib.ops.elementary.double import head, ordered_sum, quotient, two_product, two_sum
from featurelib.ops.elementary.exp import exp_unscaled, scaled
from featurelib.ops.elementary.log import log_reduced

INF = float("inf")
NAN = float("nan")
FRACTION = 0x000FFFFFFFFFFFFF
ONE_BITS = 0x3FF0000000000000
SMALLEST_NORMAL = 2.2250738585072014e-308
LARGEST_EXPONENT = 36893488147419103232.0  # 2**65: beyond it every power but 1's is 0 or infinite

# A first guess of cbrt(m), 1 <= m < 8, within 0.5 %.
CBRT_0 = 0.6538962985569791
CBRT_1 = 0.4121814779629245
CBRT_2 = -0.06797280035500547
CBRT_3 = 0.0069891694835587225
CBRT_4 = -0.0002882199346276574

LN2_HIGH = 0.6931471805598903  # 42 bits: times an exponent it is exact
LN2_LOW = 5.497923018708371e-14
# log((1 + s) / (1 - s)) = s (2 + z (2 / 3 + z (2 / 5 + z (POW_0 + POW_1 z + ...)))), z = s**2
TWO_THIRDS = 0.6666666666666666
TWO_THIRDS_LOW = 3.700743415417188e-17
TWO_FIFTHS = 0.39999999999999997
TWO_FIFTHS_LOW = 3.3306690738754695e-17
POW_0 = 0.2857142857142857
POW_1 = 0.22222222222222948
POW_2 = 0.18181818181300669
POW_3 = 0.15384615524948372
POW_4 = 0.13333314672574045
POW_5 = 0.11766050284922107
POW_6 = 0.10472895414354771
POW_7 = 0.10617144341172342


@op("sqrt", version=1)
@inlined
def sqrt(x: Float) -> Float:
    """Square root, correctly rounded; NaN below zero."""
    return f64_sqrt(x)


@op("cbrt", version=1)
@inlined
def cbrt(x: Float) -> Float:
    """Cube root, with the sign of x; exact at cubes.

    At most 0.500 ulp from the true value in ``python benchmarks/measure_elementary.py cbrt``.
    """
    a = f64_abs(x)
    tiny = a < SMALLEST_NORMAL
    bits = f64_bits(a * 18014398509481984.0 if tiny else a)
    # x = m * 2**(3 t), 1 <= m < 8; the exponent is counted from -1023 = 3 * -341.
    exponent = u64_shr(bits, 52)
    third = u64_div(exponent, 3)
    left = u64_sub(exponent, u64_mul(third, 3))
    m = f64_from_bits(u64_or(u64_and(bits, FRACTION), u64_add(ONE_BITS, u64_shl(left, 52))))
    z = m * m
    y = (CBRT_0 + CBRT_1 * m) + ((CBRT_2 + CBRT_3 * m) + CBRT_4 * z) * z
    # Halley's step, twice: on doubles, then from 26 bits with the exact remainder.
    cube = y * y * y
    y = head(y + y * f64_div(m - cube, 2.0 * cube + m))
    square = y * y
    square_head = head(square)
    remainder = (m - square_head * y) - (square - square_head) * y
    cube = square * y
    root = y + y * f64_div(remainder, 2.0 * cube + m)
    scale = f64_from_bits(u64_shl(u64_add(third, 682), 52))
    finite = root * (scale * 3.814697265625e-06 if tiny else scale)
    return f64_copysign(finite, x) if a > 0.0 and a < INF else x


@inlined
def log_precise(x):
    """log(x) as parts with 68 bits, for a positive finite x."""
    k, m = log_reduced(x)
    f = m - 1.0
    d, d_low = ordered_sum(2.0, f)
    s, s_low = quotient(f, 0.0, d, d_low)
    s, s_low = ordered_sum(s, s_low)
    z, z_low = two_product(s, s)
    z_low = z_low + 2.0 * s * s_low
    z2 = z * z
    a = (POW_0 + POW_1 * z) + (POW_2 + POW_3 * z) * z2
    p = a + ((POW_4 + POW_5 * z) + (POW_6 + POW_7 * z) * z2) * (z2 * z2)
    # From here on each step of the sum has two parts.
    u, u_low = ordered_sum(TWO_FIFTHS, z * p)
    v, v_low = two_product(z, u)
    v_low = v_low + (z_low * u + z * (u_low + TWO_FIFTHS_LOW))
    u, u_low = ordered_sum(TWO_THIRDS, v)
    u_low = u_low + (v_low + TWO_THIRDS_LOW)
    v, v_low = two_product(z, u)
    v_low = v_low + (z_low * u + z * u_low)
    u, u_low = ordered_sum(2.0, v)
    u_low = u_low + v_low
    v, v_low = two_product(s, u)
    v_low = v_low + (s_low * u + s * u_low)
    t, t_low = two_sum(k * LN2_HIGH, v)
    return ordered_sum(t, t_low + (v_low + k * LN2_LOW))


@op("pow", version=1, promote=True)
@inlined
def power(x: Float, y: Float) -> Float:
    """x to the power y; 1 for y = 0 and for x = 1 even where the other is NaN, as in IEEE 754.

    At most 0.735 ulp from the true value in ``python benchmarks/measure_elementary.py pow``.
    """
    a = f64_abs(x)
    bounded = f64_copysign(LARGEST_EXPONENT, y) if f64_abs(y) > LARGEST_EXPONENT else y
    log_x, log_x_low = log_precise(a if a > 0.0 and a < INF else 1.0)
    p, p_low = two_product(bounded, log_x)
    p_low = p_low + bounded * log_x_low
    over = p > 720.0
    under = p < -760.0
    cut = over or under
    high, low, k = exp_unscaled(720.0 if over else (-760.0 if under else p), 0.0 if cut else p_low)
    positive = y > 0.0
    edge = 0.0 if (a == 0.0) == positive else INF
    size = edge if a == 0.0 or a == INF else scaled(high + low, k)
    whole = f64_floor(y) == y
    odd = whole and f64_floor(0.5 * y) * 2.0 != y
    signed = -size if odd and f64_copysign(1.0, x) < 0.0 else size
    real = NAN if x < 0.0 and a < INF and not whole else signed
    known = NAN if x != x or y != y else real
    return 1.0 if y == 0.0 or x == 1.0 else known

"""atan, atan2, asin, acos: all from the angle of a right triangle, in two parts."""

from featurelib.intrinsics import (
    f64_abs,
    f64_copysign,
    f64_div,
    f64_sqrt,
)
from featurelib.op import Float, inlined, op
from featurelib.ops.elementary.double import head, ordered_sum, quotient, two_product, two_sum

INF = float("inf")
NAN = float("nan")
TINY = 7.450580596923828e-09  # 2**-27: below it the next term is under half an ulp
PIO2 = 1.5707963267948966
PIO2_LOW = 6.123233995736766e-17
HUGE = 18446744073709551616.0

# atan(t) = t + t z (ATAN_0 + ATAN_1 z + ...), z = t**2, |t| <= 1 / 8
ATAN_0 = -0.3333333333333333
ATAN_1 = 0.19999999999998966
ATAN_2 = -0.1428571428466413
ATAN_3 = 0.1111111071125646
ATAN_4 = -0.09090836510998238
ATAN_5 = 0.0768553063628102
ATAN_6 = -0.06351278940814616
# atan of 1 / 4, 1 / 2, 3 / 4 and 1, and what the doubles lack.
ATAN_QUARTER = 0.24497866312686414
ATAN_QUARTER_LOW = 1.0698755618734451e-17
ATAN_HALF = 0.4636476090008061
ATAN_HALF_LOW = 2.2698777452961687e-17
ATAN_THREE_QUARTERS = 0.6435011087932844
ATAN_THREE_QUARTERS_LOW = 1.5834785051444286e-17
ATAN_ONE = 0.7853981633974483
ATAN_ONE_LOW = 3.061616997868383e-17


@inlined
def angle(a, a_low, b, b_low):
    """atan((a + a_low) / (b + b_low)) as parts, for 0 <= a <= b, b > 0 and both within 2**+-600.

    With c the nearest quarter to a / b it is atan(c) + atan((a - c b) / (b + c a)).
    """
    a8 = 8.0 * a
    c = 0.25 if a8 >= b else 0.0
    known = ATAN_QUARTER if a8 >= b else 0.0
    known_low = ATAN_QUARTER_LOW if a8 >= b else 0.0
    c = 0.5 if a8 >= 3.0 * b else c
    known = ATAN_HALF if a8 >= 3.0 * b else known
    known_low = ATAN_HALF_LOW if a8 >= 3.0 * b else known_low
    c = 0.75 if a8 >= 5.0 * b else c
    known = ATAN_THREE_QUARTERS if a8 >= 5.0 * b else known
    known_low = ATAN_THREE_QUARTERS_LOW if a8 >= 5.0 * b else known_low
    c = 1.0 if a8 >= 7.0 * b else c
    known = ATAN_ONE if a8 >= 7.0 * b else known
    known_low = ATAN_ONE_LOW if a8 >= 7.0 * b else known_low
    a1 = head(a)
    b1 = head(b)
    n, n_low = two_sum(a, -(c * b1))
    n, n_low = two_sum(n, n_low + (a_low - (c * (b - b1) + c * b_low)))
    d, d_low = ordered_sum(b, c * a1)
    d, d_low = ordered_sum(d, d_low + (b_low + (c * (a - a1) + c * a_low)))
    t, t_low = quotient(n, n_low, d, d_low)
    z = t * t
    z2 = z * z
    p = (ATAN_0 + ATAN_1 * z) + (ATAN_2 + ATAN_3 * z) * z2
    p = p + ((ATAN_4 + ATAN_5 * z) + ATAN_6 * z2) * (z2 * z2)
    high, low = two_sum(known, t)
    return high, low + (known_low + (t_low + (t * z) * p))


@inlined
def turned(quarters, sign, high, low):
    """quarters * pi / 2 + sign * (high + low), rounded; quarters is 0, 1 or 2."""
    s, s_low = two_sum(quarters * PIO2, sign * high)
    return s + (s_low + (quarters * PIO2_LOW + sign * low))


@inlined
def cosine_side(a):
    """sqrt(1 - a**2) as parts, for 0 <= a <= 1."""
    p, p_low = two_product(a, a)
    h, h_low = ordered_sum(1.0, -p)
    h, h_low = two_sum(h, h_low - p_low)
    s = f64_sqrt(h)
    q, q_low = two_product(s, s)
    left = ((h - q) - q_low) + h_low
    return s, (f64_div(0.5 * left, s) if s > 0.0 else 0.0)


@op("atan", version=1)
@inlined
def atan(x: Float) -> Float:
    """Inverse tangent, between -pi / 2 and pi / 2.

    At most 0.508 ulp from the true value in ``python benchmarks/measure_elementary.py atan``.
    """
    a = f64_abs(x)
    steep = a > 1.0
    cut = HUGE if a > HUGE else a
    high, low = angle(1.0 if steep else cut, 0.0, cut if steep else 1.0, 0.0)
    y = turned(1.0 if steep else 0.0, -1.0 if steep else 1.0, high, low)
    return x if not (a >= TINY) else f64_copysign(y, x)


@op("atan2", version=1, promote=True)
@inlined
def atan2(y: Float, x: Float) -> Float:
    """Angle of the point (x, y), between -pi and pi; the signs of zeros choose the side.

    At most 0.512 ulp from the true value in ``python benchmarks/measure_elementary.py atan2``.
    """
    a = f64_abs(y)
    b = f64_abs(x)
    steep = a > b
    big = a if steep else b
    small = b if steep else a
    # Infinities, zeros and the ends of the range go to a triangle of the same angle.
    equal = small == big
    down = 2.409919865102884e-181 if big > 3.273390607896142e150 else 1.0
    scale = 4.149515568880993e180 if big < 3.054936363499605e-151 else down
    simple = equal or big == INF
    wide = 1.0 if simple else big * scale
    tall = (1.0 if equal and big > 0.0 else 0.0) if simple else small * scale
    high, low = angle(tall, 0.0, wide, 0.0)
    left = f64_copysign(1.0, x) < 0.0
    quarters = 1.0 if steep else (2.0 if left else 0.0)
    angle_sum = turned(quarters, 1.0 if steep == left else -1.0, high, low)
    # A tiny angle may be subnormal, and is the quotient itself.
    direct = f64_div(a, b)
    tiny = not left and not steep and big > 0.0 and direct < 9.313225746154785e-10
    v = f64_copysign(direct if tiny else angle_sum, y)
    return NAN if x != x or y != y else v


@op("asin", version=1)
@inlined
def asin(x: Float) -> Float:
    """Inverse sine, between -pi / 2 and pi / 2; NaN outside -1 ... 1.

    At most 0.514 ulp from the true value in ``python benchmarks/measure_elementary.py asin``.
    """
    a = f64_abs(x)
    c, c_low = cosine_side(a)
    steep = a > c
    high, low = angle(
        c if steep else a, c_low if steep else 0.0, a if steep else c, 0.0 if steep else c_low
    )
    y = turned(1.0 if steep else 0.0, -1.0 if steep else 1.0, high, low)
    inside = f64_copysign(y, x) if a <= 1.0 else NAN
    return x if a < TINY else inside


@op("acos", version=1)
@inlined
def acos(x: Float) -> Float:
    """Inverse cosine, between 0 and pi; NaN outside -1 ... 1.

    At most 0.508 ulp from the true value in ``python benchmarks/measure_elementary.py acos``.
    """
    a = f64_abs(x)
    c, c_low = cosine_side(a)
    steep = a > c
    high, low = angle(
        c if steep else a, c_low if steep else 0.0, a if steep else c, 0.0 if steep else c_low
    )
    left = x < 0.0
    quarters = (2.0 if left else 0.0) if steep else 1.0
    y = turned(quarters, 1.0 if steep != left else -1.0, high, low)
    return y if a <= 1.0 else NAN

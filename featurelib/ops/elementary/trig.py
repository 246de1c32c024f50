"""sin, cos, tan on the remainder |r| <= pi / 4 of `reduction`."""

from featurelib.intrinsics import f64_abs, i64_and
from featurelib.op import Float, inlined, op
from featurelib.ops.elementary.double import head, ordered_sum, quotient
from featurelib.ops.elementary.reduction import reduced

INF = float("inf")
NAN = float("nan")
TINY = 7.450580596923828e-09  # 2**-27: below it the next term is under half an ulp

# sin(r) = r + r z (SIN_0 + SIN_1 z + ...); cos(r) = 1 - z / 2 + z**2 (COS_0 + ...); z = r**2
SIN_0 = -0.16666666666666666
SIN_1 = 0.008333333333333331
SIN_2 = -0.00019841269841265063
SIN_3 = 2.7557319219337312e-06
SIN_4 = -2.5052106231802837e-08
SIN_5 = 1.6058531516797758e-10
SIN_6 = -7.586691094197958e-13
COS_0 = 0.041666666666666664
COS_1 = -0.0013888888888888887
COS_2 = 2.4801587301584645e-05
COS_3 = -2.755731922140179e-07
COS_4 = 2.0876755790721963e-09
COS_5 = -1.1470460830795304e-11
COS_6 = 4.7458685530816656e-14


@inlined
def sin_parts(r, r_low):
    """sin(r + r_low) as high and low part."""
    z = r * r
    z2 = z * z
    a = (SIN_1 + SIN_2 * z) + (SIN_3 + SIN_4 * z) * z2
    p = a + (SIN_5 + SIN_6 * z) * (z2 * z2)
    # The first term is added last: its rounding is the only one of its size.
    return r, (r * z) * (SIN_0 + z * p) + r_low * (1.0 - 0.5 * z)


@inlined
def cos_parts(r, r_low):
    """cos(r + r_low) as high and low part."""
    z = r * r
    z2 = z * z
    a = (COS_0 + COS_1 * z) + (COS_2 + COS_3 * z) * z2
    p = a + ((COS_4 + COS_5 * z) + COS_6 * z2) * (z2 * z2)
    r1 = head(r)
    high, low = ordered_sum(1.0, -0.5 * r1 * r1)
    return high, low + (z2 * p - (0.5 * (r - r1) * (r + r1) + r * r_low))


@op("sin", version=1)
@inlined
def sin(x: Float) -> Float:
    """Sine of an angle in radians; NaN at the infinities.

    At most 0.744 ulp from the true value in ``python benchmarks/measure_elementary.py sin``.
    """
    r, r_low, n = reduced(x)
    s, s_low = sin_parts(r, r_low)
    c, c_low = cos_parts(r, r_low)
    y = c + c_low if i64_and(n, 1) == 1 else s + s_low
    signed = -y if i64_and(n, 2) == 2 else y
    finite = signed if f64_abs(x) < INF else NAN
    return x if f64_abs(x) < TINY else finite


@op("cos", version=1)
@inlined
def cos(x: Float) -> Float:
    """Cosine of an angle in radians; NaN at the infinities.

    At most 0.758 ulp from the true value in ``python benchmarks/measure_elementary.py cos``.
    """
    r, r_low, n = reduced(x)
    s, s_low = sin_parts(r, r_low)
    c, c_low = cos_parts(r, r_low)
    y = s + s_low if i64_and(n, 1) == 1 else c + c_low
    signed = -y if (i64_and(n, 2) == 2) != (i64_and(n, 1) == 1) else y
    return signed if f64_abs(x) < INF else NAN


@op("tan", version=1)
@inlined
def tan(x: Float) -> Float:
    """Tangent of an angle in radians; NaN at the infinities.

    At most 0.837 ulp from the true value in ``python benchmarks/measure_elementary.py tan``.
    """
    r, r_low, n = reduced(x)
    s, s_low = sin_parts(r, r_low)
    c, c_low = cos_parts(r, r_low)
    odd = i64_and(n, 1) == 1
    # s_low is up to a sixth of s, too much for a low part.
    s, s_low = ordered_sum(s, s_low)
    c, c_low = ordered_sum(c, c_low)
    q, q_low = quotient(
        c if odd else s, c_low if odd else s_low, s if odd else c, s_low if odd else c_low
    )
    y = q + q_low
    signed = -y if odd else y
    finite = signed if f64_abs(x) < INF else NAN
    return x if f64_abs(x) < TINY else finite

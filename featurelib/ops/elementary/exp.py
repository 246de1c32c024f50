"""exp and expm1: a power of two times exp(r), |r| <= log(2) / 2."""

from featurelib.intrinsics import (
    f64_abs,
    f64_bits,
    f64_from_bits,
    u64_add,
    u64_shl,
    u64_shr,
    u64_sub,
)
from featurelib.op import Float, inlined, op
from featurelib.ops.elementary.double import head, ordered_sum, two_sum

INV_LN2 = 1.4426950408889634
LN2_HIGH = 0.6931471803691238  # 32 bits: times a whole number below 2**21 it is exact
LN2_LOW = 1.9082149292705877e-10
ROUNDER = 6755399441055744.0  # 1.5 * 2**52: adding it leaves the whole part in the low bits
ROUNDER_BITS = 0x4338000000000000

# exp(r) = 1 + r + r**2 / 2 + r**3 * (EXP_0 + EXP_1 r + ...)
EXP_0 = 0.16666666666666669
EXP_1 = 0.041666666666666664
EXP_2 = 0.008333333333330062
EXP_3 = 0.0013888888888886552
EXP_4 = 0.00019841269863053618
EXP_5 = 2.4801587317144498e-05
EXP_6 = 2.7557268459997064e-06
EXP_7 = 2.755728296954995e-07
EXP_8 = 2.510038549551032e-08
EXP_9 = 2.0911236630261545e-09


@inlined
def exp_reduced(x, x_low):
    """x + x_low = k log(2) + r + r_low: gives r, r_low and bits whose low end is k."""
    shifted = x * INV_LN2 + ROUNDER
    k = shifted - ROUNDER
    high = x - k * LN2_HIGH
    low = k * LN2_LOW - x_low
    r = high - low
    return r, (high - r) - low, f64_bits(shifted)


@inlined
def exp_cubic(r):
    """(exp(r) - 1 - r - r**2 / 2) / r**3."""
    z = r * r
    z2 = z * z
    a = (EXP_0 + EXP_1 * r) + (EXP_2 + EXP_3 * r) * z
    b = (EXP_4 + EXP_5 * r) + (EXP_6 + EXP_7 * r) * z
    return a + (b + (EXP_8 + EXP_9 * r) * z2) * z2


@inlined
def exp_unscaled(x, x_low):
    """exp(x + x_low) = (high + low) * 2**k: gives high, low and bits whose low end is k."""
    r, r_low, k = exp_reduced(x, x_low)
    s, s_low = ordered_sum(1.0, r)
    z = r * r
    tail = 0.5 * z + (z * r) * exp_cubic(r)
    return s, tail + (s_low + r_low * s), k


@inlined
def scaled(y, k):
    """y * 2**k for the bits that `exp_reduced` gives, |k| <= 1100, rounded at most once."""
    biased = u64_sub(u64_add(k, 2046), ROUNDER_BITS)
    half = u64_shr(biased, 1)
    first = f64_from_bits(u64_shl(half, 52))
    second = f64_from_bits(u64_shl(u64_sub(biased, half), 52))
    return (y * first) * second


@inlined
def exp_clamped(x):
    """x cut to where exp is neither 0 nor infinite, and a little more; NaN stays."""
    low = -746.0 if x < -746.0 else x
    return 710.0 if low > 710.0 else low


@inlined
def expm1_quarter(x):
    """expm1(x) / 4 as high and low part, for -50 <= x <= 710.5; a quarter cannot overflow."""
    r, r_low, k = exp_reduced(x, 0.0)
    r1 = head(r)
    r2 = r - r1
    high, low = ordered_sum(r, 0.5 * r1 * r1)
    low = low + ((r * r * r) * exp_cubic(r) + (0.5 * r2 * (r + r1) + r_low * (1.0 + r)))
    scale = f64_from_bits(u64_shl(u64_add(k, 1021), 52))
    one, one_low = two_sum(scale, -0.25)
    s, s_low = two_sum(one, scale * high)
    return ordered_sum(s, (one_low + s_low) + scale * low)


@op("exp", version=1)
@inlined
def exp(x: Float) -> Float:
    """e to the power x.

    At most 0.747 ulp from the true value in ``python benchmarks/measure_elementary.py exp``.
    """
    high, low, k = exp_unscaled(exp_clamped(x), 0.0)
    return scaled(high + low, k)


@op("expm1", version=1)
@inlined
def expm1(x: Float) -> Float:
    """exp(x) - 1, exact to the last bits near 0.

    At most 0.578 ulp from the true value in ``python benchmarks/measure_elementary.py expm1``.
    """
    low = -50.0 if x < -50.0 else x
    s, s_low = expm1_quarter(710.5 if low > 710.5 else low)
    y = (s + s_low) * 4.0
    return x if f64_abs(x) < 5.551115123125783e-17 else y

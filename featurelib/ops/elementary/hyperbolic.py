"""sinh, cosh, tanh and sigmoid, from expm1 and exp in two parts."""

from featurelib.intrinsics import (
    f64_abs,
    f64_copysign,
    f64_from_bits,
    u64_add,
    u64_shl,
)
from featurelib.op import Float, inlined, op
from featurelib.ops.elementary.double import ordered_sum, quotient, two_sum
from featurelib.ops.elementary.exp import (
    ROUNDER_BITS,
    exp_clamped,
    exp_unscaled,
    expm1_quarter,
    scaled,
)

TINY = 7.450580596923828e-09  # 2**-27: below it the next term is under half an ulp


@op("sinh", version=1)
@inlined
def sinh(x: Float) -> Float:
    """Hyperbolic sine.

    At most 0.556 ulp from the true value in ``python benchmarks/measure_elementary.py sinh``.
    """
    a = f64_abs(x)
    q, q_low = expm1_quarter(710.5 if a > 710.5 else a)
    # sinh = (t + t / (t + 1)) / 2 with t = expm1(a) = 4 q; from 40 on the second term is too small.
    large = a > 40.0
    n = 1.0 if large else q
    n_low = 0.0 if large else q_low
    d, d_low = ordered_sum(n, 0.25) if n > 0.25 else ordered_sum(0.25, n)
    p, p_low = quotient(n, n_low, d, d_low + n_low)
    s, s_low = two_sum(q, 0.0 if large else 0.25 * p)
    y = 2.0 * (s + (s_low + (q_low + (0.0 if large else 0.25 * p_low))))
    return x if a < TINY else f64_copysign(y, x)


@op("cosh", version=1)
@inlined
def cosh(x: Float) -> Float:
    """Hyperbolic cosine.

    At most 0.518 ulp from the true value in ``python benchmarks/measure_elementary.py cosh``.
    """
    a = f64_abs(x)
    q, q_low = expm1_quarter(710.5 if a > 710.5 else a)
    # cosh = 2 (w + 1 / (16 w)), w = exp(a) / 4
    w, w_low = two_sum(q, 0.25)
    w_low = w_low + q_low
    large = a > 40.0
    p, p_low = quotient(0.0625, 0.0, 1.0 if large else w, 0.0 if large else w_low)
    s, s_low = two_sum(w, 0.0 if large else p)
    return 2.0 * (s + (s_low + (w_low + (0.0 if large else p_low))))


@op("tanh", version=1)
@inlined
def tanh(x: Float) -> Float:
    """Hyperbolic tangent.

    At most 0.530 ulp from the true value in ``python benchmarks/measure_elementary.py tanh``.
    """
    a = f64_abs(x)
    q, q_low = expm1_quarter(-2.0 * (22.0 if a > 22.0 else a))
    d, d_low = ordered_sum(0.5, q)
    p, p_low = quotient(q, q_low, d, d_low + q_low)
    y = f64_copysign(p + p_low, x)
    return x if not (a >= TINY) else y


@op("sigmoid", version=1)
@inlined
def sigmoid(x: Float) -> Float:
    """1 / (1 + exp(-x)); the smallest results are subnormal, not zero.

    At most 0.745 ulp from the true value in ``python benchmarks/measure_elementary.py sigmoid``.
    """
    high, low, k = exp_unscaled(exp_clamped(-f64_abs(x)), 0.0)
    high, low = ordered_sum(high, low)
    # Under 2**-100 the sum with 1 is 1, and its power of two would leave the exponent's range.
    vanishes = x < -70.0 or x > 70.0
    power = f64_from_bits(u64_shl(u64_add(k, 1023), 52))
    e = 0.0 if vanishes else high * power
    e_low = 0.0 if vanishes else low * power
    d, d_low = ordered_sum(1.0, e)
    below = x < 0.0
    q, q_low = quotient(high if below else 1.0, low if below else 0.0, d, d_low + e_low)
    y = q + q_low
    return scaled(y, k if below else u64_add(ROUNDER_BITS, 0))

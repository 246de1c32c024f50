"""erf: up to 1 x times a quotient in x**2; further out 1 - exp(-x**2) times a quotient in x."""

from featurelib.intrinsics import f64_abs
from featurelib.op import Float, op
from featurelib.ops.elementary.double import two_product, two_sum
from featurelib.ops.elementary.exp import exp_unscaled, scaled
from featurelib.ops.elementary.quotients import (
    ERF_MIDDLE,
    ERF_MIDDLE_LOW,
    ERF_TAIL,
    ERF_TAIL_LOW,
    rational,
)

ALMOST_ONE = 6.0  # 1 - erf is here less than a fifth of the last place of 1
SMALL = 3.872591914849318e-121  # 2**-400: products of what is smaller may lose digits
UP = 4.149515568880993e180  # 2**600
DOWN = 2.409919865102884e-181  # 2**-600


@op("erf", version=1)
def erf(x: Float) -> Float:
    """The error function: 2 / sqrt(pi) times the integral of exp(-t**2) from 0 to x.

    ``0.5 + 0.5 * (x * 0.7071067811865476).erf()`` is the normal distribution function.
    At most 0.752 ulp from the true value in ``python benchmarks/measure_elementary.py erf``.
    """
    a = f64_abs(x)
    if x == 0.0 or a > ALMOST_ONE:
        return x if x == 0.0 else (1.0 if x > 0.0 else -1.0)
    is_small = a < SMALL
    b = x * UP if is_small else x
    z, z_low = two_product(a, a)
    if a <= 1.0:
        g, g_low = rational(ERF_MIDDLE, ERF_MIDDLE_LOW, z, z_low)
        y, y_low = two_product(g, b)
        y = y + (y_low + g_low * b)
        return y * DOWN if is_small else y
    t, t_low = rational(ERF_TAIL, ERF_TAIL_LOW, a, 0.0)
    high, low, k = exp_unscaled(-z, -z_low)
    p, p_low = two_product(scaled(high, k), t)
    s, lost = two_sum(1.0, -p)
    y = s + (lost - (p_low + (scaled(low, k) * t + scaled(high, k) * t_low)))
    return y if x > 0.0 else -y

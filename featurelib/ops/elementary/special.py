"""hypot, logit, softplus, degrees and radians: short sums and products, rounded nearly once."""

from featurelib.intrinsics import f64_abs, f64_div, f64_from_bits, f64_sqrt, u64_add, u64_shl
from featurelib.op import Float, inlined, op
from featurelib.ops.elementary.double import ordered_sum, quotient, two_product, two_sum
from featurelib.ops.elementary.exp import exp_clamped, exp_unscaled, scaled
from featurelib.ops.elementary.log import log_parts, log_reduced

INF = float("inf")
NAN = float("nan")
DEGREES = 57.29577951308232  # 180 / pi, 0.28 ulp too large
RADIANS = 0.017453292519943295  # pi / 180, 0.08 ulp too small
LARGE = 2.582249878086909e120  # 2**400: the square of what is larger may overflow
SMALL = 3.872591914849318e-121  # 2**-400: the square of what is smaller may lose digits
UP = 4.149515568880993e180  # 2**600
DOWN = 2.409919865102884e-181  # 2**-600
NEAR_ONE = 0.5857864376269049  # 2 - sqrt(2): up to here p / (1 - p) is below sqrt(2)
VANISHING = 8.673617379884035e-19  # 2**-60: p is here all that shows of p / (1 - p)
FAR = 40.0  # exp(-40) is below a thousandth of the last place of 40
NEARLY_EXP = 20.0  # exp(-20) cubed is below a thousandth of the last place of exp(-20)


@op("degrees", version=1)
@inlined
def degrees(x: Float) -> Float:
    """An angle in radians as degrees: x times 180 / pi, as in Polars.

    At most 0.810 ulp from the true value in ``python benchmarks/measure_elementary.py degrees``.
    """
    return x * DEGREES


@op("radians", version=1)
@inlined
def radians(x: Float) -> Float:
    """An angle in degrees as radians: x times pi / 180, as in Polars.

    At most 0.651 ulp from the true value in ``python benchmarks/measure_elementary.py radians``.
    """
    return x * RADIANS


@op("hypot", version=1, promote=True)
@inlined
def hypot(x: Float, y: Float) -> Float:
    """sqrt(x**2 + y**2) without overflow between; infinite beside NaN too, as in IEEE 754.

    At most 0.734 ulp from the true value in ``python benchmarks/measure_elementary.py hypot``.
    """
    x = f64_abs(x)
    y = f64_abs(y)
    swaps = y > x
    a = y if swaps else x
    b = x if swaps else y
    up = UP if a < SMALL else (DOWN if a > LARGE else 1.0)
    down = DOWN if a < SMALL else (UP if a > LARGE else 1.0)
    c = a * up
    d = b * up
    p, p_low = two_product(c, c)
    q, q_low = two_product(d, d)
    s, s_low = ordered_sum(p, q)
    root = f64_sqrt(s)
    square, square_low = two_product(root, root)
    left = ((s - square) - square_low) + (s_low + (p_low + q_low))
    exact = (root + f64_div(left, 2.0 * root)) * down
    # Beside a zero the other is the answer; NaN is in neither place of `a` by comparison alone.
    finite = a if b == 0.0 else exact
    return INF if x == INF or y == INF else finite


@op("logit", version=1)
@inlined
def logit(x: Float) -> Float:
    """log(x / (1 - x)), the inverse of sigmoid; -inf at 0, inf at 1, NaN outside 0 ... 1.

    At most 0.560 ulp from the true value in ``python benchmarks/measure_elementary.py logit``.
    """
    d, d_low = two_sum(1.0, -x)
    middle = x > 1.0 - NEAR_ONE and x < NEAR_ONE
    # In the middle log(1 + f), f = (2 x - 1) / (1 - x), where 2 x - 1 is exact: no digit cancels.
    q, q_low = quotient(2.0 * x - 1.0 if middle else x, 0.0, d, d_low)
    tiny = x < VANISHING
    r = x if tiny else q
    r_low = 0.0 if tiny else q_low
    k, m = log_reduced(1.0 if middle else r)
    s, s_low = log_parts(k, r if middle else m - 1.0)
    y = s + (s_low + f64_div(r_low, 1.0 + r if middle else r))
    inside = y if x < 1.0 else (INF if x == 1.0 else NAN)
    return inside if x > 0.0 else (-INF if x == 0.0 else NAN)


@op("softplus", version=1)
@inlined
def softplus(x: Float) -> Float:
    """log(1 + exp(x)), the smooth max(x, 0); 0.0 at -inf.

    At most 0.739 ulp from the true value in ``python benchmarks/measure_elementary.py softplus``.
    """
    below = x < -NEARLY_EXP
    above = x > FAR
    bounded = x if below else -f64_abs(0.0 if above else x)
    high, low, k = exp_unscaled(exp_clamped(bounded), 0.0)
    power = f64_from_bits(u64_shl(u64_add(k, 1023), 52))
    # Far below, log(1 + e) is e - e**2 / 2; further down the square vanishes, and `power` with it.
    whole = high + low
    half_square = 0.0 if x < -2.0 * FAR else 0.5 * whole * whole * power
    alone = scaled(high + (low - half_square), k)
    e, e_low = ordered_sum(high, low)
    e = 1.0 if below else e * power
    e_low = 0.0 if below else e_low * power
    u, lost = two_sum(1.0, e)
    m_k, m = log_reduced(u)
    s, s_low = log_parts(m_k, m - 1.0)
    s_low = s_low + f64_div(lost + e_low, u)
    t, t_low = two_sum(x if x > 0.0 and not above else 0.0, s)
    y = t + (t_low + s_low)
    return x if above else (alone if below else y)

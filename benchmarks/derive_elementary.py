"""Derives the constants of `featurelib/ops/elementary`: ``python benchmarks/derive_elementary.py``.

Each polynomial interpolates its function at Chebyshev nodes with 60 digits, which is within a small
factor of the best possible, and is then rounded to doubles. The printed error is that of the
rounded polynomial, times the factor with which it enters the result, relative to the result.
"""

from collections.abc import Callable
from typing import Any

from mpmath import mp, mpf

mp.dps = 60
Function = Callable[[Any], Any]


def interpolate(f: Function, low: Any, high: Any, degree: int) -> list[float]:
    """Coefficients, lowest first, of the polynomial through `degree + 1` Chebyshev nodes."""
    n = degree + 1
    middle, half = (mpf(low) + mpf(high)) / 2, (mpf(high) - mpf(low)) / 2
    nodes = [middle + half * mp.cos(mp.pi * (2 * k + 1) / (2 * n)) for k in range(n)]
    # Newton's divided differences, then expansion into powers.
    table = [f(x) for x in nodes]
    for order in range(1, n):
        for k in range(n - 1, order - 1, -1):
            table[k] = (table[k] - table[k - 1]) / (nodes[k] - nodes[k - order])
    powers = [table[-1]]
    for k in range(n - 2, -1, -1):
        shifted = [mpf(0), *powers]
        for i, c in enumerate(powers):
            shifted[i] -= nodes[k] * c
        shifted[0] += table[k]
        powers = shifted
    return [float(c) for c in powers]


def error(coefficients: list[float], f: Function, low: Any, high: Any, share: Function) -> float:
    """Largest ``|p(x) - f(x)| * share(x)`` on 1,001 points."""
    worst = mpf(0)
    for k in range(1001):
        x = mpf(low) + (mpf(high) - mpf(low)) * k / 1000
        if x != 0:
            p = mp.polyval([mpf(c) for c in reversed(coefficients)], x)
            worst = max(worst, abs(p - f(x)) * abs(share(x)))
    return float(worst)


def show(name: str, f: Function, low: Any, high: Any, degree: int, share: Function) -> None:
    """Prints one polynomial as a tuple of constants."""
    coefficients = interpolate(f, low, high, degree)
    found = error(coefficients, f, low, high, share)
    print(f"# {name}: error {found / 2.0**-53:.4f} of half an ulp of 1")
    for k, c in enumerate(coefficients):
        print(f"{name}{k} = {c!r}")


def parts(value: Any, *bits: int) -> list[float]:
    """`value` as a sum of doubles: all but the last have at most the given number of bits."""
    out = []
    for b in bits:
        scale = mpf(2) ** (b - 1 - mp.floor(mp.log(abs(value), 2)))
        head = mp.floor(value * scale) / scale
        out.append(float(head))
        value -= head
    return [*out, float(value)]


def away_from_zero(f: Function, coefficient: Any) -> Function:
    """`f`, or its limit near 0 where cancellation would eat the digits."""
    return lambda x: f(x) if abs(x) > mpf(10) ** -12 else coefficient


def polynomials() -> None:
    """The polynomials, in the order of the modules that use them."""
    half_ln2 = mp.log(2) / 2 * mpf("1.0001")
    mp.dps = 80
    # exp(r) = 1 + r + r**2 / 2 + r**3 * P(r)
    exp_tail = away_from_zero(lambda r: (mp.exp(r) - 1 - r - r * r / 2) / r**3, mpf(1) / 6)
    show("EXP_", exp_tail, -half_ln2, half_ln2, 9, lambda r: r**3 / mp.expm1(r))
    # log((1 + s) / (1 - s)) = 2 s + s * z * P(z) with z = s**2
    top = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2 * mpf("1.0001")
    log_tail = away_from_zero(
        lambda z: (mp.log((1 + mp.sqrt(z)) / (1 - mp.sqrt(z))) - 2 * mp.sqrt(z)) / mp.sqrt(z) ** 3,
        mpf(2) / 3,
    )  # fmt: skip
    show("LOG_", log_tail, 0, top, 7, lambda z: z / 2)
    # The same after s z (2 / 3 + z 2 / 5), for pow
    pow_tail = away_from_zero(
        lambda z: (
            (log_tail(z) - mpf(2) / 3 - z * 2 / 5) / z**2 if z > mpf(10) ** -9 else mpf(2) / 7
        ),
        mpf(2) / 7,
    )
    show("POW_", pow_tail, 0, top, 7, lambda z: z**3 / 2 * 2**15)
    # sin(r) = r + r * z * P(z); cos(r) = 1 - z / 2 + z**2 * Q(z); z = r**2
    quarter = (mp.pi / 4) ** 2 * mpf("1.0001")
    sine = away_from_zero(lambda z: (mp.sin(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, mpf(-1) / 6)
    show("SIN_", sine, 0, quarter, 6, lambda z: z)
    cosine = away_from_zero(lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2, mpf(1) / 24)
    show("COS_", cosine, 0, quarter, 6, lambda z: z * z)
    # atan(t) = t + t * z * P(z), |t| <= 1 / 8
    arctangent = away_from_zero(lambda z: (mp.atan(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, mpf(-1) / 3)
    show("ATAN_", arctangent, 0, mpf("1.01") / 64, 6, lambda z: z)
    # cbrt(m) for 1 <= m < 8: the first guess
    show("CBRT_", mp.cbrt, 1, 8, 4, lambda m: 1 / mp.cbrt(m))


def constants() -> None:
    """Constants in parts, and the two tables."""
    print("INV_LN2 =", float(1 / mp.log(2)))
    print("LN2 (32 bits, rest) =", parts(mp.log(2), 32))
    print("LN2 (42 bits, 53 bits, rest) =", parts(mp.log(2), 42, 53))
    print("1 / LN2 (26 bits, rest) =", parts(1 / mp.log(2), 26))
    print("1 / LN10 (26 bits, rest) =", parts(1 / mp.log(10), 26))
    print("LOG10(2) (42 bits, rest) =", parts(mp.log10(2), 42))
    print("2 / PI =", float(2 / mp.pi))
    print("PI / 2 (33, 33, 33 bits, rest) =", parts(mp.pi / 2, 33, 33, 33))
    print("PI / 2 (53 bits, rest) =", parts(mp.pi / 2, 53))
    print("PI / 2 (nearest, rest) =", float(mp.pi / 2), float(mp.pi / 2 - float(mp.pi / 2)))
    mp.prec = 1500
    shifted = int(mp.floor(2 / mp.pi * mpf(2) ** (64 * 20)))
    words = [(shifted >> (64 * (19 - k))) & (2**64 - 1) for k in range(20)]
    print("TWO_OVER_PI =", [0, *words])
    mp.prec = 300
    quarters = [mp.atan(mpf(i) / 4) for i in range(5)]
    print("ATAN_QUARTERS =", [(float(v), float(v - float(v))) for v in quarters])
    for top, bottom in ((2, 3), (2, 5)):
        print(f"{top} / {bottom} (53 bits, rest) =", parts(mpf(top) / bottom, 53))


if __name__ == "__main__":
    polynomials()
    constants()

"""Derives `featurelib/ops/elementary/quotients.py`: ``python benchmarks/derive_quotients.py``.

Each quotient is a least-squares fit of the relative error at Chebyshev nodes, with 70 digits. Its
coefficients are rounded to doubles one by one, the lowest power first, and after each the others
are fitted again: they take up what the rounding lost. The constant term above the line keeps a low
part.
The printed error is that of the rounded quotient, in units of 2**-53.
"""

from collections.abc import Callable
from typing import Any

from mpmath import mp, mpf

mp.dps = 70
Function = Callable[[Any], Any]
Key = tuple[str, int]
NUMERATOR, DENOMINATOR = "n", "d"


def central(r: Any) -> Any:
    """x / q for q = p - 1/2 and r = 0.425**2 - q**2."""
    q = mp.sqrt(mpf(0.180625) - r)
    if q < mpf(10) ** -20:
        return mp.sqrt(2 * mp.pi)
    return mp.sqrt(2) * mp.erfinv(2 * q) / q


def tail(u: Any) -> Any:
    """The number beyond which a normal variable falls with probability exp(-u**2), by Newton."""
    x = mp.sqrt(2) * u
    step = x
    while abs(step) > mpf(10) ** -60:
        beyond = mp.erfc(x / mp.sqrt(2)) / 2
        density = mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)
        step = (mp.log(beyond) + u * u) * beyond / density
        x += step
    return x


def nodes(low: Any, high: Any, count: int) -> list[Any]:
    """Chebyshev nodes of a range."""
    middle, half = (low + high) / 2, (high - low) / 2
    return [middle + half * mp.cos(mp.pi * (2 * k + 1) / (2 * count)) for k in range(count)]


def value(c: dict[Key, Any], part: str, x: Any) -> Any:
    return sum(v * x**power for (of, power), v in c.items() if of == part)


def fitted(xs: list[Any], fs: list[Any], held: dict[Key, Any], free: list[Key], weights: list[Any]):
    """All coefficients: the free ones such that N - f D is least, in the sum of squares."""
    a, b = mp.matrix(len(xs), len(free)), mp.matrix(len(xs), 1)
    for row, (x, f, w) in enumerate(zip(xs, fs, weights, strict=True)):
        for column, (of, power) in enumerate(free):
            a[row, column] = w * x**power * (1 if of == NUMERATOR else -f)
        b[row] = w * (f * value(held, DENOMINATOR, x) - value(held, NUMERATOR, x))
    found = mp.lu_solve(a.T * a, a.T * b)
    return {**held, **{key: found[i] for i, key in enumerate(free)}}


def quotient(name: str, f: Function, low: Any, high: Any, above: int, below: int) -> None:
    """Prints the coefficients of polynomials of these degrees, highest power first."""
    xs = nodes(mpf(low), mpf(high), 3 * (above + below))
    fs = [f(x) for x in xs]
    free = [(NUMERATOR, k) for k in range(above + 1)] + [
        (DENOMINATOR, k) for k in range(1, below + 1)
    ]
    held: dict[Key, Any] = {(DENOMINATOR, 0): mpf(1)}
    weights = [1 / v for v in fs]
    for _ in range(4):  # the error is relative once D is known
        c = fitted(xs, fs, held, free, weights)
        weights = [1 / (v * value(c, DENOMINATOR, x)) for v, x in zip(fs, xs, strict=True)]
    for key in sorted(free, key=lambda k: (k[1], k[0])):
        rounded = mpf(float(c[key]))
        if key == (NUMERATOR, 0):
            rounded += mpf(float(c[key] - rounded))
        held[key] = rounded
        free.remove(key)
        c = fitted(xs, fs, held, free, weights) if free else held
    worst = max(
        abs(value(c, NUMERATOR, x) / value(c, DENOMINATOR, x) / f(x) - 1)
        for x in nodes(mpf(low), mpf(high), 200)
    )
    print(f"# {name}: error {float(worst * 2**53):.4f} of 2**-53")
    for part, degree in ((NUMERATOR, above), (DENOMINATOR, below)):
        print([float(c[part, k]) for k in range(degree, -1, -1)])
    print("low part:", float(c[NUMERATOR, 0] - float(c[NUMERATOR, 0])))


def erf_middle(z: Any) -> Any:
    """erf(x) / x for z = x**2."""
    x = mp.sqrt(z)
    return mp.erf(x) / x if x > mpf(10) ** -20 else 2 / mp.sqrt(mp.pi)


if __name__ == "__main__":
    quotient("PROBIT_MIDDLE", central, 0, 0.180625, 8, 8)
    for name, start, low, high, degrees in (
        ("PROBIT_NEAR", 1.6, 1.609, 5.0, (8, 8)),
        ("PROBIT_FAR", 5.0, 5.0, 27.3, (8, 7)),
    ):
        shift = mpf(start)
        quotient(name, lambda v: tail(v + shift), low - shift, high - shift, *degrees)  # noqa: B023
    quotient("ERF_MIDDLE", erf_middle, 0, 1, 5, 5)
    quotient("ERF_TAIL", lambda x: mp.erfc(x) * mp.exp(x * x), 1, 6, 8, 8)

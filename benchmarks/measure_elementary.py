"""Measures the elementary functions: ``python benchmarks/measure_elementary.py [op ...]``.

For each op: the largest distance from the true value (mpmath, 150 bits) in units in the last place,
with the argument, over random doubles of every exponent and points near where the function is hard;
then nanoseconds a value in a compiled loop, beside the same loop over `math`.

    python benchmarks/measure_elementary.py --count 200000 exp log
    python benchmarks/measure_elementary.py --time
"""

import argparse
import math
import time
from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import mpmath
import numba
import numpy as np
from mpmath import mp, mpf

import featurelib.ops.elementary  # noqa: F401  registers the ops
from featurelib.jit.bodies import compiled
from featurelib.op import get_op

SEED = 20261122
# Smallest and largest exponent of two of |x| that matter, and whether x may be negative.
SCALES: dict[str, tuple[int, int, bool]] = {
    "exp": (-60, 9, True),
    "expm1": (-1074, 9, True),
    "log": (-1074, 1023, False),
    "log1p": (-1074, 1023, True),
    "log2": (-1074, 1023, False),
    "log10": (-1074, 1023, False),
    "sin": (-1074, 1023, True),
    "cos": (-60, 1023, True),
    "tan": (-1074, 1023, True),
    "sinh": (-1074, 9, True),
    "cosh": (-60, 9, True),
    "tanh": (-1074, 6, True),
    "sigmoid": (-60, 9, True),
    "asin": (-1074, -1, True),
    "acos": (-60, -1, True),
    "atan": (-1074, 1023, True),
    "cbrt": (-1074, 1023, True),
    "degrees": (-1074, 1016, True),
    "radians": (-1074, 1023, True),
    "logit": (-1074, -1, False),
    "softplus": (-60, 9, True),
    "probit": (-1074, -1, False),
    "erf": (-1074, 3, True),
}
# Around these points a half of the arguments is drawn: value and spread.
HARD: dict[str, list[tuple[float, float]]] = {
    "exp": [(0.0, 1.0), (-708.0, 40.0), (709.0, 1.0), (0.0, 20.0)],
    "expm1": [(0.0, 0.5), (-1.0, 1.0), (0.0, 40.0)],
    "log": [(1.0, 0.5), (1.0, 1e-3), (1.0, 1e-12), (2.0, 1.0)],
    "log1p": [(0.0, 0.5), (0.0, 1e-8), (-1.0, 1e-9), (1.0, 1.0)],
    "log2": [(1.0, 0.5), (1.0, 1e-3), (1.0, 1e-12), (2.0, 1.0)],
    "log10": [(1.0, 0.5), (1.0, 1e-3), (1.0, 1e-12), (10.0, 5.0)],
    "sin": [(0.0, 1.0), (0.0, 10.0), (1e6, 1e3), (0.0, 1e9)],
    "cos": [(0.0, 1.0), (0.0, 10.0), (1e6, 1e3), (0.0, 1e9)],
    "tan": [(0.0, 1.0), (0.0, 10.0), (1e6, 1e3), (0.0, 1e9)],
    "sinh": [(0.0, 0.5), (0.0, 3.0), (0.0, 60.0)],
    "cosh": [(0.0, 0.5), (0.0, 3.0), (0.0, 60.0)],
    "tanh": [(0.0, 0.5), (0.0, 3.0), (0.0, 25.0)],
    "sigmoid": [(0.0, 1.0), (0.0, 40.0), (-720.0, 30.0)],
    "asin": [(0.0, 1.0), (1.0, 1e-3), (0.7, 0.1)],
    "acos": [(0.0, 1.0), (1.0, 1e-3), (0.7, 0.1)],
    "atan": [(0.0, 1.0), (0.0, 5.0), (0.0625, 0.01)],
    "cbrt": [(4.0, 4.0), (1.0, 1e-3)],
    "degrees": [(0.0, 7.0)],
    "radians": [(0.0, 400.0)],
    "logit": [(0.5, 0.5), (0.5, 1e-3), (1.0, 1e-6)],
    "softplus": [(0.0, 1.0), (0.0, 45.0), (-720.0, 30.0)],
    "probit": [(0.5, 0.5), (0.5, 1e-3), (1.0, 1e-6), (0.075, 1e-3), (0.925, 1e-3)],
    "erf": [(0.0, 1.0), (0.0, 6.5), (1.0, 0.01), (1.3, 0.3)],
}
PAIRS = ("atan2", "hypot", "pow")
ORACLES: dict[str, Callable[..., Any]] = {
    "log2": lambda x: mp.log(x) / mp.ln2,
    "log10": lambda x: mp.log(x) / mp.ln10,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "pow": mp.power,
    "degrees": lambda x: x * 180 / mp.pi,
    "radians": lambda x: x * mp.pi / 180,
    "hypot": mp.hypot,
    "logit": lambda x: mp.log(x / (1 - x)),
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "probit": lambda p: normal_place(p),
}


def normal_place(p: Any) -> Any:
    """Where the normal distribution function is p: a step of Halley's from 15 digits gives 45."""
    if 2 * p > 1:
        return -normal_place(1 - p)
    x = mpf(NormalDist().inv_cdf(float(p)))
    root = mp.sqrt(2)
    below = mp.erfc(-x / root) / 2 if p < 0.25 else mpf(1) / 2 + mp.erf(x / root) / 2
    step = (below - p) * mp.sqrt(2 * mp.pi) * mp.exp(x * x / 2)
    return x - step / (1 + x * step / 2)


def oracle(name: str) -> Callable[..., Any]:
    """The function of mpmath for an op, on `mpf` values, with guard bits where terms cancel."""
    return ORACLES.get(name) or getattr(mp, name)


def arguments(name: str, count: int) -> tuple[np.ndarray, ...]:
    """`count` seeded arguments (two columns for those of `PAIRS`)."""
    rng = np.random.default_rng(SEED)
    if name == "pow":
        x = np.exp(rng.uniform(-700, 700, count) * rng.choice([1.0, 0.1, 1e-3, 1e-9], count))
        y = rng.uniform(-760, 720, count) / np.where(x == 1.0, 1.0, np.log(x))
        return x, y
    if name in ("atan2", "hypot"):
        y = random_doubles(rng, count, -1074, 1023, True)
        with np.errstate(over="ignore"):
            near = y * np.exp2(rng.uniform(-20, 20, count)) * rng.choice([-1.0, 1.0], count)
        usable = np.isfinite(near) & (rng.random(count) < 0.7)
        return y, np.where(usable, near, rng.permutation(y))
    low, high, signed = SCALES[name]
    scaled = random_doubles(rng, count // 2, low, high, signed)
    centre, spread = np.array(HARD[name])[rng.integers(0, len(HARD[name]), count - count // 2)].T
    close = centre + spread * rng.uniform(-1, 1, len(centre))
    if name in ("sin", "cos", "tan"):  # the doubles next to multiples of pi / 2
        close[::4] = rng.integers(1, 1 << 40, len(close[::4])) * (math.pi / 2)
    x = np.concatenate([scaled, close])
    if name in ("logit", "probit"):
        x = np.where(np.abs(x) < 1.0, np.abs(x), 0.25)
    if name in ("asin", "acos"):
        x = np.where(np.abs(x) > 1.0, 2.0 - np.abs(x), x)
    if name == "log1p":
        x = np.where(x <= -1.0, -x, x)
    return (x if signed else np.abs(x),)


def random_doubles(rng: Any, count: int, low: int, high: int, signed: bool) -> np.ndarray:
    """Doubles whose exponents of two are uniform in low ... high."""
    x = np.ldexp(rng.uniform(1.0, 2.0, count), rng.integers(low, high + 1, count))
    return x * rng.choice([-1.0, 1.0], count) if signed else x


def loop(fn: Any, n_args: int) -> Any:
    """A compiled loop that applies `fn` to columns."""
    if n_args == 1:

        @numba.njit(error_model="numpy")
        def one(x: Any, out: Any) -> None:
            for i in range(len(x)):
                out[i] = fn(x[i])

        return one

    @numba.njit(error_model="numpy")
    def two(x: Any, y: Any, out: Any) -> None:
        for i in range(len(x)):
            out[i] = fn(x[i], y[i])

    return two


def ulps(computed: float, true: Any) -> float:
    """Distance in units in the last place of the true value; an overflow that rounds so is none."""
    if math.isinf(computed):
        return 0.0 if abs(true) >= mpf(2) ** 1024 * (1 - mpf(2) ** -54) else math.inf
    exponent = max(int(mp.floor(mp.log(abs(true), 2))), -1022) if true else -1022
    return float(abs(mpf(computed) - true) * mpf(2) ** (52 - exponent))


def largest_error(name: str, count: int) -> tuple[float, tuple[float, ...]]:
    """The largest distance found, and its arguments."""
    columns = arguments(name, count)
    out = np.empty(count)
    loop(compiled(get_op(name).bodies[0].fn), len(columns))(*columns, out)
    true_of = oracle(name)
    worst, where = 0.0, tuple(float(c[0]) for c in columns)
    with mp.workprec(150):
        for args, computed in zip(zip(*columns, strict=True), out, strict=True):
            point = [mpf(float(a)) for a in args]
            distance = ulps(float(computed), true_of(*point))
            if not distance <= worst:
                worst, where = distance, tuple(float(a) for a in args)
    return worst, where


def nanoseconds(fn: Any, columns: tuple[np.ndarray, ...]) -> float:
    """Best of nine passes over the columns, a value."""
    out = np.empty(len(columns[0]))
    run = loop(fn, len(columns))
    run(*columns, out)
    best = math.inf
    for _ in range(9):
        start = time.perf_counter()
        run(*columns, out)
        best = min(best, time.perf_counter() - start)
    return best / len(out) * 1e9


def speed(name: str) -> tuple[float, float]:
    """Nanoseconds a value of ours and of libm's on everyday arguments; NaN where libm has none."""
    top = 0.99 if name in ("asin", "acos", "logit", "probit") else 10.0
    x = np.random.default_rng(SEED).uniform(0.01, top, 100_000)
    columns = (x, x[::-1].copy()) if name in PAIRS else (x,)
    ours = nanoseconds(compiled(get_op(name).bodies[0].fn), columns)
    libm = None if name == "cbrt" else getattr(math, name, None)
    if libm is None:  # Numba has no math.cbrt
        return ours, math.nan
    return ours, nanoseconds(numba.njit(_calling(libm, len(columns))), columns)


def _calling(libm: Any, n_args: int) -> Any:
    return (lambda x: libm(x)) if n_args == 1 else (lambda x, y: libm(x, y))


def main() -> None:
    """Prints a line for each op."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ops", nargs="*", default=[*SCALES, *PAIRS])
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--time", action="store_true", help="time only")
    options = parser.parse_args()
    print(f"mpmath {mpmath.__version__}, {options.count} points, seed {SEED}")
    for name in options.ops:
        ours, libm = speed(name)
        line = f"{name:8} {ours:6.2f} ns, libm {libm:6.2f} ns"
        if not options.time:
            worst, where = largest_error(name, options.count)
            line += f", at most {worst:.4f} ulp at {where}"
        print(line, flush=True)


if __name__ == "__main__":
    main()

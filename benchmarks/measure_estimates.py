"""How far estimates are from the truth: ``python benchmarks/measure_estimates.py [largest]``.

`approx_n_unique` of many sets of 10 to `largest` (a million) distinct integers, drawn anew for each
set: the root of the mean square of the relative error, its mean, and the largest, beside
1.04 / sqrt(m). `approx_quantile` of 200 sets of 1,000 values of several shapes: the largest
distance from the value at the rank, in units of the bound 2**-(precision + 1) of that value.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import polars as pl

import featurelib as fl
from featurelib.windows import EventSource, Over, WindowAggregate, define, lifetime
from featurelib_offline import point_in_time

Array = np.ndarray
SETS = {10: 2000, 100: 2000, 1_000: 1000, 10_000: 200, 100_000: 40, 1_000_000: 8}
"""How many sets of each size."""
PRECISIONS = (8, 10, 12, 14, 16)
SHARES = ("0", "1/100", "1/4", "1/2", "3/4", "99/100", "1")
SHAPES: dict[str, Callable[[np.random.Generator, int], Array]] = {
    "normal": lambda rng, n: rng.standard_normal(n),
    "log-normal, sigma 3": lambda rng, n: rng.lognormal(0.0, 3.0, n),
    "uniform, 0 to 5": lambda rng, n: rng.uniform(0.0, 5.0, n),
    "integers, 1 to 1,000": lambda rng, n: rng.integers(1, 1001, n).astype(np.float64),
}


class Seen(fl.Schema):
    """A value of a set."""

    set: int
    at: fl.Datetime
    id: int
    n: int
    x: float


def answered(
    n: Array, x: Array, size: int, ask: Callable[[Over], dict[str, WindowAggregate]]
) -> pl.DataFrame:
    """The aggregates of sets of `size` values each, a row a set."""
    source = EventSource("seen", Seen, key="set", time="at", id="id", max_events=max(size, 1))
    made = define(ask(source.over(lifetime())))
    sets = np.repeat(np.arange(len(n) // size), size)
    begin = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    events = pl.DataFrame({"set": sets, "id": np.arange(len(n)), "n": n, "x": x}).with_columns(
        at=pl.lit(begin, pl.Datetime("us", "UTC"))
    )
    whole = pl.lit(begin + dt.timedelta(days=1), pl.Datetime("us", "UTC"))
    queries = pl.DataFrame({"set": np.arange(len(n) // size)}).with_columns(as_of=whole)
    found: pl.DataFrame = point_in_time(queries, {"seen": events}, made)
    return found


def distinct_table(largest: int) -> None:
    """A line for each size of a set, a column for each precision."""
    rng = np.random.default_rng(1)
    print("approx_n_unique: root mean square / mean / largest relative error, in %")
    print(f"{'distinct':>9} {'sets':>5}", *(f"{f'precision {p}':>20}" for p in PRECISIONS))
    bound = [f"{104 / 2 ** (p / 2):.2f}" for p in PRECISIONS]
    print(f"{'1.04/sqrt(m)':>15}", *(f"{b:>20}" for b in bound))
    for size, sets in SETS.items():
        if size > largest:
            break
        n = rng.integers(-(1 << 63), (1 << 63) - 1, size * sets)
        found = answered(
            n, np.zeros(len(n)), size,
            lambda part: {
                f"{p}": part.approx_n_unique(fl.col("n"), precision=p) for p in PRECISIONS
            },
        )  # fmt: skip
        cells = []
        for p in PRECISIONS:
            error = 100 * (found[f"{p}"].to_numpy() / size - 1)
            root = np.sqrt(np.mean(error**2))
            cells.append(f"{root:.2f} / {np.mean(error):+.2f} / {np.max(np.abs(error)):.2f}")
        print(f"{size:>9,} {sets:>5}", *(f"{c:>20}" for c in cells), flush=True)


def quantile_table(size: int = 1000, sets: int = 200) -> None:
    """A line for each shape of the values."""
    rng = np.random.default_rng(2)
    print("\napprox_quantile: largest distance from the value at the rank, over the bound")
    print(f"{'values':>22}", *(f"{f'precision {p}':>14}" for p in (1, 7, 16)))
    for name, draw in SHAPES.items():
        x = draw(rng, size * sets)
        found = answered(
            np.zeros(len(x), np.int64), x, size,
            lambda part: {
                f"{p} {q}": part.approx_quantile(fl.col("x"), q, precision=p, max_buckets=size)
                for p in (1, 7, 16) for q in SHARES
            },
        )  # fmt: skip
        ordered = np.sort(x.reshape(sets, size), axis=1)
        cells = []
        for p in (1, 7, 16):
            worst = 0.0
            for q in SHARES:
                true = ordered[:, int((size - 1) * Fraction(q))]
                far = np.abs(found[f"{p} {q}"].to_numpy() - true) / np.abs(true)
                worst = max(worst, float(np.max(far)) * 2 ** (p + 1))
            cells.append(f"{worst:.4f}")
        print(f"{name:>22}", *(f"{c:>14}" for c in cells), flush=True)


if __name__ == "__main__":
    distinct_table(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
    quantile_table()

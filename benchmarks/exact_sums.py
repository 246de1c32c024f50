"""Exact sums beside rounded ones: ``python benchmarks/exact_sums.py [rows]``, best of five runs.

Prints million values a second on one thread (Polars: its default threads).
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable

import numpy as np
import polars as pl

from featurelib.jit.exact_groups import ExactGroupSums
from featurelib.jit.exact_sum import ExactMoments


def best(work: Callable[[], object], repeats: int = 5) -> float:
    """The shortest time of some runs, in seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def moments(values: np.ndarray, valid: np.ndarray | None, *, squares: bool) -> ExactMoments:
    """One pass of the accumulator."""
    made = ExactMoments(squares=squares)
    made.update(values, valid)
    made.sum()
    return made


def grouped(values: np.ndarray, groups: np.ndarray, n_groups: int) -> ExactGroupSums:
    """One pass of the accumulator by group."""
    made = ExactGroupSums(n_groups)
    made.update(values, groups)
    return made


def main(rows: int) -> None:
    """Runs every case and prints a line for each."""
    rng = np.random.default_rng(0)
    normal = rng.standard_normal(rows)
    valid = (rng.random(rows) > 0.1).astype(np.uint8)
    integers = (normal * 1e6).astype(np.int64)
    one = np.full(rows, 1.5)
    wide = rng.lognormal(0, 3, rows)
    series = pl.Series(normal)
    cases: dict[str, Callable[[], object]] = {
        "sum": lambda: moments(normal, None, squares=False),
        "sum, a tenth null": lambda: moments(normal, valid, squares=False),
        "sum and squares": lambda: moments(normal, None, squares=True),
        "sum and squares, one exponent": lambda: moments(one, None, squares=True),
        "sum and squares, log-normal": lambda: moments(wide, None, squares=True),
        "sum and squares, Int64": lambda: moments(integers, None, squares=True),
        "numpy sum (rounded)": normal.sum,
        "numpy var (rounded)": normal.var,
        "polars std (rounded)": series.std,
        "math.fsum (exact)": lambda: math.fsum(normal),
    }
    for n_groups in (10, 1_000, 100_000):
        groups = rng.integers(0, n_groups, rows)
        cases[f"sum in {n_groups} groups"] = lambda g=groups, n=n_groups: grouped(normal, g, n)
    for name, work in cases.items():
        work()
        print(f"{name:32} {rows / best(work) / 1e6:8.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4_000_000)

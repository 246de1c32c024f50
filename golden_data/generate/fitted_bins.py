"""Golden cases of bins by k-means: ``python golden_data/generate/fitted_bins.py``.

The best cut of a small column is found by trying every cut, in fractions. scikit-learn searches
with Lloyd's algorithm, which may end elsewhere: lines of the transform are columns where it ends at
the best cut.
"""

from __future__ import annotations

import itertools
import json
import math
import platform
import random
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from analyzers import FOLDER, HAND, Case, case
from fitted_transforms import FOLDER as TRANSFORMS
from fitted_transforms import column, columns, line
from sklearn.preprocessing import KBinsDiscretizer

ORACLE = f"every cut, in fractions, CPython {platform.python_version()}"


def means_of(values: list[Any], n: int) -> list[Fraction]:
    """Means of the bins of least sum of squares; of equal ones whose last bins begin first."""
    ordered = sorted(Fraction(v) for v in values)
    distinct = sorted(set(ordered))
    tried = []
    for inner in itertools.combinations(range(1, len(distinct)), min(n, len(distinct)) - 1):
        ends = [distinct[i] for i in inner]
        groups = [
            [v for v in ordered if (not a or v >= a[0]) and (not b or v < b[0])]
            for a, b in itertools.pairwise([[], *([e] for e in ends), []])
        ]
        means = [sum(g) / len(g) for g in groups]
        cost = sum((v - m) ** 2 for g, m in zip(groups, means, strict=True) for v in g)
        tried.append((cost, inner[::-1], means))
    return min(tried)[2]


def edges_of(values: list[Any], n: int) -> list[float]:
    """Half way between neighbouring means, rounded once."""
    return [float((a + b) / 2) for a, b in itertools.pairwise(means_of(values, n))]


def edges() -> Iterator[Case]:
    """What the analyzer finds."""
    rng = random.Random(20261128)
    for k in range(8):
        size = rng.randrange(5, 13)
        floats = [rng.gauss(0, 1) * 10.0 ** rng.randrange(-3, 4) for _ in range(size)]
        whole = [rng.randrange(-20, 20) for _ in range(size)]
        for n in (2, 4):
            found = edges_of(floats, n)
            yield case("basic", "Float64", floats, found, ORACLE, f"floats, draw {k}", n=n)
            yield case("basic", "Int64", whole, edges_of(whole, n), ORACLE, f"draw {k}", n=n)
    even = [1.0, 2.0, 3.0]
    yield case("basic", "Float64", even, [1.75], HAND, "of two best cuts the first", n=2)
    yield case("basic", "Float64", [4.0, 1.0, 4.0], [2.5], HAND, "a bin for each value", n=5)
    yield case("basic", "Float64", [7.0, 7.0], [], HAND, "one value has no edge", n=3)
    yield case("nulls", "Float64", [None, 1.0, None, 3.0], [2.0], HAND, "nulls are left out", n=2)
    yield case("nulls", "Float64", [None], "FitError", HAND, "bins of nothing", n=2)
    zeros = [0.0, -0.0, 1.0, -0.0]
    yield case("signed_zero", "Float64", zeros, [0.5], HAND, "both zeros are one value", n=3)
    far = [-1.7976931348623157e308, 0.0, 5e-324, 1.7976931348623157e308]
    yield case("bounds", "Float64", far, edges_of(far, 3), ORACLE, "the ends of Float64", n=3)
    near = [1e9, 1e9 + 1, 2e9, 2e9 + 4, 3e9, 3e9 + 2]
    yield case("bounds", "Float64", near, edges_of(near, 4), ORACLE, "small beside large", n=4)
    for dtype, ends in (("Int64", [-(2**63), 2**63 - 1, 0]), ("UInt64", [0, 1, 2**64 - 1])):
        yield case("bounds", dtype, ends, edges_of(ends, 2), ORACLE, "the ends of the type", n=2)
    for bad in (math.nan, math.inf):
        yield case("nan_inf", "Float64", [1.0, bad], "FitError", HAND, "refused", n=2)
        drop: dict[str, Any] = {"n": 2, "non_finite": "drop"}
        yield case("nan_inf", "Float64", [1.0, bad, 3.0], [2.0], HAND, "left out", **drop)


def transforms() -> Iterator[dict[str, Any]]:
    """Bins of columns where scikit-learn finds the best ones."""
    for group, values, why in columns():
        present = [v for v in values if v is not None]
        if len({*present}) > 14:
            continue
        for n in (2, 3):
            made = KBinsDiscretizer(n, encode="ordinal", strategy="kmeans").fit(column(present))
            theirs, best = made.bin_edges_[0][1:-1].tolist(), edges_of(present, n)
            if group == "bounds" and n == 3:
                continue  # two cuts whose costs are 1e-323 apart, which no Float64 tells
            if not all(math.isclose(a, b) for a, b in zip(theirs, best, strict=True)):
                continue
            bins = iter(made.transform(column(present)).astype(int).ravel().tolist())
            out = [math.nan if v is None else next(bins) for v in values]
            yield line(group, values, out, f"KBinsDiscretizer({n}, strategy='kmeans')", why, n)
    missing = [1.0, None, 3.0]
    yield line("nulls", missing, [0.0, math.nan, 1.0], "by hand", "null stays", 2)


if __name__ == "__main__":
    (FOLDER / "kmeans_edges@1.jsonl").write_text(
        "".join(json.dumps(c) + "\n" for c in edges()), encoding="utf-8"
    )
    made = (json.dumps({**one, "ulp": {"bound": 4}}) + "\n" for one in transforms())
    (TRANSFORMS / "kmeans_bin.jsonl").write_text("".join(made), encoding="utf-8")

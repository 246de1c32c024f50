"""Writes more of golden_data/analyzers: ``python golden_data/generate/fitted_statistics.py``.

Oracles: CPython's `statistics` and `fractions`, NumPy where its arithmetic is exact, and a person.
"""

from __future__ import annotations

import json
import math
import platform
import random
import statistics
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
from analyzers import FOLDER, HAND, NUMPY, STATISTICS, Case, case, columns, plain

MEDIAN = f"statistics.median, CPython {platform.python_version()}"
MULTIMODE = f"statistics.multimode, CPython {platform.python_version()}"
FRACTIONS = f"fractions, CPython {platform.python_version()}"


def non_finite(name: str, dropped: Any, **params: Any) -> Iterator[Case]:
    """What every statistic of numbers does about NaN, infinities and nothing."""
    for bad in (math.nan, math.inf, -math.inf):
        rows = [1.0, bad, 1.0]
        yield case("nan_inf", "Float64", rows, "FitError", HAND, "refused", **params)
        drop = {**params, "non_finite": "drop"}
        yield case("nan_inf", "Float64", rows, dropped, HAND, "left out on demand", **drop)
    for rows in ([None, None], []):
        yield case("nulls", "Float64", rows, "FitError", HAND, f"{name} of nothing", **params)


def quantile() -> Iterator[Case]:
    """The median of every column, by exact fractions; other quantiles where NumPy is exact."""
    for group, dtype, values, why in columns():
        if dtype != "Bool" and group != "signed_zero":
            present = [Fraction(v) for v in values if v is not None]
            out = float(statistics.median(present))
            yield case(group, dtype, values, out, MEDIAN, why, probs=["1/2"])
    rng = random.Random(11)
    for p in (0.125, 0.25, 0.75):
        rows = [rng.randrange(-64, 64) / 4 for _ in range(9)]
        yield case(
            "basic", "Float64", rows, float(np.quantile(rows, p)), NUMPY, "linear", probs=[p]
        )
    why = "the lower of two"
    yield case("basic", "Float64", [1.0, 2.0], 1.0, HAND, why, probs=[0.5], rule="lower")
    for zeros, out in (([0.0, -0.0, -0.0], -0.0), ([0.0, -0.0, 0.0], 0.0)):
        why = "-0.0 stands before 0.0"
        yield case("signed_zero", "Float64", zeros, out, HAND, why, probs=[0.5])
    yield from non_finite("quantile", 1.0, probs=[0.5])


def mode() -> Iterator[Case]:
    """The smallest of the values that occur most often."""
    rng = random.Random(12)
    for k in range(8):
        rows = [rng.randrange(-3, 4) for _ in range(rng.randrange(1, 12))]
        out = min(statistics.multimode(rows))
        yield case("basic", "Int64", rows, out, MULTIMODE, f"draw {k}")
        floats = [v / 2 + 0.25 for v in rows]
        yield case("basic", "Float64", floats, out / 2 + 0.25, MULTIMODE, f"draw {k}")
    words = ["b", "a", "b", "a", "é"]
    yield case("basic", "String", words, "a", HAND, "of equal counts the first by bytes")
    yield case("basic", "Bool", [True, False, True], True, HAND, "a truth value")
    yield case("text_edges", "String", ["\uffff", "😀"], "\uffff", HAND, "not the order of UTF-16")
    yield case("text_edges", "String", ["", "", "x"], "", HAND, "empty text is a value")
    yield case("nulls", "String", [None, None, "x"], "x", HAND, "null is no value")
    yield case("nulls", "Int8", [None], "FitError", HAND, "mode of nothing")
    yield case("bounds", "UInt64", [0, 2**64 - 1, 2**64 - 1], 2**64 - 1, HAND, "the largest")
    yield case("bounds", "Int64", [-(2**63), 0], -(2**63), HAND, "the smallest of two")
    rows = [-0.0, 0.0, -0.0, 1.0, 1.0]
    yield case("signed_zero", "Float64", rows, 0.0, HAND, "both zeros are one value")
    yield from non_finite("mode", 1.0)


def uniform_edges() -> Iterator[Case]:
    """min + (max - min) k / n in fractions, rounded once."""
    for group, dtype, values, why in columns():
        if dtype == "Bool":
            continue
        present = [Fraction(v) for v in values if v is not None]
        low, high = min(present), max(present)
        for n in (2, 7):
            out = [float(low + (high - low) * k / n) for k in range(1, n)]
            yield case(group, dtype, values, out, FRACTIONS, why, n=n)
    wide = [-1.7976931348623157e308, 1.7976931348623157e308]
    yield case("bounds", "Float64", wide, [0.0], HAND, "the difference overflows", n=2)
    yield from non_finite("uniform_edges", [1.0, 1.0], n=3)


def counts() -> Iterator[Case]:
    """As `vocabulary`, but how often each value is there."""
    letters = ["b", "a", "c", "b", None, "c", "d", "b"]
    yield case("basic", "String", letters, [3, 2, 1, 1], HAND, "by falling count")
    yield case("basic", "Int64", [3, -1, 3, 7, -1, 3], [3, 2, 1], HAND, "integers")
    yield case("bounds", "UInt64", [2**64 - 1, 0, 2**64 - 1], [2, 1], HAND, "the largest")
    yield case("text_edges", "String", ["", "é", ""], [2, 1], HAND, "empty text is a value")
    yield case("nulls", "String", [None, None], "FitError", HAND, "counts of nothing")


KEYED = {
    "mean": (lambda v: statistics.mean(v), 1, {}),
    "var": (lambda v: statistics.variance(v), 2, {"ddof": 1}),
    "std": (lambda v: statistics.pstdev(v), 1, {"ddof": 0}),
    "min": (min, 1, {}),
    "max": (max, 1, {}),
    "quantile": (lambda v: statistics.median(map(Fraction, v)), 1, {"probs": ["1/2"]}),
}
"""Oracle, values that it needs, and parameters of a statistic by key."""


def keyed_rows() -> Iterator[tuple[str, str, list[Any], list[Any], str]]:
    """Group, the key's type, values, keys, reason."""
    rng = random.Random(13)
    for k in range(5):
        size = rng.randrange(4, 30)
        values = [rng.gauss(0, 10.0 ** rng.randrange(-6, 7)) for _ in range(size)]
        yield "basic", "String", values, rng.choices(["a", "b", "", "é"], k=size), f"draw {k}"
        yield "basic", "Int64", values, rng.choices([0, -1, 2**62], k=size), f"draw {k}"
    values, keys = [1.0, None, 3.0, None, 5.0], ["a", "a", None, "b", "a"]
    yield "nulls", "String", values, keys, "a key without a value has NaN; null is no key"
    values = [5e-324, 5e-324, 1e-200, 3e-200, 1e300, 3e300, -1e300]
    yield "bounds", "UInt64", values, [0, 0, 1, 1, 2**64 - 1, 2, 2], "squares under and over"


def by_key() -> Iterator[Case]:
    """Every statistic over the rows of each key; keys by falling count, ties by bytes or value."""
    for name, (oracle, least, params) in KEYED.items():
        for group, dtype, values, keys, why in keyed_rows():
            known = [k for k in keys if k is not None]
            order = sorted(set(known), key=lambda k: (-known.count(k), k))
            out: Any = []
            for key in order:
                mine = [v for v, k in zip(values, keys, strict=True) if k == key and v is not None]
                try:
                    out.append(float(oracle(mine)) if len(mine) >= least else math.nan)
                except OverflowError:
                    out = "FitError"
                    break
            made = case(group, "Float64", values, out, STATISTICS, why, statistic=name, **params)
            yield {"named": name, **with_key(made, dtype, keys)}
        bad = case("nan_inf", "Float64", [1.0, math.nan], "FitError", HAND, "refused")
        bad["params"] = {"statistic": name, **params}
        yield {"named": name, **with_key(bad, "Int8", [1, 1])}
        bad = case("nulls", "Float64", [None], "FitError", HAND, "no key has a value")
        bad["params"] = {"statistic": name, **params}
        yield {"named": name, **with_key(bad, "Int8", [1])}


def target_mean() -> Iterator[Case]:
    """(sum + m mean) / (n + m) in fractions: rows without a key, unknown keys, then every key."""
    for smoothing in (0, 1, 2.5):
        for group, dtype, values, keys, why in keyed_rows():
            pairs = [(k, Fraction(v)) for v, k in zip(values, keys, strict=True) if v is not None]
            mean = sum((v for _, v in pairs), Fraction(0)) / len(pairs)
            known = [k for k in keys if k is not None]
            order = sorted(set(known), key=lambda k: (-known.count(k), k))
            out = []
            for key in (None, "no such key", *order):
                mine = [v for k, v in pairs if k == key]
                weight = len(mine) + Fraction(smoothing)
                above = sum(mine, Fraction(0)) + Fraction(smoothing) * mean
                out.append(float(above / weight if weight else mean))
            made = case(group, "Float64", values, out, FRACTIONS, why, smoothing=str(smoothing))
            yield with_key(made, dtype, keys)
    for values, group in (([math.nan, 1.0], "nan_inf"), ([None, None], "nulls")):
        bad = case(group, "Float64", values, "FitError", HAND, "refused", smoothing="1")
        yield with_key(bad, "String", ["a", "b"])
    dropped = case("nan_inf", "Float64", [math.nan, 1.0], [1.0, 1.0, 1.0, 1.0], HAND, "left out",
                   smoothing="0", non_finite="drop")  # fmt: skip
    yield with_key(dropped, "String", ["a", "b"])


def principal_axes() -> Iterator[Case]:
    """Means, then axes; covariances that a person finds, in matrices that need no rotation."""
    plus = [[2.0, -2.0, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0]]
    rows = [
        ("basic", plus, [0.0, 0.0, 1.0, 0.0, 0.0, 1.0], "uncorrelated: axes are columns", 2),
        ("basic", plus[::-1], [0.0, 0.0, 0.0, 1.0], "the wider column first", 1),
        ("basic", [[1.0, 2.0, 6.0]], [3.0, 1.0], "one column is its own axis", 1),
        ("basic", [[5.0, 5.0], [7.0, 7.0]], [5.0, 7.0, 1.0, 0.0, 0.0, 1.0], "nothing varies", 2),
        ("basic", [[3.0], [4.0]], [3.0, 4.0, 1.0, 0.0], "one row does not vary", 1),
        ("nulls", [[2.0, -2.0, None, 9.0], [0.0, 0.0, 1.0, None]], [0.0, 0.0, 1.0, 0.0],
         "rows with a null are left out", 1),
        ("nulls", [[None, 1.0], [1.0, None]], "FitError", "no whole row", 1),
        ("nan_inf", [[math.nan, 1.0], [1.0, 1.0]], "FitError", "NaN is refused", 1),
        ("bounds", [[1e300, -1e300], [0.0, 1.0]], "FitError", "the variance overflows", 1),
        ("bounds", [[5e-324, -5e-324, 0.0, 0.0], [0.0] * 4], [0.0, 0.0, 1.0, 0.0], "subnormals", 1),
    ]  # fmt: skip
    for group, columns_, out, why, n in rows:
        made = case(group, "Float64", columns_[0], out, HAND, why, n=n)
        held = [{"type": "Float64", "values": [plain(v) for v in c]} for c in columns_]
        del made["type"], made["values"]
        yield {**made, "columns": held}
    dropped = case("nan_inf", "Float64", [], [1.0, 1.0], HAND, "left out", n=1, non_finite="drop")
    del dropped["type"], dropped["values"]
    yield {**dropped, "columns": [{"type": "Float64", "values": ["inf", 1.0]}]}


def with_key(made: Case, dtype: str, keys: list[Any]) -> Case:
    """A case of one column as one of two: the value and its key."""
    value = {"type": made.pop("type"), "values": made.pop("values")}
    return {**made, "columns": [value, {"type": dtype, "values": keys}]}


FILES = {
    "by_key": by_key,
    "counts": counts,
    "mode": mode,
    "principal_axes": principal_axes,
    "quantile": quantile,
    "target_mean": target_mean,
    "uniform_edges": uniform_edges,
}

if __name__ == "__main__":
    for file, cases in FILES.items():
        lines = (json.dumps(c, ensure_ascii=False) for c in cases())
        (FOLDER / f"{file}@1.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")

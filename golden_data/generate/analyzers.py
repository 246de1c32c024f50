"""Writes golden_data/analyzers/*.jsonl: ``python golden_data/generate/analyzers.py``.

Oracles: CPython's `statistics` (exact fractions, rounded once), NumPy's `quantile` on values where
its arithmetic is exact, and a person. A line has the column's type and values (null is a missing
row, "nan" and "inf" as text), the analyzer's parameters, and `out`, or `error` with its class.
"""

from __future__ import annotations

import json
import math
import platform
import random
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parents[1] / "analyzers"
STATISTICS = f"statistics, CPython {platform.python_version()}"
NUMPY = f"numpy {np.__version__}"
HAND = "by hand"
Case = dict[str, Any]


def case(
    group: str, dtype: str, values: list[Any], out: Any, oracle: str, why: str, **params: Any
) -> Case:
    """One line; `out` may be the name of an error."""
    texts = [plain(v) for v in values]
    result = (
        {"error": out} if isinstance(out, str) and out.endswith("Error") else {"out": plain(out)}
    )
    head = {"group": group, "type": dtype, "values": texts, "params": params}
    return {**head, **result, "oracle": oracle, "why": why}


def plain(value: Any) -> Any:
    """A value as golden files write it."""
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if value != value else "inf" if value > 0 else "-inf"
    return [plain(v) for v in value] if isinstance(value, list) else value


def columns() -> Iterator[tuple[str, str, list[Any], str]]:
    """Group, type, values and reason of the columns that every moment is taken of."""
    rng = random.Random(20261122)
    yield "basic", "Float64", [1.0, 2.0, 4.0], "small numbers"
    yield "basic", "Float64", [0.1] * 10, "a float sum left to right gives 0.9999999999999999"
    yield "basic", "Float64", [1e16, 1.0, -1e16, 1.0], "a float sum loses a one"
    yield "basic", "Float64", [1e9 + k / 10 for k in range(8)], "a large mean, a small deviation"
    yield "basic", "Float32", [0.100000001490116119384765625, 0.5, 3.0], "widened without loss"
    yield "basic", "Int64", [1, 2, 3, 4], "integers"
    yield "basic", "Bool", [True, False, True, True], "a truth value counts as 0 or 1"
    for k in range(12):
        size = rng.randrange(2, 12)
        values = [
            rng.gauss(rng.choice([0, 1e6]), 10.0 ** rng.randrange(-8, 8)) for _ in range(size)
        ]
        yield "basic", "Float64", values, f"normal numbers, draw {k}"
    yield "nulls", "Float64", [None, 1.0, None, 3.0], "nulls are left out"
    yield "nulls", "Int16", [None, -5], "one value"
    yield "signed_zero", "Float64", [-0.0, -0.0], "an exact zero has no sign"
    yield "signed_zero", "Float64", [-1.0, 1.0, -0.0], "cancels to zero"
    yield "bounds", "Float64", [5e-324, 5e-324, 0.0], "subnormals"
    yield "bounds", "Float64", [5e-324] * 3 + [2.2250738585072014e-308], "at the first normal"
    yield "bounds", "Float64", [1e308, 1e308, 1e308], "the sum overflows, the mean does not"
    yield "bounds", "Float64", [1e300, 1e-300, 1.0], "exponents far apart"
    yield "bounds", "Int64", [2**63 - 1, 2**63 - 1, -(2**63), 2**53 + 1], "above 2**53"
    yield "bounds", "Int64", [2**53 + 1, 2**53 + 3], "no float holds these values"
    yield "bounds", "UInt64", [2**64 - 1, 2**64 - 1, 0], "the largest"
    yield "bounds", "Int8", [-128, 127], "narrow"


def moment(name: str, oracle: Any, least: int, **params: Any) -> Iterator[Case]:
    """Cases of one statistic over all columns that have enough values."""
    for group, dtype, values, why in columns():
        rows = [int(v) if isinstance(v, bool) else v for v in values if v is not None]
        try:
            out = float(oracle(rows)) if len(rows) >= least else "FitError"
        except OverflowError:
            out = "FitError"
        if isinstance(out, float):
            out = 0.0 if out == 0.0 else out
            out = "FitError" if math.isinf(out) else out
        yield case(group, dtype, values, out, STATISTICS, why, **params)
    for bad in (math.nan, math.inf, -math.inf):
        rows = [1.0, bad, 3.0]
        text = "NaN and infinities are refused"
        yield case("nan_inf", "Float64", rows, "FitError", HAND, text, **params)
        out = float(oracle([1.0, 3.0]))
        drop = {**params, "non_finite": "drop"}
        yield case("nan_inf", "Float64", rows, out, STATISTICS, "left out on demand", **drop)
    only = [math.nan, None]
    yield case(
        "nan_inf", "Float64", only, "FitError", HAND, "nothing left", non_finite="drop", **params
    )
    yield case("nulls", "Float64", [None, None], "FitError", HAND, f"{name} of nothing", **params)
    yield case("nulls", "Float64", [], "FitError", HAND, "no rows", **params)


def spread(name: str, population: Any, sample: Any) -> Iterator[Case]:
    """Cases of a statistic that has a divisor."""
    yield from moment(name, population, 1, ddof=0)
    yield from moment(name, sample, 2, ddof=1)


def extreme(name: str, pick: Any) -> Iterator[Case]:
    """Cases of min and max."""
    for group, dtype, values, why in columns():
        if group != "signed_zero":
            out = pick(v for v in values if v is not None)
            yield case(group, dtype, values, out, "Python's " + name, why)
    zero = -0.0 if name == "min" else 0.0
    for values in ([0.0, -0.0], [-0.0, 0.0]):
        why = "-0.0 stands before 0.0, whatever the order of rows"
        yield case("signed_zero", "Float64", values, zero, HAND, why)
    yield case("nan_inf", "Float64", [1.0, math.nan], "FitError", HAND, "NaN is refused")
    yield case("nan_inf", "Float64", [1.0, math.inf], "FitError", HAND, "an infinity is refused")
    drop = [math.inf, 1.0, math.nan, -math.inf]
    yield case("nan_inf", "Float64", drop, 1.0, HAND, "left out on demand", non_finite="drop")
    yield case("nulls", "Int32", [None], "FitError", HAND, f"{name} of nothing")


METHODS = {"linear": "linear", "lower": "lower", "higher": "higher", "midpoint": "midpoint",
           "nearest": "nearest", "equiprobable": "inverted_cdf"}  # fmt: skip


def quantiles() -> Iterator[Case]:
    """NumPy is exact where values and probabilities are dyadic."""
    rng = random.Random(7)
    for rule, method in METHODS.items():
        for probs in ([0.5], [0.25, 0.5, 0.75], [0.0, 0.125, 1.0]):
            values = [rng.randrange(-64, 64) / 4 for _ in range(rng.choice([1, 2, 5, 9, 12]))]
            out = np.quantile(values, probs, method=method).tolist()
            out = [v + 0.0 for v in out]
            yield case("basic", "Float64", values, out, NUMPY, rule, probs=probs, rule=rule)
    tenths = [float(v) for v in range(11)]
    for rule in METHODS:
        why = "0.1 means one tenth: exactly the second of eleven (of ranks: 2/11 >= 1/10 > 1/11)"
        yield case("basic", "Float64", tenths, [1.0], HAND, why, probs=[0.1], rule=rule)
    third = {"probs": ["1/3", "2/3"]}
    yield case("basic", "Float64", [3.0, 0.0, 1.0, 2.0], [1.0, 2.0], HAND, "exact thirds", **third)
    yield case("basic", "Int64", [4, 1], [2.5], HAND, "integers give floats", probs=[0.5])
    yield case("nulls", "Float64", [None, 2.0, None], [2.0], HAND, "nulls left out", probs=[0.5])
    yield case("nulls", "Float64", [None], "FitError", HAND, "quantiles of nothing", probs=[0.5])
    zeros = {"probs": [0.0, 1.0]}
    why = "-0.0 stands before 0.0"
    yield case("signed_zero", "Float64", [0.0, -0.0], [-0.0, 0.0], HAND, why, **zeros)
    big = [2**63 - 1, 2**63 - 3]
    yield case("bounds", "Int64", big, [float(2**63)], HAND, "rounded once", probs=[0.5])
    wide = [-1.7976931348623157e308, 1.7976931348623157e308]
    yield case("bounds", "Float64", wide, [0.0], HAND, "the difference overflows", probs=[0.5])
    yield case("nan_inf", "Float64", [math.nan, 1.0], "FitError", HAND, "NaN refused", probs=[0.5])
    drop = {"probs": [0.5], "non_finite": "drop"}
    yield case("nan_inf", "Float64", [math.nan, 1.0], [1.0], HAND, "left out on demand", **drop)


def vocabulary() -> Iterator[Case]:
    """Small enough to count."""
    letters = ["b", "a", "c", "b", None, "c", "d"]
    yield case("basic", "String", letters, ["b", "c", "a", "d"], HAND, "by count, then by bytes")
    yield case("basic", "String", letters, ["b", "c"], HAND, "cut", max_size=2)
    yield case("basic", "String", letters, ["b"], HAND, "a cut through a tie", max_size=1)
    yield case("basic", "String", letters, ["b", "c"], HAND, "often enough", min_count=2)
    yield case("basic", "String", letters, [], HAND, "none often enough", min_count=3)
    yield case("basic", "Int64", [3, -1, 3, 7, -1, 5], [-1, 3, 5, 7], HAND, "ties by value")
    top = [2**64 - 1, 2**63]
    yield case("bounds", "UInt64", [*top, top[0]], top, HAND, "the largest")
    yield case("nulls", "String", [None, None], "FitError", HAND, "a vocabulary of nothing")
    odd = ["Z", "é", "z", "", "日", "😀", "\uffff", "e\u0301"]
    ordered = ["", "Z", "e\u0301", "z", "é", "日", "\uffff", "😀"]
    why = "UTF-8 order is code point order, not that of UTF-16; no normalisation"
    yield case("text_edges", "String", odd, ordered, HAND, why)


def count() -> Iterator[Case]:
    """Small enough to count."""
    yield case("basic", "Float64", [1.0, 2.0], 2, HAND, "two")
    yield case("basic", "String", ["", "a"], 2, HAND, "empty text is a value")
    yield case("nulls", "Float64", [None, 1.0], 1, HAND, "null is none")
    yield case("nulls", "Float64", [None], 0, HAND, "no error: nothing is 0")
    yield case("nan_inf", "Float64", [math.nan, math.inf, None], 2, HAND, "NaN is a value")


FILES = {
    "count": count,
    "max": lambda: extreme("max", max),
    "mean": lambda: moment("mean", statistics.mean, 1),
    "min": lambda: extreme("min", min),
    "quantiles": quantiles,
    "std": lambda: spread("std", statistics.pstdev, statistics.stdev),
    "var": lambda: spread("var", statistics.pvariance, statistics.variance),
    "vocabulary": vocabulary,
}

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, cases in FILES.items():
        lines = (json.dumps(c, ensure_ascii=False) for c in cases())
        (FOLDER / f"{file}@1.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")

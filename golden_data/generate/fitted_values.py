"""Golden cases of ops on fitted tables: an entry by its place, and where a value stands.

An entry is an item of a list. A rank is a fraction, rounded once; values are dyadic where the body
rounds in between, so that it is the same.
"""

from __future__ import annotations

import platform
from bisect import bisect_left, bisect_right
from fractions import Fraction
from typing import Any

from numeric_cases import BY_HAND, INF, NAN, Case, case, write

ORACLE = f"CPython {platform.python_version()} list"
FLOATS = [1.5, -0.0, 0.0, -3.25, 5e-324, 1.7976931348623157e308]
INTEGERS = [7, 0, -1, 2**63 - 1, -(2**63)]


def entries(kind: str, out_type: str, content: list[Any]) -> list[Case]:
    """Every entry, and places that are none."""
    made = []
    table = {"kind": kind, "content": content, "name": "values"}
    for dtype, largest in (("UInt32", 2**32 - 1), ("UInt64", 2**64 - 1), ("UInt8", 255)):
        types = [dtype, f"Table({kind})"]
        for place in range(len(content)) if dtype == "UInt32" else (0, len(content) - 1):
            why = f"entry {place}"
            made.append(case("basic", types, [place, table], out_type, content[place], ORACLE, why))
        for place in (len(content), largest):
            why = "beyond the end"
            made.append(case("bounds", types, [place, table], out_type, None, BY_HAND, why))
        made.append(case("nulls", types, [None, table], out_type, None, BY_HAND, "null has none"))
    return made


def missing() -> list[Case]:
    """NaN stands for a key without a statistic."""
    table = {"kind": "f64", "content": [2.0, "nan"], "name": "values"}
    types = ["UInt32", "Table(f64)"]
    why = "NaN says that there is no value"
    empty = {"kind": "f64", "content": [], "name": "values"}
    return [
        case("nulls", types, [1, table], "Float64", None, BY_HAND, why),
        case("basic", types, [0, table], "Float64", 2.0, BY_HAND, "the entry beside it"),
        case("bounds", types, [0, empty], "Float64", None, BY_HAND, "an empty table"),
    ]


def rank(x: float, quantiles: list[float]) -> float:
    """The share of quantiles below x, in exact arithmetic."""
    last = len(quantiles) - 1
    if x <= quantiles[0] or x >= quantiles[-1]:
        return float(x > quantiles[0])
    low, high = bisect_left(quantiles, x), bisect_right(quantiles, x)
    if low < high:
        return float(Fraction(low + high - 1, 2) / last)
    a, b = (Fraction(q) for q in quantiles[low - 1 : low + 1])
    return float((low - 1 + (Fraction(x) - a) / (b - a)) / last)


def ranks() -> list[Case]:
    """Values between, on and beyond quantiles."""
    fractions = f"fractions and bisect, CPython {platform.python_version()}"
    rows = [
        ("basic", [0.0, 1.0, 2.0, 4.0, 8.0], [0.5, 1.0, 3.0, 4.0, 7.0], "between and on"),
        ("bounds", [0.0, 1.0, 2.0, 4.0, 8.0], [-1.0, 0.0, 8.0, 9.0, INF, -INF], "the ends"),
        ("basic", [0.0, 1.0, 1.0, 1.0, 2.0], [0.5, 1.0, 1.5], "the middle of equal ones"),
        ("bounds", [0.0, 0.0, 0.0, 1.0, 1.0], [0.0, 0.5, 1.0], "equal ones at the ends"),
        ("bounds", [3.0, 3.0], [2.0, 3.0, 4.0], "all are equal: at the first and below 0"),
        ("bounds", [-1.75 * 2.0**1023, 1.75 * 2.0**1023], [0.0, 2.0**1022], "a wide step"),
        ("bounds", [0.0, 5e-324, 1e-323], [5e-324], "subnormals"),
        ("signed_zero", [-1.0, 0.0, 1.0], [0.0, -0.0], "both zeros stand at a zero"),
    ]
    made = []
    types = ["Float64", "Table(f64)"]
    for group, quantiles, values, why in rows:
        table = {"kind": "f64", "content": quantiles, "name": "quantiles"}
        for x in values:
            out = rank(x, quantiles)
            made.append(case(group, types, [x, table], "Float64", out, fractions, why))
    table = {"kind": "f64", "content": [0.0, 1.0], "name": "quantiles"}
    made.append(case("nan_inf", types, [NAN, table], "Float64", NAN, BY_HAND, "NaN has no place"))
    made.append(case("nan_inf", types, [INF, table], "Float64", 1.0, BY_HAND, "above the last"))
    made.append(case("nulls", types, [None, table], "Float64", None, BY_HAND, "null has none"))
    one = {"kind": "f64", "content": [0.5], "name": "quantiles"}
    made.append(case("bounds", types, [0.5, one], "Float64", NAN, BY_HAND, "one is no scale"))
    return made


if __name__ == "__main__":
    write("rounding", "quantile_rank", ranks())
    cases = [*entries("f64", "Float64", FLOATS), *missing(), *entries("i64", "Int64", INTEGERS)]
    write("encode", "fitted_value", cases)

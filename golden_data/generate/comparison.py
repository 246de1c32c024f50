"""Golden cases of comparison, by Polars, which agrees with featurelib on NaN, -0.0 and text."""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Iterator
from typing import Any

from numeric_cases import INF, NAN, UTC, bounds, polars_cases, write

WORDS = [("a", "b"), ("b", "a"), ("same", "same"), ("Zebra", "apple")]
TEXT = [
    ("", ""),
    ("", "a"),
    ("abcdefgh", "abcdefghi"),
    ("abcdefgh1", "abcdefgh2"),
    ("é", "z"),
    ("\U0001f600", "￿"),
    ("a\x00", "a"),
]
INSTANT = dt.datetime(2024, 3, 10, 6, 59, 59, 123456, tzinfo=UTC)
TIMES: list[tuple[str, Any, Any]] = [
    ("Date", dt.date(2024, 2, 29), dt.date(2024, 3, 1)),
    ("Datetime(UTC)", INSTANT, INSTANT + dt.timedelta(microseconds=1)),
    ("Duration", dt.timedelta(seconds=-1), dt.timedelta(seconds=1)),
]


def rows() -> Iterator[tuple[Any, ...]]:
    """Pairs of values of every kind of type."""
    for a, b in [(1.5, 2.5), (2.5, 1.5), (1.5, 1.5), (-1.5, 1.5)]:
        yield "basic", ("Float64",) * 2, (a, b)
    for name in ("Int64", "UInt8"):
        for a, b in [(1, 2), (2, 1), (7, 7)]:
            yield "basic", (name,) * 2, (a, b)
    for a, b in [(False, False), (False, True), (True, False), (True, True)]:
        yield "basic", ("Bool",) * 2, (a, b), "false is less than true"
    for a, b in WORDS:
        yield "basic", ("String",) * 2, (a, b)
    for name, a, b in TIMES:
        for pair in ((a, b), (b, a), (a, a)):
            yield "basic", (name,) * 2, pair
    for name, value in (("Float64", 1.0), ("Int64", 0), ("Bool", True), ("String", "")):
        for args in ((None, value), (value, None), (None, None)):
            yield "nulls", (name,) * 2, args
    yield "nulls", ("Float64",) * 2, (None, NAN), "null is not NaN"
    for args in ((NAN, NAN), (NAN, 1.0), (1.0, NAN), (NAN, INF), (INF, INF), (-INF, INF)):
        yield "nan_inf", ("Float64",) * 2, args, "NaN equals itself and is the greatest"
    yield "nan_inf", ("Float32",) * 2, (NAN, INF), "NaN equals itself and is the greatest"
    for args in ((0.0, -0.0), (-0.0, 0.0), (-0.0, -0.0)):
        yield "signed_zero", ("Float64",) * 2, args, "-0.0 equals 0.0"
    for name in ("Int8", "Int64", "UInt64"):
        low, high = bounds(name)
        yield "bounds", (name,) * 2, (low, high)
        yield "bounds", (name,) * 2, (high, high - 1), "exact, not as floats"
    for a, b in (("caaaaaaabbbbbbbb", "aaaaaaaabbbbbbbb"), ("aaaaaaaa", "aaaaaaab")):
        yield "text_edges", ("String",) * 2, (a, b), "long texts that differ at one end"
    for args in TEXT:
        yield "text_edges", ("String",) * 2, args


def main() -> None:
    """Writes the files of the family."""
    for name in ("eq", "ne", "lt", "le", "gt", "ge"):
        write("comparison", name, polars_cases(getattr(operator, name), "Bool", rows()))
    for name in ("eq_missing", "ne_missing"):
        write(
            "comparison", name, polars_cases(lambda a, b, n=name: getattr(a, n)(b), "Bool", rows())
        )


if __name__ == "__main__":
    main()

"""Golden cases of min, max, clip and is_in, by Polars."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from typing import Any

import polars as pl
from numeric_cases import INF, NAN, POLARS, TYPES, bounds, case, encode, polars_cases, write

DAYS = (dt.date(2024, 2, 29), dt.date(1, 1, 1), dt.date(9999, 12, 31))


def pairs() -> Iterator[tuple[Any, ...]]:
    """Two values of every kind of type."""
    for args in ((1.5, 2.5), (2.5, 1.5), (-1.0, -2.0)):
        yield "basic", ("Float64",) * 2, args
    for name in ("Int8", "UInt64"):
        low, high = bounds(name)
        yield "basic", (name,) * 2, (5, 3)
        yield "bounds", (name,) * 2, (low, high)
        yield "bounds", (name,) * 2, (high, high - 1)
    yield "basic", ("Date",) * 2, DAYS[:2]
    for args in itertools.product((True, False), repeat=2):
        yield "basic", ("Bool",) * 2, args
    for args in (("b", "a"), ("a", "b"), ("same", "same")):
        yield "basic", ("String",) * 2, args
    yield "text_edges", ("String",) * 2, ("", "\x00")
    yield "text_edges", ("String",) * 2, ("é", "z")
    for name, value in (("Float64", 1.0), ("Int8", 1), ("Bool", False), ("String", "a")):
        for args in ((None, value), (value, None), (None, None)):
            yield "nulls", (name,) * 2, args, "nulls are skipped"
    yield "nulls", ("Float64",) * 2, (None, NAN), "NaN is all that is left"
    for args in ((NAN, 1.0), (1.0, NAN), (NAN, NAN), (NAN, -INF), (INF, -INF)):
        yield "nan_inf", ("Float64",) * 2, args, "NaN is skipped beside a number"
    for args in ((0.0, -0.0), (-0.0, 0.0)):
        yield "signed_zero", ("Float64",) * 2, args, "of two equal values the second"


def clips() -> Iterator[tuple[Any, ...]]:
    """A value and two bounds, which may be null, NaN or the wrong way round."""
    floats = ("Float64",) * 3
    for x in (-2.0, 0.5, 9.0, 0.0, 1.0):
        yield "basic", floats, (x, 0.0, 1.0)
    for x in (1.0, 2.5, 5.0):
        yield "bounds", floats, (x, 3.0, 2.0), "bounds the wrong way round: the lower one first"
    for name in ("Int8", "UInt64"):
        low, high = bounds(name)
        for x in (low, 5, high):
            yield "bounds", (name,) * 3, (x, 3, 7)
        yield "nulls", (name,) * 3, (None, 3, 7)
        yield "nulls", (name,) * 3, (high, 3, None), "a null bound is none"
    for day in DAYS:
        yield "basic", ("Date",) * 3, (day, dt.date(2000, 1, 1), dt.date(2030, 1, 1))
    for args in ((None, 0.0, 1.0), (9.0, None, 1.0), (-9.0, None, 1.0), (9.0, 0.0, None)):
        yield "nulls", floats, args, "a null bound is none"
    yield "nulls", floats, (9.0, None, None), "a null bound is none"
    for args in (
        (NAN, 0.0, 1.0),
        (INF, 0.0, 1.0),
        (-INF, 0.0, 1.0),
        (5.0, NAN, 1.0),
        (5.0, 9.0, NAN),
    ):
        yield "nan_inf", floats, args, "NaN stays, and is no bound"
    for args in ((-0.0, 0.0, 1.0), (0.0, -1.0, -0.0), (-0.0, -0.0, 1.0)):
        yield "signed_zero", floats, args, "equal to the bound, so not changed"


def members() -> Iterator[tuple[str, str, Any, list[Any], str]]:
    """A value and a set: group, type, value, set, why."""
    some = [-INF, -1.5, 0.0, 2.5, NAN]
    for x in (2.5, 2.0, -1.5, -2.0):
        yield "basic", "Float64", x, some, ""
    for x in (NAN, INF, -INF):
        yield "nan_inf", "Float64", x, some, "NaN is found"
    yield "nan_inf", "Float64", NAN, [1.0], "NaN is not there"
    for x in (0.0, -0.0):
        yield "signed_zero", "Float64", x, some, "-0.0 and 0.0 are one value"
    yield "nulls", "Float64", None, some, ""
    yield "basic", "Float64", 1.0, [], "nothing is in an empty set"
    for name in ("Int8", "Int64", "UInt64"):
        low, high = bounds(name)
        for x in (low, 1, 2, high):
            yield "bounds", name, x, [low, 1, high], ""
        yield "nulls", name, None, [1], ""
        yield "basic", name, 1, [], "nothing is in an empty set"
    for word in ("ab", "abc", "", "é"):
        yield "text_edges", "String", word, ["", "ab", "é"], ""
    yield "text_edges", "String", "a", [], "nothing is in an empty set"
    yield "nulls", "String", None, ["ab"], ""


def member_cases() -> list[dict[str, Any]]:
    """`is_in` with its set as a table."""
    kinds = {"Float64": "f64", "UInt64": "u64", "String": "strings"}
    made = []
    for group, name, x, values, why in members():
        column = pl.Series("x", [x], dtype=TYPES[name])
        out = column.is_in(pl.Series(values, dtype=TYPES[name]).implode()).item()
        content = [encode(v) for v in values]
        table = {"kind": kinds.get(name, "i64"), "content": content, "name": "values"}
        made.append(
            case(group, (name, f"Table({table['kind']})"), (x, table), "Bool", out, POLARS, why)
        )
    return made


def main() -> None:
    """Writes the files of the family."""
    for name in ("max_horizontal", "min_horizontal"):
        write("ranges", name, polars_cases(getattr(pl, name), None, pairs()))
    write("ranges", "clip", polars_cases(lambda x, low, high: x.clip(low, high), None, clips()))
    write("ranges", "is_in", member_cases())


if __name__ == "__main__":
    main()

"""Golden cases of conditions and missing values, by Polars; `nullif` by hand."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from typing import Any

import polars as pl
from numeric_cases import BY_HAND, INF, NAN, case, polars_cases, write

PAIRS: list[tuple[str, Any, Any]] = [
    ("Float64", 1.5, NAN),
    ("Int8", -128, 127),
    ("UInt64", 2**64 - 1, 0),
    ("Bool", True, False),
    ("String", "é", ""),
    ("Date", dt.date(2024, 2, 29), dt.date(1, 1, 1)),
]
FLOATS = [
    ("basic", 1.5),
    ("basic", -2.0),
    ("bounds", 1.7976931348623157e308),
    ("bounds", 5e-324),
    ("nulls", None),
    ("nan_inf", NAN),
    ("nan_inf", INF),
    ("nan_inf", -INF),
    ("signed_zero", -0.0),
    ("signed_zero", 0.0),
]


def branches() -> Iterator[tuple[Any, ...]]:
    """Conditions with branches of every kind of type."""
    for name, a, b in PAIRS:
        for condition in (True, False):
            yield "basic", ("Bool", name, name), (condition, a, b)
        yield "nulls", ("Bool", name, name), (None, a, b), "a null condition takes `otherwise`"
        yield "nulls", ("Bool", name, name), (True, None, b), "the branch taken is null"
        yield "nulls", ("Bool", name, name), (True, a, None), "the other branch is null"


def two_values() -> Iterator[tuple[Any, ...]]:
    """A value and what replaces it."""
    for name, a, b in PAIRS:
        yield "basic", (name, name), (a, b)
        for args in ((None, b), (a, None), (None, None)):
            yield "nulls", (name, name), args
    yield "nan_inf", ("Float64", "Float64"), (NAN, 1.0), "NaN is a value"
    yield "signed_zero", ("Float64", "Float64"), (None, -0.0)


def nan_values() -> Iterator[tuple[Any, ...]]:
    """Values, NaN among them, and what replaces NaN."""
    for (group, a), b in itertools.product(FLOATS, (0.5, None, -0.0)):
        why = "a null stays null, NaN becomes the other" if None in (a, b) else ""
        yield "nulls" if None in (a, b) else group, ("Float64", "Float64"), (a, b), why


def nullif_cases() -> list[dict[str, Any]]:
    """A value that becomes null where it equals another: one rule, read off."""
    rows: list[tuple[str, str, Any, Any, Any, str]] = []
    for name, a, b in PAIRS:
        rows += [
            ("basic", name, a, a, None, "equal"),
            ("basic", name, a, b, a, "different"),
            ("nulls", name, a, None, a, "a null equals nothing"),
            ("nulls", name, None, b, None, "null stays null"),
        ]
    rows += [
        ("nan_inf", "Float64", NAN, NAN, None, "NaN equals itself"),
        ("nan_inf", "Float64", INF, -INF, INF, "different"),
        ("signed_zero", "Float64", -0.0, 0.0, None, "-0.0 equals 0.0"),
        ("text_edges", "String", "abcdefghi", "abcdefghj", "abcdefghi", "the ninth byte differs"),
    ]
    return [case(g, (t, t), (a, b), t, out, BY_HAND, why) for g, t, a, b, out, why in rows]


def main() -> None:
    """Writes the files of the family."""
    write(
        "conditional",
        "if_else",
        [
            c | {"out_type": c["types"][1]}
            for name, *_ in PAIRS
            for c in polars_cases(
                lambda c, a, b: pl.when(c).then(a).otherwise(b),
                name,
                [r for r in branches() if r[1][1] == name],
            )
        ],
    )
    write("conditional", "fill_null", polars_cases(pl.Expr.fill_null, None, two_values()))
    write("conditional", "fill_nan", polars_cases(pl.Expr.fill_nan, None, nan_values()))
    write("conditional", "nullif", nullif_cases())
    values = [(g, ("Float64",), (v,)) for g, v in FLOATS]
    others = [
        row
        for name, a, b in PAIRS[1:]
        for row in [("basic", (name,), (v,)) for v in (a, b)] + [("nulls", (name,), (None,))]
    ]
    for name in ("is_null", "is_not_null"):
        write("conditional", name, polars_cases(getattr(pl.Expr, name), "Bool", values + others))
    integers = [row for row in others if row[1][0] in ("Int8", "UInt64")]
    for name in ("is_nan", "is_not_nan", "is_finite", "is_infinite"):
        write("conditional", name, polars_cases(getattr(pl.Expr, name), "Bool", values + integers))


if __name__ == "__main__":
    main()

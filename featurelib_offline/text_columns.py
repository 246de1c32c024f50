"""Columns that come as text, from CSV, and times that do in JSON lines.

Nothing is guessed: every column comes as text and is read as the type of its field. Empty text is
null where the field is no String. What cannot be read, or would become another number, becomes a
check, as for other columns.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from featurelib.border_rules import Refusal
from featurelib.border_times import read_duration_text
from featurelib.dtypes import DURATION, DType
from featurelib.fields import Field
from featurelib_offline.frame_checks import Check, FieldBorder, field_border
from featurelib_offline.types import polars_type

__all__ = ["parse", "text_border"]

_DATE = r"^\d{4}-\d\d-\d\d$"
_INSTANT = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:[0-5]\d(\.\d{1,6}0*)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$"
_INT128_DIGITS = 38
_EXPECTED = {
    "Bool": "expected true or false",
    "Date": "expected ISO 8601 text like 2013-01-01",
    "Datetime": "expected RFC 3339 text with an offset like 2013-01-01T05:00:00Z",
    "Duration": "expected ISO 8601 text like PT1H30M",
}


def text_border(column: pl.Expr, field: Field) -> FieldBorder:
    """The border of a column of text whose field is of another type.

    Raises:
        Refusal: The type has no text in a CSV.
    """
    if field.dtype.inner is not None:
        raise Refusal("a cell holds one value", "give Parquet, Arrow IPC or JSON lines")
    filled = column.replace("", None)
    parsed = parse(_with_colon(filled) if field.dtype.name == "Datetime" else filled, field.dtype)
    expected = _EXPECTED.get(field.dtype.name, "expected a number")
    if field.dtype.is_integer:
        low, high = field.dtype.bounds
        expected = f"expected a whole number, {low} <= value <= {high}"
    checks = [Check(field, filled.is_not_null() & parsed.is_null(), expected)]
    if field.dtype.is_float:
        checks += _other_numbers(filled, parsed, field)
    if not field.nullable:
        checks.insert(0, Check(field, filled.is_null(), "it may not be null"))
    source = pl.Float64() if field.dtype.is_float else polars_type(field.dtype)
    border = field_border(parsed, source, replace(field, nullable=True))
    inner = (replace(check, field=field) for check in border.checks)
    return FieldBorder(border.column, (*checks, *inner))


def _with_colon(x: pl.Expr) -> pl.Expr:
    """An offset as RFC 3339 has it; `write_csv` of Polars writes +0000."""
    return x.str.replace(r"(:[0-9.]+[+-][0-9]{2})([0-9]{2})$", "$1:$2")


def _other_numbers(x: pl.Expr, parsed: pl.Expr, field: Field) -> list[Check]:
    """Text of a number that Float64 does not hold: one too large, an integer between two floats."""
    too_large = parsed.is_infinite() & ~x.str.to_lowercase().str.contains("inf", literal=True)
    whole = x.cast(pl.Int128(), strict=False)
    changed = whole.cast(pl.Float64).cast(pl.Int128(), strict=False).ne_missing(whole)
    longest = pl.when(x.str.len_bytes() > _INT128_DIGITS).then(x)
    beyond = longest.str.contains(r"^[+-]?[0-9]+$") & whole.is_null()
    inexact = (whole.is_not_null() & changed) | beyond.fill_null(False)
    return [
        Check(field, too_large.fill_null(False), "the number is outside Float64"),
        Check(field, inexact & ~parsed.is_infinite(), "the integer is not exact in Float64"),
    ]


def parse(x: pl.Expr, dtype: DType) -> pl.Expr:
    """Text as the type (a Float32 as Float64, which its border then rounds); null if it is none."""
    if dtype.name == "Bool":
        return x.replace_strict(
            ["true", "false", "True", "False"], [True, False, True, False], default=None
        )
    if dtype.is_float:
        return x.cast(pl.Float64, strict=False)
    if dtype.name == "Date":
        return pl.when(x.str.contains(_DATE)).then(x).str.to_date("%Y-%m-%d", strict=False)
    if dtype.name == "Datetime":
        instant = pl.when(x.str.contains(_INSTANT)).then(x)
        parsed = instant.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
        return parsed if dtype.zone == "UTC" else parsed.dt.convert_time_zone(dtype.zone or "UTC")
    if dtype.name == "Duration":
        return x.map_elements(_duration, return_dtype=pl.Int64).cast(pl.Duration("us"))
    return x.cast(polars_type(dtype), strict=False)


def _duration(text: str) -> int | None:
    try:
        return read_duration_text(text, DURATION, lambda *_: None)
    except Refusal:
        return None

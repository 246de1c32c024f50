"""The border for columns: how one becomes the type of its field, and which rows are refused.

The rules are those of `featurelib.borders`, as expressions. What a column's type alone decides is
refused before any data is read; what depends on values becomes a check, an expression that is true
in the rows that are refused. The conversions never raise: they may give anything in refused rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from featurelib import borders
from featurelib.border_rules import Refusal
from featurelib.border_times import MAX_DAYS, MAX_US, MIN_DAYS, MIN_US
from featurelib.dtypes import DType
from featurelib.fields import Field
from featurelib_offline.types import polars_type

_PER_US = {"ms": 1_000, "us": 1}


@dataclass(frozen=True)
class Check:
    """A reason to refuse rows: `bad` is true in them."""

    field: Field
    bad: pl.Expr
    reason: str


@dataclass(frozen=True)
class FieldBorder:
    """One field on one frame: the column as its type, and the checks of its values."""

    column: pl.Expr
    checks: tuple[Check, ...]


Converted = tuple[pl.Expr, list[tuple[pl.Expr, str]]]


def field_border(column: pl.Expr, source: pl.DataType, field: Field) -> FieldBorder:
    """The border of one column.

    Args:
        column: The column of the frame.
        source: Its Polars type.
        field: What it must become.

    Raises:
        Refusal: No value of that Polars type is taken.
    """
    converted, bad = convert(column, source, field.dtype)
    checks = [] if field.nullable else [(column.is_null(), "it may not be null")]
    checks += bad
    checks += [(expr, f"expected {text}") for expr, text in _broken(converted, field)]
    return FieldBorder(
        converted.alias(field.name),
        tuple(Check(field, expr.fill_null(False), reason) for expr, reason in checks),
    )


def default_border(field: Field) -> FieldBorder:
    """A column that the frame lacks, filled with the field's default."""
    value = borders.from_canonical(field.canonical_default, field.dtype)
    return FieldBorder(pl.lit(value, dtype=polars_type(field.dtype)).alias(field.name), ())


def convert(x: pl.Expr, source: pl.DataType, dtype: DType) -> Converted:
    """The column as `dtype`, and the checks of its values."""
    if source == pl.Null:
        return x.cast(polars_type(dtype)), []
    if dtype.is_integer and source.is_integer():
        return x.cast(polars_type(dtype), strict=False), _outside(x, source, dtype)
    if dtype.is_float and source.is_integer():
        return _integer_to_float(x, source, dtype)
    if dtype.is_float and source.is_float():
        narrow = x.cast(polars_type(dtype), strict=False)
        if dtype.name == "Float64" or source != pl.Float64:
            return narrow, []
        return narrow, [(x.is_finite() & ~narrow.is_finite(), "the number is outside Float32")]
    if dtype.name == "Bool" and source == pl.Boolean:
        return x, []
    if dtype.name == "String" and isinstance(source, (pl.String, pl.Categorical, pl.Enum)):
        return x.cast(pl.String), []
    if dtype.name == "Date" and source == pl.Date:
        inside = x.to_physical().is_between(MIN_DAYS, MAX_DAYS)
        return x, [(~inside, "the year is outside 1 to 9999")]
    if dtype.name == "Datetime" and isinstance(source, pl.Datetime):
        return _instants(x, source, dtype)
    if dtype.name == "Duration" and isinstance(source, pl.Duration):
        return _durations(x, source)
    if dtype.inner is not None and isinstance(source, (pl.List, pl.Array)):
        return _lists(x, source, dtype)
    if dtype.fields and isinstance(source, pl.Struct):
        return _structs(x, source, dtype)
    raise Refusal(hint=_hint(source, dtype))


def _hint(source: pl.DataType, dtype: DType) -> str:
    if source.is_decimal():
        return "cast it yourself, saying that digits may be lost: cast(pl.Float64)"
    if dtype.is_integer and source.is_float():
        return "in pandas an integer column with gaps is a float: astype('Int64'); else round it"
    if dtype.name == "Date" and isinstance(source, pl.Datetime):
        return "an instant is no day: .dt.date() in Polars, .dt.date in pandas"
    return "convert the column before it comes here"


def _outside(x: pl.Expr, source: pl.DataType, dtype: DType) -> list[tuple[pl.Expr, str]]:
    low, high = dtype.bounds
    bits = int(str(source).rpartition("nt")[2])
    signed = str(source).startswith("Int")
    source_high = (1 << (bits - signed)) - 1
    bad = []
    reason = f"expected {low} <= value <= {high}"
    if signed and -(source_high + 1) < low:
        bad.append((x < pl.lit(low, dtype=source), reason))
    if source_high > high:
        bad.append((x > pl.lit(high, dtype=source), reason))
    return bad


def _integer_to_float(x: pl.Expr, source: pl.DataType, dtype: DType) -> Converted:
    wide = x.cast(pl.Float64)
    column = wide if dtype.name == "Float64" else wide.cast(pl.Float32)
    if int(str(source).rpartition("nt")[2]) <= 32:
        return column, []
    # Back in its own type an inexact integer is another one, or null where it left the range.
    changed = wide.cast(source, strict=False).ne_missing(x)
    return column, [(changed, "the integer is not exact in Float64")]


def _instants(x: pl.Expr, source: pl.Datetime, dtype: DType) -> Converted:
    if source.time_zone is None:
        raise Refusal(
            "the column has no time zone",
            'give it one: .dt.replace_time_zone("UTC") in Polars, .dt.tz_localize in pandas',
        )
    zone = dtype.zone or "UTC"
    micros = x.cast(pl.Datetime("us", source.time_zone), strict=False)
    micros = micros if source.time_zone == zone else micros.dt.convert_time_zone(zone)
    if source.time_unit == "ns":
        return micros, [(x.to_physical() % 1_000 != 0, "nanoseconds would be lost")]
    unit = _PER_US[source.time_unit]
    inside = x.to_physical().is_between(MIN_US // unit, MAX_US // unit)
    return micros, [(~inside, "the year in UTC is outside 1 to 9999")]


def _durations(x: pl.Expr, source: pl.Duration) -> Converted:
    micros = x.cast(pl.Duration("us"), strict=False)
    if source.time_unit == "ns":
        return micros, [(x.to_physical() % 1_000 != 0, "nanoseconds would be lost")]
    limit = ((1 << 63) - 1) // 1_000
    if source.time_unit == "ms":
        inside = x.to_physical().is_between(-limit, limit)
        return micros, [(~inside, "the duration is over 64 bits of microseconds")]
    return micros, []


def _lists(x: pl.Expr, source: pl.List | pl.Array, dtype: DType) -> Converted:
    assert dtype.inner is not None
    inner = source.inner
    assert isinstance(inner, pl.DataType)
    if isinstance(source, pl.Array):
        if len(source.shape) != 1:
            raise Refusal(f"expected one dimension, got shape {source.shape}")
        x = x.arr.to_list()
    element, bad = convert(pl.element(), inner, dtype.inner)
    checks = [(_any(x, pl.element().is_null()), "an element may not be null")]
    checks += [(_any(x, expr), f"in an element: {reason}") for expr, reason in bad]
    column = x if inner == polars_type(dtype.inner) else x.list.eval(element)
    if dtype.size is not None:
        if isinstance(source, pl.Array) and source.shape[0] != dtype.size:
            raise Refusal(f"expected {dtype.size} elements, got {source.shape[0]}")
        fits = x.list.len() == dtype.size
        checks.append((~fits, f"expected {dtype.size} elements"))
        column = pl.when(fits).then(column).list.to_array(dtype.size)
    return column, checks


def _any(x: pl.Expr, bad: pl.Expr) -> pl.Expr:
    return x.list.eval(bad.fill_null(False)).list.any()


def _structs(x: pl.Expr, source: pl.Struct, dtype: DType) -> Converted:
    have = {f.name: f.dtype for f in source.fields}
    known = [name for name, _, _ in dtype.fields]
    for name in have:
        if name not in known:
            raise Refusal(f"it has no field {name!r}", f"its fields: {', '.join(known)}")
    members, checks = [], []
    for name, t, nullable in dtype.fields:
        if name not in have:
            raise Refusal(f"its field `{name}` is missing")
        part = x.struct.field(name)
        inner = have[name]
        assert isinstance(inner, pl.DataType)
        column, bad = convert(part, inner, t)
        members.append(column.alias(name))
        if not nullable:
            checks.append((x.is_not_null() & part.is_null(), f".{name}: it may not be null"))
        checks += [(expr, f".{name}: {reason}") for expr, reason in bad]
    return pl.when(x.is_not_null()).then(pl.struct(members)), checks


def _broken(x: pl.Expr, field: Field) -> list[tuple[pl.Expr, str]]:
    """Rows that break a constraint, in the order and words of `borders.violation`."""
    limits, dtype = field.constraints, field.dtype
    bad: list[tuple[pl.Expr, str]] = []
    if limits.finite:
        if dtype.inner is None:
            bad.append((~x.is_finite(), "a finite number"))
        else:
            items = x if dtype.size is None else x.arr.to_list()
            bad.append((_any(items, ~pl.element().is_finite()), "a finite number"))
    value = x.to_physical() if dtype.is_temporal else x
    physical = pl.Int32() if dtype.name == "Date" else polars_type(dtype)
    physical = pl.Int64() if dtype.name in ("Datetime", "Duration") else physical
    for name, sign in (("ge", ">="), ("gt", ">"), ("le", "<="), ("lt", "<")):
        bound = getattr(limits, name)
        if bound is None:
            continue
        literal = pl.lit(bound, dtype=physical)
        out = {"ge": value < literal, "gt": value <= literal}.get(
            name, value > literal if name == "le" else value >= literal
        )
        # Polars orders NaN above every number; at the border it lies within no bound.
        out = out | value.is_nan() if dtype.is_float else out
        bad.append((out, f"value {sign} {borders.bound_text(bound, field)}"))
    if limits.one_of is not None:
        allowed = pl.lit(pl.Series(limits.one_of, dtype=polars_type(dtype)).implode())
        bad.append((~x.is_in(allowed), f"one of {', '.join(map(repr, limits.one_of))}"))
    if limits.max_length is not None:
        is_text = dtype.name == "String"
        length = x.str.len_chars() if is_text else x.list.len()
        unit = "code points" if is_text else "elements"
        bad.append((length > limits.max_length, f"at most {limits.max_length} {unit}"))
    return bad

"""Struct columns of a frame, taken apart into the columns that engines read."""

from __future__ import annotations

import polars as pl

from featurelib.border_errors import message
from featurelib.dtypes import DType
from featurelib.errors import FieldValueError
from featurelib.fields import Field, InputSchema
from featurelib.struct_inputs import members, whole_structs
from featurelib_offline.frame_checks import Check

__all__ = ["unnested"]


def unnested(
    raw: pl.LazyFrame, schema: InputSchema, where: str
) -> tuple[pl.LazyFrame, tuple[Check, ...]]:
    """The frame with the members of its Structs as columns, and the checks that only Structs need.

    A Struct that the frame lacks has its default, unless the frame has the members' columns.

    Raises:
        FieldValueError: A column is no Struct, or has other members.
    """
    types = raw.collect_schema()
    columns: list[pl.Expr] = []
    checks: list[Check] = []
    for field in whole_structs(schema, types):
        names = [name for name, _, _ in members(field.dtype, field.name)]
        if field.name in types:
            source = types[field.name]
            whole = pl.col(field.name)
            columns += _members(whole, source, field.dtype, field, "", checks, where)
            if not field.nullable:
                checks.append(Check(field, whole.is_null(), "it may not be null"))
        elif field.has_default:
            columns += [_default(field, name) for name in names]
    return (raw.with_columns(columns) if columns else raw), tuple(checks)


def _members(
    whole: pl.Expr, source: pl.DataType, dtype: DType, field: Field, path: str,
    checks: list[Check], where: str,
) -> list[pl.Expr]:  # fmt: skip
    if source == pl.Null:
        names = [name for name, _, _ in members(dtype, f"{field.name}{path}")]
        return [pl.lit(None).alias(name) for name in names]
    known = [name for name, _, _ in dtype.fields]
    have = {f.name: f.dtype for f in source.fields} if isinstance(source, pl.Struct) else {}
    if set(have) != set(known):
        text = f"its fields are {', '.join(known)}"
        raise FieldValueError(
            message(field, f"a column of {source}", where, None, path, text), field=field.name
        )
    columns = []
    for name, inner, nullable in dtype.fields:
        part, place = whole.struct.field(name), f"{path}.{name}"
        if not nullable:
            missing = whole.is_not_null() & part.is_null()
            checks.append(Check(field, missing, f"{place}: it may not be null"))
        if inner.fields:
            kind = have[name]
            assert isinstance(kind, pl.DataType)
            columns += _members(part, kind, inner, field, place, checks, where)
        else:
            columns.append(part.alias(f"{field.name}{place}"))
    return columns


def _default(field: Field, name: str) -> pl.Expr:
    value = field.default
    for step in name.removeprefix(f"{field.name}.").split("."):
        value = None if value is None else value[step]
    return pl.lit(value).alias(name)

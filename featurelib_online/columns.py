"""Columns from outside as kernels read them: NumPy arrays, and Arrow data of any library.

Numbers, times and text are read where they lie; only what must become wider, or stands in several
chunks, is copied.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from featurelib.border_errors import message, missing_field, prefix, unknown_field
from featurelib.bundle import Bundle
from featurelib.errors import FieldValueError, InputError
from featurelib.fields import Field
from featurelib.jit.kernel import Column
from featurelib_online.arrow_c import ArrowArray, ArrowType, is_arrow, read_arrow
from featurelib_online.arrow_columns import arrow_column
from featurelib_online.column_border import column_of, refusal_of
from featurelib_online.numpy_columns import numpy_column
from featurelib_online.raw_columns import RawColumn
from featurelib_online.vectors import Constant, constant_column, one_by_one, repeated

__all__ = ["read_columns"]

_HINT = "give NumPy arrays by name, or Arrow data; rows as dicts go to kernel.many"
Chunks = dict[str, list[RawColumn]]
"""What was given for each field: a column as it came, in parts."""


def read_columns(data: Any, bundle: Bundle) -> tuple[dict[str, Column], int]:
    """Columns for every field of a bundle's input schema, checked, and the number of rows.

    Args:
        data: A mapping from input name to NumPy array, Arrow array or `Constant` (a tuple of names
            has one matrix), or an Arrow table: an object with ``__arrow_c_array__`` or
            ``__arrow_c_stream__`` whose rows are structs.
        bundle: Its schema says what the columns must become.

    Raises:
        MissingFieldError: A column is absent and its field has no default.
        UnknownFieldError: A column is not in a schema that forbids others.
        FieldValueError: A column has a type that its field does not take, or a row is refused.
        InputError: Columns differ in length, or `data` is nothing that is read.
    """
    if isinstance(data, Mapping):
        chunks, rows = _from_mapping(data, bundle)
    elif is_pandas(data):
        chunks, rows = _from_mapping(_pandas_columns(data, bundle), bundle)
    elif is_arrow(data):
        chunks, rows = _from_table(data, bundle)
    else:
        raise InputError(f"{bundle.name}: expected columns, got {type(data).__name__}", hint=_HINT)
    made: dict[str, Column] = {}
    first: tuple[int, FieldValueError] | None = None
    for field in bundle.schema.fields:
        parts = chunks.get(field.name)
        if parts is None:
            parts = [repeated(field.canonical_default, field, rows, "default")]
        columns, fault = _checked(parts, field, bundle.name)
        if fault is not None and (first is None or fault[0] < first[0]):
            first = fault
        made[field.name] = _joined(columns)
    if first is not None:
        raise first[1]
    return made, rows


def _checked(
    parts: Sequence[RawColumn], field: Field, where: str
) -> tuple[list[Column], tuple[int, FieldValueError] | None]:
    """The chunks of a column in its type, and the error about its first bad row."""
    columns, at = [], 0
    for raw in parts:
        column, fault = column_of(raw, field, where)
        if fault is not None:
            return [column], (at + fault.row, refusal_of(raw, field, fault, where, at))
        columns.append(column)
        at += raw.rows
    return columns, None


def one_column(parts: Sequence[RawColumn], field: Field, where: str) -> Column | None:
    """The column of these parts; None where a row is refused.

    Raises:
        FieldValueError: The field takes no column of that type.
    """
    columns, fault = _checked(parts, field, where)
    return None if fault else _joined(columns)


def _joined(parts: list[Column]) -> Column:
    if len(parts) == 1:
        return parts[0]
    valid = None
    if any(p.valid is not None for p in parts):
        flags = (np.ones(len(p.values), np.uint8) if p.valid is None else p.valid for p in parts)
        valid = np.concatenate(list(flags))
    return Column(np.concatenate([p.values for p in parts]), valid, [p.keep for p in parts])


def check_names(names: Iterable[Any], bundle: Bundle) -> None:
    """Looks that every field is there or has a default, and nothing is unknown.

    Raises:
        InputError: With the name.
    """
    given, schema = list(names), bundle.schema
    known = set(given)
    for field in schema.fields:
        if field.name not in known and not field.has_default:
            raise missing_field(field, schema, bundle.name, None, [str(n) for n in given])
    for name in given:
        if schema.extra == "forbid" and name not in schema.by_name:
            raise unknown_field(name, schema, bundle.name)
    if len(known) < len(given):
        twice = next(n for n in given if given.count(n) > 1)
        raise InputError(f"{bundle.name}: column `{twice}` stands twice", field=str(twice))


def _from_mapping(given: Mapping[Any, Any], bundle: Bundle) -> tuple[Chunks, int]:
    data = one_by_one(given, bundle.name)
    check_names(data, bundle)
    chunks: Chunks = {}
    lengths: dict[str, int] = {}
    constants = []
    for field in bundle.schema.fields:
        column = data.get(field.name)
        if isinstance(column, Constant):
            constants.append((field, column))
        elif field.name in data:
            parts = parts_of(column, field, bundle.name)
            chunks[field.name] = parts
            lengths[field.name] = sum(part.rows for part in parts)
    rows = next(iter(lengths.values()), 0)
    for name, length in lengths.items():
        if length != rows:
            raise InputError(
                f"{bundle.name}: column `{name}` has {length} rows, "
                f"`{next(iter(lengths))}` has {rows}",
                field=name,
            )
    if constants and not lengths:
        raise InputError(
            f"{bundle.name}: every column is a Constant, and none says how many rows there are",
            hint="one row goes to kernel(row); else give one column as an array",
        )
    for field, column in constants:
        chunks[field.name] = [constant_column(column, field, rows, bundle.name)]
    return chunks, rows


def parts_of(given: Any, field: Field, where: str) -> list[RawColumn]:
    """The chunks of one column that was given by name.

    Raises:
        FieldValueError: It is no column, or a value in it is not taken.
    """
    if isinstance(given, np.ndarray):
        if given.ndim == 0:
            raise _no_column(given, field, where, "it has no rows")
        return [numpy_column(given, field, where)]
    if is_arrow(given):
        try:
            return _raw(*read_arrow(given))
        except FieldValueError:
            raise
        except InputError as error:
            raise _no_column(given, field, where, str(error)) from error
    raise _no_column(given, field, where, "")


def _no_column(given: Any, field: Field, where: str, reason: str) -> FieldValueError:
    what = f"a column as {type(given).__name__}"
    return FieldValueError(
        message(field, what, where, None, reason=reason), field=field.name, hint=_HINT
    )


def _raw(kind: ArrowType, arrays: list[ArrowArray]) -> list[RawColumn]:
    """The chunks of an Arrow column; a column without chunks has one, empty."""
    if arrays:
        return [arrow_column(kind, array) for array in arrays]
    return [arrow_column(kind, _empty(kind))]


def _empty(kind: ArrowType) -> ArrowArray:
    words = None if kind.dictionary is None else _empty(kind.dictionary)
    children = tuple(map(_empty, kind.children))
    return ArrowArray(0, 0, 0, (0, 0, 0), children, words, None)


def _from_table(data: Any, bundle: Bundle) -> tuple[Chunks, int]:
    kind, arrays = read_arrow(data)
    if kind.format != "+s":
        raise InputError(
            f"{bundle.name}: expected a table, got one Arrow column ({kind.format})", hint=_HINT
        )
    names = [child.name for child in kind.children]
    check_names(names, bundle)
    at = 0
    for array in arrays:
        nulls = arrow_column(kind, array).valid
        if nulls is not None:
            row = at + int(np.argmin(nulls))
            raise InputError(f"{prefix(bundle.name)}row {row} is null", row=row)
        at += array.length
    chunks: Chunks = {}
    for i, name in enumerate(names):
        if name in bundle.schema.by_name:
            # A struct's slice is not in its members: they begin where it says.
            parts = [a.children[i].slice(a.offset, a.length) for a in arrays]
            chunks[name] = _raw(kind.children[i], parts)
    return chunks, at


def is_pandas(data: Any) -> bool:
    """By name: pandas is never imported here."""
    kind = type(data)
    return kind.__name__ == "DataFrame" and kind.__module__.startswith("pandas")


def _pandas_columns(data: Any, bundle: Bundle) -> dict[Any, Any]:
    """The columns of a pandas frame by name.

    pandas has no null in a float column but NaN: there it is one, if the field is nullable.
    """
    check_names(data.columns, bundle)
    made: dict[Any, Any] = {}
    for name in data.columns:
        column = data[name]
        field = bundle.schema.by_name.get(name)
        if isinstance(column.dtype, np.dtype) and column.dtype.kind == "f":
            values = column.to_numpy()
            is_nullable = field is not None and field.nullable
            column = np.ma.masked_array(values, np.isnan(values)) if is_nullable else values
        made[name] = column
    return made

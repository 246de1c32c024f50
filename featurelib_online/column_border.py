"""The border for columns: a raw column in the type of its field, or the first bad row.

The rules are those of `featurelib.borders`, on whole arrays. What a column's type alone decides is
refused before a value is looked at. A bad row is worded by `featurelib.borders` itself, from its
Python value, so that it reads as the error about that row alone would.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from featurelib import borders
from featurelib.border_errors import message, show
from featurelib.border_rules import Refusal
from featurelib.border_times import MAX_DAYS, MAX_US, MIN_DAYS, MIN_US
from featurelib.dtypes import DType
from featurelib.errors import FieldValueError
from featurelib.fields import Field
from featurelib.jit.kernel import Column
from featurelib_online.raw_columns import US_PER_UNIT, Array, RawColumn

_KINDS = {
    "Bool": ("bool",), "String": ("text",), "Date": ("date",), "Datetime": ("datetime",),
    "Duration": ("duration",), "Float32": ("int", "float"), "Float64": ("int", "float"),
    "List": ("list",), "Array": ("list",),
}  # fmt: skip
_MAX_I64 = (1 << 63) - 1
Bad = list[tuple[Array, str]]
"""Reasons to refuse rows: each an array that is true in them. It may be true under a null."""


@dataclass(frozen=True)
class Fault:
    """The first bad row of a column.

    Attributes:
        row: Its index in the column.
        reason: What is wrong.
    """

    row: int
    reason: str


def column_of(raw: RawColumn, field: Field, where: str) -> tuple[Column, Fault | None]:
    """A raw column in the type of its field, and its first bad row.

    Args:
        raw: The column as it came.
        field: What it must become.
        where: The feature set, for errors.

    Raises:
        FieldValueError: No value of a column of that type is taken.
    """
    try:
        values, bad, keep = _converted(raw, field.dtype)
    except Refusal as refusal:
        raise FieldValueError(
            message(field, f"a column of {raw.shown}", where, None, "", refusal.reason),
            field=field.name,
            hint=refusal.hint or None,
        ) from None
    fault = None
    if not field.nullable and raw.valid is not None and not raw.valid.all():
        fault = Fault(int(np.argmin(raw.valid)), "it may not be null")
    for rows, reason in (*bad, *_broken(values, raw, field)):
        rows = rows if raw.valid is None else rows & (raw.valid != 0)
        if rows.any():
            row = int(np.argmax(rows))
            if fault is None or row < fault.row:
                fault = Fault(row, reason)
    return Column(values, raw.valid if field.nullable else None, keep), fault


def refusal_of(
    raw: RawColumn, field: Field, fault: Fault, where: str, first_row: int
) -> FieldValueError:
    """The error about a bad row; `first_row` is the index of the column's first row."""
    value, row = raw.value(fault.row), first_row + fault.row
    try:
        borders.canonical(value, field, where=where, row=row)
    except FieldValueError as error:
        if raw.kind not in ("date", "datetime", "duration") or not isinstance(value, int):
            return error
    shown = f"{value} ({raw.shown})" if raw.unit or raw.kind == "date" else show(value)
    return FieldValueError(
        message(field, shown, where, row, reason=fault.reason), field=field.name, row=row
    )


def _converted(raw: RawColumn, dtype: DType) -> tuple[Array, Bad, Any]:
    """Contiguous values in the storage of a type, checks, and what the values look into."""
    if raw.kind == "null":
        shape = (raw.rows, 2) if dtype.kind == "v" else raw.rows
        return np.zeros(shape, np.int64 if dtype.kind == "v" else dtype.storage), [], None
    if raw.kind not in _KINDS.get(dtype.name, ("int",)):
        raise Refusal(raw.reason, _hint(raw, dtype))
    x = raw.values
    if dtype.inner is not None:
        return _lists(raw, dtype)
    if dtype.name == "String":
        return x, [], raw.keep
    bad: Bad = []
    if dtype.is_integer:
        values = _stored(x, dtype)
        low, high = dtype.bounds
        info = np.iinfo(x.dtype)
        if info.min < low or info.max > high:
            bad.append(((x < low) | (x > high), f"expected {low} <= value <= {high}"))
        return values, bad, raw
    if dtype.is_float:
        return _floats(x, dtype)
    if dtype.name == "Date":
        bad.append(((x < MIN_DAYS) | (x > MAX_DAYS), "the year is outside 1 to 9999"))
        return _stored(x, dtype), bad, raw
    if dtype.name in ("Datetime", "Duration"):
        return (*_micros(raw, dtype), raw)
    return x, [], raw


def _hint(raw: RawColumn, dtype: DType) -> str:
    if "decimal" in raw.shown:
        return "cast it yourself, saying that digits may be lost: to float64"
    if dtype.name == "Datetime":
        return "give instants as Arrow timestamps with a time zone"
    if dtype.is_integer and raw.kind == "float":
        return "round it yourself, and cast it to an integer"
    return "convert the column before it comes here"


def _stored(x: Array, dtype: DType) -> Array:
    """The values at the storage width of a type; what does not fit is anything."""
    return np.ascontiguousarray(x) if x.dtype == dtype.storage else x.astype(dtype.storage)


def _floats(x: Array, dtype: DType) -> tuple[Array, Bad, Any]:
    bad: Bad = []
    if x.dtype.kind in "iu" and x.dtype.itemsize == 8:
        size = np.abs(x).view(np.uint64) if x.dtype.kind == "i" else x
        if len(x) and int(size.max()) > 1 << 53:
            # An integer is exact if, its trailing zeros cut off, 53 bits hold it.
            lowest = size & (~size + np.uint64(1))
            exact = (lowest >= 1 << 11) | (size <= lowest << np.uint64(53))
            bad.append((~exact, "the integer is not exact in Float64"))
    with np.errstate(over="ignore", invalid="ignore"):
        values = _stored(x, dtype)
        if x.dtype.kind in "iu" and dtype.name == "Float32":
            values = x.astype("<f8").astype("<f4")
    if x.dtype == "<f8" and dtype.name == "Float32":
        bad.append((np.isfinite(x) & ~np.isfinite(values), "the number is outside Float32"))
    if x.dtype.kind == "f":
        nan = np.isnan(values)
        if nan.any():  # one canonical NaN, also where an input stands in a tensor
            values = np.where(nan, np.array(np.nan, values.dtype), values)
    return values, bad, x


def _micros(raw: RawColumn, dtype: DType) -> tuple[Array, Bad]:
    x, is_instant = raw.values, dtype.name == "Datetime"
    if raw.unit == "ns":
        micros, rest = np.divmod(x, 1_000)
        return micros, [(rest != 0, "nanoseconds would be lost")]
    scale = US_PER_UNIT[raw.unit]
    bad: Bad = []
    if is_instant:
        outside = (x < -(-MIN_US // scale)) | (x > MAX_US // scale)
        bad.append((outside, "the year in UTC is outside 1 to 9999"))
    elif scale > 1:
        limit = _MAX_I64 // scale
        outside = (x < -limit) | (x > limit)
        bad.append((outside, "the duration is over 64 bits of microseconds"))
    return (np.ascontiguousarray(x) if scale == 1 else x * scale), bad


def _lists(raw: RawColumn, dtype: DType) -> tuple[Array, Bad, Any]:
    assert raw.child is not None and dtype.inner is not None
    items, item_bad, keep = _converted(raw.child, dtype.inner)
    bad: Bad = []
    if raw.child.valid is not None:
        bad.append((_any(raw.child.valid == 0, raw.values), "an element may not be null"))
    for where, reason in item_bad:
        bad.append((_any(where, raw.values), f"in an element: {reason}"))
    if dtype.size is not None:
        bad.append((raw.values[:, 1] != dtype.size, f"expected {dtype.size} elements"))
    pairs = raw.values.copy()
    pairs[:, 0] = items.ctypes.data + raw.values[:, 0] * items.itemsize
    return pairs, bad, (items, keep)


def _any(items: Array, pairs: Array) -> Array:
    """Whether an element of each row's range is true."""
    counts = np.concatenate([[0], np.cumsum(items)])
    made: Array = counts[pairs[:, 0] + pairs[:, 1]] != counts[pairs[:, 0]]
    return made


def _broken(values: Array, raw: RawColumn, field: Field) -> Iterator[tuple[Array, str]]:
    """Rows that break a constraint, in the order of `borders.violation`."""
    limits, dtype = field.constraints, field.dtype
    if limits.is_empty or raw.kind == "null":
        return
    if limits.finite:
        if dtype.inner is None:
            yield ~np.isfinite(values), "a finite number"
        else:
            assert raw.child is not None
            child = raw.child.values
            wrong = ~np.isfinite(child) if child.dtype.kind == "f" else np.zeros(len(child), bool)
            yield _any(wrong, raw.values), "a finite number"
    if limits.ge is not None:
        yield ~(values >= limits.ge), f"value >= {borders.bound_text(limits.ge, field)}"
    if limits.gt is not None:
        yield ~(values > limits.gt), f"value > {borders.bound_text(limits.gt, field)}"
    if limits.le is not None:
        yield ~(values <= limits.le), f"value <= {borders.bound_text(limits.le, field)}"
    if limits.lt is not None:
        yield ~(values < limits.lt), f"value < {borders.bound_text(limits.lt, field)}"
    if limits.one_of is not None:
        if dtype.name == "String":
            allowed = {text.encode() for text in limits.one_of}
            known = (text in allowed for text in _texts(values, raw.valid))
            found = np.fromiter(known, bool, len(values))
        else:
            found = np.isin(values, np.array(limits.one_of, values.dtype))
        yield ~found, f"one of {', '.join(map(repr, limits.one_of))}"
    if limits.max_length is not None:
        over = values[:, 1] > limits.max_length
        if dtype.name == "String":
            # A code point has a byte at least: only what has more bytes is counted.
            for row in np.flatnonzero(over):
                address, length = values[row].tolist()
                over[row] = len(ctypes.string_at(address, length).decode()) > limits.max_length
        unit = "code points" if dtype.name == "String" else "elements"
        yield over, f"at most {limits.max_length} {unit}"


def _texts(pairs: Array, valid: Array | None) -> Iterator[bytes]:
    for row, (address, length) in enumerate(pairs.tolist()):
        present = length and (valid is None or valid[row])
        yield ctypes.string_at(address, length) if present else b""

"""NumPy arrays as raw columns. An array of objects is read value by value, as a row is."""

from __future__ import annotations

from collections.abc import Iterable
from types import NoneType
from typing import Any

import numpy as np

from featurelib import borders
from featurelib.border_times import UNIT_NS
from featurelib.fields import Field
from featurelib_online.raw_columns import Array, RawColumn, RawKind

_ZONELESS = "numpy.datetime64 has no time zone"
_NO_DAYS = "a date is a datetime64[D]"


def numpy_column(given: Any, field: Field, where: str) -> RawColumn:
    """A NumPy array as a raw column.

    A mask, NaT, and None in an array of objects are null. An array of two dimensions is a column of
    lists, one a row.

    Args:
        given: The array.
        field: What it will become: objects are read as its values.
        where: The feature set, for errors.

    Raises:
        FieldValueError: An object in it is not taken.
    """
    shown = f"NumPy {given.dtype}"
    if given.ndim == 2:
        flat = np.ma.getdata(given).reshape(-1)
        if np.ma.getmaskarray(given).any():
            return _other(given, shown, "an element may not be null")
        width = given.shape[1]
        pairs = np.empty((len(given), 2), np.int64)
        pairs[:, 0] = np.arange(len(given)) * width
        pairs[:, 1] = width
        child = _flat(flat, None, shown)
        return RawColumn("list", f"{shown} of shape {given.shape}", pairs, child=child)
    if given.ndim != 1:
        return _other(given, shown, f"expected one dimension, got shape {given.shape}")
    mask = np.ma.getmask(given)
    valid = None if mask is np.ma.nomask or not mask.any() else (~mask).astype(np.uint8)
    values = np.ma.getdata(given)
    if values.dtype.kind in "OUT":
        return _objects(values.astype(object), valid, shown, field, where)
    return _flat(values, valid, shown)


def _flat(values: Array, valid: Array | None, shown: str) -> RawColumn:
    """An array of numbers, truth values or times."""
    code, size = values.dtype.kind, values.dtype.itemsize
    values = np.ascontiguousarray(values, values.dtype.newbyteorder("="))
    if code == "b":
        # A byte of another value than 0 and 1 is true, and becomes 1.
        return RawColumn("bool", shown, (values.view(np.uint8) != 0).view(np.uint8), valid)
    if code in "iu":
        return RawColumn("int", shown, values, valid)
    if code == "f" and size <= 8:
        return RawColumn("float", shown, values, valid)
    if code in "mM":
        return _times(values, valid, shown)
    return _other(values, shown, "")


def _times(values: Array, valid: Array | None, shown: str) -> RawColumn:
    unit, count = np.datetime_data(values.dtype)
    missing = np.isnat(values)
    if missing.any():
        valid = (~missing if valid is None else (valid != 0) & ~missing).astype(np.uint8)
    counts = values.view(np.int64)
    if values.dtype.kind == "M":
        if unit != "D" or count != 1:
            return _other(values, shown, _NO_DAYS if unit in ("Y", "M", "W") else _ZONELESS)
        return RawColumn("date", shown, counts, valid)
    if unit not in UNIT_NS:
        return _other(values, shown, f"its unit `{unit}` has no fixed length in microseconds")
    if count == 1 and unit in ("s", "ms", "us", "ns"):
        return RawColumn("duration", shown, counts, valid, unit=unit)
    step = count * UNIT_NS[unit] // 1_000
    limit = ((1 << 63) - 1) // step if step else 0
    present = counts if valid is None else counts[valid != 0]
    if not step or (len(present) and max(-int(present.min()), int(present.max())) > limit):
        return _other(values, shown, "it does not fit 64 bits of microseconds")
    return RawColumn("duration", shown, counts * step, valid, unit="us")


def _objects(values: Array, valid: Array | None, shown: str, field: Field, where: str) -> RawColumn:
    """Python objects, each read by the border as the value of a row would be."""
    given = values.tolist()
    if valid is not None:
        given = [v if there else None for v, there in zip(given, valid.tolist(), strict=True)]
    if field.dtype.name == "String" and not field.is_constrained:
        texts = _texts(given, field.nullable, shown)
        if texts is not None:
            return texts
    read = [borders.canonical(v, field, where=where, row=row) for row, v in enumerate(given)]
    return canonical_column(read, field, shown)


def _texts(given: list[Any], nullable: bool, shown: str) -> RawColumn | None:
    """Texts and None, all at once; None where the border must look at each."""
    if not set(map(type, given)) <= ({str, NoneType} if nullable else {str}):
        return None
    words = [v or "" for v in given]
    try:
        data = "".join(words).encode() + b"\0"
    except UnicodeEncodeError:  # a lone surrogate: the border says where
        return None
    sizes: Iterable[int] = map(len, words)
    if not data.isascii():
        sizes = (len(word.encode()) for word in words)
    pairs = np.empty((len(words), 2), np.int64)
    pairs[:, 1] = np.fromiter(sizes, np.int64, len(words))
    bytes_ = np.frombuffer(data, np.uint8)
    pairs[:, 0] = np.cumsum(pairs[:, 1]) - pairs[:, 1] + bytes_.ctypes.data
    valid = None
    if None in given:
        valid = np.fromiter((v is not None for v in given), np.uint8, len(given))
    return RawColumn("text", shown, pairs, valid, keep=bytes_)


def canonical_column(values: list[Any], field: Field, shown: str) -> RawColumn:
    """Values in canonical form (None for null) as a raw column of the field's own type."""
    dtype, rows = field.dtype, len(values)
    valid = None
    if None in values:
        valid = np.fromiter((v is not None for v in values), np.uint8, rows)
    if dtype.kind == "v":
        lengths = np.fromiter((0 if v is None else len(v) for v in values), np.int64, rows)
        pairs = np.stack([np.cumsum(lengths) - lengths, lengths], axis=1)
        present = [v for v in values if v is not None]
        if dtype.inner is None:
            data = np.frombuffer(b"".join(present) + b"\0", np.uint8)
            pairs[:, 0] += data.ctypes.data
            return RawColumn("text", shown, pairs, valid, keep=data)
        items = np.array([item for v in present for item in v], dtype.inner.storage)
        child = RawColumn(_kind(dtype.inner.name), shown, items, unit="us")
        return RawColumn("list", shown, pairs, valid, child=child)
    zero = np.zeros(1, dtype.storage)[0].item()
    made = np.array([zero if v is None else v for v in values], dtype.storage)
    return RawColumn(_kind(dtype.name), shown, made, valid, unit="us")


def _kind(name: str) -> RawKind:
    kinds: dict[str, RawKind] = {
        "Bool": "bool", "Float32": "float", "Float64": "float", "String": "text",
        "Date": "date", "Datetime": "datetime", "Duration": "duration",
    }  # fmt: skip
    return kinds.get(name, "int")


def _other(given: Any, shown: str, reason: str) -> RawColumn:
    return RawColumn(
        "other", shown, np.zeros(len(given) if given.ndim else 0, np.uint8), reason=reason
    )

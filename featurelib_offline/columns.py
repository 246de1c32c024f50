"""Polars columns as kernels read them, and kernels' columns as Polars series.

Numbers, times and text come in as they lie in memory: the kernel ABI's columns are views on Arrow
buffers, kept alive by the column. Bits become bytes. A slice's offset counts values in a data
buffer and bits in a validity bitmap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from featurelib.dtypes import DType
from featurelib.errors import FeatureTypeError
from featurelib.jit import arrow_text
from featurelib.jit.kernel import Column
from featurelib_offline.types import arrow_type, polars_type

__all__ = ["column_parts", "frame_columns", "series", "series_column"]

Array = np.ndarray[Any, Any]
_NEWEST = pl.CompatLevel.newest()
_BUFFER_LIMIT = (1 << 31) - 1
"""A string view holds its place in a buffer in 31 bits."""


def frame_columns(frame: pl.DataFrame, types: Mapping[str, DType]) -> list[Column]:
    """The named columns in the layout of the kernel ABI.

    Args:
        frame: Columns in the Polars types of `featurelib_offline.types`.
        types: The columns to take, in the order of the kernel's inputs.
    """
    return [series_column(frame[name], dtype) for name, dtype in types.items()]


def series_column(values: pl.Series, dtype: DType) -> Column:
    """One column in the layout of the kernel ABI.

    Raises:
        FeatureTypeError: The series is not of the Polars type of `dtype`, or it is a Struct.
    """
    if dtype.fields or values.dtype != polars_type(dtype):
        raise FeatureTypeError(
            f"column `{values.name}`: a kernel reads {dtype} from {polars_type(dtype)}, got "
            f"{values.dtype}",
            hint="a Struct is read field by field" if dtype.fields else None,
        )
    array = values.to_arrow(compat_level=_NEWEST)
    valid = _flags(array)
    if dtype.name == "String":
        return _text(array, valid)
    if dtype.inner is not None:
        return _lists(array, valid, dtype)
    return Column(_flat(array, dtype), valid, array)


def column_parts(values: pl.Series, dtype: DType) -> Callable[[slice, Array], Column]:
    """Ranges of one column in the layout of the kernel ABI, text into memory that is used again.

    Args:
        values: As for `series_column`.
        dtype: Its type.

    Returns:
        A function from a range of rows, and pairs that are free until the next call, to the column.
    """
    if dtype.name != "String" or values.dtype != polars_type(dtype):
        whole = series_column(values, dtype)
        flags = whole.valid

        def flat(rows: slice, pairs: Array) -> Column:
            return Column(whole.values[rows], None if flags is None else flags[rows], whole)

        return flat
    array = values.to_arrow(compat_level=_NEWEST)
    valid = _flags(array)
    fill = _text_filler(array, valid)

    def text(rows: slice, pairs: Array) -> Column:
        pairs = pairs[: rows.stop - rows.start]
        fill(rows, pairs)
        return Column(pairs, None if valid is None else valid[rows], array)

    return text


def _flags(array: pa.Array) -> Array | None:
    """One byte a row; None where nothing is null."""
    bits = array.buffers()[0]
    if bits is None or array.null_count == 0:
        return None
    return _unpacked(bits, array.offset, len(array))


def _unpacked(bits: pa.Buffer, offset: int, length: int) -> Array:
    """Bits `offset` to `offset + length` as bytes."""
    first = offset // 8
    packed = np.frombuffer(bits, np.uint8)[first : (offset + length + 7) // 8]
    return np.unpackbits(packed, bitorder="little")[offset - 8 * first :][:length]


def _flat(array: pa.Array, dtype: DType) -> Array:
    """Values at the storage width of the type; undefined under nulls."""
    if len(array) == 0:
        return np.zeros(0, dtype.storage)
    data = array.buffers()[1]
    if dtype.name == "Bool":
        return np.ascontiguousarray(_unpacked(data, array.offset, len(array)))
    return np.frombuffer(data, dtype.storage)[array.offset :][: len(array)]


def _text(array: pa.Array, valid: Array | None) -> Column:
    pairs = np.empty((len(array), 2), np.int64)
    _text_filler(array, valid)(slice(0, len(array)), pairs)
    return Column(pairs, valid, array)


def _text_filler(array: pa.Array, valid: Array | None) -> Callable[[slice, Array], None]:
    """What writes address and length of a range of texts."""
    if len(array) == 0:
        return lambda rows, pairs: None
    _, views, *buffers = array.buffers()
    base = views.address + 16 * array.offset
    table = np.frombuffer(views, np.int32).reshape(-1, 4)[array.offset :][: len(array)]
    places = np.array([b.address if b is not None else 0 for b in buffers] or [0], np.int64)

    def fill(rows: slice, pairs: Array) -> None:
        flags = None if valid is None else valid[rows]
        arrow_text.pairs_of_views(table[rows], base + 16 * rows.start, places, flags, pairs)

    return fill


def _lists(array: pa.Array, valid: Array | None, dtype: DType) -> Column:
    assert dtype.inner is not None
    rows = len(array)
    values = _flat(array.values, dtype.inner)
    if dtype.size is not None:
        starts = np.arange(array.offset, array.offset + rows, dtype=np.int64) * dtype.size
        lengths: Any = dtype.size
    else:
        offsets = np.zeros(1, np.int64)
        if rows:
            offsets = np.frombuffer(array.buffers()[1], np.int64)[array.offset :][: rows + 1]
        starts, lengths = offsets[:-1], np.diff(offsets)
    pairs = np.empty((rows, 2), np.int64)
    pairs[:, 0] = values.ctypes.data + starts * values.itemsize
    pairs[:, 1] = lengths
    if valid is not None:
        pairs[valid == 0, 1] = 0
    return Column(pairs, valid, (array, values))


def series(name: str, column: Column, dtype: DType) -> pl.Series:
    """A kernel's output as a Polars series; numbers are not copied, text and lists are.

    Args:
        name: The series' name.
        column: As the kernel filled it.
        dtype: The output's type.
    """
    if dtype.name == "String":
        return _text_series(name, column)
    rows = len(column.values)
    validity = _bitmap(column.valid)
    if dtype.inner is None:
        array = _array(column.values, dtype, rows, validity)
    else:
        array = _list_array(column, dtype, rows, validity)
    return pl.Series(name, pl.from_arrow(array), dtype=polars_type(dtype))


def _bitmap(valid: Array | None) -> pa.Buffer | None:
    if valid is None or valid.all():
        return None
    return pa.py_buffer(np.packbits(valid, bitorder="little"))


def _array(values: Array, dtype: DType, rows: int, validity: pa.Buffer | None) -> pa.Array:
    if dtype.name == "Bool":
        values = np.packbits(values, bitorder="little")
    return pa.Array.from_buffers(arrow_type(dtype), rows, [validity, pa.py_buffer(values)])


def _list_array(column: Column, dtype: DType, rows: int, validity: pa.Buffer | None) -> pa.Array:
    assert dtype.inner is not None
    offsets = np.zeros(rows + 1, np.int64)
    source, valid = column.values, column.valid
    if dtype.size is None:
        arrow_text.list_offsets(source, valid, offsets)
    else:
        # An Array has its place under a null too; it is filled with zeros.
        present = np.ones(rows, np.int64) if valid is None else (valid != 0)
        offsets[1:] = np.cumsum(present) * dtype.size
    items = np.zeros(int(offsets[-1]), dtype.inner.storage)
    arrow_text.copy_lists(source, offsets, items.itemsize, items.ctypes.data)
    if dtype.size is not None:
        if valid is not None:
            full = np.zeros((rows, dtype.size), dtype.inner.storage)
            full[valid != 0] = items.reshape(-1, dtype.size)
            items = full.reshape(-1)
        child = _array(items, dtype.inner, len(items), None)
        return pa.Array.from_buffers(arrow_type(dtype), rows, [validity], children=[child])
    child = _array(items, dtype.inner, len(items), None)
    buffers = [validity, pa.py_buffer(offsets)]
    return pa.Array.from_buffers(arrow_type(dtype), rows, buffers, children=[child])


def _text_series(name: str, column: Column) -> pl.Series:
    rows, valid = len(column.values), column.valid
    size = arrow_text.long_bytes(column.values, valid)
    if size > _BUFFER_LIMIT:
        middle = rows // 2
        halves = (slice(0, middle), slice(middle, rows))
        parts = [
            _text_series(name, Column(column.values[h], None if valid is None else valid[h]))
            for h in halves
        ]
        return parts[0].append(parts[1])
    # Arrow's own memory: it is used again, where a new array costs a page fault every 4 KiB.
    views, data = pa.allocate_buffer(16 * rows), pa.allocate_buffer(size)
    arrow_text.views_of_pairs(column.values, valid, views.address, data.address)
    buffers = [_bitmap(valid), views, data]
    array = pa.Array.from_buffers(pa.string_view(), rows, buffers)
    return pl.Series(name, pl.from_arrow(array), dtype=pl.String())

"""Arrow arrays as raw columns: views on their buffers where the layout allows it.

A slice has an offset, and it counts values in a data buffer, bits in a validity bitmap.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from featurelib.jit import arrow_bits, arrow_text
from featurelib_online.arrow_c import ArrowArray, ArrowType
from featurelib_online.raw_columns import Array, RawColumn

_NUMBERS = {
    "c": "<i1", "s": "<i2", "i": "<i4", "l": "<i8", "C": "<u1", "S": "<u2", "I": "<u4", "L": "<u8",
    "e": "<f2", "f": "<f4", "g": "<f8",
}  # fmt: skip
_NAMES = {
    "n": "null", "b": "bool", "c": "int8", "s": "int16", "i": "int32", "l": "int64",
    "C": "uint8", "S": "uint16", "I": "uint32", "L": "uint64", "e": "float16", "f": "float32",
    "g": "float64", "u": "string", "U": "large_string", "vu": "string_view", "z": "binary",
    "Z": "large_binary", "vz": "binary_view", "tdD": "date32", "tdm": "date64", "+l": "list",
    "+L": "large_list", "+vl": "list_view", "+vL": "large_list_view", "+s": "struct",
    "+r": "run_end_encoded",
}  # fmt: skip
_UNITS = {"s": "s", "m": "ms", "u": "us", "n": "ns"}
_OFFSETS = {"u": "<i4", "U": "<i8", "+l": "<i4", "+L": "<i8", "+vl": "<i4", "+vL": "<i8"}
_DAY_MS = 86_400_000


def type_name(kind: ArrowType) -> str:
    """An Arrow type as errors say it."""
    if kind.dictionary is not None:
        return f"Arrow dictionary of {type_name(kind.dictionary).removeprefix('Arrow ')}"
    return _plain_name(kind.format)


@lru_cache(maxsize=256)
def _plain_name(letters: str) -> str:
    if letters.startswith("ts"):
        unit, _, zone = letters[2:].partition(":")
        return f"Arrow timestamp[{_UNITS[unit]}{', ' if zone else ''}{zone}]"
    if letters.startswith("tD"):
        return f"Arrow duration[{_UNITS[letters[2]]}]"
    if letters.startswith("d:"):
        return f"Arrow decimal({letters[2:]})"
    if letters.startswith("+w:"):
        return f"Arrow fixed_size_list[{letters[3:]}]"
    return f"Arrow {_NAMES.get(letters, letters)}"


def arrow_column(kind: ArrowType, array: ArrowArray) -> RawColumn:
    """An Arrow array as a raw column. A type that no field takes comes without its values."""
    shown, rows = type_name(kind), array.length
    valid = _flags(array)
    if kind.dictionary is not None:
        return _dictionary(kind, array, valid)
    letters = kind.format
    if letters == "n":
        return RawColumn("null", shown, np.zeros(rows, np.uint8), np.zeros(rows, np.uint8))
    if letters == "b":
        return RawColumn("bool", shown, _bits(array, 1), valid)
    if letters in _NUMBERS:
        values = array.buffer(1, _NUMBERS[letters], array.offset, rows)
        return RawColumn("float" if letters in "efg" else "int", shown, values, valid)
    if letters in ("u", "U", "vu"):
        pairs = _views(array, valid) if letters == "vu" else _text(array, valid, _OFFSETS[letters])
        return RawColumn("text", shown, pairs, valid, keep=array.owner)
    if letters == "tdD":
        return RawColumn("date", shown, array.buffer(1, "<i4", array.offset, rows), valid)
    if letters == "tdm":
        return _milliseconds(
            RawColumn("date", shown, array.buffer(1, "<i8", array.offset, rows), valid)
        )
    if letters.startswith("tD") or (letters.startswith("ts") and letters[4:]):
        values = array.buffer(1, "<i8", array.offset, rows)
        name = "duration" if letters[1] == "D" else "datetime"
        return RawColumn(name, shown, values, valid, unit=_UNITS[letters[2]])  # type: ignore[arg-type]
    if letters in _OFFSETS or letters.startswith("+w:"):
        return _lists(kind, array, valid)
    reason = "the column has no time zone" if letters.startswith("ts") else ""
    return RawColumn("other", shown, np.zeros(rows, np.uint8), valid, reason=reason)


def _flags(array: ArrowArray) -> Array | None:
    """One byte a row; None where nothing is null."""
    if array.null_count == 0 or not array.buffers or not array.buffers[0]:
        return None
    valid = np.empty(array.length, np.uint8)
    return valid if arrow_bits.expand(array.buffers[0], array.offset, valid) else None


def _bits(array: ArrowArray, index: int) -> Array:
    """The rows' bits of a buffer as bytes."""
    made = np.zeros(array.length, np.uint8)
    if array.length and array.buffers[index]:
        arrow_bits.expand(array.buffers[index], array.offset, made)
    return made


def _text(array: ArrowArray, valid: Array | None, width: str) -> Array:
    pairs = np.empty((array.length, 2), np.int64)
    if array.length:
        size = 8 if width == "<i8" else 4
        ends_at, ends = array.buffers[1] + array.offset * size, None
        if not array.buffers[1] or ends_at % size:
            ends = array.buffer(1, width, array.offset, array.length + 1)
            ends_at = ends.ctypes.data
        arrow_bits.pairs_of_offsets(ends_at, size == 8, array.buffers[2], valid, pairs)
    return pairs


def _views(array: ArrowArray, valid: Array | None) -> Array:
    rows = array.length
    pairs = np.zeros((rows, 2), np.int64)
    if rows:
        views = array.buffer(1, "<i4", 4 * array.offset, 4 * rows).reshape(-1, 4)
        # After the data buffers stands one more, with their lengths.
        places = np.array(array.buffers[2:-1] or [0], np.int64)
        base = array.buffers[1] + 16 * array.offset
        arrow_text.pairs_of_views(views, base, places, valid, pairs)
    return pairs


def _milliseconds(column: RawColumn) -> RawColumn:
    """Dates in milliseconds as days; where they are no whole day the type is taken by no field."""
    days, rest = np.divmod(column.values, _DAY_MS)
    if (rest != 0 if column.valid is None else (rest != 0) & (column.valid != 0)).any():
        return column._replace(kind="other", reason="the milliseconds are no whole days")
    return column._replace(values=days)


def _lists(kind: ArrowType, array: ArrowArray, valid: Array | None) -> RawColumn:
    rows = array.length
    pairs = np.zeros((rows, 2), np.int64)
    if kind.format.startswith("+w:"):
        size = int(kind.format[3:])
        pairs[:, 0] = np.arange(array.offset, array.offset + rows) * size
        pairs[:, 1] = size
    elif rows and kind.format.startswith("+v"):
        pairs[:, 0] = array.buffer(1, _OFFSETS[kind.format], array.offset, rows)
        pairs[:, 1] = array.buffer(2, _OFFSETS[kind.format], array.offset, rows)
    elif rows:
        offsets = array.buffer(1, _OFFSETS[kind.format], array.offset, rows + 1)
        pairs[:, 0] = offsets[:-1]
        np.subtract(offsets[1:], offsets[:-1], out=pairs[:, 1], dtype=np.int64)
    if valid is not None:
        pairs[valid == 0] = 0
    some = pairs[pairs[:, 1] > 0]
    start = int(some[:, 0].min()) if len(some) else 0
    stop = int(some.sum(axis=1).max()) if len(some) else 0
    child = arrow_column(kind.children[0], array.children[0].slice(start, stop - start))
    pairs[pairs[:, 1] == 0, 0] = start
    pairs[:, 0] -= start
    return RawColumn("list", type_name(kind), pairs, valid, child=child)


def _dictionary(kind: ArrowType, array: ArrowArray, valid: Array | None) -> RawColumn:
    assert kind.dictionary is not None and array.dictionary is not None
    words = arrow_column(kind.dictionary, array.dictionary)
    index = array.buffer(1, _NUMBERS[kind.format], array.offset, array.length)
    index = index if valid is None else np.where(valid != 0, index, 0)
    if words.valid is not None:
        known = words.valid[index] if words.rows else np.zeros(0, np.uint8)
        valid = known if valid is None else known & valid
    if not words.rows:  # then every row is null
        shape = (array.length, *words.values.shape[1:])
        return words._replace(shown=type_name(kind), values=np.zeros(shape, words.values.dtype),
                       valid=np.zeros(array.length, np.uint8))  # fmt: skip
    return words._replace(shown=type_name(kind), values=words.values[index], valid=valid)

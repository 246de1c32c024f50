"""How columns enter a kernel, as data: a record for each field, which machine code follows.

A micro-batch has dozens of columns of few rows: what Python does for each of them takes longer than
the program. So the ways of all columns are worked out once for columns of such types, and written
into a table of int64; `featurelib_online/entry_code.py` runs over it in one call.

A way reads what cannot be refused, or is checked by a range of its type. What has no way here
(lists, dictionaries, nanoseconds, `one_of`, ...) is read by `featurelib_online/columns.py`.
"""

from __future__ import annotations

import math
import struct
from typing import NamedTuple

import numpy as np

from featurelib.border_times import MAX_DAYS, MAX_US, MIN_DAYS, MIN_US
from featurelib.dtypes import DType
from featurelib.fields import Field
from featurelib_online.raw_columns import US_PER_UNIT

PYTHON, BITS, INTS, FLOATS, EXACT, OFFSETS, VIEWS, OBJECTS = range(8)
"""Ways: none in machine code; bits to bytes; integers and times; floats; integers that become
floats; text behind offsets; text in views; Python's str."""

# Offsets in the record of a field, in bytes; a record says what is true of all columns of its type.
WAY, CHILD, SOURCE, TARGET, LOW, HIGH, IS_CHECKED, SCALE = range(0, 64, 8)
NULLABLE, MAX_LENGTH, LETTERS, TYPE, DESCR = range(64, 104, 8)
RECORD_BYTES = 104
"""CHILD: which of the given columns it is. LETTERS: the address of its Arrow type. TYPE, DESCR: the
addresses of NumPy's type and dtype; TYPE is 0 for what is no array of NumPy."""
# Offsets in the source of a field, in bytes; a source says where the column of one call lies.
DATA, AUX, STEP, FLAGS, FIRST_FLAG, MASK = range(0, 48, 8)
SOURCE_BYTES = 48
"""DATA: the first value. AUX: the texts behind offsets, the buffers of views, or the first bit of
bits. STEP: bytes from a value to the next. FLAGS: bits of validity, from FIRST_FLAG on, or 0. MASK:
bytes that are not 0 where there is a null, or 0."""

UNSIGNED, FLOATING = 16, 32
"""Added to the bytes of a number: how SOURCE and TARGET say what is stored."""
STORAGE = {
    "<i1": 1, "<i2": 2, "<i4": 4, "<i8": 8,
    "<u1": 1 + UNSIGNED, "<u2": 2 + UNSIGNED, "<u4": 4 + UNSIGNED, "<u8": 8 + UNSIGNED,
    "<f4": 4 + FLOATING, "<f8": 8 + FLOATING,
}  # fmt: skip
PAIR = 64
"""TARGET of a text: two words, address and bytes."""
WITHOUT_LIMIT = (1 << 63) - 1
_NUMBERS = {
    "c": "<i1", "s": "<i2", "i": "<i4", "l": "<i8", "C": "<u1", "S": "<u2", "I": "<u4", "L": "<u8",
    "f": "<f4", "g": "<f8",
}  # fmt: skip
_UNITS = {"s": "s", "m": "ms", "u": "us"}
_MIN_I64, _MAX_I64 = -(1 << 63), (1 << 63) - 1


class Way(NamedTuple):
    """How a column of one type becomes a column of a field.

    Attributes:
        way: One of the ways above.
        source: What is stored: of a number its code of `STORAGE`, of offsets their bytes.
        target: What the field stores.
        low, high: Smallest and largest value that is taken: of integers as they are stored, before
            scaling; of what becomes a float as the bits of a double.
        is_checked: Whether a value may lie outside of them.
        scale: What an integer is multiplied by.
        max_length: Bytes of a text that are taken without counting its code points.
    """

    way: int
    source: int = 0
    target: int = 0
    low: int = 0
    high: int = 0
    is_checked: bool = False
    scale: int = 1
    max_length: int = WITHOUT_LIMIT


NO_WAY = Way(PYTHON)


def way_of(letters: str, field: Field) -> Way:
    """How a column of an Arrow type enters a field.

    Args:
        letters: The type as Arrow's C interface writes it; of NumPy "O" is an array of objects,
            "?" of truth values.
        field: What the column must become.

    Returns:
        `NO_WAY` where Python must read it, or refuse it.
    """
    dtype, limits = field.dtype, field.constraints
    if limits.one_of is not None or dtype.inner is not None:
        return NO_WAY
    if dtype.name == "String":
        most = WITHOUT_LIMIT if limits.max_length is None else limits.max_length
        texts = {"u": (OFFSETS, 4), "U": (OFFSETS, 8), "vu": (VIEWS, 0), "O": (OBJECTS, 0)}
        if letters not in texts:
            return NO_WAY
        way, source = texts[letters]
        return Way(way, source, PAIR, max_length=most)
    if dtype.name == "Bool":
        if letters == "?":  # NumPy's: a byte each
            return Way(INTS, STORAGE["<u1"], STORAGE["<u1"])
        return Way(BITS, 0, STORAGE["<u1"]) if letters == "b" else NO_WAY
    if dtype.is_temporal:
        return _time(letters, field)
    if letters not in _NUMBERS:
        return NO_WAY
    source = STORAGE[_NUMBERS[letters]]
    if dtype.is_integer:
        return NO_WAY if source & FLOATING else _integer(source, field, *dtype.bounds)
    return _float(source, field)


def _integer(source: int, field: Field, low: int, high: int, scale: int = 1) -> Way:
    """Integers that lie between two bounds and those of the field; `scale` is 1 if it has any."""
    limits = field.constraints
    bounds = [b for b in (limits.ge, limits.gt, limits.le, limits.lt) if b is not None]
    if bounds and scale != 1:
        return NO_WAY
    low = max([low, *_given(limits.ge), *(b + 1 for b in _given(limits.gt))])
    high = min([high, *_given(limits.le), *(b - 1 for b in _given(limits.lt))])
    info = np.iinfo(f"{'u' if source & UNSIGNED else 'i'}{source & 15}")
    target = STORAGE[field.dtype.storage]
    is_checked = low > info.min or high < info.max
    if source == STORAGE["<u8"]:
        # Loaded as signed, what is over 2**63 is below 0.
        if target == source and is_checked and high > _MAX_I64:
            return NO_WAY
        low = max(low, 0)
    low, high = max(low, _MIN_I64), min(high, _MAX_I64)
    if low > high:
        return NO_WAY
    return Way(INTS, source, target, low, high, is_checked, scale)


def _given(bound: int | None) -> list[int]:
    return [] if bound is None else [bound]


def _time(letters: str, field: Field) -> Way:
    name = field.dtype.name
    if name == "Date":
        source = STORAGE["<i4"]
        return _integer(source, field, MIN_DAYS, MAX_DAYS) if letters == "tdD" else NO_WAY
    is_instant = name == "Datetime"
    prefix, unit = letters[:2], _UNITS.get(letters[2:3])
    if unit is None or prefix != ("ts" if is_instant else "tD"):
        return NO_WAY
    if is_instant and not letters[4:]:  # it has no time zone
        return NO_WAY
    scale = US_PER_UNIT[unit]
    low, high = (MIN_US, MAX_US) if is_instant else (-_MAX_I64, _MAX_I64)
    if not is_instant and scale == 1:
        low = _MIN_I64
    return _integer(STORAGE["<i8"], field, -(-low // scale), high // scale, scale)


def _float(source: int, field: Field) -> Way:
    target = STORAGE[field.dtype.storage]
    low, high, is_bounded = _float_bounds(field)
    if math.isnan(low) or low > high:
        return NO_WAY
    way = FLOATS if source & FLOATING else EXACT
    return Way(way, source, target, _bits(low), _bits(high), is_bounded)


def _float_bounds(field: Field) -> tuple[float, float, bool]:
    """Closed bounds of a float field; whether there are any. A NaN for what they cannot say."""
    limits, dtype = field.constraints, np.dtype(field.dtype.storage)
    low, high = -math.inf, math.inf
    if limits.finite:
        low, high = float(np.finfo(dtype).min), float(np.finfo(dtype).max)
    if limits.ge is not None:
        low = max(low, limits.ge)
    if limits.le is not None:
        high = min(high, limits.le)
    for bound, end in ((limits.gt, math.inf), (limits.lt, -math.inf)):
        if bound is not None and math.isinf(bound):
            return math.nan, math.nan, True
        if bound is not None:
            near = float(np.nextafter(dtype.type(bound), dtype.type(end)))
            low, high = (max(low, near), high) if end > 0 else (low, min(high, near))
    is_bounded = limits.finite or any(
        b is not None for b in (limits.ge, limits.gt, limits.le, limits.lt)
    )
    return low, high, is_bounded


def _bits(x: float) -> int:
    return int(struct.unpack("<q", struct.pack("<d", x))[0])


def element_size(dtype: DType) -> int:
    """Bytes of one element of a List or Array; 0 for other types."""
    return 0 if dtype.inner is None else dtype.bits // 8

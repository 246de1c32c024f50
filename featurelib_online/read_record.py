"""One field in the words of the reader: its code, inclusive bounds, and stored values as bits."""

from __future__ import annotations

import ctypes
import math
import struct
from typing import Any

import numpy as np

from featurelib.dtypes import DType
from featurelib.fields import Field
from featurelib_online import read_values as layout

_CODES = {
    "Bool": layout.BOOL,
    "UInt64": layout.UINT64,
    "Float64": layout.FLOAT64,
    "Float32": layout.FLOAT32,
    "String": layout.STRING,
    "Date": layout.DATE,
    "Datetime": layout.DATETIME,
    "Duration": layout.DURATION,
} | dict.fromkeys(("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32"), layout.INT)


def code_of(dtype: DType) -> int:
    """How the reader reads a type; PYTHON for what it leaves to `featurelib.borders`."""
    return _CODES.get(dtype.name, layout.PYTHON)


def bounds_of(field: Field) -> tuple[int, int]:
    """Smallest and largest allowed value, as the bits of an int64, uint64 or binary64.

    An open bound becomes the next value inside it, so that the reader compares once a side.
    """
    limits, dtype = field.constraints, field.dtype
    if dtype.is_float:
        low, high = -math.inf, math.inf
        if limits.finite:
            low, high = math.nextafter(low, 0.0), math.nextafter(high, 0.0)
        if limits.ge is not None:
            low = max(low, limits.ge)
        if limits.gt is not None:
            low = max(low, math.nextafter(limits.gt, math.inf))
        if limits.le is not None:
            high = min(high, limits.le)
        if limits.lt is not None:
            high = min(high, math.nextafter(limits.lt, -math.inf))
        if limits.gt == math.inf or limits.lt == -math.inf:
            low, high = math.inf, -math.inf
        return _bits(low), _bits(high)
    if not (dtype.is_integer or dtype.is_temporal):
        return 0, 0
    least, most = dtype.bounds if dtype.is_integer else (-(1 << 63), (1 << 63) - 1)
    if limits.ge is not None:
        least = max(least, limits.ge)
    if limits.gt is not None:
        least = max(least, limits.gt + 1)
    if limits.le is not None:
        most = min(most, limits.le)
    if limits.lt is not None:
        most = min(most, limits.lt - 1)
    if least > most:
        # Nothing is allowed, and the nearest pair that says so fits any width.
        least, most = 1, 0
    return as_i64(least), as_i64(most)


def is_bounded(field: Field) -> bool:
    """Whether a float must lie within bounds, which also keeps NaN out."""
    limits = field.constraints
    bounds = (limits.ge, limits.gt, limits.le, limits.lt)
    return field.dtype.is_float and (limits.finite or any(b is not None for b in bounds))


def as_i64(value: int) -> int:
    """An integer of 64 bits, signed or not, as the int64 of the same bits."""
    return value - (1 << 64) if value >= 1 << 63 else value


def words_of(dtype: DType, value: Any, keep: list[Any]) -> tuple[int, int]:
    """A canonical value that is not null as the words that its column stores.

    Args:
        dtype: Its type.
        value: What `featurelib.borders.canonical` gave.
        keep: Takes the object that holds a text's or a list's bytes: they live as long as it.

    Returns:
        The value's bits and 0; for a String or List address and length.
    """
    if dtype.kind == "v":
        data = value
        if dtype.inner is not None:
            data = np.array(value, dtype.inner.storage).tobytes()
        keep.append(data)
        return ctypes.cast(data, ctypes.c_void_p).value or 0, len(value)
    if dtype.name == "Float64":
        return _bits(value), 0
    if dtype.name == "Float32":
        number = math.nan if value != value else value
        return int.from_bytes(struct.pack("<f", number), "little", signed=True), 0
    return as_i64(int(value)), 0


def _bits(value: float) -> int:
    """The bits of a float; every NaN is the canonical one."""
    return int(struct.unpack("<q", struct.pack("<d", math.nan if value != value else value))[0])

"""Constants in graphs: do they fit a type, what are they to a kernel, and their canonical text."""

from __future__ import annotations

import datetime as dt
import math
import struct
from typing import Any

from featurelib.dtypes import BOOL, DATE, DATETIME, DURATION, FLOAT64, INT64, STRING, UINT64, DType
from featurelib.errors import FeatureTypeError
from featurelib.tables import TableData

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


def default_dtype(value: Any) -> DType:
    """The type of a constant that stands alone."""
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, int):
        return INT64 if -(1 << 63) <= value < 1 << 63 else UINT64
    if isinstance(value, float):
        return FLOAT64
    if isinstance(value, str):
        return STRING
    if isinstance(value, dt.datetime):
        return DATETIME
    if isinstance(value, dt.date):
        return DATE
    if isinstance(value, dt.timedelta):
        return DURATION
    raise FeatureTypeError(
        f"{value!r} ({type(value).__name__}) cannot be a constant in a feature",
        hint="use a bool, int, float, str, date, aware datetime or timedelta",
    )


def to_kernel(value: Any, dtype: DType) -> Any:
    """The constant as kernels hold it: bool, int, float, or bytes for text; None stays null.

    Raises:
        FeatureTypeError: The constant does not fit the type without loss.
    """
    if value is None:
        return None
    fits: Any = None
    if dtype.name == "Bool" and isinstance(value, bool):
        fits = value
    elif dtype.is_integer and isinstance(value, int) and not isinstance(value, bool):
        low, high = dtype.bounds
        fits = value if low <= value <= high else None
    elif dtype.is_float and isinstance(value, (int, float)) and not isinstance(value, bool):
        fits = _float(value, dtype)
    elif dtype.name == "String" and isinstance(value, (str, bytes)):
        fits = value.encode() if isinstance(value, str) else value
    elif dtype.is_temporal:
        fits = _temporal(value, dtype)
    if fits is None:
        raise FeatureTypeError(
            f"the constant {value!r} ({type(value).__name__}) does not fit {dtype}",
            hint="cast the column first, or write a constant of its type",
        )
    return fits


def _float(value: int | float, dtype: DType) -> float | None:
    try:
        as_float = float(value)
    except OverflowError:
        return None
    if isinstance(value, int) and int(as_float) != value:
        return None
    if dtype.name == "Float32" and math.isfinite(as_float):
        # A decimal constant means the nearest Float32, as `0.1` means the nearest Float64.
        try:
            return float(struct.unpack("<f", struct.pack("<f", as_float))[0])
        except OverflowError:
            return None
    return as_float


def _temporal(value: Any, dtype: DType) -> int | None:
    if dtype.name == "Datetime" and isinstance(value, dt.datetime):
        if value.tzinfo is None:
            raise FeatureTypeError(
                f"the constant {value!r} has no zone", hint="add one: tzinfo=datetime.timezone.utc"
            )
        return (value - _EPOCH) // _MICROSECOND
    if dtype.name == "Date" and isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value.toordinal() - 719163
    if dtype.name == "Duration" and isinstance(value, dt.timedelta):
        return value // _MICROSECOND
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def canonical(value: Any) -> Any:
    """A JSON value that keeps every bit: floats as 16 hex digits, integers as decimal strings."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return {"i": str(value)}
    if isinstance(value, float):
        bits = (
            0x7FF8000000000000
            if value != value
            else struct.unpack("<Q", struct.pack("<d", value))[0]
        )
        return {"f": f"{bits:016x}"}
    if isinstance(value, bytes):
        return {"t": value.decode()}
    if isinstance(value, TableData):
        return {
            "table": value.kind,
            "content": [canonical(v) for v in value.content],
            "name": value.name,
        }
    if isinstance(value, (tuple, list)):
        return {"l": [canonical(v) for v in value]}
    raise TypeError(f"{value!r} cannot stand in a bundle")


def from_canonical(data: Any) -> Any:
    """The value that `canonical` wrote."""
    if not isinstance(data, dict):
        return data
    if "i" in data:
        return int(data["i"])
    if "f" in data:
        return struct.unpack("<d", struct.pack("<Q", int(data["f"], 16)))[0]
    if "t" in data:
        return data["t"].encode()
    if "l" in data:
        return tuple(from_canonical(v) for v in data["l"])
    return TableData(data["table"], tuple(from_canonical(v) for v in data["content"]), data["name"])

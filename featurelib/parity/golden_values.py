"""Values of golden cases: between JSON and canonical values.

A canonical value is a bool, an int (also for temporal types), a float, bytes (text as UTF-8), a
tuple (List, Array) or a `TableData`; None is null. `same_bits` is the one comparison.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import struct
from typing import Any

from featurelib import dtypes
from featurelib.dtypes import DType
from featurelib.errors import ParityError
from featurelib.intrinsics import f64_bits, f64_round_f32
from featurelib.tables import TableData

__all__ = ["decode", "encode", "parse_type", "same_bits", "ulp_distance"]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_EPOCH_DAY = _EPOCH.date().toordinal()
_SPECIAL = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def parse_type(text: str) -> DType:
    """The type that prints as `text`: ``Int64``, ``Datetime(Asia/Tokyo)``, ``Array(Float32, 3)``.

    Raises:
        ParityError: No type prints so.
    """
    dtype = _parse_type(text)
    if dtype is None or str(dtype) != text:
        raise ParityError(f"{text!r} is no type of a golden case")
    return dtype


def _parse_type(text: str) -> DType | None:
    name, _, inside = text.removesuffix(")").partition("(")
    if not inside:
        return dtypes.SCALARS.get(name)
    if name == "Table":
        return dtypes.table_type(inside)
    if name == "Datetime":
        return dtypes.datetime_type(inside)
    if name == "List":
        return dtypes.list_type(parse_type(inside))
    inner, _, size = inside.rpartition(", ")
    if name == "Array" and size.isdecimal():
        return dtypes.array_type(parse_type(inner), int(size))
    return None


def decode(value: Any, dtype: DType) -> Any:
    """The canonical value that a JSON value of a golden case means.

    Raises:
        ParityError: The value is not written as this type is.
    """
    try:
        return None if value is None else _decode(value, dtype)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise ParityError(f"{value!r} is no {dtype} of a golden case: {error}") from error


def _decode(value: Any, dtype: DType) -> Any:
    if dtype.name == "Table":
        return _decode_table(**value)
    if dtype.inner is not None:
        if dtype.size is not None and len(value) != dtype.size:
            raise ValueError(f"expected {dtype.size} elements, got {len(value)}")
        return tuple(_decode(v, dtype.inner) for v in value)
    if dtype.name == "String":
        return value.encode("utf-8")
    if dtype.name == "Date":
        return dt.date.fromisoformat(value).toordinal() - _EPOCH_DAY
    if dtype.name == "Datetime":
        if not _DATETIME.fullmatch(value):
            raise ValueError("expected YYYY-MM-DDTHH:MM:SS.ffffffZ")
        return (dt.datetime.fromisoformat(value) - _EPOCH) // dt.timedelta(microseconds=1)
    if dtype.is_float:
        return _decode_float(value, dtype)
    if dtype.name == "Bool":
        if type(value) is not bool:
            raise TypeError(f"expected true or false, got {type(value).__name__}")
        return value
    if type(value) is not int:
        raise TypeError(f"expected an integer, got {type(value).__name__}")
    lo, hi = dtype.bounds if dtype.is_integer else dtypes.INT64.bounds
    if not lo <= value <= hi:
        raise ValueError(f"expected {lo} to {hi}")
    return value


def _decode_float(value: Any, dtype: DType) -> float:
    if isinstance(value, str):
        return _SPECIAL[value]
    if type(value) not in (int, float):
        raise TypeError(f"expected a number, got {type(value).__name__}")
    number = float(value)
    if math.isinf(number) or number != value:
        raise ValueError("not exact in binary64")
    if dtype.name == "Float32" and f64_round_f32(number) != number:
        raise ValueError("not exact in binary32")
    return number


def _decode_table(kind: str, content: Any = None, name: str = "") -> TableData:
    if content is None and kind == "zone":
        from featurelib.zones import zone_table

        return zone_table(name)
    element = {"f64": dtypes.FLOAT64, "i64": dtypes.INT64, "u64": dtypes.UINT64}.get(kind)
    if element is not None:
        return TableData(kind, tuple(_decode(v, element) for v in content), name)
    return TableData(kind, _as_tuples(content), name)


def _as_tuples(value: Any) -> Any:
    return tuple(map(_as_tuples, value)) if isinstance(value, list) else value


def encode(value: Any, dtype: DType) -> Any:
    """The JSON value that `decode` reads back."""
    if value is None:
        return None
    if isinstance(value, TableData):
        return {"kind": value.kind, "content": value.content, "name": value.name}
    if dtype.inner is not None:
        return [encode(v, dtype.inner) for v in value]
    if dtype.name == "String":
        return value.decode("utf-8")
    if dtype.name == "Date":
        return dt.date.fromordinal(value + _EPOCH_DAY).isoformat()
    if dtype.name == "Datetime":
        moment = _EPOCH + dt.timedelta(microseconds=value)
        return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    if dtype.is_float and not math.isfinite(value):
        return "nan" if value != value else "inf" if value > 0 else "-inf"
    return value


def same_bits(a: Any, b: Any, dtype: DType) -> bool:
    """Whether two canonical values are one: -0.0 is not 0.0, every NaN is the canonical one."""
    if a is None or b is None:
        return a is b
    if dtype.inner is not None:
        inner = dtype.inner
        return len(a) == len(b) and all(same_bits(x, y, inner) for x, y in zip(a, b, strict=True))
    if dtype.is_float:
        return bool(f64_bits(a) == f64_bits(b))
    return type(a) is type(b) and bool(a == b)


def ulp_distance(a: float, b: float, dtype: DType) -> int:
    """How many floats of the type lie from `a` to `b`; NaN is far from everything but NaN."""
    if a != a or b != b:
        return 0 if a != a and b != b else 1 << dtype.bits
    return abs(_rank(a, dtype) - _rank(b, dtype))


def _rank(x: float, dtype: DType) -> int:
    """The place of x among the floats of the type in rising order; both zeros are 0."""
    code = "<f" if dtype.name == "Float32" else "<d"
    magnitude = int.from_bytes(struct.pack(code, abs(x)), "little")
    return -magnitude if math.copysign(1.0, x) < 0 else magnitude

"""How one Python or JSON value is read as each type: the rules behind `featurelib.borders`.

A reader takes a value that is not null and gives the canonical value, or raises `Refusal`. It asks
for the type of an object and never for its opinion (`isinstance` may run the object's own code), so
that an object whose methods raise is refused like any other.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from featurelib import border_times as times
from featurelib.border_rules import Reader, ReadMember, Refusal
from featurelib.dtypes import SCALARS, DType

BOUNDS = {name: dtype.bounds for name, dtype in SCALARS.items() if dtype.is_integer}
"""By name: a property that is asked for every value would cost more than the value."""


def is_null(value: Any) -> bool:
    """Whether a Python object means null: None, pandas' NA and NaT, NumPy's NaT; never a NaN."""
    if value is None:
        return True
    kind = type(value)
    if kind is float or kind is str or kind is int:
        return False
    if issubclass(kind, (np.datetime64, np.timedelta64)):
        return bool(np.isnat(value))
    return kind.__name__ in ("NAType", "NaTType") and str(kind.__module__).startswith("pandas")


def read_bool(value: Any, dtype: DType, read: ReadMember) -> bool:
    """True or False of Python or NumPy."""
    kind = type(value)
    if kind is bool or issubclass(kind, np.bool_):
        return bool(value)
    raise Refusal(hint="write True or False; a number is not a truth value")


def read_integer(value: Any, dtype: DType, read: ReadMember) -> int:
    """A whole number that fits the type."""
    number = python_number(value)
    if type(number) is not int:
        hint = "convert it first, saying how to round: int(value) or round(value)"
        raise Refusal(hint=hint if type(number) is float else "write a whole number")
    low, high = BOUNDS[dtype.name]
    if not low <= number <= high:
        raise Refusal(f"expected {low} <= value <= {high}", "declare a wider type")
    return number


def read_float(value: Any, dtype: DType, read: ReadMember) -> float:
    """A float, or an integer that is exact as one."""
    number = python_number(value)
    if number is None:
        raise Refusal(hint="write a number: a truth value, text or a Decimal is never one here")
    if type(number) is int:
        try:
            exact = float(number)
        except OverflowError:
            exact = float("inf")
        if exact == float("inf") or int(exact) != number:
            raise Refusal("the integer is not exact in Float64", "round it yourself: float(value)")
        number = exact
    if dtype.name == "Float32":
        return round_to_float32(number)
    return number


def round_to_float32(number: float) -> float:
    """The nearest binary32 value; a finite float outside its range is refused."""
    try:
        return float(struct.unpack("<f", struct.pack("<f", number))[0])
    except OverflowError:
        raise Refusal("the number is outside Float32", "declare the field fl.Float64") from None


def python_number(value: Any) -> int | float | None:
    """A Python or NumPy number as exact int or float; None for everything else."""
    kind = type(value)
    if kind is float or kind is int:
        return value  # type: ignore[no-any-return]
    if issubclass(kind, (bool, np.bool_, np.timedelta64)):
        return None
    if issubclass(kind, int):
        return int.__pos__(value)
    if issubclass(kind, float):
        return float.__pos__(value)
    if issubclass(kind, np.integer):
        return int(value)
    if issubclass(kind, np.floating):
        number = float(value)
        return number if number == value or number != number else None
    return None


def read_string(value: Any, dtype: DType, read: ReadMember) -> bytes:
    """Text, as its UTF-8 bytes."""
    if not issubclass(type(value), str):
        raise Refusal(hint="write text (str); decode bytes and format numbers yourself")
    try:
        return str.encode(value, "utf-8")
    except UnicodeEncodeError as error:
        raise Refusal(
            f"a lone surrogate stands at position {error.start}",
            "the text is no Unicode text: repair it where it was decoded",
        ) from None


def read_list(value: Any, dtype: DType, read: ReadMember) -> tuple[Any, ...]:
    """A list, tuple or one-dimensional array, element by element."""
    kind = type(value)
    if issubclass(kind, np.ndarray):
        if value.ndim != 1:
            raise Refusal(f"expected one dimension, got shape {value.shape}")
        value = list(value) if value.dtype.kind in "mM" else value.tolist()
    elif not issubclass(kind, (list, tuple)):
        raise Refusal(hint="write a list, a tuple or a one-dimensional NumPy array")
    inner = dtype.inner
    assert inner is not None
    items = tuple(read(item, inner, False, f"[{i}]") for i, item in enumerate(tuple(value)))
    if dtype.size is not None and len(items) != dtype.size:
        raise Refusal(f"expected {dtype.size} elements, got {len(items)}")
    return items


def read_struct(value: Any, dtype: DType, read: ReadMember) -> dict[str, Any]:
    """A mapping or model, member by member."""
    row = mapping_of(value)
    if row is None:
        raise Refusal(hint="write a mapping or a pydantic model")
    known = [name for name, _, _ in dtype.fields]
    for key in row:
        if not issubclass(type(key), str) or key not in known:
            raise Refusal(f"it has no field {key!r}", f"its fields: {', '.join(known)}")
    for name in known:
        if name not in row:
            raise Refusal(f"its field `{name}` is missing")
    return {name: read(row[name], t, null, f".{name}") for name, t, null in dtype.fields}


def mapping_of(value: Any) -> dict[Any, Any] | None:
    """A mapping or pydantic model as a dict by column name; None for any other object."""
    kind = type(value)
    if kind is dict:
        return value  # type: ignore[no-any-return]
    if issubclass(kind, Mapping):
        return dict(value.items())
    fields = getattr(kind, "__pydantic_fields__", None)
    if fields is None:
        return None
    inside = value.__dict__
    row = {info.alias or name: inside[name] for name, info in fields.items() if name in inside}
    return row | (getattr(value, "__pydantic_extra__", None) or {})


PYTHON_READERS: dict[str, Reader] = {
    "Bool": read_bool,
    **{f"{sign}Int{bits}": read_integer for sign in ("", "U") for bits in (8, 16, 32, 64)},
    "Float32": read_float,
    "Float64": read_float,
    "String": read_string,
    "Date": times.read_date,
    "Datetime": times.read_datetime,
    "Duration": times.read_duration,
    "List": read_list,
    "Array": read_list,
    "Struct": read_struct,
}
JSON_READERS: dict[str, Reader] = PYTHON_READERS | {
    "Date": times.read_date_text,
    "Datetime": times.read_datetime_text,
    "Duration": times.read_duration_text,
}

"""The types of columns and of nodes.

A `DType` is what a value is. Whether it may be null is kept beside it (`nullable`), never in it.
Machine code and the reference evaluator hold a value in one of five **kinds**, wider than most
types: ``b`` (a truth value), ``i`` (a signed 64-bit integer), ``u`` (an unsigned one), ``f`` (a
binary64 float) and ``v`` (a view: buffer, start, stop). An Int16 is an ``i`` that fits 16 bits, a
Float32 is an ``f`` that is exact in binary32: the op `narrow` brings a wide result back.

The names that users write (``fl.Float64``, ``fl.Datetime``, ...) are `Annotated` aliases of the
Python type, so that pydantic, mypy and ``cast`` all take them.
"""

from __future__ import annotations

import datetime as _dt
import types
import typing
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union

from featurelib.errors import FeatureTypeError

Kind = Literal["b", "i", "u", "f", "v"]


@dataclass(frozen=True, slots=True)
class DType:
    """What a value is.

    Attributes:
        name: The family name as in Polars: ``Int32``, ``String``, ``List``, ...
        kind: How machine code holds it: one of ``b i u f v``.
        storage: NumPy type code of one stored value (``"<i4"``); for List and Array that of one
            element; empty for Struct and Table.
        zone: IANA zone of a Datetime, else None.
        inner: Element type of a List or Array, else None.
        size: Number of elements of an Array, else None.
        fields: Names, types and nullability of a Struct's fields.
        table: Kind of a Table (see `featurelib.tables`), else None.
    """

    name: str
    kind: Kind
    storage: str
    zone: str | None = None
    inner: DType | None = None
    size: int | None = None
    fields: tuple[tuple[str, DType, bool], ...] = ()
    table: str | None = None

    def __str__(self) -> str:
        if self.name == "Table":
            return f"Table({self.table})"
        if self.name == "Datetime":
            return f"Datetime({self.zone})"
        if self.name == "List":
            return f"List({self.inner})"
        if self.name == "Array":
            return f"Array({self.inner}, {self.size})"
        if self.name == "Struct":
            inside = ", ".join(f"{n}: {t}{'?' if null else ''}" for n, t, null in self.fields)
            return f"Struct({inside})"
        return self.name

    def __repr__(self) -> str:
        return str(self)

    @property
    def bits(self) -> int:
        """Width of one stored value in bits; 0 if it has none."""
        return 8 * int(self.storage[2:]) if self.storage else 0

    @property
    def is_signed(self) -> bool:
        return self.name in ("Int8", "Int16", "Int32", "Int64")

    @property
    def is_unsigned(self) -> bool:
        return self.name in ("UInt8", "UInt16", "UInt32", "UInt64")

    @property
    def is_integer(self) -> bool:
        return self.is_signed or self.is_unsigned

    @property
    def is_float(self) -> bool:
        return self.name in ("Float32", "Float64")

    @property
    def is_numeric(self) -> bool:
        return self.is_integer or self.is_float

    @property
    def is_temporal(self) -> bool:
        return self.name in ("Date", "Datetime", "Duration")

    @property
    def is_narrow(self) -> bool:
        """Narrower than its kind, so that a wide result must be brought back by `narrow`."""
        return self.is_numeric and self.bits < 64

    @property
    def bounds(self) -> tuple[int, int]:
        """Smallest and largest value of an integer type."""
        if not self.is_integer:
            raise TypeError(f"{self} has no integer bounds")
        if self.is_signed:
            return -(1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1
        return 0, (1 << self.bits) - 1


BOOL = DType("Bool", "b", "<u1")
INT8, INT16, INT32, INT64 = (DType(f"Int{8 * n}", "i", f"<i{n}") for n in (1, 2, 4, 8))
UINT8, UINT16, UINT32, UINT64 = (DType(f"UInt{8 * n}", "u", f"<u{n}") for n in (1, 2, 4, 8))
FLOAT32 = DType("Float32", "f", "<f4")
FLOAT64 = DType("Float64", "f", "<f8")
STRING = DType("String", "v", "<u1")
DATE = DType("Date", "i", "<i4")
DURATION = DType("Duration", "i", "<i8")


def table_type(kind: str) -> DType:
    """Constant or fitted data that an op reads (edges, a vocabulary, a zone); never a column."""
    return DType("Table", "v", "", table=kind)


def datetime_type(zone: str = "UTC") -> DType:
    """Microseconds since the epoch, UTC, shown in `zone`."""
    return DType("Datetime", "i", "<i8", zone=zone)


DATETIME = datetime_type()
SCALARS = {
    t.name: t
    for t in (BOOL, INT8, INT16, INT32, INT64, UINT8, UINT16, UINT32, UINT64, FLOAT32, FLOAT64)
} | {"String": STRING, "Date": DATE, "Datetime": DATETIME, "Duration": DURATION}


def list_type(inner: DType) -> DType:
    """A list of any length; its elements are numbers, truth values or temporal, never null."""
    _check_element(inner, "List")
    return DType("List", "v", inner.storage, inner=inner)


def array_type(inner: DType, size: int) -> DType:
    """A list of exactly `size` elements."""
    _check_element(inner, "Array")
    if type(size) is not int or not 1 <= size <= 1 << 24:  # longer is no feature of one row
        raise FeatureTypeError(f"Array: expected 1 <= size <= 2**24, got size={size!r}")
    return DType("Array", "v", inner.storage, inner=inner, size=size)


def struct_type(fields: tuple[tuple[str, DType, bool], ...]) -> DType:
    """Named fields (name, type, nullable); an input of this type is read field by field."""
    return DType("Struct", "v", "", fields=fields)


def _check_element(inner: DType, what: str) -> None:
    if inner.kind == "v":
        raise FeatureTypeError(
            f"{what}: an element must be a number, a truth value or temporal, got {inner}"
        )


@dataclass(frozen=True, slots=True)
class Zone:
    """Marks a datetime annotation with its zone: ``Annotated[datetime, fl.Zone("Asia/Tokyo")]``."""

    name: str


@dataclass(frozen=True, slots=True)
class Size:
    """Marks a list annotation with its length: ``Annotated[list[float], fl.Size(8)]``."""

    n: int


Bool = Annotated[bool, BOOL]
Int8 = Annotated[int, INT8]
Int16 = Annotated[int, INT16]
Int32 = Annotated[int, INT32]
Int64 = Annotated[int, INT64]
UInt8 = Annotated[int, UINT8]
UInt16 = Annotated[int, UINT16]
UInt32 = Annotated[int, UINT32]
UInt64 = Annotated[int, UINT64]
Float32 = Annotated[float, FLOAT32]
Float64 = Annotated[float, FLOAT64]
String = Annotated[str, STRING]
Date = Annotated[_dt.date, DATE]
Datetime = Annotated[_dt.datetime, DATETIME]
Duration = Annotated[_dt.timedelta, DURATION]

_PYTHON = {
    bool: BOOL,
    int: INT64,
    float: FLOAT64,
    str: STRING,
    _dt.date: DATE,
    _dt.datetime: DATETIME,
    _dt.timedelta: DURATION,
}


def as_dtype(annotation: Any, where: str = "type") -> DType:
    """The type that an annotation means; nullability is refused here (see `as_column_type`).

    Args:
        annotation: A `DType`, an alias of this module, a Python type, ``list[...]``, or a
            pydantic model (a Struct).
        where: What is being declared, for the error.

    Raises:
        FeatureTypeError: The annotation is no type of featurelib, or is nullable.
    """
    dtype, nullable = as_column_type(annotation, where)
    if nullable:
        raise FeatureTypeError(f"{where}: expected a type without None, got {annotation}")
    return dtype


def as_column_type(annotation: Any, where: str = "type") -> tuple[DType, bool]:
    """The type and nullability that an annotation means (``float | None`` is nullable)."""
    if isinstance(annotation, DType):
        return annotation, False
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        base, *marks = typing.get_args(annotation)
        for mark in marks:
            if isinstance(mark, DType):
                return mark, False
        dtype, nullable = as_column_type(base, where)
        for mark in marks:
            if isinstance(mark, Zone) and dtype.name == "Datetime":
                dtype = datetime_type(mark.name)
            if isinstance(mark, Size) and dtype.inner is not None:
                dtype = array_type(dtype.inner, mark.n)
        return dtype, nullable
    if origin is Union or origin is types.UnionType:
        members = [a for a in typing.get_args(annotation) if a is not type(None)]
        if len(members) != 1:
            raise FeatureTypeError(
                f"{where}: expected one type, got {annotation}",
                hint="a column has one type, or None",
            )
        dtype, inner_nullable = as_column_type(members[0], where)
        return dtype, inner_nullable or len(members) < len(typing.get_args(annotation))
    if origin is list and typing.get_args(annotation):
        return list_type(as_dtype(typing.get_args(annotation)[0], where)), False
    if isinstance(annotation, type):
        if annotation in _PYTHON:
            return _PYTHON[annotation], False
        fields = getattr(annotation, "model_fields", None)
        if fields is not None:
            hints = typing.get_type_hints(annotation, include_extras=True)
            members_ = ((n, *as_column_type(hints[n], f"{where}.{n}")) for n in fields)
            return struct_type(tuple(members_)), False
    raise FeatureTypeError(
        f"{where}: {annotation!r} is no type of featurelib",
        hint="use bool, int, float, str, date, datetime, timedelta, list[...], or fl.Int32, "
        "fl.Float32, ...; nullable as `T | None`",
    )


def supertype(a: DType, b: DType) -> DType | None:
    """The type in which two numeric types meet, as in Polars; None where they do not.

    UInt64 with a signed type is left out on purpose (Polars goes to Float64 or Int128).
    """
    if a == b:
        return a
    if not (a.is_numeric and b.is_numeric):
        return None
    if a.is_float or b.is_float:
        both_small = all(t.name == "Float32" or (t.is_integer and t.bits <= 16) for t in (a, b))
        return FLOAT32 if both_small else FLOAT64
    if a.is_signed == b.is_signed:
        return a if a.bits >= b.bits else b
    signed, unsigned = (a, b) if a.is_signed else (b, a)
    if unsigned.bits == 64:
        return None
    return SCALARS[f"Int{max(signed.bits, 2 * unsigned.bits)}"]


def to_json(dtype: DType) -> Any:
    """A JSON value that `from_json` reads back."""
    if dtype.name == "Datetime":
        return {"type": "Datetime", "zone": dtype.zone}
    if dtype.name == "Table":
        return {"type": "Table", "kind": dtype.table}
    if dtype.name == "List":
        return {"type": "List", "inner": to_json(dtype.inner or dtype)}
    if dtype.name == "Array":
        return {"type": "Array", "inner": to_json(dtype.inner or dtype), "size": dtype.size}
    if dtype.name == "Struct":
        return {"type": "Struct", "fields": [[n, to_json(t), null] for n, t, null in dtype.fields]}
    return dtype.name


def from_json(value: Any) -> DType:
    """The type that `to_json` wrote."""
    if isinstance(value, str) and value in SCALARS:
        return SCALARS[value]
    if isinstance(value, dict):
        match value.get("type"):
            case "Datetime":
                return datetime_type(value["zone"])
            case "Table":
                return table_type(value["kind"])
            case "List":
                return list_type(from_json(value["inner"]))
            case "Array":
                return array_type(from_json(value["inner"]), value["size"])
            case "Struct":
                return struct_type(tuple((n, from_json(t), null) for n, t, null in value["fields"]))
    raise FeatureTypeError(f"{value!r} is no type of featurelib")

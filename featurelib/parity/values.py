"""Columns in memory as every engine is given them and as every engine's outputs are compared.

`Values` is one column by its bits: numbers at the storage width of their type with zeros under
nulls, text and lists as bytes. Two engines agree where these bytes are equal.
"""

from __future__ import annotations

import ctypes
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from featurelib.borders import from_canonical
from featurelib.dtypes import DType
from featurelib.fields import InputSchema
from featurelib.jit.kernel import Column

__all__ = ["Array", "Rows", "Values", "bits_text"]

Array = np.ndarray[Any, Any]
_UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}


@dataclass(frozen=True)
class Values:
    """One column.

    Attributes:
        dtype: Its type.
        data: Storage values, zero under a null; for text and lists objects: bytes.
        valid: True where there is a value.
    """

    dtype: DType
    data: Array
    valid: Array

    @staticmethod
    def of(items: Sequence[Any], dtype: DType) -> Values:
        """A column of canonical values; None is null."""
        valid = np.array([v is not None for v in items], bool)
        if dtype.kind == "v":
            data = np.empty(len(items), object)
            for i, item in enumerate(items):
                data[i] = b"" if item is None else _packed(item, dtype)
            return Values(dtype, data, valid)
        zero = 0.0 if dtype.kind == "f" else 0
        filled = [zero if v is None else v for v in items]
        wide = {"f": np.float64, "i": np.int64, "u": np.uint64, "b": np.uint8}[dtype.kind]
        with np.errstate(invalid="ignore"):  # a NaN stays one, quiet or signalling
            stored = np.array(filled, wide).astype(dtype.storage)
        return Values(dtype, stored, valid)

    @staticmethod
    def of_column(column: Column, dtype: DType) -> Values:
        """What a kernel wrote; text and lists are copied out of its memory."""
        rows = len(column.values)
        valid = np.ones(rows, bool) if column.valid is None else column.valid[:rows] != 0
        if dtype.kind != "v":
            data = np.ascontiguousarray(column.values).astype(dtype.storage, copy=True)
            data[~valid] = 0
            return Values(dtype, data, valid.copy())
        size = max(dtype.bits // 8, 1)
        made = np.empty(rows, object)
        for i, (address, length) in enumerate(column.values.tolist()):
            made[i] = ctypes.string_at(address, length * size) if valid[i] and length else b""
        return Values(dtype, made, valid.copy())

    def __len__(self) -> int:
        return len(self.valid)

    def take(self, index: Any) -> Values:
        """Some rows, by slice, indices or flags."""
        return Values(self.dtype, self.data[index], self.valid[index])

    def differs(self, other: Values) -> Array:
        """True in each row whose bits or nullness are not the same."""
        if self.dtype.kind == "v":
            unequal = np.asarray(self.data != other.data, bool)
        else:
            code = _UNSIGNED[self.data.dtype.itemsize]
            unequal = self.data.view(code) != other.data.view(code)
        result: Array = (self.valid != other.valid) | (unequal & self.valid)
        return result

    def canonical(self, row: int) -> Any:
        """One value as the reference evaluator gives it; None for null."""
        if not self.valid[row]:
            return None
        if self.dtype.name == "String":
            return self.data[row]
        if self.dtype.kind == "v":
            items = np.frombuffer(self.data[row], self.dtype.storage).tolist()
            is_bool = self.dtype.inner is not None and self.dtype.inner.name == "Bool"
            return tuple(map(bool, items)) if is_bool else tuple(items)
        value = self.data[row].item()
        return bool(value) if self.dtype.name == "Bool" else value

    def items(self) -> list[Any]:
        """All values as `canonical` gives one."""
        if self.dtype.kind == "v":
            return [self.canonical(i) for i in range(len(self))]
        data = self.data != 0 if self.dtype.name == "Bool" else self.data
        pairs = zip(data.tolist(), self.valid.tolist(), strict=True)
        return [value if there else None for value, there in pairs]

    def column(self) -> Column:
        """The column as kernels read it."""
        if self.dtype.kind != "v":
            return Column(self.data, self.valid.astype(np.uint8))
        size = max(self.dtype.bits // 8, 1)
        lengths = np.fromiter(map(len, self.data), np.int64, len(self))
        # Elements lie at addresses that their type allows; the spare bytes are never read.
        buffer = np.frombuffer(b"".join(self.data) + bytes(16), np.uint8)
        starts = np.cumsum(lengths) - lengths
        pairs = np.stack([buffer.ctypes.data + starts, lengths // size], axis=1)
        return Column(np.ascontiguousarray(pairs), self.valid.astype(np.uint8), buffer)


@dataclass(frozen=True)
class Rows:
    """Input rows, column by column.

    Attributes:
        schema: What they are rows of.
        columns: The values of each field.
        size: How many rows.
    """

    schema: InputSchema
    columns: Mapping[str, Values]
    size: int

    @staticmethod
    def of(rows: Sequence[Mapping[str, Any]], schema: InputSchema) -> Rows:
        """Rows given as mappings of canonical values."""
        made = {f.name: Values.of([r[f.name] for r in rows], f.dtype) for f in schema}
        return Rows(schema, made, len(rows))

    def __len__(self) -> int:
        return self.size

    def take(self, index: Any) -> Rows:
        """Some rows, by slice, indices or flags."""
        made = {name: values.take(index) for name, values in self.columns.items()}
        return Rows(self.schema, made, len(np.arange(self.size)[index]))

    def only(self, names: Sequence[str]) -> Rows:
        """Some columns, in this order."""
        fields = tuple(self.schema[n] for n in names)
        schema = InputSchema(self.schema.name, fields, "ignore")
        return Rows(schema, {n: self.columns[n] for n in names}, self.size)

    def canonical(self, row: int) -> dict[str, Any]:
        """One row as the reference evaluator takes it."""
        return {name: values.canonical(row) for name, values in self.columns.items()}

    def python(self, row: int) -> dict[str, Any]:
        """One row as a service would hand it to a row kernel: Python objects."""
        given = self.canonical(row)
        return {f.name: from_canonical(given[f.name], f.dtype) for f in self.schema}

    @cached_property
    def all_python(self) -> list[dict[str, Any]]:
        """All rows as `python` gives one; several engines are handed them, and change none."""
        if not self.columns:
            return [{} for _ in range(self.size)]
        names = self.schema.names
        columns = (
            [from_canonical(v, f.dtype) for v in self.columns[f.name].items()] for f in self.schema
        )
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def bits_text(value: Any, dtype: DType) -> str:
    """A canonical value by its bits, for people: hexadecimal at the width of the type."""
    if value is None:
        return "null"
    if isinstance(value, bytes):
        return value[:64].hex(" ") + (" ..." if len(value) > 64 else "")
    if isinstance(value, tuple):
        shown = ", ".join(bits_text(v, dtype.inner or dtype) for v in value[:8])
        return f"[{shown}{', ...' if len(value) > 8 else ''}]"
    if isinstance(value, float):
        code = "<f" if dtype.name == "Float32" else "<d"
        packed = struct.pack(code, value) if math.isfinite(value) else _special(value, code)
        return "0x" + packed[::-1].hex()
    return f"0x{int(value) & ((1 << max(dtype.bits, 8)) - 1):0{max(dtype.bits, 8) // 4}x}"


def _special(value: float, code: str) -> bytes:
    return np.array([value], "<f4" if code == "<f" else "<f8").tobytes()


def _packed(value: Any, dtype: DType) -> bytes:
    if isinstance(value, bytes):
        return value
    return np.array(value, dtype.storage).tobytes()

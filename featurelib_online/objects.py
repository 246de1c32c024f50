"""Stored values as Python objects: numbers, and texts and lists as bytes and tuples."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from featurelib.dtypes import DType
from featurelib.jit.slots import element_bytes

Array = np.ndarray[Any, Any]
_CODES = {
    "<u1": "B", "<i1": "b", "<i2": "h", "<i4": "i", "<i8": "q",
    "<u2": "H", "<u4": "I", "<u8": "Q", "<f4": "f", "<f8": "d",
}  # fmt: skip


def value_format(dtype: DType) -> struct.Struct:
    """Reads one stored value; two int64 for text and lists."""
    if dtype.name == "Bool":
        return struct.Struct("<?")
    return struct.Struct("<qq" if dtype.kind == "v" else "<" + _CODES[dtype.storage])


def tuple_reader(dtype: DType) -> Callable[[bytes], tuple[Any, ...]]:
    """What makes a tuple of a list's bytes."""
    assert dtype.inner is not None
    code, size = value_format(dtype.inner).format[1:], element_bytes(dtype)

    def read(data: bytes) -> tuple[Any, ...]:
        return struct.unpack(f"<{len(data) // size}{code}", data)

    return read


def fill_objects(into: Array, pairs: Array, dtype: DType) -> None:
    """Makes bytes of texts and tuples of lists, from their addresses and lengths.

    Args:
        into: An array of objects.
        pairs: Address and length of each, at least as many.
        dtype: String, a List or an Array.
    """
    size = element_bytes(dtype)
    read = None if dtype.name == "String" else tuple_reader(dtype)
    for i, (address, length) in enumerate(pairs[: len(into)].tolist()):
        data = ctypes.string_at(address, length * size) if length else b""
        into[i] = data if read is None else read(data)

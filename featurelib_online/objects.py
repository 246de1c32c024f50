"""Texts and lists of many rows as Python objects: bytes and tuples."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from featurelib.dtypes import DType

Array = np.ndarray[Any, Any]


def fill_objects(into: Array, pairs: Array, dtype: DType) -> None:
    """Makes bytes of texts and tuples of lists, from their addresses and lengths.

    Args:
        into: An array of objects.
        pairs: Address and length of each, at least as many.
        dtype: String, a List or an Array.
    """
    size = 1 if dtype.name == "String" else dtype.bits // 8
    for i, (address, length) in enumerate(pairs[: len(into)].tolist()):
        data = ctypes.string_at(address, length * size) if length else b""
        into[i] = data if dtype.name == "String" else _elements(data, dtype)


def _elements(data: bytes, dtype: DType) -> tuple[Any, ...]:
    values = np.frombuffer(data, dtype.storage).tolist()
    is_bool = dtype.inner is not None and dtype.inner.name == "Bool"
    return tuple(map(bool, values)) if is_bool else tuple(values)

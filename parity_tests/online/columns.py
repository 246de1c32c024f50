"""Looking into the columns that a read plan fills."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from featurelib_online.read_plan import Column


def stored(column: Column, index: int = 0) -> Any:
    """The value in a column, in canonical form."""
    if not column.valid[index]:
        return None
    if column.dtype.kind == "v":
        address, length = column.values[2 * index : 2 * index + 2].tolist()
        data = ctypes.string_at(address, length * (column.dtype.bits // 8))
        if column.dtype.inner is None:
            return data
        return tuple(np.frombuffer(data, column.dtype.storage).tolist())
    value = column.values[index].item()
    return bool(value) if column.dtype.name == "Bool" else value

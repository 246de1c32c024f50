"""The machine code that lets columns in: compiled once a machine, then loaded from disk."""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from numba.core import types
from numba.core.ccallback import CFunc

from featurelib.jit.cache import function_cache
from featurelib.jit.progress import progress
from featurelib_online import (
    arrow_code,
    cpython_api,
    entry_code,
    entry_numbers,
    entry_table,
    numpy_code,
)

_FILES = (arrow_code, cpython_api, entry_code, entry_numbers, entry_table, numpy_code)


class EntryFunctions(NamedTuple):
    """Functions of addresses and counts; those of Arrow and `enter` run without the lock.

    Attributes:
        enter, sharing: See `featurelib_online.entry_code`.
        table_sources, column_sources: See `featurelib_online.arrow_code`.
        array_texts: The address of `featurelib_online.numpy_code.array_texts`, for a builtin.
    """

    enter: Callable[..., int]
    sharing: Callable[..., int]
    table_sources: Callable[..., int]
    column_sources: Callable[..., int]
    array_texts: int


_ALIVE: list[Any] = []


def _address(fn: Callable[..., Any], count: int, stamp: str) -> int:
    made: Any = CFunc(fn, ((types.int64,) * count, types.int64), locals={}, options={})
    made._cache = function_cache(fn, stamp, is_plain=True)
    made.compile()
    _ALIVE.append(made)
    return int(made.address)


@lru_cache(maxsize=1)
def entry_functions() -> EntryFunctions:
    """The functions, compiled."""
    sources = b"".join(Path(str(f.__file__)).read_bytes() for f in _FILES)
    stamp = hashlib.sha256(sources).hexdigest()

    def called(fn: Any, count: int) -> Callable[..., int]:
        kind = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * count)
        return kind(_address(fn.py_func, count, stamp))

    with progress("compiling the entry of columns"):
        return EntryFunctions(
            called(entry_code.enter, 6),
            called(entry_code.sharing, 6),
            called(arrow_code.table_sources, 7),
            called(arrow_code.column_sources, 4),
            _address(numpy_code.array_texts, 2, stamp),
        )

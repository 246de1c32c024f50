"""The machine code that lets columns in: compiled once a machine, then loaded from disk."""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from featurelib.jit.cache import plain_address
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


@lru_cache(maxsize=1)
def entry_functions() -> EntryFunctions:
    """The functions, compiled."""
    sources = b"".join(Path(str(f.__file__)).read_bytes() for f in _FILES)
    stamp = hashlib.sha256(sources).hexdigest()

    def called(fn: Any) -> Callable[..., int]:
        words = [ctypes.c_int64] * fn.py_func.__code__.co_argcount
        return ctypes.CFUNCTYPE(ctypes.c_int64, *words)(plain_address(fn.py_func, stamp))

    with progress("compiling the entry of columns"):
        return EntryFunctions(
            called(entry_code.enter),
            called(entry_code.sharing),
            called(arrow_code.table_sources),
            called(arrow_code.column_sources),
            plain_address(numpy_code.array_texts, stamp),
        )

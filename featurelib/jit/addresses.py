"""Where NumPy arrays lie in memory, for many of them at once.

A micro-batch has a hundred columns. `array.ctypes.data` takes over a microsecond for each, which is
more than a program takes for a row; machine code follows the pointers of all of them in one call.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.core.extending import intrinsic

from featurelib.jit.cache import plain_address

Array = np.ndarray[Any, Any]
_DATA_AT = 16
"""Offset of the data pointer in an array object: the first word after CPython's object header, part
of NumPy's stable ABI (its header inlines it into every extension)."""
_MEMORY: Any = (ctypes.c_int64 * ((1 << 60) - 1)).from_address(0)
"""All memory as words: reading one makes no object for its place, as `from_address` does."""
_FEW = 8
_CALL = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)


def addresses(arrays: Sequence[Array]) -> Array:
    """The address of the first element of each array, int64."""
    if len(arrays) < _FEW or not _IS_LAID_OUT_SO:
        return np.array([address_of(a) for a in arrays], np.int64)
    made = np.fromiter(map(id, arrays), np.int64, len(arrays))
    _function()(made.ctypes.data, len(arrays))
    return made


def address_of(array: Array) -> int:
    """The address of the first element of one array; a tenth of the time of its `ctypes.data`."""
    if _IS_LAID_OUT_SO:
        word: int = _MEMORY[(id(array) + _DATA_AT) >> 3]
        return word
    return int(array.ctypes.data)


@intrinsic
def _follow(typingctx: Any, at: Any) -> Any:
    """Replaces the address of an object, which stands at `at`, by its word at `_DATA_AT`."""

    def build(context: Any, b: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        word = ir.IntType(64)
        place = b.inttoptr(args[0], word.as_pointer())
        item = b.add(b.load(place), ir.Constant(word, _DATA_AT))
        b.store(b.load(b.inttoptr(item, word.as_pointer())), place)
        return context.get_dummy_value()

    return types.void(types.int64), build


@lru_cache(maxsize=1)
def _function() -> Any:
    def follow_all(at: Any, count: Any) -> Any:
        for i in range(count):
            _follow(at + 8 * i)
        return count

    return _CALL(plain_address(follow_all))


def _is_laid_out_so() -> bool:
    """Whether the pointer is where `_DATA_AT` says, in this Python."""
    probe = np.zeros(5, np.float32)
    return all(
        ctypes.c_int64.from_address(id(a) + _DATA_AT).value == a.ctypes.data
        for a in (probe, probe[3:], probe[::-1], probe[1:4:2].reshape(2, 1))
    )


_IS_LAID_OUT_SO = _is_laid_out_so()

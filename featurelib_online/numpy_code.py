"""NumPy arrays, read in machine code: where their values lie, and the texts of Python's str.

The head of an array object (address, dimensions, strides, dtype) is part of NumPy's stable ABI: its
headers inline it into every extension. `is_laid_out_so` looks whether this NumPy agrees.
"""

from __future__ import annotations

import ctypes
from functools import lru_cache
from typing import Any

import numba as nb
import numpy as np
from numba.core import types

from featurelib_online.cpython_api import (
    LAYOUT_IS_KNOWN,
    TYPE_AT,
    bytes_address,
    bytes_new,
    error_clear,
    list_get,
    long_as_address,
    object_hold,
    peek_i32,
    peek_i64,
    peek_u8,
    poke_i8,
    poke_i64,
    text_as_utf8,
    tuple_get,
)
from featurelib_online.entry_table import (
    AUX,
    CHILD,
    DATA,
    DESCR,
    FIRST_FLAG,
    FLAGS,
    MASK,
    MAX_LENGTH,
    NULLABLE,
    OBJECTS,
    RECORD_BYTES,
    SOURCE,
    SOURCE_BYTES,
    STEP,
    TYPE,
    WAY,
)

_VALUES, _DIMENSIONS, _SHAPE, _STRIDES, _DESCR = 16, 24, 32, 40, 56
HEAD = 48
"""Bytes of the head of a NumPy table: what the functions below look for."""
T_STR, T_NDARRAY, NONE, NO_MASK, D_BOOL, SCRATCH = range(0, HEAD, 8)
_memcpy = types.ExternalFunction("memcpy", types.intp(types.intp, types.intp, types.intp))


@nb.njit
def _is_column(array: int, kind: int, descr: int, rows: int) -> bool:
    """Whether an object is an array of this type and dtype, of one dimension and so many rows."""
    if peek_i64(array + TYPE_AT) != kind or peek_i32(array + _DIMENSIONS) != 1:
        return False
    return peek_i64(array + _DESCR) == descr and peek_i64(peek_i64(array + _SHAPE)) == rows


@nb.njit
def _pairs(
    head: int, record: int, data: int, step: int, mask: int, rows: int, pairs: int, flags: int
) -> int:
    """Addresses and bytes of str; gives the bytes of all, -1 where Python must look."""
    total, most = 0, peek_i64(record + MAX_LENGTH)
    none, text = peek_i64(head + NONE), peek_i64(head + T_STR)
    for i in range(rows):
        item = peek_i64(data + step * i)
        at = pairs + 16 * i
        if item == none or (mask != 0 and peek_u8(mask + i) != 0):
            if peek_i64(record + NULLABLE) == 0:
                return -1
            poke_i8(flags + i, 0)
            poke_i64(at, 0)
            poke_i64(at + 8, 0)
            continue
        poke_i8(flags + i, 1)
        if item == 0 or peek_i64(item + TYPE_AT) != text:
            return -1
        utf8 = text_as_utf8(item, head + SCRATCH)
        if utf8 == 0:  # a lone surrogate
            error_clear()
            return -1
        size = peek_i64(head + SCRATCH)
        if size > most:
            return -1
        poke_i64(at, utf8)
        poke_i64(at + 8, size)
        total += size
    return total


@nb.njit
def _copied(pairs: int, rows: int, to: int) -> int:
    """Copies the texts of pairs, one behind the other; gives the place behind them."""
    for i in range(rows):
        at = pairs + 16 * i
        size = peek_i64(at + 8)
        _memcpy(to, peek_i64(at), size)
        poke_i64(at, to)
        to += size
    return to


@nb.njit
def _source(
    head: int, record: int, source: int, array: int, mask: int, rows: int, memory: int
) -> int:
    """Where an array lies; gives the bytes of its texts, -1 where Python must look."""
    if not _is_column(array, peek_i64(record + TYPE), peek_i64(record + DESCR), rows):
        return -1
    data, step = peek_i64(array + _VALUES), peek_i64(peek_i64(array + _STRIDES))
    mask_at = 0
    if mask != peek_i64(head + NO_MASK) and mask != peek_i64(head + NONE):
        if not _is_column(mask, peek_i64(head + T_NDARRAY), peek_i64(head + D_BOOL), rows):
            return -1
        if rows > 1 and peek_i64(peek_i64(mask + _STRIDES)) != 1:
            return -1
        mask_at = peek_i64(mask + _VALUES)
    poke_i64(source + AUX, 0)
    poke_i64(source + FIRST_FLAG, 0)
    poke_i64(source + MASK, mask_at)
    if peek_i64(record + WAY) == OBJECTS:
        flags = memory + 16 * rows
        poke_i64(source + DATA, memory)
        poke_i64(source + FLAGS, flags)
        return _pairs(head, record, data, step, mask_at, rows, memory, flags)
    # The stride of a single value may be anything.
    poke_i64(source + STEP, peek_i64(record + SOURCE) & 15 if rows < 2 else step)
    poke_i64(source + DATA, data)
    poke_i64(source + FLAGS, 0)
    return 0


def array_texts(self: int, call: int) -> int:
    """Where NumPy arrays lie; their texts are copied. A builtin: the lock is held.

    Args:
        self: Addresses of records and of the head, and how many fields there are.
        call: Lists of columns and of masks (None where there is none), in the order in which they
            were given, which CHILD counts; the address of the sources; how many rows; memory for
            17 bytes a row and field of OBJECTS, rounded up to a multiple of 16 for each field.

    Returns:
        The bytes of all texts, to be kept; None where an array is another one than the records say,
        or Python must look.
    """
    table, head = long_as_address(tuple_get(self, 0)), long_as_address(tuple_get(self, 1))
    count = long_as_address(tuple_get(self, 2))
    columns, masks = tuple_get(call, 0), tuple_get(call, 1)
    sources, rows = long_as_address(tuple_get(call, 2)), long_as_address(tuple_get(call, 3))
    start = long_as_address(tuple_get(call, 4))
    none, total, memory = peek_i64(head + NONE), 0, start
    for k in range(count):
        record = table + RECORD_BYTES * k
        if peek_i64(record + TYPE) == 0:
            continue
        child, source = peek_i64(record + CHILD), sources + SOURCE_BYTES * k
        array, mask = list_get(columns, child), list_get(masks, child)
        size = _source(head, record, source, array, mask, rows, memory)
        if size < 0:
            object_hold(none)
            return none
        total += size
        if peek_i64(record + WAY) == OBJECTS:
            memory += (17 * rows + 15) & -16
    made = bytes_new(0, total)
    if made == 0:  # no memory; the exception is set
        return 0
    to = bytes_address(made)
    for k in range(count):
        record = table + RECORD_BYTES * k
        if peek_i64(record + TYPE) != 0 and peek_i64(record + WAY) == OBJECTS:
            to = _copied(peek_i64(sources + SOURCE_BYTES * k + DATA), rows, to)
    return made


@lru_cache(maxsize=1)
def is_laid_out_so() -> bool:
    """Whether the heads of arrays, and Python's objects, are what the functions here expect."""

    def word(array: Any, offset: int, at: int = 0) -> int:
        value = ctypes.c_int64.from_address(id(array) + offset).value
        return ctypes.c_int64.from_address(value + at).value

    def agrees(a: Any) -> bool:
        head = ctypes.string_at(id(a), 64)
        return (
            int.from_bytes(head[_VALUES : _VALUES + 8], "little") == a.ctypes.data
            and int.from_bytes(head[_DIMENSIONS : _DIMENSIONS + 4], "little") == a.ndim == 1
            and int.from_bytes(head[_DESCR : _DESCR + 8], "little") == id(a.dtype)
            and word(a, _SHAPE) == len(a)
            and word(a, _STRIDES) == a.strides[0]
        )

    probe = np.arange(5, dtype=np.float32)
    masked = np.ma.masked_array(probe, [0, 1, 0, 0, 1])
    return LAYOUT_IS_KNOWN and all(map(agrees, (probe, probe[3:], probe[::-2], masked)))


def head_of() -> Any:
    """The head of a NumPy table: addresses of types and singletons of this process."""
    made = np.zeros(HEAD // 8, np.int64)
    for at, what in (
        (T_STR, str), (T_NDARRAY, np.ndarray), (NONE, None), (NO_MASK, np.ma.nomask),
        (D_BOOL, np.dtype(np.bool_)),
    ):  # fmt: skip
        made[at // 8] = id(what)
    return made

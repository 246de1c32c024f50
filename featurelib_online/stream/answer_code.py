"""Asking a state and copying its answers to columns, in machine code.

Numbers are stored at the width of their type, with zeros under nulls; a list is a pair of address
and length. Its elements stay in the memory of the query, and are narrowed there.
"""

from __future__ import annotations

# mypy: ignore-errors
from functools import lru_cache

import numba as nb

from featurelib.jit.cache import plain_address
from featurelib.jit.windows import layout as at
from featurelib.jit.windows.plain import call_plain
from featurelib_online.cpython_api import (
    long_as_address,
    long_from_i64,
    peek_f64,
    peek_i64,
    poke_f32,
    poke_i8,
    poke_i16,
    poke_i32,
    poke_i64,
    tuple_get,
)
from featurelib_online.reader import STAMP_VALUE

_ANSWER, _VALUES, _VALID, _WIDTH, _ELEMENT = range(5)
_ENTRY = 5
"""A record of the table: the answer's number, the column, its width, and that of elements."""
NO_LIST = -1


@nb.njit
def _store(word, target, width):
    """Writes the value in a word at the width of its type."""
    if width == at.WORD_64:
        poke_i64(target, peek_i64(word))
    elif width == at.FLOAT_32:
        poke_f32(target, peek_f64(word))
    elif width in (at.INT_32, at.UINT_32):
        poke_i32(target, peek_i64(word))
    elif width in (at.INT_16, at.UINT_16):
        poke_i16(target, peek_i64(word))
    else:
        poke_i8(target, peek_i64(word))


@nb.njit
def _size(width):
    """Bytes of a value."""
    if width == at.WORD_64:
        return 8
    if width in (at.FLOAT_32, at.INT_32, at.UINT_32):
        return 4
    return 2 if width in (at.INT_16, at.UINT_16) else 1


@nb.njit
def _copy(answers, table, count):
    """Copies answers to their columns."""
    for i in range(count):
        entry = table + 8 * _ENTRY * i
        answer = answers + 8 * at.ANSWER * peek_i64(entry + 8 * _ANSWER)
        values, element = peek_i64(entry + 8 * _VALUES), peek_i64(entry + 8 * _ELEMENT)
        is_there = peek_i64(answer + 8 * at.R_REASON) == at.VALUE
        poke_i8(peek_i64(entry + 8 * _VALID), 1 if is_there else 0)
        if not is_there:
            poke_i64(answer + 8 * at.R_VALUE, 0)
            poke_i64(answer + 8 * at.R_LENGTH, 0)
        if element == NO_LIST:
            _store(answer + 8 * at.R_VALUE, values, peek_i64(entry + 8 * _WIDTH))
            continue
        first, length = peek_i64(answer + 8 * at.R_VALUE), peek_i64(answer + 8 * at.R_LENGTH)
        poke_i64(values, first)
        poke_i64(values + 8, length)
        if element != at.WORD_64:
            # A word is read before the narrower value, which lies at or before it, is written.
            for j in range(length):
                _store(first + 8 * j, first + _size(element) * j, element)


@lru_cache(maxsize=1)
def answer_code() -> int:
    """The address of the builtin that asks and copies.

    Its ``self`` is a tuple of addresses (`query_state`, the plan, the workspace, the table) and the
    table's length; it takes (address of a state, query time, address of calendar starts).
    """

    def answer_state(self, asked):
        code, plan = long_as_address(tuple_get(self, 0)), long_as_address(tuple_get(self, 1))
        work, table = long_as_address(tuple_get(self, 2)), long_as_address(tuple_get(self, 3))
        state, q = long_as_address(tuple_get(asked, 0)), long_as_address(tuple_get(asked, 1))
        starts, count = long_as_address(tuple_get(asked, 2)), long_as_address(tuple_get(self, 4))
        nulls = call_plain(code, state, plan, work, q, starts)
        if nulls != at.OTHER_DEFINITION:
            _copy(work, table, count)
        return long_from_i64(nulls)

    return plain_address(answer_state, str(STAMP_VALUE))

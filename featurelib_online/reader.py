"""The reader: Python dicts to columns, in machine code, driven by a table.

One function is compiled once per machine; a schema is data to it. A **read plan** is an array of
int64: a header and one record a field (`featurelib_online/read_plan.py` fills it). The reader looks
each key up in the dict, compares the value's exact type, checks nulls, ranges and lengths, and
stores the value in its column. It takes the common case only. For every other value it answers that
Python must decide, so every error and every rare type has one meaning, `featurelib.borders`.

It holds the interpreter lock and owns no reference. That is safe because no Python code can run
between the lookup of a row's first value and the end of the call: a dict with a key that is no
exact str is left to Python (a lookup in it may call `__eq__`), and at the first C function that
fails (an exception may start a garbage collection) the reader leaves the whole row to Python.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numba as nb

from featurelib_online import cpython_api, read_values
from featurelib_online.cpython_api import (
    BODY_AT,
    DICT_KEYS_AT,
    KEYS_KIND_AT,
    TYPE_AT,
    call_program,
    dict_get,
    dict_next,
    list_get,
    list_size,
    peek_i64,
    peek_u8,
    poke_i8,
    poke_i64,
    tuple_get,
    tuple_size,
)
from featurelib_online.read_values import (
    CAPACITY,
    DEFAULT,
    DEFAULT_A,
    DEFAULT_B,
    FIELD_BYTES,
    FORBID_EXTRA,
    HEADER_BYTES,
    KEY,
    N_FIELDS,
    N_SLOW,
    NO_DEFAULT,
    PROGRAM,
    READ,
    SCRATCH,
    SLOTS,
    SLOW,
    SOME_FIELDS,
    STAMP,
    STATUS,
    T_DICT,
    T_LIST,
    T_TUPLE,
    VALID,
    VALUE_DEFAULT,
    WHOLE_ROW,
    read_value,
    store_words,
)

WRONG_PLAN = 3
"""Answer: the plan was laid out by another version of these files."""


@nb.njit
def _lookup(row: int, key: int, next_at: int, in_order: bool) -> int:
    """The value under a key, 0 if there is none.

    Rows often hold their keys in the order of the schema, and the same key objects (a literal, a
    `**kwargs`): while that holds, the next entry of the dict is the answer and no hash is probed.
    """
    if in_order:
        has_entry = dict_next(row, next_at, next_at + 8, next_at + 16) != 0
        if has_entry and peek_i64(next_at + 8) == key:
            return peek_i64(next_at + 16)
    return dict_get(row, key)


@nb.njit
def _read(row: int, index: int, plan: int) -> int:
    if peek_i64(row + TYPE_AT) != peek_i64(plan + T_DICT):
        return WHOLE_ROW
    if peek_u8(peek_i64(row + DICT_KEYS_AT) + KEYS_KIND_AT) == 0:
        return WHOLE_ROW
    next_at = plan + SCRATCH + 8
    poke_i64(next_at, 0)
    n_found, n_slow, in_order = 0, 0, True
    for i in range(peek_i64(plan + N_FIELDS)):
        field = plan + HEADER_BYTES + FIELD_BYTES * i
        key = peek_i64(field + KEY)
        value = _lookup(row, key, next_at, in_order)
        in_order = in_order and peek_i64(next_at + 8) == key
        if value == 0:
            default = peek_i64(field + DEFAULT)
            if default == NO_DEFAULT:
                return WHOLE_ROW
            store_words(field, index, peek_i64(field + DEFAULT_A), peek_i64(field + DEFAULT_B))
            poke_i8(peek_i64(field + VALID) + index, 1 if default == VALUE_DEFAULT else 0)
            continue
        n_found += 1
        answer = read_value(plan, field, index, value)
        if answer == WHOLE_ROW:
            return WHOLE_ROW
        if answer == SOME_FIELDS:
            poke_i64(plan + HEADER_BYTES + FIELD_BYTES * n_slow + SLOW, i)
            n_slow += 1
    if peek_i64(plan + FORBID_EXTRA) != 0 and peek_i64(row + BODY_AT) != n_found:
        return WHOLE_ROW
    poke_i64(plan + N_SLOW, n_slow)
    return READ if n_slow == 0 else SOME_FIELDS


@nb.njit
def _read_many(rows: int, start: int, stop: int, plan: int) -> int:
    kind = peek_i64(rows + TYPE_AT)
    is_list = kind == peek_i64(plan + T_LIST)
    poke_i64(plan + STATUS, WHOLE_ROW)
    if not is_list and kind != peek_i64(plan + T_TUPLE):
        return start
    stop = min(stop, list_size(rows) if is_list else tuple_size(rows))
    for i in range(start, stop):
        answer = _read(list_get(rows, i) if is_list else tuple_get(rows, i), i, plan)
        if answer != READ:
            poke_i64(plan + STATUS, answer)
            return i
    poke_i64(plan + STATUS, READ)
    return stop


class Reader(NamedTuple):
    """The compiled functions; every argument and result is an int.

    Attributes:
        read_row: ``(id(row), index, plan)`` reads a row into place `index` of its columns and
            gives READ, SOME_FIELDS, WHOLE_ROW or WRONG_PLAN.
        read_rows: ``(id(rows), start, stop, plan)`` reads a list or tuple of rows; gives the index
            of the first row that was not read, or the end; the plan's word STATUS says why.
        serve_row: ``(id(row), plan)`` reads a row and, if all of it was read, calls the program.
        serve_rows: ``(id(rows), plan)`` reads all rows and, if all were read, calls the program;
            gives the number of rows, or -1.
        run: ``(plan, stop)`` calls the program on the rows that stand in the columns.
    """

    read_row: Callable[[int, int, int], int]
    read_rows: Callable[[int, int, int, int], int]
    serve_row: Callable[[int, int], int]
    serve_rows: Callable[[int, int], int]
    run: Callable[[int, int], None]


def _stamp() -> int:
    """A number of the sources that are compiled; Numba's disk cache alone does not see callees."""
    files = [cpython_api.__file__, read_values.__file__, __file__]
    digest = hashlib.sha256(b"".join(Path(f).read_bytes() for f in files)).digest()
    return int.from_bytes(digest[:7], "little")


STAMP_VALUE = _stamp()


@lru_cache(maxsize=1)
def compiled() -> Reader:
    """The reader: compiled once a machine, at the first call, and loaded from disk afterwards."""
    # A closure's values are part of the key in Numba's disk cache; a module's constants are not.
    stamp = STAMP_VALUE

    def jit(signature: str) -> Any:
        return nb.njit(signature, cache=True, error_model="numpy")

    @jit("int64(int64, int64, int64)")
    def read_row(row, index, plan):
        return _read(row, index, plan) if peek_i64(plan + STAMP) == stamp else WRONG_PLAN

    @jit("int64(int64, int64, int64, int64)")
    def read_rows(rows, start, stop, plan):
        return _read_many(rows, start, stop, plan) if peek_i64(plan + STAMP) == stamp else -1

    @jit("int64(int64, int64)")
    def serve_row(row, plan):
        if peek_i64(plan + STAMP) != stamp:
            return WRONG_PLAN
        answer = _read(row, 0, plan)
        if answer == READ:
            call_program(peek_i64(plan + PROGRAM), peek_i64(plan + SLOTS), 0, 1)
        return answer

    @jit("int64(int64, int64)")
    def serve_rows(rows, plan):
        if peek_i64(plan + STAMP) != stamp:
            return -1
        n = _read_many(rows, 0, peek_i64(plan + CAPACITY), plan)
        if peek_i64(plan + STATUS) != READ:
            return -1
        call_program(peek_i64(plan + PROGRAM), peek_i64(plan + SLOTS), 0, n)
        return n

    @jit("void(int64, int64)")
    def run(plan, stop):
        if peek_i64(plan + STAMP) == stamp:
            call_program(peek_i64(plan + PROGRAM), peek_i64(plan + SLOTS), 0, stop)

    return Reader(read_row, read_rows, serve_row, serve_rows, run)

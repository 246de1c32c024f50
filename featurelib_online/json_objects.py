"""Objects of a JSON text, in machine code: names to fields, values to columns, row by row.

`read_json` is the one function that is called, by `featurelib_online/json_reader.py`. Its state is
an array of int64: a header, and a record for each field.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import numba as nb

from featurelib.jit.cache import plain_address
from featurelib_online import json_times, json_values, reader
from featurelib_online.cpython_api import (
    bytes_address,
    long_as_address,
    long_from_i64,
    peek_i64,
    peek_u8,
    poke_i8,
    poke_i64,
    tuple_get,
)
from featurelib_online.json_values import (
    CLOSE_LIST,
    CLOSE_OBJECT,
    COLON,
    COMMA,
    OPEN_LIST,
    OPEN_OBJECT,
    QUOTE,
    SPACE,
    json_value,
    skip_value,
    string_end,
)
from featurelib_online.read_values import (
    CAPACITY,
    DEFAULT,
    DEFAULT_A,
    DEFAULT_B,
    FIELD_BYTES,
    HEADER_BYTES,
    N_FIELDS,
    NO_DEFAULT,
    VALID,
    VALUE_DEFAULT,
    store_words,
)

PLAN, AT, LENGTH, PHASE, N_SLOW, MOST_SLOW, ROWS, SLOW_AT = range(0, 64, 8)
"""The words of a reader's state; behind them a record of three words for each field."""
NAMES = 64
NAME_BYTES = 24
"""Of each field: the address and length of its name, and the number of the last row with it."""
START, INSIDE, END = range(3)
"""Phases: before the array, in it, behind it."""
SLOW_BYTES = 32
"""Of a piece that Python reads: row, field, where it begins and ends in the text."""


@nb.njit
def _space(at: int) -> int:
    while peek_u8(at) in (SPACE, 10, 13, 9):
        at += 1
    return at


@nb.njit
def _field_of(state: int, count: int, first: int, start: int, length: int) -> int:
    """The field of that name, looked for from `first` on; -1 if there is none."""
    for k in range(count):
        i = first + k if first + k < count else first + k - count
        name = state + NAMES + NAME_BYTES * i
        if peek_i64(name + 8) == length:
            own, at = peek_i64(name), 0
            while at < length and peek_u8(own + at) == peek_u8(start + at):
                at += 1
            if at == length:
                return i
    return -1


@nb.njit
def _object(state: int, text: int, index: int, at: int) -> int:
    """Reads the object behind the brace at `at`; gives the address behind it, or 0."""
    plan = peek_i64(state + PLAN)
    count = peek_i64(plan + N_FIELDS)
    number = peek_i64(state + ROWS) + 1
    poke_i64(state + ROWS, number)
    n_found, following = 0, 0
    at = _space(at + 1)
    while peek_u8(at) == QUOTE:
        close = string_end(at + 1)
        i = _field_of(state, count, following, at + 1, close - at - 1) if close != 0 else -1
        if i < 0 or peek_i64(state + NAMES + NAME_BYTES * i + 16) == number:
            return 0
        poke_i64(state + NAMES + NAME_BYTES * i + 16, number)
        n_found += 1
        following = i + 1
        at = _space(close + 1)
        if peek_u8(at) != COLON:
            return 0
        at = _space(at + 1)
        end = json_value(plan, plan + HEADER_BYTES + FIELD_BYTES * i, index, at)
        if end == 0:
            end = skip_value(at)
            n_slow = peek_i64(state + N_SLOW)
            if end == 0 or n_slow == peek_i64(state + MOST_SLOW):
                return 0
            slow = peek_i64(state + SLOW_AT) + SLOW_BYTES * n_slow
            poke_i64(slow, index)
            poke_i64(slow + 8, i)
            poke_i64(slow + 16, at - text)
            poke_i64(slow + 24, end - text)
            poke_i64(state + N_SLOW, n_slow + 1)
        at = _space(end)
        if peek_u8(at) != COMMA:
            break
        at = _space(at + 1)
        if peek_u8(at) != QUOTE:
            return 0
    if peek_u8(at) != CLOSE_OBJECT:
        return 0
    for i in range(count if n_found < count else 0):
        if peek_i64(state + NAMES + NAME_BYTES * i + 16) != number:
            field = plan + HEADER_BYTES + FIELD_BYTES * i
            default = peek_i64(field + DEFAULT)
            if default == NO_DEFAULT:
                return 0
            store_words(field, index, peek_i64(field + DEFAULT_A), peek_i64(field + DEFAULT_B))
            poke_i8(peek_i64(field + VALID) + index, 1 if default == VALUE_DEFAULT else 0)
    return at + 1


@nb.njit
def _objects(state: int, text: int) -> int:
    """Reads as many objects of an array as the columns hold, or the one that there is.

    Gives their number, or -1.
    """
    plan = peek_i64(state + PLAN)
    at, phase, n = peek_i64(state + AT), peek_i64(state + PHASE), 0
    poke_i64(state + N_SLOW, 0)
    if phase == START:
        at = _space(text)
        if peek_u8(at) == OPEN_OBJECT:
            at = _object(state, text, 0, at)
            poke_i64(state + PHASE, END)
            return 1 if at != 0 and _space(at) - text == peek_i64(state + LENGTH) else -1
        if peek_u8(at) != OPEN_LIST:
            return -1
        at = _space(at + 1)
        phase = INSIDE
        if peek_u8(at) == CLOSE_LIST:
            phase = END
    while phase == INSIDE and n < peek_i64(plan + CAPACITY):
        if peek_u8(at) != OPEN_OBJECT:
            return -1
        at = _object(state, text, n, at)
        if at == 0:
            return -1
        n += 1
        at = _space(at)
        if peek_u8(at) == CLOSE_LIST:
            phase = END
        elif peek_u8(at) == COMMA:
            at = _space(at + 1)
        else:
            return -1
    if phase == END and _space(at + 1) - text != peek_i64(state + LENGTH):
        return -1
    poke_i64(state + AT, at)
    poke_i64(state + PHASE, phase)
    return n


def _stamp() -> str:
    """A hash of the sources that are compiled, beside those of the reader of dicts."""
    files = [json_times.__file__, json_values.__file__, __file__]
    return hashlib.sha256(b"".join(Path(f).read_bytes() for f in files)).hexdigest()


@lru_cache(maxsize=1)
def address() -> int:
    """The address of the function, compiled once a machine: a builtin of one argument, bytes.

    Its `self` is a tuple that begins with the address of the state. It gives the number of rows, or
    -1.
    """

    def read_json(self: Any, text: Any) -> Any:
        return long_from_i64(_objects(long_as_address(tuple_get(self, 0)), bytes_address(text)))

    return plain_address(read_json, str(reader.STAMP_VALUE), _stamp())

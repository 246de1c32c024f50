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

import ctypes
import hashlib
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple, cast

import numba as nb

from featurelib.jit.cache import plain_address
from featurelib.jit.progress import progress
from featurelib_online import cpython_api, read_values
from featurelib_online.cpython_api import (
    BODY_AT,
    DICT_KEYS_AT,
    INDEX_AT,
    KEYS_INDEX_LOG_AT,
    KEYS_KIND_AT,
    MIXED_KEYS,
    N_ENTRIES_AT,
    TEXT_HASH_AT,
    TEXT_KEYS,
    TYPE_AT,
    call_program,
    dict_get,
    list_get,
    list_size,
    long_as_address,
    long_from_i64,
    peek_i64,
    peek_u8,
    poke_i8,
    poke_i64,
    text_compare,
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
    INDEX,
    KEY,
    KEY_HASH,
    N_FIELDS,
    N_SLOW,
    NO_DEFAULT,
    PROGRAM,
    READ,
    SLOTS,
    SLOW,
    SOME_FIELDS,
    STAMP,
    T_DICT,
    T_LIST,
    T_TUPLE,
    VALID,
    VALUE_DEFAULT,
    WHOLE_ROW,
    read_value,
    store_words,
)

ENTRY_BYTES = 16
WRONG_PLAN = 3
"""Answer: the plan was laid out by another version of these files."""


@nb.njit
def _is_key(field: int, key: int, other: int) -> bool:
    """Whether a key of a dict is that of a field: the same object (a literal), or equal text."""
    if other == key:
        return True
    # A deleted entry has no key.
    same_hash = other != 0 and peek_i64(other + TEXT_HASH_AT) == peek_i64(field + KEY_HASH)
    return same_hash and text_compare(other, key) == 0


@nb.njit
def _read(row: int, index: int, plan: int) -> int:
    if peek_i64(row + TYPE_AT) != peek_i64(plan + T_DICT):
        return WHOLE_ROW
    keys = peek_i64(row + DICT_KEYS_AT)
    kind = peek_u8(keys + KEYS_KIND_AT)
    if kind == MIXED_KEYS:
        return WHOLE_ROW
    # Rows often hold their keys in the order of the schema: while that holds, the next entry is
    # the answer and the hash table is not probed.
    entry = keys + INDEX_AT + (1 << peek_u8(keys + KEYS_INDEX_LOG_AT))
    end = entry + ENTRY_BYTES * (peek_i64(keys + N_ENTRIES_AT) if kind == TEXT_KEYS else 0)
    n_found, n_slow = 0, 0
    for i in range(peek_i64(plan + N_FIELDS)):
        field = plan + HEADER_BYTES + FIELD_BYTES * i
        key = peek_i64(field + KEY)
        if entry < end and _is_key(field, key, peek_i64(entry)):
            value = peek_i64(entry + 8)
            entry += ENTRY_BYTES
        else:
            value = dict_get(row, key)
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
def _run(plan: int, stop: int) -> None:
    call_program(peek_i64(plan + PROGRAM), peek_i64(plan + SLOTS), 0, stop)


class Reader(NamedTuple):
    """Addresses of the compiled functions, each of the form of a builtin of one argument.

    The first argument, `self`, is a tuple: the address of a plan, as an int, and True to serve (the
    program is called as soon as all is read) or False to read only.

    Attributes:
        row: Reads a row: into place 0 to serve it, else into place INDEX of the columns. Gives
            READ, SOME_FIELDS, WHOLE_ROW or WRONG_PLAN.
        rows: Reads a list or tuple of rows; gives their number, or -1 if not all were read.
        run: Calls the program on as many rows of the columns as its argument says.
    """

    row: int
    rows: int
    run: int


def _stamp() -> int:
    """A number of the sources that are compiled: the cache's key, and the mark of a plan."""
    files = [cpython_api.__file__, read_values.__file__, __file__]
    digest = hashlib.sha256(b"".join(Path(f).read_bytes() for f in files)).digest()
    return int.from_bytes(digest[:7], "little")


STAMP_VALUE = _stamp()


@lru_cache(maxsize=1)
def compiled() -> Reader:
    """The reader: compiled once a machine, at the first call, and loaded from disk afterwards."""
    stamp = STAMP_VALUE

    def row(self, row):
        plan = long_as_address(tuple_get(self, 0))
        if peek_i64(plan + STAMP) != stamp:
            return long_from_i64(WRONG_PLAN)
        serves = long_as_address(tuple_get(self, 1)) != 0
        answer = _read(row, 0 if serves else peek_i64(plan + INDEX), plan)
        if answer == READ and serves:
            _run(plan, 1)
        return long_from_i64(answer)

    def rows(self, rows):
        plan = long_as_address(tuple_get(self, 0))
        kind = peek_i64(rows + TYPE_AT)
        is_list = kind == peek_i64(plan + T_LIST)
        if peek_i64(plan + STAMP) != stamp:
            return long_from_i64(-1)
        if not is_list and kind != peek_i64(plan + T_TUPLE):
            return long_from_i64(-1)
        n = list_size(rows) if is_list else tuple_size(rows)
        if n > peek_i64(plan + CAPACITY):
            return long_from_i64(-1)
        for i in range(n):
            if _read(list_get(rows, i) if is_list else tuple_get(rows, i), i, plan) != READ:
                return long_from_i64(-1)
        if long_as_address(tuple_get(self, 1)) != 0:
            _run(plan, n)
        return long_from_i64(n)

    def run(self, n):
        plan = long_as_address(tuple_get(self, 0))
        if peek_i64(plan + STAMP) == stamp:
            _run(plan, long_as_address(n))
        return long_from_i64(0)

    with progress("compiling the reader of rows"):
        return Reader(*(plain_address(fn, str(stamp)) for fn in (row, rows, run)))


class _MethodDef(ctypes.Structure):
    """CPython's PyMethodDef."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("fn", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


_METH_O = 0x0008


@cache
def _method(name: str, address: int) -> _MethodDef:
    """The definition of a builtin. It is never freed: CPython keeps its address."""
    return _MethodDef(name.encode(), address, _METH_O, None)


def bind(name: str, address: int, serves: bool, *holds: Any) -> Callable[[Any], int]:
    """A function of the reader as a builtin of one argument, bound to a plan.

    A call of a builtin costs a tenth of a call of a Numba dispatcher, which types and unboxes each
    argument.

    Args:
        name: ``row``, ``rows`` or ``run``.
        address: The address of the plan.
        serves: Whether the program is called.
        holds: What must live as long as the builtin: the plan, and all that it has addresses of.
    """
    made = builtin_of(f"read_{name}", getattr(compiled(), name), (address, serves, *holds))
    return cast("Callable[[Any], int]", made)


def builtin_of(name: str, code: int, self: tuple[Any, ...]) -> Callable[[Any], Any]:
    """Machine code as a builtin of one argument.

    Args:
        name: The builtin's name.
        code: Address of ``PyObject *f(PyObject *self, PyObject *argument)``.
        self: Its first argument.
    """
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.restype = ctypes.py_object
    make.argtypes = (ctypes.POINTER(_MethodDef), ctypes.py_object, ctypes.py_object)
    made = make(ctypes.byref(_method(name, code)), self, "featurelib_online")
    return cast("Callable[[Any], Any]", made)

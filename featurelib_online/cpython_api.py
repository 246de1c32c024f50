"""CPython's own C functions and object layouts, for machine code that reads Python objects.

The reader of rows (`featurelib_online/reader.py`) runs inside Numba with the interpreter lock held
and touches Python objects by address. Two things could go wrong without a word: a C function that
the process does not export (Numba compiles the call and the process dies at the first row), and an
object layout that another CPython release changed. Both are checked here, at import: a missing
function raises `CompileError`; an unexpected layout only clears `LAYOUT_IS_KNOWN`, and rows are
then read in Python, slower and with the same values.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import sys
import sysconfig
from typing import Any

import llvmlite.binding
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from featurelib.errors import CompileError

TYPE_AT = 8
"""Offset of the address of an object's type."""
BODY_AT = 16
"""Offset of what follows the object's head: a float's value, a date's hash, a dict's size."""
DICT_KEYS_AT = BODY_AT + 16
"""Offset of the address of a dict's key table, behind its size and version tag."""
KEYS_INDEX_LOG_AT, KEYS_KIND_AT, N_ENTRIES_AT, INDEX_AT = 9, 10, 24, 32
"""In the key table: log of the index's bytes, kind of the keys, number of entries, the index.

Behind the index lie the entries in the order of insertion. Where all keys are exact str and the
dict owns its values (TEXT_KEYS), an entry is two addresses, key and value, both 0 if deleted.
"""
MIXED_KEYS, TEXT_KEYS = 0, 1
TEXT_HASH_AT = BODY_AT + 8
"""Offset of a str's hash, which every key of a dict has."""
HAS_ZONE_AT = BODY_AT + 8
DATE_AT = BODY_AT + 9
"""Offset of year (two bytes, big-endian), month, day; in a datetime six more bytes follow."""
ZONE_AT = BODY_AT + 24
"""Offset of tzinfo's address in a datetime that has one."""
DAYS_AT, SECONDS_AT, MICROSECONDS_AT = BODY_AT + 8, BODY_AT + 12, BODY_AT + 16
"""Offsets of the three int32 of a timedelta."""

_I64 = types.int64
_I32 = types.int32


def _external(name: str, result: types.Type, *args: types.Type) -> types.ExternalFunction:
    """Declares a function of CPython to Numba, and its address to LLVM.

    Raises:
        CompileError: This process does not export it.
    """
    try:
        address = ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value
    except AttributeError:
        address = None
    if not address:
        raise CompileError(
            f"this Python ({sys.version.split()[0]}) does not export the C function {name}",
            hint="featurelib_online needs a CPython whose C API is visible to the process",
        )
    llvmlite.binding.add_symbol(name, address)
    if llvmlite.binding.address_of_symbol(name) != address:
        raise CompileError(f"LLVM does not find the C function {name} of this process")
    return types.ExternalFunction(name, result(*args))


dict_get = _external("PyDict_GetItemWithError", _I64, _I64, _I64)
list_get = _external("PyList_GetItem", _I64, _I64, _I64)
list_size = _external("PyList_Size", _I64, _I64)
tuple_get = _external("PyTuple_GetItem", _I64, _I64, _I64)
tuple_size = _external("PyTuple_Size", _I64, _I64)
tuple_new = _external("PyTuple_New", _I64, _I64)
tuple_set = _external("PyTuple_SetItem", _I32, _I64, _I64, _I64)
bytes_new = _external("PyBytes_FromStringAndSize", _I64, _I64, _I64)
bytes_address = _external("PyBytes_AsString", _I64, _I64)
float_of_text = _external("PyOS_string_to_double", types.float64, _I64, _I64, _I64)
object_hold = _external("Py_IncRef", types.void, _I64)
object_drop = _external("Py_DecRef", types.void, _I64)
long_as_i64 = _external("PyLong_AsLongLongAndOverflow", _I64, _I64, _I64)
long_as_u64 = _external("PyLong_AsUnsignedLongLong", types.uint64, _I64)
text_as_utf8 = _external("PyUnicode_AsUTF8AndSize", _I64, _I64, _I64)
text_compare = _external("PyUnicode_Compare", _I32, _I64, _I64)
text_length = _external("PyUnicode_GetLength", _I64, _I64)
error_occurred = _external("PyErr_Occurred", _I64)
error_clear = _external("PyErr_Clear", types.void)
long_as_address = _external("PyLong_AsLongLong", _I64, _I64)
long_from_i64 = _external("PyLong_FromLongLong", _I64, _I64)


def _peek(numba_type: types.Type, llvm: ir.Type, widen: str | None) -> Any:
    """An intrinsic that loads one value from an address and widens it to 64 bits."""

    @intrinsic
    def peek(typingctx: Any, address: Any) -> Any:
        def build(context: Any, b: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
            value = b.load(b.inttoptr(args[0], llvm.as_pointer()), align=1)
            return getattr(b, widen)(value, ir.IntType(64)) if widen else value

        return numba_type(types.int64), build

    return peek


def _poke(numba_type: types.Type, llvm: ir.Type, narrow: str | None) -> Any:
    """An intrinsic that narrows one value and stores it at an address."""

    @intrinsic
    def poke(typingctx: Any, address: Any, value: Any) -> Any:
        def build(context: Any, b: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
            value = getattr(b, narrow)(args[1], llvm) if narrow else args[1]
            b.store(value, b.inttoptr(args[0], llvm.as_pointer()), align=1)
            return context.get_dummy_value()

        return types.void(types.int64, numba_type), build

    return poke


_L64, _F64 = ir.IntType(64), ir.DoubleType()
peek_u8 = _peek(types.int64, ir.IntType(8), "zext")
peek_i32 = _peek(types.int64, ir.IntType(32), "sext")
peek_i64 = _peek(types.int64, _L64, None)
peek_u64 = _peek(types.uint64, _L64, None)
peek_f64 = _peek(types.float64, _F64, None)
poke_i8 = _poke(types.int64, ir.IntType(8), "trunc")
poke_i16 = _poke(types.int64, ir.IntType(16), "trunc")
poke_i32 = _poke(types.int64, ir.IntType(32), "trunc")
poke_i64 = _poke(types.int64, _L64, None)
poke_f32 = _poke(types.float64, ir.FloatType(), "fptrunc")
poke_f64 = _poke(types.float64, _F64, None)


@intrinsic
def call_program(typingctx: Any, program: Any, slots: Any, start: Any, stop: Any) -> Any:
    """Calls ``void program(int64_t *slots, int64_t start, int64_t stop)`` at an address."""

    def build(context: Any, b: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        fnty = ir.FunctionType(ir.VoidType(), [_L64.as_pointer(), _L64, _L64])
        fn = b.inttoptr(args[0], fnty.as_pointer())
        b.call(fn, [b.inttoptr(args[1], _L64.as_pointer()), args[2], args[3]])
        return context.get_dummy_value()

    return types.void(*[types.int64] * 4), build


_VERSIONS = ((3, 11), (3, 12), (3, 13), (3, 14))
"""Releases on which the probes below may follow addresses; they still have to pass."""


def _load(obj: Any, offset: int, size: int, *, signed: bool = False) -> int:
    raw = ctypes.string_at(id(obj) + offset, size)
    return int.from_bytes(raw, sys.byteorder, signed=signed)


def _keys_kind(d: dict[Any, Any]) -> int:
    return ctypes.string_at(_load(d, DICT_KEYS_AT, 8) + KEYS_KIND_AT, 1)[0]


def _addresses(item: tuple[Any, Any]) -> tuple[int, int]:
    return id(item[0]), id(item[1])


def _entries(d: dict[Any, Any]) -> list[tuple[int, int]]:
    """Addresses of keys and values, as the constants above find them."""
    keys = _load(d, DICT_KEYS_AT, 8)
    log, count = (
        ctypes.string_at(keys + KEYS_INDEX_LOG_AT, 1)[0],
        ctypes.string_at(keys + N_ENTRIES_AT, 8),
    )
    n = int.from_bytes(count, sys.byteorder) if log < 32 else 0
    if n > 2 * len(d) + 1:
        return []
    raw = ctypes.string_at(keys + INDEX_AT + (1 << log), 16 * n)
    words = [int.from_bytes(raw[i : i + 8], sys.byteorder) for i in range(0, len(raw), 8)]
    return list(zip(words[::2], words[1::2], strict=True))


class _Plain:
    """Its instances' `__dict__` share one key table, the third kind of dict."""

    def __init__(self) -> None:
        self.a, self.b = 1, 2


def _layout_is_known() -> bool:
    """Whether objects of this interpreter lie in memory as the constants above say."""
    if sys.version_info[:2] not in _VERSIONS:
        return False
    if sys.byteorder != "little" or ctypes.sizeof(ctypes.c_void_p) != 8:
        return False
    if sys.implementation.name != "cpython" or sysconfig.get_config_var("Py_GIL_DISABLED"):
        return False
    if object.__basicsize__ != 16 or any(
        _load(x, TYPE_AT, 8) != id(type(x)) for x in (1.5, "", {})
    ):
        return False
    text_only = [{}, {"a": 1}, {f"k{i}": i for i in range(1000)}, _Plain().__dict__]
    mixed = [{1: 2}, {"a": 1, 2: 3}, {f"k{i}": i for i in range(300)} | {None: 1}]
    mixed.append({type("Name", (str,), {})("a"): 1})
    if any(_load(d, BODY_AT, 8) != len(d) for d in text_only + mixed):
        return False
    if any(_keys_kind(d) not in (1, 2) for d in text_only if d) or any(map(_keys_kind, mixed)):
        return False
    # A text has its hash once it was asked for; a constant read from bytecode was not yet.
    if any(hash(k) != _load(k, TEXT_HASH_AT, 8, signed=True) for k in ("a", "é" * 99, "")):
        return False
    deleted = {"a": 1, "b": 2, "c": 3}
    del deleted["b"]
    if any(_entries(d) != list(map(_addresses, d.items())) for d in text_only[:3]):
        return False
    if _entries(deleted) != [_addresses(("a", 1)), (0, 0), _addresses(("c", 3))]:
        return False
    floats = (1.5, -0.0, 1e300, np.float64(0.1))
    if any(ctypes.string_at(id(x) + BODY_AT, 8) != _float_bytes(x) for x in floats):
        return False
    return _times_are_known()


def _float_bytes(x: float) -> bytes:
    return bytes(ctypes.c_double(x))


def _times_are_known() -> bool:
    for moment in (dt.datetime(1, 2, 3, 4, 5, 6, 7), dt.datetime(9999, 12, 31, 23, 59, 59, 999999)):
        expected = moment.year.to_bytes(2, "big") + bytes(moment.timetuple()[1:6])
        expected += moment.microsecond.to_bytes(3, "big")
        for fold in (0, 1):
            zoned = moment.replace(tzinfo=dt.UTC, fold=fold)
            raws = [ctypes.string_at(id(x) + DATE_AT, 10) for x in (moment, zoned)]
            if raws != [expected, expected] or _load(zoned, ZONE_AT, 8) != id(dt.UTC):
                return False
            if _load(zoned, HAS_ZONE_AT, 1) != 1 or _load(moment, HAS_ZONE_AT, 1) != 0:
                return False
        if ctypes.string_at(id(moment.date()) + DATE_AT, 4) != expected[:4]:
            return False
    for span in (dt.timedelta(-5, 86399, 999999), dt.timedelta.max, dt.timedelta.min):
        offsets = (DAYS_AT, SECONDS_AT, MICROSECONDS_AT)
        found = tuple(_load(span, offset, 4, signed=True) for offset in offsets)
        if found != (span.days, span.seconds, span.microseconds):
            return False
    return True


LAYOUT_IS_KNOWN = _layout_is_known()
"""Whether machine code may look into Python objects here; else rows are read in Python."""

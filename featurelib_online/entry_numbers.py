"""Numbers and times of columns, in machine code: checked, and stored as their field is.

Every function answers whether all was plainly right (see `featurelib_online/entry_code.py`).
"""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from featurelib_online.cpython_api import (
    peek_f64,
    peek_i32,
    peek_i64,
    peek_u8,
    poke_f32,
    poke_f64,
    poke_i8,
    poke_i16,
    poke_i32,
    poke_i64,
)
from featurelib_online.entry_table import (
    DATA,
    FLOATING,
    HIGH,
    IS_CHECKED,
    LOW,
    SCALE,
    SOURCE,
    STEP,
    TARGET,
    UNSIGNED,
)

_OVER_FLOAT32 = 2.0**128 - 2.0**103
"""The least double that rounds to an infinity of binary32: halfway from its largest number."""


def _peek(llvm: ir.Type, widen: str) -> Any:
    """An intrinsic that loads a narrow number and widens it to 64 bits."""
    is_float = isinstance(llvm, ir.FloatType)

    @intrinsic
    def peek(typingctx: Any, address: Any) -> Any:
        def build(context: Any, b: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
            value = b.load(b.inttoptr(args[0], llvm.as_pointer()), align=1)
            return getattr(b, widen)(value, ir.DoubleType() if is_float else ir.IntType(64))

        return (types.float64 if is_float else types.int64)(types.int64), build

    return peek


_peek_i8, _peek_i16 = _peek(ir.IntType(8), "sext"), _peek(ir.IntType(16), "sext")
_peek_u16, _peek_u32 = _peek(ir.IntType(16), "zext"), _peek(ir.IntType(32), "zext")
_peek_f32 = _peek(ir.FloatType(), "fpext")


@nb.njit
def _load(source: int, at: int) -> int:
    """An integer; one of 64 bits without a sign is given as its bits."""
    if source & 15 == 8:
        return peek_i64(at)
    if source == 4:
        return peek_i32(at)
    if source == 2:
        return _peek_i16(at)
    if source == 1:
        return _peek_i8(at)
    if source == 4 + UNSIGNED:
        return _peek_u32(at)
    return _peek_u16(at) if source == 2 + UNSIGNED else peek_u8(at)


@nb.njit
def _store(size: int, at: int, value: int) -> None:
    if size == 8:
        poke_i64(at, value)
    elif size == 4:
        poke_i32(at, value)
    elif size == 2:
        poke_i16(at, value)
    else:
        poke_i8(at, value)


@nb.njit
def there(valid: int, row: int) -> bool:
    """Whether a row has a value; `valid` is the address of flags, 0 for none."""
    return valid == 0 or peek_u8(valid + row) != 0


@nb.njit
def ints(record: int, source: int, valid: int, rows: int, out: int) -> bool:
    """Integers that are checked, and stored where `out` is not 0."""
    data, step, code = peek_i64(source + DATA), peek_i64(source + STEP), peek_i64(record + SOURCE)
    low, high = peek_i64(record + LOW), peek_i64(record + HIGH)
    scale, size = peek_i64(record + SCALE), peek_i64(record + TARGET) & 15
    is_checked = peek_i64(record + IS_CHECKED) != 0
    for i in range(rows):
        x = _load(code, data + step * i)
        if is_checked and (x < low or x > high) and there(valid, i):
            return False
        if out != 0:
            _store(size, out + size * i, x * scale)
    return True


@nb.njit
def _is_exact(bits: int, is_unsigned: bool) -> bool:
    """Whether an integer is a double: 53 bits hold it, its trailing zeros cut off."""
    size = np.uint64(bits if is_unsigned or bits >= 0 else -bits)
    if size <= np.uint64(1 << 53):
        return True
    lowest = size & (~size + np.uint64(1))
    return lowest >= np.uint64(1 << 11) or size <= lowest << np.uint64(53)


@nb.njit
def floats(record: int, source: int, valid: int, rows: int, out: int) -> bool:
    """Numbers that become floats, checked, and stored where `out` is not 0."""
    data, step, code = peek_i64(source + DATA), peek_i64(source + STEP), peek_i64(record + SOURCE)
    low, high = peek_f64(record + LOW), peek_f64(record + HIGH)
    is_checked, is_single = peek_i64(record + IS_CHECKED) != 0, peek_i64(record + TARGET) & 15 == 4
    is_integer, is_unsigned = code & FLOATING == 0, code & UNSIGNED != 0
    for i in range(rows):
        at = data + step * i
        if is_integer:
            bits = _load(code, at)
            if code & 15 == 8 and not _is_exact(bits, is_unsigned) and there(valid, i):
                return False
            x = np.float64(np.uint64(bits)) if is_unsigned else np.float64(bits)
        elif code & 15 == 8:
            x = peek_f64(at)
        else:
            x = _peek_f32(at)
        if is_single and abs(x) >= _OVER_FLOAT32 and abs(x) < np.inf and there(valid, i):
            return False
        if is_checked:
            y = np.float64(np.float32(x)) if is_single else x
            if not (y >= low and y <= high) and there(valid, i):
                return False
        if out != 0:
            if is_single:
                poke_f32(out + 4 * i, x)
            else:
                poke_f64(out + 8 * i, x)
    return True


@nb.njit
def is_read_there(record: int, source: int) -> bool:
    """Whether a kernel reads the values where they lie."""
    code = peek_i64(record + SOURCE)
    size = code & 15
    return (
        code == peek_i64(record + TARGET)
        and peek_i64(record + SCALE) == 1
        and peek_i64(source + STEP) == size
        and peek_i64(source + DATA) & (size - 1) == 0
    )

"""The intrinsics in LLVM, for a CUDA device: same names and order as `featurelib/intrinsics.py`.

NVVM reads LLVM 7, with few of LLVM's own functions. Where the CPU's builder is plain LLVM it is
taken as it stands; what differs is written here: saturating conversions, rotation, the parts of
a float, loads of elements, and the arena. As on the CPU nothing is undefined for any bits.

A load or store of an element (`load_i64`, `store_f32`, ...) needs an address that is a multiple of
the element's size: a device refuses every other. Columns and tables on a device are laid out so.
`load_u32_le` and `load_u64_le` read at any address: the one or two whole words that hold the bytes,
so up to 7 bytes beside them. A device's memory is given out in larger pieces, so these are there.
"""

from __future__ import annotations

from llvmlite import ir

from featurelib.intrinsics import INTRINSICS
from featurelib.jit import intrinsics_cpu as cpu
from featurelib.jit.intrinsics_cpu import (
    ARENA_END,
    ARENA_LIMIT,
    ARENA_NEXT,
    F32,
    F64,
    I32,
    I64,
    Builder,
    element,
)

_OWN: dict[str, Builder] = {}
_SIGN = 1 << 63
_TWO_63, _TWO_64 = 9223372036854775808.0, 18446744073709551616.0


def _builder(fn: Builder) -> Builder:
    _OWN[fn.__name__] = fn
    return fn


def _const(value: int) -> ir.Constant:
    return ir.Constant(I64, value)


def _float(value: float) -> ir.Constant:
    return ir.Constant(F64, value)


def _nvvm(b: ir.IRBuilder, name: str, result: ir.Type, *args: ir.Value) -> ir.Value:
    """A call of one of NVVM's own functions: one PTX instruction with its rounding in the name."""
    kind = ir.FunctionType(result, [a.type for a in args])
    fn = b.module.globals.get(name) or ir.Function(b.module, kind, name)
    return b.call(fn, args)


# --- integers --------------------------------------------------------------------------------
@_builder
def u64_rotl(b, x, n):
    left = b.and_(n, _const(63))
    right = b.and_(b.sub(_const(0), n), _const(63))
    return b.or_(b.shl(x, left), b.lshr(x, right))


# --- floats ----------------------------------------------------------------------------------
@_builder
def f64_sqrt(b, x):
    return _nvvm(b, "llvm.nvvm.sqrt.rn.d", F64, x)


@_builder
def f64_abs(b, x):
    return b.bitcast(b.and_(b.bitcast(x, I64), _const(_SIGN - 1)), F64)


@_builder
def f64_copysign(b, x, sign):
    size = b.and_(b.bitcast(x, I64), _const(_SIGN - 1))
    return b.bitcast(b.or_(size, b.and_(b.bitcast(sign, I64), _const(-_SIGN))), F64)


@_builder
def f64_floor(b, x):
    return _nvvm(b, "llvm.nvvm.floor.d", F64, x)


@_builder
def f64_ceil(b, x):
    return _nvvm(b, "llvm.nvvm.ceil.d", F64, x)


@_builder
def f64_trunc(b, x):
    return _nvvm(b, "llvm.nvvm.trunc.d", F64, x)


@_builder
def f64_rint(b, x):
    return _nvvm(b, "llvm.nvvm.round.d", F64, x)  # cvt.rni: halves to even


# --- conversions -----------------------------------------------------------------------------
@_builder
def i64_from_f64(b, x):
    above = b.fcmp_ordered(">=", x, _float(_TWO_63))
    below = b.fcmp_ordered("<", x, _float(-_TWO_63))
    inside = b.and_(
        b.fcmp_ordered(">=", x, _float(-_TWO_63)), b.fcmp_ordered("<", x, _float(_TWO_63))
    )
    whole = b.fptosi(b.select(inside, x, _float(0.0)), I64)  # 0 for NaN, as it should be
    return b.select(above, _const(_SIGN - 1), b.select(below, _const(-_SIGN), whole))


@_builder
def u64_from_f64(b, x):
    above = b.fcmp_ordered(">=", x, _float(_TWO_64))
    inside = b.and_(b.fcmp_ordered(">", x, _float(0.0)), b.fcmp_ordered("<", x, _float(_TWO_64)))
    whole = b.fptoui(b.select(inside, x, _float(0.0)), I64)
    return b.select(above, _const(-1), whole)


# --- memory ----------------------------------------------------------------------------------
def _any_address(b, buf, offset, word):
    """An unsigned word from any address, out of the whole words that hold its bytes."""
    size = word.width // 8
    address = b.add(buf, offset)
    first = b.and_(address, _const(-size))
    bits = b.shl(b.and_(address, _const(size - 1)), _const(3))
    is_whole = b.icmp_unsigned("==", bits, _const(0))
    # The second word is read only where it holds a byte; else the first one again.
    second = b.add(first, b.select(is_whole, _const(0), _const(size)))
    low, high = (
        b.zext(b.load(b.inttoptr(a, word.as_pointer()), align=size), I64)
        if word.width < 64
        else b.load(b.inttoptr(a, word.as_pointer()), align=size)
        for a in (first, second)
    )
    rest = b.and_(b.sub(_const(word.width), bits), _const(63))
    joined = b.or_(b.lshr(low, bits), b.shl(high, rest))
    return b.select(is_whole, low, b.and_(joined, _const((1 << word.width) - 1)))


@_builder
def load_u32_le(b, buf, offset):
    return _any_address(b, buf, offset, I32)


@_builder
def load_u64_le(b, buf, offset):
    return _any_address(b, buf, offset, I64)


@_builder
def load_i32(b, buf, i):
    return b.sext(b.load(element(b, buf, i, I32), align=4), I64)


@_builder
def load_i64(b, buf, i):
    return b.load(element(b, buf, i, I64), align=8)


@_builder
def load_f32(b, buf, i):
    return b.fpext(b.load(element(b, buf, i, F32), align=4), F64)


@_builder
def load_f64(b, buf, i):
    return b.load(element(b, buf, i, F64), align=8)


@_builder
def store_f32(b, buf, i, value):
    b.store(b.fptrunc(value, F32), element(b, buf, i, F32), align=4)
    return b.add(i, _const(1))


# A thread has a slice of memory of its own, which the host made: a struct of int64 as on the CPU
# (next free address, end, limit). There is no malloc.
@_builder
def arena_reserve(b, arena, n):
    """Bumps a pointer that never passes the end: at a full slice it gives the slice's last bytes.

    The host makes a slice as large as all that a row can reserve, so a slice is never full where
    bodies are right. One that is wrong gets bytes that it has got before, and harms no other row.
    """
    rounded = b.and_(b.add(n, _const(7)), _const(-8))
    next_slot, end_slot = (element(b, arena, _const(k), I64) for k in (ARENA_NEXT, ARENA_END))
    start, end = b.load(next_slot, align=8), b.load(end_slot, align=8)
    fits = b.icmp_signed("<=", rounded, b.sub(end, start))
    place = b.select(fits, start, b.sub(end, rounded))
    b.store(b.add(place, rounded), next_slot, align=8)
    return place


@_builder
def arena_limit(b, arena):
    return b.load(element(b, arena, _const(ARENA_LIMIT), I64), align=8)


BUILDERS: dict[str, Builder] = {n: _OWN.get(n, build) for n, build in cpu.BUILDERS.items()}
SHARED = tuple(n for n in BUILDERS if n not in _OWN)
"""Intrinsics whose LLVM is that of the CPU."""

if list(BUILDERS) != list(INTRINSICS) or not _OWN.keys() <= INTRINSICS.keys():
    raise AssertionError("intrinsics.py and intrinsics_cuda.py differ in names or order")

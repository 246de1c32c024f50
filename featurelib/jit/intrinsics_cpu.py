"""The intrinsics in LLVM, for the CPU: same names and order as `featurelib/intrinsics.py`.

Each builder takes the LLVM IR builder and the argument values and returns the result value. Numba
is told their types here too, so that a body which calls `i64_add` compiles to one instruction.
Nothing here raises, traps or is undefined for any bits: where LLVM leaves a case open (shift by 64,
division by zero, conversion out of range) the builder closes it as the CPython meaning does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature

from featurelib.intrinsics import INTRINSICS, View

I1, I8, I32, I64 = (ir.IntType(n) for n in (1, 8, 32, 64))
F32, F64 = ir.FloatType(), ir.DoubleType()
KIND_TYPES = {
    "b": types.boolean,
    "i": types.int64,
    "u": types.uint64,
    "f": types.float64,
    "a": types.int64,
    "v": types.NamedUniTuple(types.int64, 3, View),
}
Builder = Callable[..., ir.Value]
BUILDERS: dict[str, Builder] = {}
CANONICAL_NAN = 0x7FF8000000000000


def _builder(fn: Builder) -> Builder:
    BUILDERS[fn.__name__] = fn
    return fn


def _const(value: int) -> ir.Constant:
    return ir.Constant(I64, value)


def _call(b: ir.IRBuilder, name: str, args: list[ir.Value], overloads: list[ir.Type]) -> ir.Value:
    arg_types = [a.type for a in args]
    fnty = ir.FunctionType(overloads[0], arg_types)
    suffix = ".".join(str(t).replace("double", "f64").replace("float", "f32") for t in overloads)
    full = f"{name}.{suffix}"
    fn = b.module.globals.get(full) or ir.Function(b.module, fnty, full)
    return b.call(fn, args)


def _or_zero(b: ir.IRBuilder, n: ir.Value, shifted: ir.Value) -> ir.Value:
    return b.select(b.icmp_unsigned("<", n, _const(64)), shifted, _const(0))


def _amount(b: ir.IRBuilder, n: ir.Value) -> ir.Value:
    return b.and_(n, _const(63))


# --- signed integers, wrapping ---------------------------------------------------------------
@_builder
def i64_add(b, x, y):
    return b.add(x, y)


@_builder
def i64_sub(b, x, y):
    return b.sub(x, y)


@_builder
def i64_mul(b, x, y):
    return b.mul(x, y)


def _divide(b, x, y):
    """Truncating quotient and remainder with every trap removed, and the flags of the two cases."""
    zero = b.icmp_signed("==", y, _const(0))
    minus = b.icmp_signed("==", y, _const(-1))
    safe = b.select(b.or_(zero, minus), _const(1), y)
    return b.sdiv(x, safe), b.srem(x, safe), zero, minus, safe


@_builder
def i64_floordiv(b, x, y):
    q, r, zero, minus, safe = _divide(b, x, y)
    inexact = b.icmp_signed("!=", r, _const(0))
    opposite = b.icmp_signed("<", b.xor(r, safe), _const(0))
    floored = b.sub(q, b.zext(b.and_(inexact, opposite), I64))
    return b.select(zero, _const(0), b.select(minus, b.sub(_const(0), x), floored))


@_builder
def i64_mod(b, x, y):
    _q, r, zero, minus, safe = _divide(b, x, y)
    inexact = b.icmp_signed("!=", r, _const(0))
    opposite = b.icmp_signed("<", b.xor(r, safe), _const(0))
    floored = b.add(r, b.select(b.and_(inexact, opposite), safe, _const(0)))
    return b.select(b.or_(zero, minus), _const(0), floored)


@_builder
def i64_and(b, x, y):
    return b.and_(x, y)


@_builder
def i64_or(b, x, y):
    return b.or_(x, y)


@_builder
def i64_xor(b, x, y):
    return b.xor(x, y)


@_builder
def i64_shl(b, x, n):
    return _or_zero(b, n, b.shl(x, _amount(b, n)))


@_builder
def i64_shr(b, x, n):
    return _or_zero(b, n, b.ashr(x, _amount(b, n)))


# --- unsigned integers, wrapping -------------------------------------------------------------
@_builder
def u64_add(b, x, y):
    return b.add(x, y)


@_builder
def u64_sub(b, x, y):
    return b.sub(x, y)


@_builder
def u64_mul(b, x, y):
    return b.mul(x, y)


@_builder
def u64_mulhi(b, x, y):
    i128 = ir.IntType(128)
    product = b.mul(b.zext(x, i128), b.zext(y, i128))
    return b.trunc(b.lshr(product, ir.Constant(i128, 64)), I64)


@_builder
def u64_div(b, x, y):
    zero = b.icmp_unsigned("==", y, _const(0))
    return b.select(zero, _const(0), b.udiv(x, b.select(zero, _const(1), y)))


@_builder
def u64_mod(b, x, y):
    zero = b.icmp_unsigned("==", y, _const(0))
    return b.select(zero, _const(0), b.urem(x, b.select(zero, _const(1), y)))


@_builder
def u64_and(b, x, y):
    return b.and_(x, y)


@_builder
def u64_or(b, x, y):
    return b.or_(x, y)


@_builder
def u64_xor(b, x, y):
    return b.xor(x, y)


@_builder
def u64_shl(b, x, n):
    return _or_zero(b, n, b.shl(x, _amount(b, n)))


@_builder
def u64_shr(b, x, n):
    return _or_zero(b, n, b.lshr(x, _amount(b, n)))


@_builder
def u64_rotl(b, x, n):
    return _call(b, "llvm.fshl", [x, x, n], [I64])


@_builder
def u64_clz(b, x):
    return _call(b, "llvm.ctlz", [x, ir.Constant(I1, 0)], [I64])


# --- floats ----------------------------------------------------------------------------------
@_builder
def f64_div(b, x, y):
    return b.fdiv(x, y)


@_builder
def f64_sqrt(b, x):
    return _call(b, "llvm.sqrt", [x], [F64])


@_builder
def f64_abs(b, x):
    return _call(b, "llvm.fabs", [x], [F64])


@_builder
def f64_copysign(b, x, sign):
    return _call(b, "llvm.copysign", [x, sign], [F64])


@_builder
def f64_floor(b, x):
    return _call(b, "llvm.floor", [x], [F64])


@_builder
def f64_ceil(b, x):
    return _call(b, "llvm.ceil", [x], [F64])


@_builder
def f64_trunc(b, x):
    return _call(b, "llvm.trunc", [x], [F64])


@_builder
def f64_rint(b, x):
    return _call(b, "llvm.rint", [x], [F64])


@_builder
def f64_round_f32(b, x):
    return b.fpext(b.fptrunc(x, F32), F64)


# --- conversions -----------------------------------------------------------------------------
@_builder
def f64_from_i64(b, x):
    return b.sitofp(x, F64)


@_builder
def f64_from_u64(b, x):
    return b.uitofp(x, F64)


@_builder
def i64_from_f64(b, x):
    return _call(b, "llvm.fptosi.sat", [x], [I64, F64])


@_builder
def u64_from_f64(b, x):
    return _call(b, "llvm.fptoui.sat", [x], [I64, F64])


@_builder
def i64_from_u64(b, x):
    return x


@_builder
def u64_from_i64(b, x):
    return x


@_builder
def i64_from_bool(b, x):
    return b.zext(x, I64)


@_builder
def f64_bits(b, x):
    nan = b.fcmp_unordered("uno", x, x)
    return b.select(nan, _const(CANONICAL_NAN), b.bitcast(x, I64))


@_builder
def f64_from_bits(b, x):
    return b.bitcast(x, F64)


# --- memory ----------------------------------------------------------------------------------
def element(b, buf, i, llvm_type):
    """Pointer to element i of a buffer."""
    return b.gep(b.inttoptr(buf, llvm_type.as_pointer()), [i])


def _unaligned(b, buf, offset, llvm_type):
    pointer = b.bitcast(element(b, buf, offset, I8), llvm_type.as_pointer())
    return b.load(pointer, align=1)


@_builder
def load_u8(b, buf, i):
    return b.zext(b.load(element(b, buf, i, I8)), I64)


@_builder
def load_u32_le(b, buf, offset):
    return b.zext(_unaligned(b, buf, offset, I32), I64)


@_builder
def load_u64_le(b, buf, offset):
    return _unaligned(b, buf, offset, I64)


@_builder
def load_i32(b, buf, i):
    return b.sext(b.load(element(b, buf, i, I32), align=1), I64)


@_builder
def load_i64(b, buf, i):
    return b.load(element(b, buf, i, I64), align=1)


@_builder
def load_f32(b, buf, i):
    return b.fpext(b.load(element(b, buf, i, F32), align=1), F64)


@_builder
def load_f64(b, buf, i):
    return b.load(element(b, buf, i, F64), align=1)


@_builder
def store_u8(b, buf, i, value):
    b.store(b.trunc(value, I8), element(b, buf, i, I8))
    return b.add(i, _const(1))


@_builder
def store_f32(b, buf, i, value):
    b.store(b.fptrunc(value, F32), element(b, buf, i, F32), align=1)
    return b.add(i, _const(1))


# The arena is a struct of int64: next free address, end of the block, limit, first block. A block
# starts with the address of the block before it, so that `featurelib.jit.arena` can free the chain.
ARENA_NEXT, ARENA_END, ARENA_LIMIT, ARENA_BLOCK = range(4)
BLOCK_BYTES = 1 << 20


def _arena_field(b, arena, index):
    return element(b, arena, _const(index), I64)


@_builder
def arena_reserve(b, arena, n):
    """Bumps a pointer; a full block is followed by a new one of at least 1 MiB from malloc."""
    rounded = b.and_(b.add(n, _const(7)), _const(-8))
    next_slot, end_slot = (_arena_field(b, arena, k) for k in (ARENA_NEXT, ARENA_END))
    block_slot = _arena_field(b, arena, ARENA_BLOCK)
    fits = b.icmp_signed("<=", b.add(b.load(next_slot), rounded), b.load(end_slot))
    with b.if_then(b.not_(fits), likely=False):
        wanted = b.add(rounded, _const(8))
        size = b.select(
            b.icmp_signed(">", wanted, _const(BLOCK_BYTES)), wanted, _const(BLOCK_BYTES)
        )
        malloc = b.module.globals.get("malloc") or ir.Function(
            b.module, ir.FunctionType(I64, [I64]), "malloc"
        )
        block = b.call(malloc, [size])
        b.store(b.load(block_slot), b.inttoptr(block, I64.as_pointer()))
        b.store(block, block_slot)
        b.store(b.add(block, _const(8)), next_slot)
        b.store(b.add(block, size), end_slot)
    start = b.load(next_slot)
    b.store(b.add(start, rounded), next_slot)
    return start


@_builder
def arena_limit(b, arena):
    return b.load(_arena_field(b, arena, ARENA_LIMIT))


def _register() -> None:
    if list(BUILDERS) != list(INTRINSICS):
        raise AssertionError("intrinsics.py and intrinsics_cpu.py differ in names or order")
    for item in INTRINSICS.values():
        arg_types = [KIND_TYPES[k] for k in item.args]
        cases = [signature(KIND_TYPES[item.result], *arg_types)]
        template = type(item.name, (ConcreteTemplate,), {"cases": cases})
        infer_global(item.fn)(template)

        def lower(
            context: Any, builder: Any, sig: Any, args: Any, build: Any = BUILDERS[item.name]
        ) -> Any:
            return build(builder, *args)

        lower_builtin(item.fn, *arg_types)(lower)


_register()

"""A value between memory, where it has its type's width, and code, which computes 64 bits wide."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from featurelib.dtypes import DType
from featurelib.jit.intrinsics_cpu import CANONICAL_NAN, F32, F64, I1, I8, I32, I64

__all__ = ["POINTERS", "canonical", "loaded", "stored", "zero"]

POINTERS = {bits: ir.IntType(bits).as_pointer() for bits in (8, 16, 32, 64)}
"""Of memory that holds values of so many bits."""


def loaded(b: ir.IRBuilder, raw: ir.Value, dtype: DType) -> ir.Value:
    """A number, truth value or time, from the bits that memory has of it."""
    kind, bits = dtype.kind, dtype.bits
    if kind == "b":
        return b.icmp_unsigned("!=", raw, ir.Constant(I8, 0))
    if kind == "f":
        return b.fpext(b.bitcast(raw, F32), F64) if bits == 32 else b.bitcast(raw, F64)
    if bits == 64:
        return raw
    return (b.sext if kind == "i" else b.zext)(raw, I64)


def stored(b: ir.IRBuilder, value: ir.Value, dtype: DType) -> ir.Value:
    """The bits that memory has of a number, truth value or time; a NaN is the canonical one."""
    kind, bits = dtype.kind, dtype.bits
    if kind == "f":
        return canonical(b, b.fptrunc(value, F32) if bits == 32 else value)
    if kind == "b":
        return b.zext(value, I8)
    return value if bits == 64 else b.trunc(value, ir.IntType(bits))


def canonical(b: ir.IRBuilder, value: ir.Value) -> ir.Value:
    """The bits of a float, a NaN as the one canonical NaN."""
    narrow = value.type == F32
    raw = b.bitcast(value, I32 if narrow else I64)
    nan = ir.Constant(I32, 0x7FC00000) if narrow else ir.Constant(I64, CANONICAL_NAN)
    return b.select(b.fcmp_unordered("uno", value, value), nan, raw)


def zero(dtype: DType) -> Any:
    """What stands under a null."""
    if dtype.kind == "v":
        return (ir.Constant(I64, 0),) * 3
    return ir.Constant({"b": I1, "f": F64}.get(dtype.kind, I64), 0)

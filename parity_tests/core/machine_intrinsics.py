"""Every intrinsic as a machine function of its own, built by the same code that bodies use."""

from __future__ import annotations

import ctypes
import struct
from functools import cache
from typing import Any

from llvmlite import ir
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target

from featurelib.intrinsics import INTRINSICS
from featurelib.jit.intrinsics_cpu import BUILDERS, F64, I1, I64

_MASK = (1 << 64) - 1


def held(b: ir.IRBuilder, word: ir.Value, kind: str) -> ir.Value:
    """A value of a kind out of the 64 bits that `raw` made of it."""
    if kind == "f":
        return b.bitcast(word, F64)
    return b.trunc(word, I1) if kind == "b" else word


def raw(b: ir.IRBuilder, value: ir.Value, kind: str) -> ir.Value:
    """The 64 bits of a value of a kind."""
    if kind == "f":
        return b.bitcast(value, I64)
    return b.zext(value, I64) if kind == "b" else value


@cache
@global_compiler_lock
def library() -> Any:
    """One library with a function of 64-bit words for each intrinsic, as Numba optimises it."""
    code = cpu_target.target_context.codegen().create_library("every_intrinsic")
    module = code.create_ir_module("every_intrinsic")
    for item in INTRINSICS.values():
        function = ir.Function(
            module, ir.FunctionType(I64, [I64] * len(item.args)), f"word_{item.name}"
        )
        b = ir.IRBuilder(function.append_basic_block())
        args = [held(b, a, k) for a, k in zip(function.args, item.args, strict=True)]
        b.ret(raw(b, BUILDERS[item.name](b, *args), item.result))
    code.add_ir_module(module)
    code.finalize()
    return code


@cache
def function(name: str) -> Any:
    """An intrinsic on 64-bit words."""
    count = len(INTRINSICS[name].args)
    address = library().get_pointer_to_function(f"word_{name}")
    return ctypes.CFUNCTYPE(ctypes.c_uint64, *[ctypes.c_uint64] * count)(address)


def to_word(value: Any, kind: str) -> int:
    """A value of a kind as the 64 bits that machine code holds."""
    if kind == "f":
        return int(struct.unpack("<Q", struct.pack("<d", value))[0])
    return int(value) & _MASK


def from_word(word: int, kind: str) -> Any:
    """The value that 64 bits are in a kind; every NaN is None, since its payload is invisible."""
    if kind == "f":
        value = struct.unpack("<d", struct.pack("<Q", word))[0]
        return None if value != value else (value, word)
    if kind == "b":
        return bool(word & 1)
    return word - (1 << 64) if kind == "i" and word >> 63 else word


def machine(name: str, *values: Any) -> Any:
    """An intrinsic's machine meaning, in the form of `reference`."""
    item = INTRINSICS[name]
    words = [to_word(v, k) for v, k in zip(values, item.args, strict=True)]
    return from_word(function(name)(*words), item.result)


def reference(name: str, *values: Any) -> Any:
    """An intrinsic's CPython meaning; floats as (value, bits), NaN as None."""
    item = INTRINSICS[name]
    return from_word(to_word(item.fn(*values), item.result), item.result)

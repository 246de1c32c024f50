"""Words in memory, for machine code that follows addresses: a state is one vector of bytes.

An address is an int64, a word has 8 bytes and is read as int64 or uint64. Sums and hashes are
uint64, because they wrap and carry; Numba would make a float of an int64 plus a uint64, so no
function here mixes them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from featurelib.jit.bodies import FLAGS
from featurelib.jit.linked import linked_njit

_I64 = ir.IntType(64)
WORD = 8


def helper(fn: Callable[..., Any]) -> Any:
    """Marks a function that only machine code calls."""
    return linked_njit(**FLAGS, is_optimized=False)(fn)


def _load(numba_type: types.Type) -> Any:
    @intrinsic
    def load(typingctx: Any, address: Any, index: Any) -> Any:
        def build(context: Any, b: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
            base = b.inttoptr(args[0], _I64.as_pointer())
            return b.load(b.gep(base, [args[1]]), align=1)

        return numba_type(types.int64, types.int64), build

    return load


def _store(numba_type: types.Type) -> Any:
    @intrinsic
    def store(typingctx: Any, address: Any, index: Any, value: Any) -> Any:
        def build(context: Any, b: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
            base = b.inttoptr(args[0], _I64.as_pointer())
            b.store(args[2], b.gep(base, [args[1]]), align=1)
            return context.get_dummy_value()

        return types.void(types.int64, types.int64, numba_type), build

    return store


word = _load(types.int64)
"""``word(address, i)``: the i-th word behind an address as int64."""
uword = _load(types.uint64)
"""The same as uint64."""
put = _store(types.int64)
"""``put(address, i, value)``: writes the i-th word."""
uput = _store(types.uint64)
"""The same for uint64."""


@intrinsic
def move(typingctx: Any, target: Any, source: Any, n_words: Any) -> Any:
    """Copies words; the two ranges may overlap."""

    def build(context: Any, b: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        pointer = ir.IntType(8).as_pointer()
        target, source = (b.inttoptr(a, pointer) for a in args[:2])
        size = b.shl(args[2], ir.Constant(_I64, 3))
        fnty = ir.FunctionType(ir.VoidType(), [pointer, pointer, _I64, ir.IntType(1)])
        fn = b.module.declare_intrinsic("llvm.memmove", [pointer, pointer, _I64], fnty)
        b.call(fn, [target, source, size, ir.Constant(ir.IntType(1), 0)])
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), build


@helper
def clear(at: int, n_words: int) -> None:
    """Sets words to zero."""
    for i in range(n_words):
        put(at, i, 0)

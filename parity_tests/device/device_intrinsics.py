"""Every intrinsic as a device kernel of its own, run on words by the interpreter of PTX."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir

from featurelib.intrinsics import INTRINSICS
from featurelib.jit.cuda_link import new_module, set_entry, thread_index
from featurelib.jit.cuda_nvvm import to_ptx
from featurelib.jit.intrinsics_cpu import I64
from featurelib.jit.intrinsics_cuda import BUILDERS
from parity_tests.core.machine_intrinsics import from_word, held, raw, to_word
from parity_tests.device.ptx_memory import Memory
from parity_tests.device.ptx_run import parsed, run


def _kernel(name: str) -> str:
    """LLVM of ``word_<name>(int64 *args, int64 *results)``: a thread calls it once."""
    item = INTRINSICS[name]
    module = new_module(name)
    pointer = I64.as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [pointer, pointer])
    function = ir.Function(module, kind, f"word_{name}")
    words, results = function.args
    b = ir.IRBuilder(function.append_basic_block())
    thread, _ = thread_index(b)
    first = b.mul(thread, ir.Constant(I64, len(item.args)))
    args = [
        held(b, b.load(b.gep(words, [b.add(first, ir.Constant(I64, k))])), kind)
        for k, kind in enumerate(item.args)
    ]
    b.store(raw(b, BUILDERS[name](b, *args), item.result), b.gep(results, [thread]))
    b.ret_void()
    set_entry(function)
    return str(module)


@cache
def text() -> str:
    """PTX of all intrinsics."""
    return to_ptx([_kernel(name) for name in INTRINSICS], (9, 0))


def on_words(name: str, rows: Sequence[Sequence[int]], memory: Memory | None = None) -> list[int]:
    """An intrinsic on rows of 64-bit words, a thread a row.

    Args:
        name: Of the intrinsic.
        rows: Arguments of each call.
        memory: What addresses among them point to.
    """
    memory = memory or Memory()
    words = np.array(rows, np.uint64)
    results = np.zeros(len(words), np.uint64)
    addresses = [memory.add(words), memory.add(results)]
    run(parsed(text()), f"word_{name}", addresses, memory, grid=1, block=len(words))
    return [int(r) for r in results]


def on_device(name: str, rows: Sequence[Sequence[Any]]) -> list[Any]:
    """An intrinsic on rows of values, in the form of `machine_intrinsics.reference`."""
    item = INTRINSICS[name]
    words = [[to_word(v, k) for v, k in zip(row, item.args, strict=True)] for row in rows]
    return [from_word(word, item.result) for word in on_words(name, words)]

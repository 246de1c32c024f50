"""What `featurelib.jit.emit` asks of Numba's context, answered for a device.

The LLVM of bodies is kept as text: NVVM links text, and what one program has used is there for the
next.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from llvmlite import ir
from numba.cuda.core.callconv import CUDACallConv
from numba.cuda.cudadrv.nvvm import set_cuda_kernel
from numba.cuda.nvvmutils import SRegBuilder

from featurelib.jit.cuda_context import target_context
from featurelib.jit.intrinsics_cpu import I64

__all__ = ["Linker", "new_module", "set_entry", "thread_index"]


def new_module(name: str) -> ir.Module:
    """An empty module for NVVM."""
    return target_context().create_module(name)


def set_entry(function: ir.Function) -> None:
    """Makes a function the kernel of its module."""
    set_cuda_kernel(function)


def thread_index(b: ir.IRBuilder) -> tuple[ir.Value, ir.Value]:
    """Which thread of the grid this is, and how many there are."""
    register = SRegBuilder(b)
    thread, block, threads, blocks = (
        b.zext(read("x"), I64)
        for read in (register.tid, register.ctaid, register.ntid, register.nctaid)
    )
    return b.add(b.mul(block, threads), thread), b.mul(blocks, threads)


class Linker:
    """Takes the place of a Numba context while a program is emitted for a device.

    Attributes:
        texts: LLVM of all bodies that were asked for, and of what they call, each once.
    """

    def __init__(self) -> None:
        self._context = target_context()
        self._convention = CUDACallConv(self._context)
        self.texts: dict[str, None] = {}

    def add_linking_libs(self, libraries: list[Any]) -> None:
        """Notes that the code of these libraries is called."""
        for library in libraries:
            for module in library.modules:
                self.texts[_text(module)] = None

    def call_internal_no_propagate(
        self, builder: ir.IRBuilder, descriptor: Any, signature: Any, args: list[ir.Value]
    ) -> tuple[Any, Any]:
        """A call of a body: its status, which is always good, and its result."""
        function = descriptor.declare_function(builder.module)
        return self._convention.call_function(  # type: ignore[no-any-return]
            builder, function, signature.return_type, signature.args, args
        )

    def make_tuple(self, builder: ir.IRBuilder, type_: Any, values: Any) -> ir.Value:
        """A tuple of LLVM values."""
        return self._context.make_tuple(builder, type_, values)


@cache
def _text(module: ir.Module) -> str:
    """LLVM of a library, its functions left out of the PTX where all their calls are in line."""
    for function in module.functions:
        if not function.is_declaration:
            function.linkage = "linkonce_odr"
    return str(module)

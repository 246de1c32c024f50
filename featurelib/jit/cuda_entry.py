"""Programs to device kernels: one thread computes a row, and steps by the number of threads.

    .entry <entry>(int64 *slots, int64 rows)

`slots` are those of `featurelib.jit.slots`, with addresses in the device's memory. The arena's slot
is the address of memory for Arrays that rows make, in slices of `arena_bytes`: one for each thread,
which begins it anew for each of its rows; or one for each row, where an Array leaves in a column.
The size is the sum of all that a row can make, so that a slice is never full.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from llvmlite import ir
from numba.core import cgutils

from featurelib.jit.cuda_bodies import DEVICE
from featurelib.jit.cuda_link import Linker, new_module, set_entry, thread_index
from featurelib.jit.device_rules import arena_bytes, makes_arrays_of_columns, refuse
from featurelib.jit.emit import functions
from featurelib.jit.intrinsics_cpu import ARENA_END, ARENA_LIMIT, ARENA_NEXT, I64
from featurelib.jit.places import Place
from featurelib.program import Program

__all__ = ["DeviceCode", "emit_entry"]


@dataclass(frozen=True)
class DeviceCode:
    """A program as LLVM for a device.

    Attributes:
        modules: LLVM as text: the program with its entry, then what it calls.
        entry: Name of the kernel.
    """

    modules: tuple[str, ...]
    entry: str


def emit_entry(program: Program, places: Mapping[str, Place], entry: str) -> DeviceCode:
    """The LLVM of a program's kernel.

    Args:
        program: What to compute.
        places: Where outputs lie, by name; those that are not named stand in columns.
        entry: Name of the kernel, as in C.

    Raises:
        CompileError: An op cannot run on a device; names every feature, op and reason.
    """
    refuse(program)
    size, by_row = arena_bytes(program), makes_arrays_of_columns(program, places)
    linker = Linker()
    module = new_module(entry)
    kind = ir.FunctionType(ir.VoidType(), [I64.as_pointer(), I64])
    kernel = ir.Function(module, kind, entry)
    slots, rows = kernel.args
    slots.add_attribute("noalias")
    b = ir.IRBuilder(kernel.append_basic_block("entry"))
    first, step = thread_index(b)
    memory, calls = functions(DEVICE, linker, b, program, places, False, b.ptrtoint(slots, I64))
    arena = b.alloca(ir.ArrayType(I64, 3)) if size else None
    with cgutils.for_range_slice(b, first, rows, step) as (row, _count):
        address: ir.Value = ir.Constant(I64, 0)
        if arena is not None:
            address = _begin_slice(b, arena, memory, row if by_row else first, size)
        for function, rest in calls:
            b.call(function, [row, row, address, *rest])
    b.ret_void()
    set_entry(kernel)
    return DeviceCode((str(module), *linker.texts), entry)


def _begin_slice(
    b: ir.IRBuilder, arena: ir.Value, memory: ir.Value, index: ir.Value, size: int
) -> ir.Value:
    """Empties a slice; gives the address of its struct."""
    length = ir.Constant(I64, size)
    start = b.add(memory, b.mul(index, length))
    fields = {ARENA_NEXT: start, ARENA_END: b.add(start, length), ARENA_LIMIT: length}
    zero = ir.Constant(ir.IntType(32), 0)
    for place, value in fields.items():
        b.store(value, b.gep(arena, [zero, ir.Constant(ir.IntType(32), place)]))
    return b.ptrtoint(arena, I64)

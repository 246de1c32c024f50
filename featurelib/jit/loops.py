"""A `map` as LLVM: a loop over the elements of a list around the bodies of what lies inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llvmlite import ir
from numba.core import cgutils

from featurelib.jit.intrinsics_cpu import I1, I64
from featurelib.jit.memory_values import POINTERS, loaded, stored
from featurelib.node import Node
from featurelib.program import inside

if TYPE_CHECKING:
    from featurelib.jit.group import Group

__all__ = ["emit_map"]


def emit_map(group: Group, b: ir.IRBuilder, node: Node) -> tuple[Any, ir.Value]:
    """Emits the loop; gives the list that it makes, and whether it is there.

    Args:
        group: Has the values that are computed already, and computes those inside.
        b: Where the code goes; it ends behind the loop.
        node: The map.
    """
    items, own, value = node.args
    (address, start, stop), there = group.values[items.key]
    build = group.target.intrinsics
    count = b.sub(stop, start)
    size = ir.Constant(I64, value.dtype.bits // 8)
    if node.dtype.size is None:  # an Array fits: who compiles the program has looked
        limit = build["arena_limit"](b, group.arena)
        there = b.and_(there, b.icmp_signed("<=", b.mul(count, size), limit))
    count = b.select(there, count, ir.Constant(I64, 0))
    memory = build["arena_reserve"](b, group.arena, b.mul(count, size))
    source = b.inttoptr(address, POINTERS[own.dtype.bits])
    target = b.inttoptr(memory, POINTERS[value.dtype.bits])
    outside = group.values
    with cgutils.for_range(b, count) as loop:
        raw = b.load(b.gep(source, [b.add(start, loop.index)]), align=group.element_align)
        element = loaded(b, raw, own.dtype), ir.Constant(I1, 1)
        group.values = {**outside, own.key: element}
        for below in inside(node):
            group.values[below.key] = group.call(b, below)
        result, _ = group.values[value.key]
        b.store(stored(b, result, value.dtype), b.gep(target, [loop.index]))
    group.values = outside
    return (memory, ir.Constant(I64, 0), count), there

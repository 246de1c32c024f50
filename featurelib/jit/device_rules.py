"""What a device can compute, and what memory it needs: known before numba-cuda is imported."""

from __future__ import annotations

from collections.abc import Mapping

from featurelib.errors import CompileError
from featurelib.jit.places import Place, placed_outputs
from featurelib.node import MAP, Node
from featurelib.op import Op
from featurelib.program import Program, inside, op_of, takes_arena, topological

__all__ = ["arena_bytes", "device_reason", "makes_arrays_of_columns", "node_reason", "refuse"]


def arena_bytes(program: Program) -> int:
    """The most that a row of the program can make, in bytes, a multiple of 8."""
    return sum(
        ((node.dtype.size or 0) * node.dtype.bits // 8 + 7) // 8 * 8
        for node in program.serving_nodes
        if takes_arena(node)
    )


def makes_arrays_of_columns(program: Program, places: Mapping[str, Place]) -> bool:
    """Whether Arrays that rows make are read after the kernel, so that rows cannot share memory."""
    return arena_bytes(program) > 0 and any(
        node.args and node.dtype.kind == "v" and not place.is_laid_out
        for node, place in placed_outputs(program, places)
    )


def device_reason(op: Op) -> str | None:
    """Why an op cannot run on a device; None if it can."""
    if op.device_reason is None and any(b.takes_arena for b in op.bodies) and op.result is None:
        return "the length of what it makes is not known beforehand"
    return op.device_reason


def node_reason(node: Node) -> str | None:
    """Why a node cannot be computed on a device; None if it can."""
    if node.is_call:
        return device_reason(op_of(node))
    if node.op != MAP:
        return None
    if node.dtype.size is None:
        return "a List that makes a List"
    if any(map(takes_arena, inside(node))):
        return "memory for each element of an Array"
    return None


def refuse(program: Program) -> None:
    """Refuses a program that cannot run on a device.

    Raises:
        CompileError: Names every feature, op and reason.
    """
    lines = []
    for name, output in program.outputs.items():
        below = topological([output], through_fits=False)
        reasons = {node.op: reason for node in below if (reason := node_reason(node)) is not None}
        lines += [f"  feature `{name}`: `{key}`: {reason}" for key, reason in reasons.items()]
    if lines:
        raise CompileError(
            "these features cannot run on a device:\n" + "\n".join(lines),
            hint="leave them out of the layout, or compute them in a row kernel",
        )

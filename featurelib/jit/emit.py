"""A program as LLVM: one loop over rows for each group of outputs that share work.

`emit` is called inside a Numba intrinsic. It writes one internal function for each **group**
(outputs that share a computed node) and calls them in turn. Groups of equal shape share one
function: a set with 26 hashed columns holds one loop, called 26 times. Pointers are `noalias`,
bodies are inlined by LLVM, and a loop without text vectorises.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

from llvmlite import ir
from numba.core import cgutils

from featurelib import literals
from featurelib.jit.bodies import CPU, Target
from featurelib.jit.group import Group
from featurelib.jit.intrinsics_cpu import I64
from featurelib.jit.places import Place, placed_outputs
from featurelib.jit.slots import Slots, is_table
from featurelib.node import FIT, INPUT
from featurelib.program import Program, topological


def groups(program: Program) -> list[list[str]]:
    """Outputs that share a computed node, together; in the order of their first output."""
    owner: dict[str, int] = {}
    members: list[list[str] | None] = []
    for name, node in program.outputs.items():
        below = topological([node], through_fits=False)
        touched = {owner[n.key] for n in below if n.args and n.op != FIT and n.key in owner}
        mine = min(touched, default=len(members))
        if mine == len(members):
            members.append([])
        target = members[mine]
        assert target is not None
        for other in sorted(touched - {mine}):
            target.extend(members[other] or [])
            members[other] = None
            owner.update({k: mine for k, g in owner.items() if g == other})
        target.append(name)
        owner.update({n.key: mine for n in below if n.args and n.op != FIT})
    return [m for m in members if m]


def emit(
    context: Any,
    builder: ir.IRBuilder,
    program: Program,
    places: Mapping[str, Place],
    wide: bool,
    slots: ir.Value,
    start: ir.Value,
    stop: ir.Value,
) -> None:
    """Writes the program's functions into the builder's module, and calls to them, for the CPU.

    Args:
        context: Numba's target context.
        builder: Where the calls go.
        program: What to compute.
        places: Where outputs lie, if not in columns.
        wide: A loop over rows in each group, which LLVM may vectorise. Else one loop around all
            groups, which hold straight code: half the time to compile, and made for single rows.
        slots: Address of the slots, int64.
        start: First row.
        stop: Row after the last.
    """
    arena, calls = functions(CPU, context, builder, program, places, wide, slots)
    if wide:
        for function, rest in calls:
            builder.call(function, [start, stop, arena, *rest])
        return
    count = builder.sub(stop, start)
    with cgutils.for_range(builder, count) as loop:
        row = builder.add(start, loop.index)
        for function, rest in calls:
            builder.call(function, [row, row, arena, *rest])


def functions(
    target: Target,
    context: Any,
    builder: ir.IRBuilder,
    program: Program,
    places: Mapping[str, Place],
    wide: bool,
    slots: ir.Value,
) -> tuple[ir.Value, list[tuple[ir.Function, list[ir.Value]]]]:
    """Writes the program's functions into the builder's module, for a loop that the caller writes.

    Args:
        target: How bodies are compiled.
        context: As for `emit`, and so are the others.
        builder: Where the slots are read.
        program: What to compute.
        places: Where outputs lie.
        wide: Whether functions loop over rows.
        slots: Address of the slots.

    Returns:
        What the arena's slot holds; and each function with its arguments, of which the first row,
        the row after the last (not wide: the row again) and the arena go before these.
    """
    order = Slots.of(program)
    base = builder.inttoptr(slots, I64.as_pointer())

    def slot(index: int) -> ir.Value:
        return builder.load(builder.gep(base, [ir.Constant(I64, index)]))

    # Outputs go by name: one of them may be an input itself, with two places.
    first_output = 2 * len(order.inputs)
    first_table = first_output + 2 * len(order.outputs)
    position = {n.key: 2 * i for i, n in enumerate(order.inputs)} | {
        n.key: first_table + 2 * i for i, n in enumerate(order.tables)
    }
    output_index = {name: first_output + 2 * i for i, name in enumerate(program.outputs)}
    shapes: dict[str, ir.Function] = {}
    calls: list[tuple[ir.Function, list[ir.Value]]] = []
    for names in groups(program):
        group = program.subset(names)
        own = Slots.of(group)
        key = shape(group, places)
        if key not in shapes:
            made = Group(target, context, builder.module, group, places, len(shapes), wide)
            shapes[key] = made.function
        args: list[ir.Value] = []
        for node in own.inputs:
            args += [slot(position[node.key]), slot(position[node.key] + 1)]
        for name in names:
            args += [slot(output_index[name]), slot(output_index[name] + 1)]
        for node in own.tables:
            args += [slot(position[node.key]), slot(position[node.key] + 1)]
        function = shapes[key]
        pairs = zip(args, function.args[3:], strict=True)
        pointers = [
            a if isinstance(p.type, ir.IntType) else builder.inttoptr(a, p.type) for a, p in pairs
        ]
        calls.append((function, pointers))
    return slot(order.arena), calls


def shape(program: Program, places: Mapping[str, Place]) -> str:
    """Equal for groups whose functions are equal: inputs and tables by place, not by name."""
    index = {n.key: i for i, n in enumerate(program.serving_nodes)}
    rows = []
    for node in program.serving_nodes:
        params = [] if node.op in (INPUT, FIT) or is_table(node) else node.params
        rows.append(
            [
                node.op,
                str(node.dtype),
                node.nullable,
                [index[a.key] for a in node.args] if node.op != FIT else [],
                [[k, literals.canonical(v)] for k, v in params],
            ]
        )
    outputs = [
        [index[node.key], *astuple(place)] for node, place in placed_outputs(program, places)
    ]
    return json.dumps([rows, outputs])

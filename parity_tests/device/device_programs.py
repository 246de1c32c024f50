"""Every op that is legal on a device, in kernels that compile to one module of PTX a family.

A form is an op on types with parameters, and has a kernel of its own. Golden cases of one form that
differ in a table share it: tables are memory that it reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from featurelib import literals
from featurelib.dtypes import SCALARS, DType
from featurelib.jit.cuda_entry import emit_entry
from featurelib.jit.cuda_nvvm import Capability, to_ptx
from featurelib.jit.device_rules import device_reason
from featurelib.node import Node, apply, input_node, table
from featurelib.op import Body, Op, TypeSet
from featurelib.parity.golden import GoldenCase, case_path, op_family, read_cases
from featurelib.program import Program, body_of
from featurelib.tables import TableData
from parity_tests.parity.op_bundles import ROOT
from parity_tests.registry import every_op

DEVICE_OPS = [op for op in every_op() if device_reason(op) is None]
DEVICE_FAMILIES = sorted({op_family(op) for op in DEVICE_OPS})


@dataclass(frozen=True)
class Form:
    """Cases of one op on the same types with the same parameters.

    Attributes:
        entry: Name of the kernel.
        nodes: The call of each case; they differ in tables only.
        cases: The cases.
    """

    entry: str
    nodes: tuple[Node, ...]
    cases: tuple[GoldenCase, ...]

    @property
    def program(self) -> Program:
        """What the kernel computes."""
        return Program({"out": self.nodes[0]})


@cache
def forms(family: str) -> tuple[Form, ...]:
    """The forms of a family's ops that a device has."""
    found: dict[str, list[tuple[Node, GoldenCase]]] = {}
    for op in _device_ops(family):
        for case in read_cases(case_path(ROOT, op)) if case_path(ROOT, op).exists() else ():
            nodes = tuple(_argument(i, a, t) for i, (a, t) in enumerate(_args(case)))
            params = {k: literals.canonical(v) for k, v in case.params.items()}
            key = json.dumps([op.key, [*map(str, case.types)], params])
            found.setdefault(key, []).append((apply(op, nodes, case.params), case))
    return tuple(
        Form(f"form_{i}", *map(tuple, zip(*group, strict=True)))
        for i, group in enumerate(found.values())
    )


def _device_ops(family: str) -> Iterator[Op]:
    return (op for op in DEVICE_OPS if op_family(op) == family)


def _args(case: GoldenCase) -> Iterator[tuple[Any, DType]]:
    return zip(case.args, case.types, strict=True)


def _argument(place: int, value: Any, dtype: DType) -> Node:
    return table(value) if isinstance(value, TableData) else input_node(f"_{place}", dtype, True)


def kernels(family: str) -> dict[str, Program]:
    """What each kernel of a family computes, by the name of its entry: all bodies of its ops.

    A body that no golden case calls stands there on inputs of the first types that it takes.
    """
    made = {form.entry: form.program for form in forms(family)}
    called = {body_of(node) for program in made.values() for node in program.outputs.values()}
    for op in _device_ops(family):
        for body in op.bodies:
            if body not in called:
                made[f"body_{len(made)}"] = Program({"out": _on_first_types(op, body)})
    return made


def _on_first_types(op: Op, body: Body) -> Node:
    """A call of a body on inputs; it takes no tables and no `T`."""
    types = [p if isinstance(p, DType) else _first_type(p) for p in body.args]
    nodes = tuple(input_node(f"{t}_{i}", t, True) for i, t in enumerate(types))
    node = apply(op, nodes, {name: _ONES[t.kind] for name, t in body.params})
    assert body_of(node) is body
    return node


def _first_type(types: TypeSet) -> DType:
    return next(t for t in SCALARS.values() if t.name in types.names)


_ONES = {"b": True, "i": 1, "u": 1, "f": 1.0}


@cache
def family_ptx(family: str, capability: Capability) -> str:
    """One module of PTX with all kernels of a family, and each body once."""
    texts: dict[str, None] = {}
    for entry, program in kernels(family).items():
        texts |= dict.fromkeys(emit_entry(program, {}, entry).modules)
    return to_ptx(tuple(texts), capability)

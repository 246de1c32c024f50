"""Golden cases as rows of device kernels: a kernel for each form of a call, in the interpreter.

A form is an op on types with parameters. Cases of one form that differ in a table share a kernel:
tables are memory that it reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from featurelib import literals
from featurelib.dtypes import DType
from featurelib.jit.cuda_entry import emit_entry
from featurelib.jit.cuda_nvvm import to_ptx
from featurelib.jit.slots import Slots
from featurelib.node import Node, apply, input_node, table
from featurelib.parity.golden import GoldenCase, case_path, op_family, read_cases
from featurelib.parity.values import Values
from featurelib.program import Program
from featurelib.tables import TableData
from parity_tests.device.device_programs import DEVICE_OPS
from parity_tests.device.device_run import run_columns
from parity_tests.device.ptx_run import Module
from parity_tests.parity.op_bundles import ROOT


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


def forms(family: str) -> list[Form]:
    """The forms of a family's ops that a device has."""
    found: dict[str, list[tuple[Node, GoldenCase]]] = {}
    for op in DEVICE_OPS:
        if op_family(op) != family or not case_path(ROOT, op).exists():
            continue
        for case in read_cases(case_path(ROOT, op)):
            nodes = tuple(_argument(i, a, t) for i, (a, t) in enumerate(_args(case)))
            params = {k: literals.canonical(v) for k, v in case.params.items()}
            key = json.dumps([op.key, [*map(str, case.types)], params])
            found.setdefault(key, []).append((apply(op, nodes, case.params), case))
    return [
        Form(f"form_{i}", *map(tuple, zip(*group, strict=True)))
        for i, group in enumerate(found.values())
    ]


def _args(case: GoldenCase) -> Iterator[tuple[Any, DType]]:
    return zip(case.args, case.types, strict=True)


def _argument(place: int, value: Any, dtype: DType) -> Node:
    return table(value) if isinstance(value, TableData) else input_node(f"_{place}", dtype, True)


def ptx_of(all_forms: Sequence[Form]) -> str:
    """One module of PTX with a kernel for each form."""
    texts: dict[str, None] = {}
    for form in all_forms:
        texts |= dict.fromkeys(emit_entry(form.program, {}, form.entry).modules)
    return to_ptx(tuple(texts), (9, 0))


def compute(module: Module, form: Form) -> list[Any]:
    """The canonical value that the kernel gives for each case of a form."""
    got: dict[int, Any] = {}
    # Rows with the same tables are one call.
    calls: dict[tuple[str, ...], list[int]] = {}
    for i, node in enumerate(form.nodes):
        calls.setdefault(tuple(n.key for n in Slots.of(Program({"": node})).tables), []).append(i)
    for rows in calls.values():
        program = Program({"out": form.nodes[rows[0]]})
        cases = [form.cases[i] for i in rows]
        columns = {
            name: Values.of([case.args[int(name[1:])] for case in cases], node.dtype)
            for name, node in program.inputs.items()
        }
        made = run_columns(module, form.entry, program, {}, columns, len(cases))["out"]
        got.update((row, made.canonical(i)) for i, row in enumerate(rows))
    return [got[i] for i in range(len(form.cases))]

"""Golden cases as rows of device kernels: the kernel of each form, in the interpreter."""

from __future__ import annotations

from typing import Any

from featurelib.jit.slots import Slots
from featurelib.parity.values import Values
from featurelib.program import Program
from parity_tests.device.device_programs import Form
from parity_tests.device.device_run import run_columns
from parity_tests.device.ptx_run import Module


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

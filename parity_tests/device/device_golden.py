"""Golden cases as rows of device kernels: a kernel for each form of a call, in the interpreter.

A form is an op on types with parameters. Cases of one form that differ in a table share a kernel:
tables are memory that it reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from featurelib import literals
from featurelib.dtypes import DType
from featurelib.jit.compile import table_memory
from featurelib.jit.cuda_entry import emit_entry
from featurelib.jit.cuda_nvvm import to_ptx
from featurelib.jit.device_rules import arena_bytes
from featurelib.jit.slots import Slots
from featurelib.node import Node, apply, input_node, table
from featurelib.parity.golden import GoldenCase, case_path, op_family, read_cases
from featurelib.program import Program
from featurelib.tables import TableData
from parity_tests.device.device_programs import DEVICE_OPS
from parity_tests.device.ptx_run import Memory, Module, run
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
        got.update(zip(rows, _run(module, form.entry, program, cases), strict=True))
    return [got[i] for i in range(len(form.cases))]


def _run(module: Module, entry: str, program: Program, cases: Sequence[GoldenCase]) -> list[Any]:
    memory, slots = Memory(), Slots.of(program)
    words: list[int] = []
    for node in slots.inputs:
        place = int(node.param["name"][1:])
        words += _column(memory, node.dtype, [case.args[place] for case in cases])
    (output,) = slots.outputs
    shape = (len(cases), 2) if output.dtype.kind == "v" else (len(cases),)
    values = np.zeros(shape, np.int64 if output.dtype.kind == "v" else output.dtype.storage)
    valid = np.ones(len(cases), np.uint8)
    words += [memory.add(values), memory.add(valid)]
    for node in slots.tables:
        data, count = table_memory(node, {})
        words += [memory.add(_padded(data.tobytes())), count]
    words.append(memory.add(np.zeros(max(8, arena_bytes(program) * len(cases)), np.uint8)))
    address = memory.add(np.array(words, np.int64))
    # More threads than a block has, and fewer than there are rows: the kernel steps through both.
    run(module, entry, [address, len(cases)], memory, grid=2, block=max(1, len(cases) // 3))
    return [
        _value(memory, output.dtype, values[i]) if valid[i] else None for i in range(len(cases))
    ]


def _column(memory: Memory, dtype: DType, given: Sequence[Any]) -> list[int]:
    """Addresses of the values and flags of a column; what stands under a null is zero."""
    valid = memory.add(np.array([v is not None for v in given], np.uint8))
    if dtype.kind != "v":
        zero = np.zeros(1, dtype.storage).item()
        values = np.array([zero if v is None else v for v in given], dtype.storage)
        return [memory.add(values), valid]
    size = max(dtype.bits // 8, 1)
    parts = [
        b"" if v is None else bytes(v) if dtype.inner is None else _elements(dtype, v)
        for v in given
    ]
    # An element of junk before each: texts begin at every alignment, lists at that of elements.
    ends = np.cumsum([size + len(p) for p in parts])
    start = memory.add(_padded(b"".join(b"\xa5" * size + p for p in parts)))
    pairs = [
        (0, 0) if v is None else (start + int(end) - len(p), len(p) // size)
        for v, p, end in zip(given, parts, ends, strict=True)
    ]
    return [memory.add(np.array(pairs, np.int64)), valid]


def _elements(dtype: DType, value: Any) -> bytes:
    return np.array(value, dtype.storage).tobytes()


def _padded(content: bytes) -> np.ndarray[Any, Any]:
    return np.frombuffer(bytearray(content + bytes(8 - len(content) % 8)), np.uint8)


def _value(memory: Memory, dtype: DType, stored: Any) -> Any:
    if dtype.kind != "v":
        return bool(stored) if dtype.kind == "b" else stored.item()
    size = max(dtype.bits // 8, 1)
    address, length = map(int, stored)
    content = memory.read(address, length * size) if length else b""
    if dtype.inner is None:
        return content
    items = np.frombuffer(content, dtype.storage).tolist()
    return tuple(map(bool, items)) if dtype.inner.kind == "b" else tuple(items)

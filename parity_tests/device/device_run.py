"""Device kernels in the interpreter of PTX, as a parity engine is: columns in, columns out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from featurelib.bundle import Bundle
from featurelib.dtypes import DType
from featurelib.jit.compile import table_memory
from featurelib.jit.cuda_program import compile_device
from featurelib.jit.device_rules import arena_bytes
from featurelib.jit.slots import Slots
from featurelib.parity.device_engine import on_device
from featurelib.parity.engines import Outputs
from featurelib.parity.values import Array, Rows, Values
from featurelib.program import Program
from parity_tests.device.ptx_run import Memory, Module, parsed, run


@dataclass(frozen=True)
class DeviceInPtx:
    """The device kernel, with few threads that step through the rows.

    Attributes:
        cc: Compute capability that it is compiled for.
        name: For reports.
    """

    cc: tuple[int, int] = (9, 0)
    name: str = "device kernel in PTX"

    def compute(self, bundle: Bundle, rows: Rows) -> Outputs:
        """See `Engine.compute`; features that a device cannot compute are not among them."""
        program = on_device(bundle).program
        machine = compile_device(program, cc=self.cc)
        columns = {n: rows.columns[n] for n in program.inputs}
        return run_columns(
            parsed(machine.ptx), machine.entry, program, bundle.state, columns, len(rows)
        )


def run_columns(
    module: Module,
    entry: str,
    program: Program,
    state: Mapping[str, Any],
    columns: Mapping[str, Values],
    rows: int,
) -> Outputs:
    """Runs a kernel whose outputs stand in columns.

    Args:
        module: It is in it.
        entry: Its name.
        program: What it computes.
        state: Fitted values by node key.
        columns: The inputs by name.
        rows: How many.
    """
    memory, slots = Memory(), Slots.of(program)
    words = input_words(memory, slots, columns)
    made: dict[str, tuple[Array, Array]] = {}
    for name, node in program.outputs.items():
        is_view = node.dtype.kind == "v"
        values = np.zeros((rows, 2) if is_view else rows, "<i8" if is_view else node.dtype.storage)
        made[name] = values, np.ones(rows, np.uint8)
        words += map(memory.add, made[name])
    words += table_words(memory, slots, state)
    words.append(memory.add(np.zeros(max(8, arena_bytes(program) * rows), np.uint8)))
    address = memory.add(np.array(words, np.int64))
    # Two blocks with fewer threads than there are rows: the kernel steps through them.
    run(module, entry, [address, rows], memory, grid=2, block=max(1, rows // 3))
    return {
        name: _values(memory, program.outputs[name].dtype, *columns)
        for name, columns in made.items()
    }


def input_words(memory: Memory, slots: Slots, columns: Mapping[str, Values]) -> list[int]:
    """Puts input columns into memory; their slots."""
    words: list[int] = []
    for node in slots.inputs:
        column = columns[str(node.param["name"])]
        words += _column(memory, column), memory.add(column.valid.astype(np.uint8))
    return words


def table_words(memory: Memory, slots: Slots, state: Mapping[str, Any]) -> list[int]:
    """Puts tables and fitted state into memory; their slots."""
    words: list[int] = []
    for node in slots.tables:
        data, count = table_memory(node, state)
        words += memory.add(padded(data.tobytes())), count
    return words


def padded(content: bytes) -> Array:
    """Bytes as memory of a device: whole words of 8 bytes, at least one."""
    return np.frombuffer(bytearray(content + bytes(8 - len(content) % 8)), np.uint8)


def _column(memory: Memory, column: Values) -> int:
    if column.dtype.kind != "v":
        return memory.add(np.ascontiguousarray(column.data))
    # An element of junk before each value: text begins at every alignment, a list at that of its
    # elements.
    size = max(column.dtype.bits // 8, 1)
    parts = [bytes(p) for p in column.data]
    start = memory.add(padded(b"".join(b"\xa5" * size + p for p in parts)))
    ends = np.cumsum([size + len(p) for p in parts], dtype=np.int64)
    pairs = [(start + int(e) - len(p), len(p) // size) for p, e in zip(parts, ends, strict=True)]
    return memory.add(np.array(pairs, np.int64).reshape(-1, 2))


def _values(memory: Memory, dtype: DType, values: Array, valid: Array) -> Values:
    present = valid != 0
    if dtype.kind != "v":
        return Values(dtype, np.where(present, values, np.zeros(1, dtype.storage)), present)
    size = max(dtype.bits // 8, 1)
    data = np.empty(len(values), object)
    for i, (address, length) in enumerate(values.tolist()):
        data[i] = memory.read(address, length * size) if present[i] and length else b""
    return Values(dtype, data, present)

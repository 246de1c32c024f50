"""A compiled program with its fitted state, run over columns in memory."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from featurelib.dtypes import DType
from featurelib.errors import CompileError
from featurelib.jit.arena import DEFAULT_LIMIT, MAX_LIMIT, ScratchArena
from featurelib.jit.compile import NO_PLACES, compile_program, table_memory
from featurelib.jit.environment import check_float_environment
from featurelib.jit.places import Place
from featurelib.program import Program

Array = np.ndarray[Any, Any]
_CALL = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)


class Column(NamedTuple):
    """A column as kernels read and write it.

    Attributes:
        values: Contiguous, in the storage type of the column's dtype; (n, 2) int64 of address and
            length for text and lists.
        valid: One byte a row, 1 where there is a value; None where none is missing.
        keep: What must stay alive as long as the values (buffers that addresses point to).
    """

    values: Array
    valid: Array | None
    keep: Any = None


def empty_column(dtype: DType, nullable: bool, rows: int) -> Column:
    """An output column; its values are undefined until a kernel wrote them."""
    values = np.empty((rows, 2), np.int64) if dtype.kind == "v" else np.empty(rows, dtype.storage)
    return Column(values, np.empty(rows, np.uint8) if nullable else None)


class Kernel:
    """Machine code bound to fitted state. Safe to call from many threads; releases the GIL.

    Args:
        program: What to compute.
        state: Values of the fitted nodes by key.
        limit: The row limit for text in bytes.
        places: Where outputs lie (see `compile_program`).
        wide: Machine code for columns, else for single rows (see `compile_program`).

    Raises:
        CompileError: The row limit is no number of bytes, or too small for an Array.
    """

    def __init__(
        self,
        program: Program,
        state: Mapping[str, Any],
        *,
        limit: int = DEFAULT_LIMIT,
        places: Mapping[str, Place] = NO_PLACES,
        wide: bool = True,
    ) -> None:
        _check_limit(program, limit)
        self.program = program
        self.limit = limit
        self.machine = compile_program(program, places=places, wide=wide)
        self.slots = self.machine.slots
        self._call = _CALL(self.machine.address)
        self._tables = [table_memory(n, state) for n in self.slots.tables]
        self.inputs = tuple(program.inputs)

    def fill_slots(self, inputs: Sequence[Column], outputs: Sequence[Column], arena: int) -> Array:
        """The slots for these columns. The columns must outlive every call that uses them."""
        slots = np.zeros(len(self.slots), np.int64)
        at = 0
        for column in (*inputs, *outputs):
            slots[at] = column.values.ctypes.data
            slots[at + 1] = 0 if column.valid is None else column.valid.ctypes.data
            at += 2
        for data, count in self._tables:
            slots[at], slots[at + 1] = data.ctypes.data, count
            at += 2
        slots[at] = arena
        return slots

    def run(
        self,
        inputs: Sequence[Column],
        rows: int,
        *,
        outputs: Sequence[Column] | None = None,
        threads: int = 1,
    ) -> list[Column]:
        """Computes all outputs.

        Args:
            inputs: A column for each of `self.inputs`, in that order, `rows` long. A nullable
                input without flags has no nulls.
            rows: How many.
            outputs: Where to write, each with its place; new columns if left out.
            threads: Ranges of rows to run side by side.

        Returns:
            The outputs in order. Text outputs are addresses into memory that the column keeps.
        """
        check_float_environment()
        inputs = [
            c
            if c.valid is not None or not node.nullable
            else c._replace(valid=np.ones(rows, np.uint8))
            for c, node in zip(inputs, self.slots.inputs, strict=True)
        ]
        if outputs is None:
            outputs = [empty_column(n.dtype, n.nullable, rows) for n in self.slots.outputs]
        edges = np.linspace(0, rows, max(1, min(threads, rows // 1024)) + 1).astype(int).tolist()
        arenas = [ScratchArena(self.limit) for _ in edges[1:]]

        def part(k: int) -> None:
            check_float_environment()
            slots = self.fill_slots(inputs, outputs, arenas[k].address)
            self._call(slots.ctypes.data, edges[k], edges[k + 1])

        if len(arenas) == 1:
            part(0)
        else:
            with ThreadPoolExecutor(len(arenas)) as pool:
                list(pool.map(part, range(len(arenas))))
        keep = (arenas, inputs, self._tables)
        return [c._replace(keep=keep) if c.values.ndim == 2 else c for c in outputs]

    def compute(
        self, inputs: Sequence[Column], outputs: Sequence[Column], rows: int, arena: ScratchArena
    ) -> None:
        """Computes rows into columns that the caller gives.

        Args:
            inputs: As for `run`, and a nullable input has its flags.
            outputs: A column for each output, flags where it is nullable.
            rows: How many.
            arena: Where text and lists are made; it lives as long as the outputs are read.
        """
        check_float_environment()
        slots = self.fill_slots(inputs, outputs, arena.address)
        self._call(slots.ctypes.data, 0, rows)


def _check_limit(program: Program, limit: int) -> None:
    """Refuses a row limit under which an Array that is never null could not be made."""
    if type(limit) is not int or not 0 <= limit <= MAX_LIMIT:
        raise CompileError(f"expected a row limit of 0 to {MAX_LIMIT} bytes, got {limit!r}")
    for node in program.serving_nodes:
        size = (node.dtype.size or 0) * node.dtype.bits // 8 if node.args else 0
        if size > limit:
            raise CompileError(
                f"`{node.op}` makes {node.dtype} of {size} bytes, the row limit is {limit}",
                hint=f"a text_limit of at least {size}",
            )

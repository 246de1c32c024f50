"""A compiled program with its fitted state, run over columns in memory."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from featurelib.dtypes import DType
from featurelib.errors import CompileError
from featurelib.jit.addresses import address_of, addresses
from featurelib.jit.arena import DEFAULT_LIMIT, MAX_LIMIT, ScratchArena
from featurelib.jit.compile import NO_PLACES, compile_program, table_memory
from featurelib.jit.environment import check_float_environment
from featurelib.jit.places import Place
from featurelib.jit.threads import run_parts
from featurelib.node import Node
from featurelib.program import Program

Array = np.ndarray[Any, Any]
_LEAST_ROWS = 1024
"""Rows of a thread's range: with fewer, waking the thread takes longer than the rows."""
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


def words_of(columns: Sequence[Column]) -> Array:
    """Two words a column as slots have them: the addresses of its values and of its flags, or 0."""
    flat: list[Array] = []
    for values, valid, _ in columns:
        flat.append(values)
        flat.append(values if valid is None else valid)
    made = addresses(flat)
    made[[2 * i + 1 for i, c in enumerate(columns) if c.valid is None]] = 0
    return made


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
        self._table_words = np.array(
            [word for data, count in self._tables for word in (data.ctypes.data, count)], np.int64
        )
        self.inputs = tuple(program.inputs)

    def fill_slots(self, inputs: Sequence[Column], outputs: Sequence[Column], arena: int) -> Array:
        """The slots for these columns. The columns must outlive every call that uses them."""
        return self.slots_of(words_of(inputs), words_of(outputs), arena)

    def slots_of(self, inputs: Array, outputs: Array, arena: int) -> Array:
        """The slots for columns that are given as words (see `words_of`)."""
        return np.concatenate((inputs, outputs, self._table_words, [arena]))

    def run(self, inputs: Sequence[Column], rows: int, *, threads: int = 1) -> list[Column]:
        """Computes all outputs.

        Args:
            inputs: A column for each of `self.inputs`, in that order, `rows` long. A nullable
                input without flags has no nulls.
            rows: How many.
            threads: Ranges of rows to run side by side.

        Returns:
            The outputs in order. Text outputs are addresses into memory that the column keeps.
        """
        outputs = [empty_column(n.dtype, n.nullable, rows) for n in self.slots.outputs]
        keep = self.run_words(inputs, words_of(outputs), rows, threads=threads)
        return [c._replace(keep=keep) if c.values.ndim == 2 else c for c in outputs]

    def run_words(
        self, inputs: Sequence[Column] | Array, outputs: Array, rows: int, *, threads: int = 1
    ) -> Any:
        """As `run`, with outputs as words; gives what text outputs point into, to be kept.

        The inputs may be words too, with flags for each that may be null; what they point into is
        the caller's to keep.
        """
        check_float_environment()
        if isinstance(inputs, np.ndarray):
            given = inputs
        else:
            inputs = self._with_flags(inputs, rows)
            given = words_of(inputs)
        parts = max(1, min(threads, rows // _LEAST_ROWS))
        edges = [rows * k // parts for k in range(parts + 1)]
        arenas = [ScratchArena(self.limit) for _ in range(parts)]

        def part(k: int) -> None:
            check_float_environment()
            slots = self.slots_of(given, outputs, arenas[k].address)
            self._call(address_of(slots), edges[k], edges[k + 1])

        run_parts(part, parts)
        return arenas, inputs, self._tables

    def _with_flags(self, inputs: Sequence[Column], rows: int) -> Sequence[Column]:
        """The inputs, those that may be null with flags. All that have no null share them."""
        if all(c.valid is not None or not n.nullable for c, n in self._pairs(inputs)):
            return inputs
        ones = np.ones(rows, np.uint8)
        return [
            c._replace(valid=ones) if c.valid is None and n.nullable else c
            for c, n in self._pairs(inputs)
        ]

    def _pairs(self, inputs: Sequence[Column]) -> Iterator[tuple[Column, Node]]:
        return zip(inputs, self.slots.inputs, strict=True)

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
        self._call(address_of(slots), 0, rows)


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

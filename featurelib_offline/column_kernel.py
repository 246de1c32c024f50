"""The fused column kernel: a program's machine code as one step of a Polars plan."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import polars as pl

from featurelib.jit.arena import ScratchArena
from featurelib.jit.kernel import Column, Kernel, empty_column
from featurelib.program import Program
from featurelib_offline.columns import column_parts, series
from featurelib_offline.types import polars_type

__all__ = ["ColumnKernel"]

Array = np.ndarray[Any, Any]

_PART_ROWS = 16_384
"""Rows a call of machine code: addresses of text stay in the cache, in memory used again."""
_ALL_THERE = np.ones(_PART_ROWS, np.uint8)
_PIECE_ROWS = 131_072
"""In memory Polars calls once with all rows: pieces of so many then go side by side. The streaming
engine's own pieces (100,000 rows) stay whole, as it already runs several at a time."""


class ColumnKernel:
    """A program bound to fitted state, over structs of its inputs. Safe to call from many threads.

    Args:
        program: What to compute.
        state: Fitted values by node key.
    """

    def __init__(self, program: Program, state: Mapping[str, Any]) -> None:
        self.program = program
        self._state = state
        self._lock = threading.Lock()
        self._local = threading.local()
        self._kernel: Kernel | None = None

    @property
    def kernel(self) -> Kernel:
        """The machine code, compiled when it is first needed."""
        with self._lock:
            if self._kernel is None:
                self._kernel = Kernel(self.program, self._state)
            return self._kernel

    def expression(self, columns: Sequence[str], *, compiled: bool = True) -> pl.Expr:
        """The call as an expression, a struct of the outputs.

        Args:
            columns: Names of the frame; a program of constants alone is as long as the first.
            compiled: Whether to compile now.
        """
        if compiled:  # a set that cannot be compiled is refused here, not in a worker
            self.kernel  # noqa: B018
        inputs = list(self.program.inputs) or list(columns[:1])
        outputs = {name: polars_type(n.dtype) for name, n in self.program.outputs.items()}
        return pl.struct(inputs).map_batches(
            self, return_dtype=pl.Struct(outputs), is_elementwise=True
        )

    def __call__(self, values: pl.Series) -> pl.Series:
        """Outputs as a struct, for a struct of inputs."""
        frame = values.struct.unnest()
        if len(frame) <= _PIECE_ROWS or pl.thread_pool_size() == 1:
            return self.compute(frame).to_struct(values.name)
        pieces = [frame.slice(at, _PIECE_ROWS) for at in range(0, len(frame), _PIECE_ROWS)]
        with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
            done = list(pool.map(self.compute, pieces))
        return pl.concat(done, rechunk=False).to_struct(values.name)

    def compute(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Outputs as a frame, for a frame that has the inputs."""
        kernel, rows = self.kernel, len(frame)
        nodes = self.program.inputs
        parts = [column_parts(frame[name], node.dtype) for name, node in nodes.items()]
        needs_flags = [node.nullable for node in nodes.values()]
        types = {name: (n.dtype, n.nullable) for name, n in self.program.outputs.items()}
        # Views into the arena are copied out after each part, while they are in the cache; the
        # arena and their places are then used again.
        copied = [name for name, (dtype, _) in types.items() if dtype.kind == "v"]
        pairs, arena = self._scratch(len(parts) + len(copied))
        outputs = {
            name: empty_column(*of, 0 if name in copied else rows) for name, of in types.items()
        }
        for place, name in enumerate(copied, len(parts)):
            flags = np.empty(_PART_ROWS, np.uint8) if types[name][1] else None
            outputs[name] = Column(pairs[place], flags)
        made: dict[str, list[pl.Series]] = {name: [] for name in copied}
        for start in range(0, max(rows, 1), _PART_ROWS):
            part = slice(start, min(start + _PART_ROWS, rows))
            n = part.stop - start
            inputs = [
                column._replace(valid=_ALL_THERE) if flags and column.valid is None else column
                for flags, column in zip(
                    needs_flags,
                    (read(part, pairs[i]) for i, read in enumerate(parts)),
                    strict=True,
                )
            ]
            filled = {
                name: _rows(column, slice(0, n) if name in made else part)
                for name, column in outputs.items()
            }
            kernel.compute(inputs, list(filled.values()), n, arena)
            for name, pieces in made.items():
                pieces.append(series(name, filled[name], types[name][0]))
            arena.reset()
        return pl.DataFrame(
            [
                pl.concat(made[name], rechunk=True) if name in made else series(name, column, dtype)
                for (name, column), (dtype, _) in zip(outputs.items(), types.values(), strict=True)
            ]
        )

    def _scratch(self, columns: int) -> tuple[Array, ScratchArena]:
        """This thread's memory for addresses of text, a row of pairs a column, and for text."""
        memory: tuple[Array, ScratchArena] | None = getattr(self._local, "memory", None)
        if memory is None:
            arena = ScratchArena(self.kernel.limit)
            memory = np.empty((columns, _PART_ROWS, 2), np.int64), arena
            self._local.memory = memory
        memory[1].reset()  # what a call that failed has left
        return memory


def _rows(column: Column, rows: slice) -> Column:
    return Column(column.values[rows], None if column.valid is None else column.valid[rows])

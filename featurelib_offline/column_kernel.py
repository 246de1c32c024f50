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
        outputs = [empty_column(n.dtype, n.nullable, rows) for n in self.program.outputs.values()]
        arena = ScratchArena(kernel.limit)
        scratch = self._scratch(len(parts))
        for start in range(0, rows, _PART_ROWS):
            part = slice(start, min(start + _PART_ROWS, rows))
            inputs = [
                column._replace(valid=_ALL_THERE) if flags and column.valid is None else column
                for flags, column in zip(
                    needs_flags,
                    (read(part, scratch[i]) for i, read in enumerate(parts)),
                    strict=True,
                )
            ]
            kernel.compute(inputs, [_rows(o, part) for o in outputs], part.stop - start, arena)
        pairs = zip(self.program.outputs.items(), outputs, strict=True)
        # Text is copied here, while the frame and the arena that hold it are alive.
        return pl.DataFrame([series(name, column, n.dtype) for (name, n), column in pairs])

    def _scratch(self, columns: int) -> Array:
        """This thread's memory for addresses of text, one row of pairs a column."""
        memory: Array | None = getattr(self._local, "memory", None)
        if memory is None:
            memory = self._local.memory = np.empty((columns, _PART_ROWS, 2), np.int64)
        return memory


def _rows(column: Column, rows: slice) -> Column:
    return Column(column.values[rows], None if column.valid is None else column.valid[rows])

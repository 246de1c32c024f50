"""The fused column kernel: a program's machine code as one step of a Polars plan."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import polars as pl

from featurelib.jit.kernel import Kernel
from featurelib.program import Program
from featurelib_offline.columns import frame_columns, series
from featurelib_offline.types import polars_type

__all__ = ["ColumnKernel"]

_PART_ROWS = 65_536
"""A larger piece is computed in parts side by side: in memory Polars calls with all rows at once.
The streaming engine's pieces (100,000 rows) stay whole, as it already runs several at a time."""
_WHOLE_ROWS = 2 * _PART_ROWS


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
        self._kernel: Kernel | None = None

    @property
    def kernel(self) -> Kernel:
        """The machine code, compiled when it is first needed."""
        with self._lock:
            if self._kernel is None:
                self._kernel = Kernel(self.program, self._state)
            return self._kernel

    def expression(self, columns: Sequence[str]) -> pl.Expr:
        """The call as an expression, a struct of the outputs.

        Args:
            columns: Names of the frame; a program of constants alone is as long as the first.
        """
        self.kernel  # noqa: B018 - a set that cannot be compiled is refused here, not in a worker
        inputs = list(self.program.inputs) or list(columns[:1])
        outputs = {name: polars_type(n.dtype) for name, n in self.program.outputs.items()}
        return pl.struct(inputs).map_batches(
            self, return_dtype=pl.Struct(outputs), is_elementwise=True
        )

    def __call__(self, values: pl.Series) -> pl.Series:
        """Outputs as a struct, for a struct of inputs."""
        frame = values.struct.unnest()
        if len(frame) <= _WHOLE_ROWS or pl.thread_pool_size() == 1:
            return self.compute(frame).to_struct(values.name)
        parts = [frame.slice(at, _PART_ROWS) for at in range(0, len(frame), _PART_ROWS)]
        with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
            done = list(pool.map(self.compute, parts))
        return pl.concat(done, rechunk=False).to_struct(values.name)

    def compute(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Outputs as a frame, for a frame that has the inputs."""
        types = {name: node.dtype for name, node in self.program.inputs.items()}
        outputs = self.kernel.run(frame_columns(frame, types), len(frame))
        pairs = zip(self.program.outputs.items(), outputs, strict=True)
        return pl.DataFrame([series(name, column, n.dtype) for (name, n), column in pairs])

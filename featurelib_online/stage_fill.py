"""Tensors of rows that are gathered from tables of stages: what machine code reads and writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from featurelib.bundle import Bundle
from featurelib.errors import InputError
from featurelib.jit.addresses import address_of
from featurelib.jit.tensors import TensorKernel
from featurelib.layout import Layout, Tensor
from featurelib.node import INPUT
from featurelib_online import buffers
from featurelib_online.stage_code import gather
from featurelib_online.stage_table import Array, Cells, StageRows, StageTable, VectorFormat

__all__ = ["StageFill"]


class StageFill:
    """Fills some tensors of what stages leave. Safe to call from many threads.

    Args:
        rest: The bundle of what the stages leave (`featurelib.stages.Stages.rest`).
        layout: The tensors that are filled, some or all of the bundle's.
        formats: How the vectors of each stage lie.
        limit: The row limit for text in bytes.

    Attributes:
        stages: The stages whose vectors the tensors read.
        layout: The tensors.
    """

    def __init__(
        self, rest: Bundle, layout: Layout, formats: Mapping[str, VectorFormat], limit: int
    ) -> None:
        self.layout = layout
        self._name = rest.name.removesuffix(".rest")
        self._formats = formats
        self._kernel = TensorKernel(replace(rest, layout=layout), limit=limit)
        owner = {c: stage for stage, made in formats.items() for c in made.values}
        self.stages = tuple(s for s in formats if s in {owner[c] for c in self._kernel.inputs})
        places = {stage: self._read(stage) for stage in self.stages}
        self._cells = {stage: formats[stage].cells(read) for stage, read in places.items()}
        # Each input is a row of one gathered block; the last block is address 0: no flags.
        blocks = [(stage, some.size) for stage, cells in self._cells.items() for some in cells]
        block, step = [], []
        for column in self._kernel.inputs:
            stage, made = owner[column], formats[owner[column]]
            for cell in (made.values[column], made.flags.get(column)):
                if cell is None:
                    block.append(len(blocks))
                    step.append(0)
                    continue
                block.append(blocks.index((stage, cell.size)))
                step.append(places[stage][cell.size].index(cell.place) * cell.size)
        self._block, self._step = np.array(block, np.int64), np.array(step, np.int64)

        self._copied = self._copies()
        _ = gather.address  # compiled here, or the first call would wait for it

    def _read(self, stage: str) -> dict[int, list[int]]:
        """The places of a stage's cells that are read, by their size."""
        made, read = self._formats[stage], dict[int, list[int]]()
        for column in self._kernel.inputs:
            if column in made.values:
                for cell in (made.values[column], made.flags.get(column)):
                    if cell is not None:
                        read.setdefault(cell.size, []).append(cell.place)
        return read

    def _copies(self) -> tuple[tuple[Tensor, Cells], ...]:
        """For each tensor the cells that it is a copy of; none, if anything is computed."""
        if len(self.stages) != 1 or any(tensor.is_ragged for tensor in self.layout.tensors):
            return ()
        known, outputs = self._formats[self.stages[0]], self._kernel.placed.program.outputs
        made = []
        for tensor in self.layout.tensors:
            nodes = [outputs[member] for member in tensor.members]
            if any(node.op != INPUT or node.nullable for node in nodes):
                return ()
            cells = [known.values[node.param["name"]] for node in nodes]
            (one,) = known.cells({cells[0].size: [cell.place for cell in cells]})
            made.append((tensor, one))
        return tuple(made)

    def __call__(
        self,
        given: Mapping[str, tuple[StageTable | StageRows, Any]],
        out: Mapping[str, Any] | None,
        threads: int,
    ) -> dict[str, Array]:
        """See `Staged.fill`."""
        if out is None and self._copied and self.stages[0] in given:
            vectors, order = given[self.stages[0]]
            if isinstance(vectors, StageRows) and order is None:
                return self._all_rows(vectors)
        rows, numbers = self._numbers(given)
        views = {} if out is None else buffers.checked(out, self.layout, rows, self._name)
        gathered = [
            block
            for stage, cells in self._cells.items()
            for block in given[stage][0].gather(numbers[stage], cells).values()
        ]
        starts = np.array([*map(address_of, gathered), 0], np.int64)
        words = starts[self._block] + self._step * rows
        try:
            _, tensors, keep = self._kernel.fill(words, rows, out=views, threads=threads)
        except BaseException:
            buffers.void(views)
            raise
        del keep, gathered  # what the words point into
        return {n: tensors[n] for n in buffers.array_names(self.layout)}

    def _all_rows(self, rows: StageRows) -> dict[str, Array]:
        """The tensors of all rows as they come, where each is a copy of cells."""
        if rows.format is not self._formats[self.stages[0]]:
            raise InputError(f"{self._name}: vectors of another stage as `{self.stages[0]}`")
        return {
            tensor.name: rows.columns(cells).view(tensor.dtype.storage)
            for tensor, cells in self._copied
        }

    def _numbers(
        self, given: Mapping[str, tuple[StageTable | StageRows, Any]]
    ) -> tuple[int, dict[str, Array]]:
        """How many rows, and the numbers that each stage gives."""
        rows, found = -1, {}
        for stage, known in self._formats.items():
            if stage not in given:
                if stage in self.stages:
                    raise InputError(f"{self._name}: no table of the stage `{stage}` is given")
                continue
            table, numbers = given[stage]
            if table.format is not known:
                raise InputError(f"{self._name}: a table of another stage as `{stage}`")
            numbers = np.arange(len(table)) if numbers is None else numbers
            numbers = np.ascontiguousarray(numbers, np.int64)
            if rows not in (-1, len(numbers)) or numbers.ndim != 1:
                raise InputError(
                    f"{self._name}: stage `{stage}` gives {numbers.shape} row numbers, "
                    f"another one {rows}"
                )
            rows = len(numbers)
            found[stage] = numbers
        for name in given:
            if name not in self._formats:
                raise InputError(
                    f"{self._name}: there is no stage {name!r}",
                    hint=f"there are {', '.join(self._formats)}",
                )
        if rows < 0:
            raise InputError(
                f"{self._name}: no stage is given, so nothing says how many rows there are"
            )
        return rows, found

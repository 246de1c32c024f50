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
from featurelib.layout import Layout
from featurelib_online import buffers
from featurelib_online.stage_table import Array, StageTable, VectorFormat

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
        self._cells = {stage: self._read(stage) for stage in self.stages}
        # Each input is a row of one gathered block; the last block is address 0: no flags.
        blocks = [
            (stage, size)
            for stage, cells in self._cells.items()
            for size in (formats[stage].index if cells is None else cells)
        ]
        block, step = [], []
        for column in self._kernel.inputs:
            stage = owner[column]
            cells, made = self._cells[stage], formats[stage]
            for cell in (made.values[column], made.flags.get(column)):
                if cell is None:
                    block.append(len(blocks))
                    step.append(0)
                    continue
                place = cell.place if cells is None else cells[cell.size].index(cell.place)
                block.append(blocks.index((stage, cell.size)))
                step.append(place * cell.size)
        self._block, self._step = np.array(block, np.int64), np.array(step, np.int64)

    def _read(self, stage: str) -> dict[int, list[int]] | None:
        """The cells of a stage that are read; None where most are: all are gathered at once."""
        made, read = self._formats[stage], dict[int, list[int]]()
        for column in self._kernel.inputs:
            if column in made.values:
                for cell in (made.values[column], made.flags.get(column)):
                    if cell is not None:
                        read.setdefault(cell.size, []).append(cell.place)
        every = sum(map(len, made.index.values()))
        return None if 2 * sum(map(len, read.values())) >= every else read

    def __call__(
        self,
        given: Mapping[str, tuple[StageTable, Any]],
        out: Mapping[str, Any] | None,
        threads: int,
    ) -> dict[str, Array]:
        """See `Staged.fill`."""
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

    def _numbers(self, given: Mapping[str, tuple[StageTable, Any]]) -> tuple[int, dict[str, Array]]:
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

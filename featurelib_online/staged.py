"""A bundle in stages, compiled: vectors of entities, kept and gathered, and the rest for each row.

A recommender asks about one user and a hundred films. The user's stage is computed once a request,
a film's when it changes, and only what mixes the two for each of the hundred rows: with the bits
that the whole bundle gives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from featurelib.bundle import Bundle
from featurelib.errors import DefinitionError, InputError
from featurelib.jit.arena import DEFAULT_LIMIT
from featurelib.jit.environment import check_float_environment
from featurelib.jit.tensors import TensorKernel
from featurelib.model_inputs import ModelInputs
from featurelib.stages import Stages, split
from featurelib_online import buffers
from featurelib_online.row import RowKernel, as_mapping
from featurelib_online.row import compile as compile_rows
from featurelib_online.stage_table import Array, StageTable, VectorFormat
from featurelib_online.stream.served import Served
from featurelib_online.stream.state import State
from featurelib_online.stream.stream import Stream

__all__ = ["StageTable", "Staged"]


class Staged:
    """A bundle compiled in stages. Safe to call from many threads.

        staged = Staged(bundle, {"user": ["user_id", "now"], "film": ["item_id", "genres"]})
        films = staged.table("film", [staged.vector("film", f, states) for f in catalogue])
        user = staged.table("user", [staged.vector("user", request, states)])
        staged.fill({"user": (user, [0, 0, 0]), "film": (films, [7, 1, 4])}, out=tensors)

    Args:
        bundle: What is computed; it has a layout.
        stages: The request's fields of each stage (`featurelib.stages.split`), every one in some.
        model_inputs: What the model was trained with that is to be served.
        text_limit: The row limit: a longer text result is null.

    Attributes:
        stages: The bundle, cut.
        formats: How the vectors of each stage lie.
        streams: For each event source what applies records to states.

    Raises:
        DefinitionError: A field is in no stage, the bundle has no layout, or a stage's output is
            no value of one word.
        LayoutMismatchError: The bundle does not give the model what it was trained with.
        CompileError: This Python or an input type is not supported.
    """

    def __init__(
        self,
        bundle: Bundle,
        stages: Mapping[str, Sequence[str]],
        *,
        model_inputs: ModelInputs | None = None,
        text_limit: int = DEFAULT_LIMIT,
    ) -> None:
        if model_inputs is not None:
            model_inputs.check(bundle)
        if not bundle.layout.tensors:
            raise DefinitionError(
                f"{bundle.name}: a staged bundle fills tensors, and this one has no layout",
                hint='FeatureSet(..., layout={"dense": [...]})',
            )
        self.stages: Stages = split(bundle, stages)
        named = {field for fields in stages.values() for field in fields}
        for field in bundle.request.names:
            if field not in named:
                raise DefinitionError(
                    f"{bundle.name}: field `{field}` is in no stage",
                    hint="put what is known of the request alone into the stage of its entity",
                )
        parts = self.stages.parts
        self.formats = {name: VectorFormat(part) for name, part in parts.items()}
        self._parts: dict[str, Served | RowKernel] = {
            name: Served(part, text_limit=text_limit)
            if part.aggregates
            else compile_rows(part, text_limit=text_limit)
            for name, part in parts.items()
        }
        self.streams: dict[str, Stream] = {
            source: made
            for part in self._parts.values()
            if isinstance(part, Served)
            for source, made in part.streams.items()
        }
        self._kernel = TensorKernel(self.stages.rest, limit=text_limit)
        # Each input is a row of one gathered block; the last block is address 0: no flags.
        self._blocks = [(n, size) for n, made in self.formats.items() for size in made.index]
        block, step = [], []
        for column in self._kernel.inputs:
            stage = next(s for s, made in self.formats.items() if column in made.values)
            made = self.formats[stage]
            for cell in (made.values[column], made.flags.get(column)):
                block.append(self._blocks.index((stage, cell.size)) if cell else len(self._blocks))
                step.append(cell.place * cell.size if cell else 0)
        self._block, self._step = np.array(block, np.int64), np.array(step, np.int64)
        check_float_environment()

    @property
    def bundle(self) -> Bundle:
        """What is computed."""
        return self.stages.whole

    def vector(
        self, stage: str, request: Any, states: Mapping[str, State | None] | None = None
    ) -> bytes:
        """What a stage computes of one entity, as bytes that a store may hold.

        Args:
            stage: Its name.
            request: The stage's fields (`stages.parts[stage].request`): a mapping.
            states: The states of its entities, where it has aggregates (`stream.Served`).

        Raises:
            InputError: The request does not match, a state is missing, or there is no such stage.
            StateVersionError: A state of another source or definition.
        """
        part = self._parts.get(stage)
        if part is None:
            raise self._unknown(stage)
        if isinstance(part, Served):
            return part(request, states or {}).block
        if states:
            raise InputError(
                f"{self.bundle.name}: the stage `{stage}` has no aggregates, got states"
            )
        return part(as_mapping(request)).block

    def table(self, stage: str, vectors: Sequence[bytes] = ()) -> StageTable:
        """A table of a stage's vectors.

        Raises:
            InputError: There is no such stage, or one is no vector of it.
        """
        if stage not in self.formats:
            raise self._unknown(stage)
        return StageTable(self.formats[stage], vectors)

    def fill(
        self,
        given: Mapping[str, tuple[StageTable, Any]],
        *,
        out: Mapping[str, Any] | None = None,
        threads: int = 1,
    ) -> dict[str, Array]:
        """The tensors of rows that are made of one vector of each stage.

        Args:
            given: For each stage a table, and the number of its row for each row of the tensors.
            out: Buffers for the tensors of the layout (see `RowKernel.many`).
            threads: Ranges of rows to run side by side (see `RowKernel.columns`).

        Returns:
            The tensors of the layout by name, of shape (rows, width).

        Raises:
            InputError: A stage is missing or unknown, a row is not there, numbers of rows differ,
                or a buffer does not fit.
        """
        rows, gathered = -1, {}
        for stage, part in self.formats.items():
            if stage not in given:
                raise InputError(f"{self.bundle.name}: no table of the stage `{stage}` is given")
            table, numbers = given[stage]
            if table.format is not part:
                raise InputError(f"{self.bundle.name}: a table of another stage as `{stage}`")
            numbers = np.ascontiguousarray(numbers, np.int64)
            if rows not in (-1, len(numbers)) or numbers.ndim != 1:
                raise InputError(
                    f"{self.bundle.name}: stage `{stage}` gives {numbers.shape} row numbers, "
                    f"another one {rows}"
                )
            rows = len(numbers)
            gathered[stage] = table.gather(numbers)
        if len(given) > len(self.formats):
            raise self._unknown(next(n for n in given if n not in self.formats))
        views = buffers.of(out, self.bundle, rows)
        starts = [gathered[stage][size].ctypes.data for stage, size in self._blocks]
        words = np.array([*starts, 0], np.int64)[self._block] + self._step * rows
        try:
            _, tensors, keep = self._kernel.fill(words, rows, out=views, threads=threads)
        except BaseException:
            buffers.void(views)
            raise
        del keep, gathered  # what the words point into
        return {n: tensors[n] for n in buffers.array_names(self.bundle.layout)}

    def _unknown(self, stage: str) -> InputError:
        return InputError(
            f"{self.bundle.name}: there is no stage {stage!r}",
            hint=f"there are {', '.join(self.formats)}",
        )

    def __repr__(self) -> str:
        return f"<staged {self.bundle.name} {self.bundle.version}: {', '.join(self.formats)}>"

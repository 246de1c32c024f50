"""A bundle in stages, compiled: vectors of entities, kept and gathered, and the rest for each row.

A recommender asks about one user and a hundred films. The user's stage is computed once a request,
a film's when it changes, and only what mixes the two for each of the hundred rows: with the bits
that the whole bundle gives.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from featurelib.bundle import Bundle
from featurelib.errors import DefinitionError, InputError
from featurelib.jit.arena import DEFAULT_LIMIT
from featurelib.jit.environment import check_float_environment
from featurelib.layout import Layout, Tensor
from featurelib.model_inputs import ModelInputs
from featurelib.stages import Stages, split
from featurelib_online.row import RowKernel, as_mapping
from featurelib_online.row import compile as compile_rows
from featurelib_online.stage_fill import StageFill
from featurelib_online.stage_table import Array, StageRows, StageTable, VectorFormat
from featurelib_online.stream.served import Served
from featurelib_online.stream.state import FrozenState
from featurelib_online.stream.stream import Stream

__all__ = ["StageRows", "StageTable", "Staged"]


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
        self._limit = text_limit
        self._fills: dict[tuple[str, ...], StageFill] = {}
        self._one = threading.Lock()
        self._whole = self._filling(bundle.layout.tensors)
        check_float_environment()

    @property
    def bundle(self) -> Bundle:
        """What is computed."""
        return self.stages.whole

    def vector(
        self, stage: str, request: Any, states: Mapping[str, FrozenState | None] | None = None
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
            raise self._without(stage)
        return part(as_mapping(request)).block

    def vectors(
        self,
        stage: str,
        requests: Sequence[Any],
        states: Sequence[Mapping[str, FrozenState | None]],
    ) -> list[bytes]:
        """`vector` of several entities of a stage with aggregates, in less time.

        Args:
            stage: Its name.
            requests: For each entity the stage's fields.
            states: For each entity its states.

        Raises:
            InputError: As for one, or the stage has no aggregates; nothing is computed then.
            StateVersionError: A state of another source or definition.
        """
        part = self._parts.get(stage)
        if not isinstance(part, Served):
            raise self._unknown(stage) if part is None else self._without(stage)
        return part.blocks(requests, states)

    def table(self, stage: str, vectors: Sequence[bytes] = ()) -> StageTable:
        """A table of a stage's vectors.

        Raises:
            InputError: There is no such stage, or one is no vector of it.
        """
        if stage not in self.formats:
            raise self._unknown(stage)
        return StageTable(self.formats[stage], vectors)

    def rows(self, stage: str, vectors: Sequence[bytes]) -> StageRows:
        """A stage's vectors for one `fill` or two: a table would take longer to make.

        Raises:
            InputError: There is no such stage, or one is no vector of it.
        """
        if stage not in self.formats:
            raise self._unknown(stage)
        return StageRows(self.formats[stage], vectors)

    def fill(
        self,
        given: Mapping[str, tuple[StageTable | StageRows, Any]],
        *,
        tensors: Sequence[str] | None = None,
        out: Mapping[str, Any] | None = None,
        threads: int = 1,
    ) -> dict[str, Array]:
        """The tensors of rows that are made of one vector of each stage.

        Where a model computes what it knows of a user and of a film apart, each has its tensors
        filled apart too: those of a stage need no row of another.

        Args:
            given: For each stage a table or rows, and the number of its row for each row of the
                tensors; None: each row once, in order. A stage that none of the tensors reads may
                be left out.
            tensors: Which tensors of the layout are filled; None: all.
            out: Buffers for these tensors (see `RowKernel.many`).
            threads: Ranges of rows to run side by side (see `RowKernel.columns`).

        Returns:
            The tensors by name, in the order of the layout, of shape (rows, width).

        Raises:
            InputError: A stage is missing or unknown, a row is not there, numbers of rows differ,
                a buffer does not fit, or the layout has no such tensor.
        """
        return self._fill_of(tensors)(given, out, threads)

    def reads(self, tensors: Sequence[str]) -> tuple[str, ...]:
        """The stages that some tensors of the layout read; their machine code is ready then.

        Raises:
            InputError: The layout has no such tensor.
        """
        return self._fill_of(tensors).stages

    def _fill_of(self, names: Sequence[str] | None) -> StageFill:
        if names is None:
            return self._whole
        made = self._fills.get(tuple(names))
        if made is not None:
            return made
        known = {tensor.name: tensor for tensor in self.bundle.layout.tensors}
        for name in names:
            if name not in known:
                raise InputError(
                    f"{self.bundle.name}: the layout has no tensor {name!r}",
                    hint=f"there are {', '.join(known)}",
                )
        return self._filling(tuple(known[name] for name in names))

    def _filling(self, tensors: tuple[Tensor, ...]) -> StageFill:
        """What fills these tensors; compiled when it is first asked for."""
        names = tuple(tensor.name for tensor in tensors)
        with self._one:
            if names not in self._fills:
                self._fills[names] = StageFill(
                    self.stages.rest, Layout(tensors), self.formats, self._limit
                )
            return self._fills[names]

    def _without(self, stage: str) -> InputError:
        return InputError(f"{self.bundle.name}: the stage `{stage}` has no aggregates, got states")

    def _unknown(self, stage: str) -> InputError:
        return InputError(
            f"{self.bundle.name}: there is no stage {stage!r}",
            hint=f"there are {', '.join(self.formats)}",
        )

    def __repr__(self) -> str:
        return f"<staged {self.bundle.name} {self.bundle.version}: {', '.join(self.formats)}>"

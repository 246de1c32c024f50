"""A bundle with aggregates in serving: a request and the states of its entities to features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

import numpy as np

from featurelib.border_errors import missing_field, show
from featurelib.borders import canonical, from_canonical
from featurelib.bundle import Bundle
from featurelib.errors import DefinitionError, InputError, StateVersionError
from featurelib.jit.arena import DEFAULT_LIMIT
from featurelib.jit.environment import check_float_environment
from featurelib.jit.windows.layout import OTHER_DEFINITION
from featurelib.model_inputs import ModelInputs
from featurelib_online import buffers
from featurelib_online.outputs import Row
from featurelib_online.read_plan import Column
from featurelib_online.row import RowKernel, as_mapping
from featurelib_online.row import compile as compile_rows
from featurelib_online.stream.answer_columns import AnswerColumns
from featurelib_online.stream.state import FrozenState
from featurelib_online.stream.stream import Stream
from featurelib_online.stream.stream import compile as compile_stream
from featurelib_online.workspace import RowWorkspace


class Entity(NamedTuple):
    """Whose state a request needs.

    Attributes:
        source: The event source's name.
        key: The entity, as the request has it: text or an integer.
    """

    source: str
    key: Any


class _Slot(NamedTuple):
    """A state that a request needs: of which source, and which field names the entity."""

    name: str
    source: str
    field: str
    aggregates: tuple[str, ...]


class _Tools(NamedTuple):
    """The memory of one call."""

    work: RowWorkspace
    as_of: np.ndarray[Any, Any]
    slots: tuple[tuple[str, AnswerColumns, FrozenState], ...]


class Served:
    """A bundle with aggregates, compiled: the row kernel, and a stream for each event source.

    Safe to call from many threads, as long as no two use one state.

    Attributes:
        bundle: What is computed.
        kernel: The row kernel; called by itself it takes the aggregates with the request.
        streams: For each event source what applies records to states (`Stream`).
        names: What states are given by: the source's name; ``source.field`` for each of the
            request's fields that name an entity of a source, where there are several (``.on``).

    Args:
        bundle: A bundle with aggregates.
        model_inputs: What the model was trained with that is to be served.
        text_limit: The row limit: a longer text result is null.

    Raises:
        DefinitionError: It is no bundle, or has no aggregates.
        LayoutMismatchError: The bundle does not give the model what it was trained with.
        CompileError: This Python or an input type is not supported.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        model_inputs: ModelInputs | None = None,
        text_limit: int = DEFAULT_LIMIT,
    ) -> None:
        definition = bundle.aggregates if isinstance(bundle, Bundle) else None
        if definition is None:
            raise DefinitionError(
                f"expected a bundle with aggregates, got {bundle!r}",
                hint="featurelib_online.compile(bundle) serves one without",
            )
        self.bundle = bundle
        self.kernel: RowKernel = compile_rows(
            bundle, model_inputs=model_inputs, text_limit=text_limit
        )
        self.streams: dict[str, Stream] = {
            name: compile_stream(definition, name) for name in definition.sources
        }
        self._slots = self._needed()
        self.names = tuple(slot.name for slot in self._slots)
        self._as_of = bundle.request.names.index(definition.as_of)
        self._unknown = {name: made.new() for name, made in self.streams.items()}
        self._free = [self._tools()]

    def entities(self, request: Any) -> dict[str, Entity]:
        """Whose states a request needs, by the name that each is given by.

        Args:
            request: A mapping from field to value, or an instance of the request's schema.

        Raises:
            InputError: A field that names an entity is missing, or does not fit.
        """
        row, found = as_mapping(request), {}
        schema = self.bundle.request
        for slot in self._slots:
            field = schema[slot.field]
            if not isinstance(row, Mapping) or slot.field not in row:
                if not field.has_default:
                    raise missing_field(field, schema, self.bundle.name, None, list(row))
                value = field.canonical_default
            else:
                value = canonical(row[slot.field], field, where=self.bundle.name)
            found[slot.name] = Entity(slot.source, from_canonical(value, field.dtype))
        return found

    def __call__(
        self,
        request: Any,
        states: Mapping[str, FrozenState | None],
        *,
        out: Mapping[str, Any] | None = None,
    ) -> Row:
        """The features of a request.

        The query time is the request's field that the definition names (`as_of`).

        Args:
            request: A mapping from field to value, or an instance of the request's schema.
            states: The state of each entity, by `names`; None of one that nothing is known of.
            out: Buffers for the tensors of the layout (see `RowKernel.many`); the values are
                written to their first row.

        Raises:
            InputError: The request does not match its schema, a state is missing or is none, or a
                buffer does not fit.
            StateVersionError: The state of another source, or of another definition.
        """
        check_float_environment()
        views = None if out is None else buffers.of(out, self.bundle, 1)
        tools = self._taken()
        try:
            self._serve(tools, request, states)
            made = self.kernel.row_of(tools.work)
        finally:
            self._free.append(tools)
        if views is not None:
            self.kernel.put(made, views)
        return made

    def blocks(
        self, requests: Sequence[Any], states: Sequence[Mapping[str, FrozenState | None]]
    ) -> list[bytes]:
        """The `Row.block` of each request, of several together.

        Args:
            requests: As for one.
            states: For each request as for one.

        Raises:
            InputError: As for one; none is made then.
            StateVersionError: As for one.
        """
        check_float_environment()
        made, tools = list[bytes](), self._taken()
        try:
            row_of, work = self.kernel.row_of, tools.work
            for request, of_request in zip(requests, states, strict=True):
                self._serve(tools, request, of_request)
                made.append(row_of(work).block)
        finally:
            self._free.append(tools)
        return made

    def _taken(self) -> _Tools:
        try:
            return self._free.pop()
        except IndexError:
            return self._tools()

    def _serve(self, tools: _Tools, request: Any, states: Mapping[str, FrozenState | None]) -> None:
        """Reads a request and runs the program on it and its states' answers."""
        work, as_of, slots = tools
        work.plan.read(request if type(request) is dict else as_mapping(request))
        q = int(as_of[0])
        if len(states) != len(slots):
            self._refuse(states)
        for name, columns, state in slots:
            given = states.get(name, self)
            if given is not None:
                if not isinstance(given, FrozenState):
                    self._refuse(states)
                state = given
            if columns.ask((state.address, q, columns.starts.at(q))) == OTHER_DEFINITION:
                self._refuse_definition(name, state)
        work.plan.run(1)

    def __reduce__(self) -> Any:
        return _served, (self.bundle, self.kernel.kernel.limit)

    def __repr__(self) -> str:
        return f"<served {self.bundle.name} {self.bundle.version} with {', '.join(self.names)}>"

    def _needed(self) -> tuple[_Slot, ...]:
        """The states that features read aggregates of."""
        definition = self.bundle.aggregates
        assert definition is not None
        read: dict[tuple[str, str], list[str]] = {}
        for plan in definition.aggregates.values():
            if plan.name in self.bundle.program.inputs:
                read.setdefault((plan.source, plan.entity), []).append(plan.name)
        every = {(p.source, p.entity): None for p in definition.aggregates.values()}
        of_source = [source for source, _ in every]
        return tuple(
            _Slot(
                source if of_source.count(source) == 1 else f"{source}.{field}",
                source,
                field,
                tuple(names),
            )
            for (source, field), names in read.items()
        )

    def _tools(self) -> _Tools:
        schema = self.bundle.schema
        columns = {n: Column.empty(schema[n].dtype, 1) for s in self._slots for n in s.aggregates}
        kernel = self.kernel
        work = RowWorkspace(self.bundle, kernel.kernel, kernel.layout, aggregates=columns)
        slots = []
        for slot in self._slots:
            mine = {n: columns[n] for n in slot.aggregates}
            asks = AnswerColumns(self.streams[slot.source].plan, mine)
            slots.append((slot.name, asks, self._unknown[slot.source]))
        return _Tools(work, work.plan.columns[self._as_of].values, tuple(slots))

    def _refuse(self, states: Mapping[str, Any]) -> NoReturn:
        where, known = self.bundle.name, ", ".join(self.names)
        for name in self.names:
            if name not in states:
                raise InputError(
                    f"{where}: the state `{name}` is missing",
                    hint=f"give {known}; None where nothing is known of the entity",
                )
            if states[name] is not None and not isinstance(states[name], FrozenState):
                raise InputError(
                    f"{where}: expected a state as `{name}`, got {show(states[name])}",
                    hint=f"served.streams[{self._source(name)!r}].load(bytes) makes one",
                )
        other = next(n for n in states if n not in self.names)
        raise InputError(f"{where}: no state is called {other!r}", hint=f"there are {known}")

    def _refuse_definition(self, name: str, state: FrozenState) -> NoReturn:
        raise StateVersionError(
            f"{self.bundle.name}: the state `{name}` ({state!r}) was not made by the stream of "
            f"`{self._source(name)}`",
            hint=f"served.streams[{self._source(name)!r}] makes and loads such states",
        )

    def _source(self, name: str) -> str:
        return next(slot.source for slot in self._slots if slot.name == name)


def _served(bundle: Bundle, text_limit: int) -> Served:
    """One that comes from another process."""
    return Served(bundle, text_limit=text_limit)

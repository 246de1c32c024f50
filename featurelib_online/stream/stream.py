"""Streams: the aggregates over one event source, compiled to apply events and answer queries."""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, MutableMapping
from functools import cached_property
from typing import Any

import numpy as np

from featurelib.bundle import Bundle
from featurelib.errors import DefinitionError, InputError
from featurelib.jit.environment import check_float_environment
from featurelib.jit.windows import entries
from featurelib.jit.windows import layout as at
from featurelib.jit.windows.plan import Plan
from featurelib.windows import Definition
from featurelib_online.row import RowKernel
from featurelib_online.stream.answers import AnswerReader, Answers
from featurelib_online.stream.calendars import CalendarStarts
from featurelib_online.stream.columns import apply_columns, with_key
from featurelib_online.stream.growing import NO_ROOM, copied, grow
from featurelib_online.stream.looking import ValueReader, described
from featurelib_online.stream.merging import merged
from featurelib_online.stream.moments import microseconds
from featurelib_online.stream.reading import RecordReader, event_kernel, is_missing
from featurelib_online.stream.state import (
    FrozenState,
    State,
    Viewer,
    check_definition,
    loaded,
    of_other_definition,
    only_asked,
)

Array = np.ndarray[Any, Any]
OUTCOMES = (
    "taken", "known", "beyond_kept", "", "null_time", "null_id", "null_arrival", "late", "ahead",
)  # fmt: skip
"""What became of a record, by the number that machine code gives."""


class Stream:
    """The aggregates over one event source. Made by `featurelib_online.stream.compile`.

    Safe to call from many threads, as long as no two use one state. A state that another
    definition made is refused by each method, with a `StateVersionError`.

    Attributes:
        definition: The aggregates.
        name: The source's name.
        plan: What machine code reads.
        refused: How many records were refused, by reason (docs/windows.md), and how many were of
            events that are not kept any more (``beyond_kept``). Nothing in a state counts them.
    """

    def __init__(self, definition: Definition, source: str) -> None:
        self.definition, self.name = definition, source
        self.plan = Plan(definition, source)
        self.refused: Counter[str] = Counter()
        self._source = definition.sources[source].source
        self._kernel = event_kernel(self.plan.events, self.plan.events.program)
        self._answers, self._viewer = AnswerReader(self.plan), Viewer(self.plan, source)
        self._values: dict[str, ValueReader] = {}
        self._lock = threading.Lock()
        self._free = [(RecordReader(self._kernel, self.plan), CalendarStarts(self.plan))]

    def new(self) -> State:
        """The state of an entity without events."""
        return self._sealed(self.plan.empty_state())

    def load(self, data: Any) -> State:
        """The state with these bytes, which are copied.

        Args:
            data: What `State.vector` or ``bytes(state)`` was.

        Raises:
            StateFormatError: No state, cut off, or damaged.
            StateVersionError: The state of another definition.
        """
        return loaded(data, self.plan, self.name)

    def view(self, data: bytes | memoryview) -> FrozenState:
        """A state that is only asked, over bytes whose checksum somebody has compared already.

        A store has read them a moment before and answers for them: nothing is copied, and of what
        they hold only the header is looked at, so a large state costs what a small one does.

        Args:
            data: What `State.vector` or ``bytes(state)`` was; it stays as it is.

        Raises:
            StateFormatError: No state, cut off, or with a damaged header.
            StateVersionError: The state of another definition.
        """
        return self._viewer.view(data)

    def apply(self, state: State, event: Mapping[str, Any]) -> str:
        """Applies a record to the state of its entity. The key is not compared with the state.

        Returns:
            ``taken``; ``known``: it said nothing new; ``beyond_kept``: its event is older than all
            that are kept, and is lost or was counted already; or why it is refused (see `refused`,
            which counts it).

        Raises:
            InputError: The state is a view of bytes that stay as they are.
        """
        check_float_environment()
        if not isinstance(state, State):
            raise only_asked(self.name, state)
        if type(event) is not dict and not isinstance(event, Mapping):
            return self._refuse("bad_value")
        tools = self._tools()
        try:
            reader = tools[0]
            try:
                reader.read(event)
            except InputError:
                return self._refuse(self._reason(event))
            kind = type(event.get(self._source.key))
            if kind is not int and kind is not str and self._lacks(event, "key"):
                return self._refuse("null_key")
            outcome = reader.apply(state.address)
            while outcome in NO_ROOM:
                grow(self.plan, state, outcome, reader.record)
                outcome = reader.apply(state.address)
            if outcome == at.OTHER:
                raise of_other_definition(state.words, self.plan, self.name)
        finally:
            self._free.append(tools)
        name = OUTCOMES[outcome]
        return name if outcome <= at.KNOWN else self._refuse(name)

    @cached_property
    def _column_kernel(self) -> RowKernel:
        """Computes the event program, and the entity, over columns."""
        return event_kernel(self.plan.events, with_key(self.plan.events))

    def apply_columns(self, states: MutableMapping[Any, State], data: Any) -> dict[str, int]:
        """Applies many records of many entities, in the order of the rows.

        Args:
            states: The state of each entity, by key; that of a new entity is added.
            data: Columns as `RowKernel.columns` takes them: a mapping of arrays, or a table.

        Returns:
            How many records had each outcome (see `apply`). The refused ones count in `refused`.

        Raises:
            InputError: A column is missing, unknown, or holds a value that the schema does not
                take, or a state is only to be asked; no record has been applied.
            StateVersionError: The state of one of the entities is of another definition; no record
                has been applied.
        """
        kernel, new = self._column_kernel, self.new
        found = apply_columns(kernel, self.plan, self.name, states, data, new)
        named = {"null_key" if k is None else OUTCOMES[k]: n for k, n in found.items()}
        with self._lock:
            self.refused.update({k: n for k, n in named.items() if k not in ("taken", "known")})
        return named

    def values(self, state: FrozenState, name: str, as_of: dt.datetime | int) -> Array:
        """The values that an aggregate looks at, in all events that are kept and known by a moment.

        Of the window it is only whether it sees an event of the moment itself.

        Args:
            state: The entity's state.
            name: An aggregate over this source that has an argument and no filter.
            as_of: A datetime with a zone, or microseconds since 1970 in UTC.

        Returns:
            The values, oldest event first, nulls left out: of the argument's storage type widened
            to 64 bits; a Bool is 0 or 1.

        Raises:
            InputError: There is no such aggregate, or `as_of` is no moment.
            StateVersionError: The state of another definition.
        """
        return self.value_reader(name).read([state], [microseconds(as_of)])[0]

    def value_reader(self, name: str) -> ValueReader:
        """Reads what `values` gives of many states in one call; raises what it raises."""
        if name not in self._values:
            self._values[name] = ValueReader(self.plan, self.name, name)
        return self._values[name]

    def query(self, state: FrozenState, as_of: dt.datetime | int) -> Answers:
        """The aggregates of an entity at a moment.

        Args:
            state: The entity's state.
            as_of: A datetime with a zone, or microseconds since 1970 in UTC.

        Raises:
            InputError: `as_of` is neither, or not of the years 1 to 9999.
        """
        check_float_environment()
        q = microseconds(as_of)
        tools = self._tools()
        try:
            reader, starts = tools
            nulls = reader.query((state.address, q, starts.at(q)))
            if nulls == at.OTHER_DEFINITION:
                raise of_other_definition(state.words, self.plan, self.name)
            return self._answers.read(reader.words, nulls > 0)
        finally:
            self._free.append(tools)

    def merge(self, one: State, other: State) -> State:
        """The state that all records of both would have given; neither is changed.

        Records that both have count once, so a snapshot and the tail of a stream may overlap. Where
        aggregates have totals the tail has arrived after the snapshot, but for what both have.

        Raises:
            StateMergeError: Both have events in totals: nothing says which are the same.
        """
        for state in (one, other):
            check_definition(state, self.plan, self.name)
        return merged(self.plan, self.name, one, other)

    def compact(self, state: FrozenState, as_of: dt.datetime | int | None = None) -> State:
        """The same events in the smallest vector.

        Args:
            state: The state; it is not changed.
            as_of: If given, events that no window can reach at this moment or later are left out.
                A query of an earlier moment may then be answered by nulls (``beyond_kept``).

        Raises:
            InputError: `as_of` is no moment (see `query`).
        """
        check_definition(state, self.plan, self.name)
        made = copied(self.plan, state)
        if as_of is not None:
            horizon = self.plan.horizon(microseconds(as_of))
            while horizon is not None:
                outcome = entries.drop_before(made.address, self.plan.address, horizon)
                if outcome not in NO_ROOM:
                    break
                grow(self.plan, made, outcome, 0)
        return copied(self.plan, made)

    def describe(self, state: FrozenState) -> dict[str, Any]:
        """What a state holds: events, bytes, its bound, and the newest event that is not kept.

        `in_totals` counts the events that have left for the totals (withdrawn ones too), and
        `newest_lost` is the newest that no total has, either; see docs/windows.md.
        """
        check_definition(state, self.plan, self.name)
        return described(self.plan, state)

    def __reduce__(self) -> Any:
        return Stream, (self.definition, self.name)

    def __repr__(self) -> str:
        return f"<stream of {len(self.plan.aggregates)} aggregates over {self.name}>"

    def _tools(self) -> tuple[RecordReader, CalendarStarts]:
        try:
            return self._free.pop()
        except IndexError:
            return RecordReader(self._kernel, self.plan), CalendarStarts(self.plan)

    def _sealed(self, words: Array) -> State:
        state = State(words)
        entries.seal_state(state.address, self.plan.address)
        return state

    def _refuse(self, reason: str) -> str:
        with self._lock:
            self.refused[reason] += 1
        return reason

    def _reason(self, event: Mapping[str, Any]) -> str:
        """Why a record that cannot be read is refused: a null comes before a bad value."""
        for role in ("key", "time", "id", "arrival"):
            if self._lacks(event, role):
                return f"null_{role}"
        return "bad_value"

    def _lacks(self, event: Mapping[str, Any], role: str) -> bool:
        """Whether a record has no value in the column of a role; False if no column has it."""
        column = getattr(self._source, role)
        return column is not None and is_missing(event, self._source.records, column)


def compile(what: Definition | Bundle, source: str | None = None) -> Stream:
    """Compiles the aggregates over one event source.

    Args:
        what: A definition, or a bundle with aggregates.
        source: The source's name; not needed where there is one only.

    Raises:
        DefinitionError: There are no aggregates, or no source of that name.
        CompileError: This Python or an input type is not supported.
    """
    definition = what.aggregates if isinstance(what, Bundle) else what
    if not isinstance(definition, Definition):
        raise DefinitionError(
            f"expected a definition, or a bundle with aggregates, got {what!r}",
            hint="featurelib.windows.define({...})",
        )
    names: Iterable[str] = definition.sources
    if source is None and len(definition.sources) == 1:
        (source,) = names
    if source is None or source not in definition.sources:
        raise DefinitionError(
            f"expected one of the event sources {', '.join(names)}, got source={source!r}"
        )
    return Stream(definition, source)

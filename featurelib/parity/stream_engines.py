"""The ways to compute aggregates online: records in the order of arrival, queries in between.

online, event by event  `apply` for each record
online, columns         `apply_columns` for those that came since the last query
online, bytes           the state is written and loaded again all the time
online, merged          a snapshot, and the tail of the stream, which overlap
online, compacted       the state leaves out what no window can reach any more
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from featurelib.borders import canonical, violation
from featurelib.fields import Field, InputSchema
from featurelib.parity.event_engines import Answered, EventEngine, Events
from featurelib.parity.values import Array, Rows, Values
from featurelib.windows import Definition

__all__ = ["STREAM_ENGINES", "Replay", "StatesByEvent", "StreamEngine"]

_OFTEN = 5
"""A state goes through its bytes, and is compacted, after so many records of its entity."""


class Side(Protocol):
    """Keeps the states of the entities of one source."""

    def tell(self, row: int) -> None:
        """Takes the next record in the order of arrival."""
        ...

    def ask(self, key: Any, q: int) -> Any:
        """The answers about an entity."""
        ...


@dataclass(frozen=True)
class StreamEngine:
    """`featurelib_online.stream`, each query asked when all that had arrived by then is applied.

    Attributes:
        name: For reports.
        side: What keeps the states: made of a stream and the records of its source.
    """

    name: str
    side: Callable[[Any, Rows], Side] = field(repr=False)

    def answer(self, definition: Definition, events: Events) -> Answered:
        """See `EventEngine.answer`."""
        from featurelib_online import stream

        answers: dict[str, list[Any]] = {}
        refused = {}
        for name in definition.sources:
            made = stream.compile(definition, name)
            answers |= self._source(made, definition, events)
            refused[name] = {r: n for r, n in made.refused.items() if n and r != "beyond_kept"}
        values, reasons = {}, {}
        for name, plan in definition.aggregates.items():
            item = Field(name, plan.dtype, True)
            found = [canonical(a[name], item) for a in answers[name]]
            values[name] = Values.of(found, plan.dtype)
            reasons[name] = np.array([a.reasons.get(name, "") for a in answers[name]], object)
        return Answered(values, reasons, refused)

    def _source(self, made: Any, definition: Definition, events: Events) -> dict[str, list[Any]]:
        """The answers to every query, for each aggregate over one source."""
        records, plans = events.records[made.name], definition.of(made.name)
        side = self.side(made, records)
        replay = Replay(side, definition, made.name, records)
        fields = tuple(dict.fromkeys(p.entity for p in plans))
        asked: dict[str, list[Any]] = {name: [None] * len(events.queries) for name in fields}
        keys = events.queries.only(fields)
        times = events.queries.columns[definition.as_of].data
        for row in np.argsort(times, kind="stable").tolist():
            q = int(times[row])
            replay.until(q)
            for name, key in keys.python(row).items():
                asked[name][row] = side.ask(key, q)
        replay.until(np.iinfo(np.int64).max)  # refusals are counted over all records
        side.ask(None, int(times.max(initial=0)))  # what a side has put off is done now
        return {p.name: asked[p.entity] for p in plans}


class Replay:
    """The records of a source in the order of arrival, told as time goes on.

    A record without an arrival, which is refused, comes first; those of one arrival come in any
    order.

    Args:
        side: Who is told.
        definition: What is asked.
        source: The source's name.
        records: Its records.
    """

    def __init__(self, side: Side, definition: Definition, source: str, records: Rows) -> None:
        about = definition.sources[source].source
        column = records.columns[about.arrival or about.time]
        arrived = np.where(column.valid, column.data, np.iinfo(np.int64).min)
        ties = np.random.default_rng(len(records)).random(len(records))
        self._order = np.lexsort((ties, arrived)).tolist()
        self._arrived = np.sort(arrived)
        self._side, self._told = side, 0

    def until(self, q: int) -> None:
        """Tells what has arrived by a moment and was not told yet."""
        stop = int(np.searchsorted(self._arrived, q, side="right"))
        for row in self._order[self._told : stop]:
            self._side.tell(row)
        self._told = max(self._told, stop)


class StatesByEvent:
    """One state an entity, one record at a time.

    Args:
        made: The stream.
        records: The records of its source.
    """

    def __init__(self, made: Any, records: Rows) -> None:
        self.stream, self.records = made, records
        self.key = made.definition.sources[made.name].source.key
        self.states: dict[Any, Any] = {}

    def tell(self, row: int) -> None:
        """See `Side.tell`."""
        record = self.records.python(row)
        key = record[self.key]
        self.apply(key, self.state(key), record)

    def apply(self, key: Any, state: Any, record: dict[str, Any]) -> None:
        """Applies a record to the state of its entity."""
        self.stream.apply(state, record)

    def state(self, key: Any) -> Any:
        """The state of an entity; a new one, if nothing is known of it."""
        if key not in self.states:
            self.states[key] = self.stream.new()
        return self.states[key]

    def ask(self, key: Any, q: int) -> Any:
        """See `Side.ask`."""
        return self.stream.query(self.state(key), q)


class _ByColumns(StatesByEvent):
    """What came since the last query as columns of many entities; bad records one by one."""

    def __init__(self, made: Any, records: Rows) -> None:
        super().__init__(made, records)
        self._waiting: list[int] = []
        self._is_bad = _bad(records, made.definition.sources[made.name].schema)

    def tell(self, row: int) -> None:
        """See `Side.tell`."""
        if self._is_bad[row]:
            super().tell(row)
        else:
            self._waiting.append(row)

    def ask(self, key: Any, q: int) -> Any:
        """See `Side.ask`."""
        from featurelib.parity.polars_engines import frame_of

        if self._waiting:
            self.stream.apply_columns(self.states, frame_of(self.records.take(self._waiting)))
            self._waiting = []
        return super().ask(key, q)


class _ByBytes(StatesByEvent):
    """States that are stored and loaded after every few records, and before each query."""

    def __init__(self, made: Any, records: Rows) -> None:
        super().__init__(made, records)
        self._told = 0

    def apply(self, key: Any, state: Any, record: dict[str, Any]) -> None:
        """Applies a record; every few records all is read back from bytes."""
        super().apply(key, state, record)
        self._told += 1
        if self._told % _OFTEN == 0:
            self.states[key] = self.stream.load(bytes(state))

    def ask(self, key: Any, q: int) -> Any:
        """See `Side.ask`."""
        self.states[key] = self.stream.load(bytes(self.state(key)))
        return super().ask(key, q)


class _Compacted(StatesByEvent):
    """States without what no window can reach at the moment of the last query, or later."""

    def ask(self, key: Any, q: int) -> Any:
        """See `Side.ask`."""
        self.states[key] = self.stream.compact(self.state(key), q)
        return super().ask(key, q)


class _Merged(StatesByEvent):
    """A snapshot of each entity and the tail of its stream, merged for every query.

    The tail begins with records that the snapshot has too, and is never longer than what is kept.
    """

    def __init__(self, made: Any, records: Rows) -> None:
        super().__init__(made, records)
        most = made.definition.sources[made.name].source.max_events
        self._longest = max(1, min(64, most // 2))
        self._tails: dict[Any, list[dict[str, Any]]] = {}
        self._turn = 0

    def apply(self, key: Any, state: Any, record: dict[str, Any]) -> None:
        """Adds a record to the tail; a long one goes into the snapshot."""
        if self.stream.apply(self.stream.new(), record) != "taken":
            return  # refused: it is counted once, and is in no tail
        tail = self._tails.setdefault(key, [])
        tail.append(record)
        if len(tail) >= self._longest:
            self.states[key] = self._joined(key)
            del tail[: len(tail) - self._longest // 4]

    def ask(self, key: Any, q: int) -> Any:
        """See `Side.ask`."""
        return self.stream.query(self._joined(key), q)

    def _joined(self, key: Any) -> Any:
        tail = self.stream.new()
        for record in self._tails.get(key, ()):
            self.stream.apply(tail, record)
        pair = self.state(key), tail
        self._turn += 1
        return self.stream.merge(*(pair if self._turn % 2 else pair[::-1]))


def _bad(records: Rows, schema: InputSchema) -> Array:
    """True in each record that `apply_columns` would refuse with all the others."""
    found = np.zeros(len(records), bool)
    for item in schema:
        column = records.columns[item.name]
        if not item.nullable:
            found |= ~column.valid
        if item.is_constrained:
            some = (column.canonical(i) for i in range(len(records)))
            found |= [v is not None and bool(violation(v, item)) for v in some]
    return found


STREAM_ENGINES: list[EventEngine] = [
    StreamEngine("online, event by event", StatesByEvent),
    StreamEngine("online, columns", _ByColumns),
    StreamEngine("online, bytes", _ByBytes),
    StreamEngine("online, merged", _Merged),
    StreamEngine("online, compacted", _Compacted),
]

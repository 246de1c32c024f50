"""Records and queries from a seed that stand on the edges of a definition's windows.

Few entities, so that windows fill and run over `max_events`. Times tie, stand a window's length
apart and a microsecond off it; records come late, ahead, twice, with other values, are withdrawn,
and lack what they may not lack. The same seed gives the same events on every machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from featurelib.parity.edge_values import FIRST_INSTANT, LAST_INSTANT, pools
from featurelib.parity.event_engines import Events, query_schema
from featurelib.parity.event_scales import Scales, scales
from featurelib.parity.generate_rows import generate_rows, program_bundle
from featurelib.parity.values import Rows
from featurelib.windows import Definition, EventPlan

__all__ = ["generate_events"]

Record = dict[str, Any]
_ENTITIES = (0.6, 0.25, 0.1, 0.05)
"""How often each entity's turn comes: the first one runs over what is kept."""
_AGAIN, _WITHDRAWN, _LACKS = 0.12, 0.04, 0.004
_RECENT = 30
_HUGE, _LONG = 1e17, 60


def generate_events(
    definition: Definition,
    records: int,
    queries: int,
    seed: int,
    request: Rows | None = None,
) -> Events:
    """Records of every source, and queries about them.

    Args:
        definition: What is asked of which sources.
        records: How many records each source has.
        queries: How many queries.
        seed: Of the generator.
        request: What queries hold beside their time and entities: as many rows as queries.
    """
    made, keys = {}, {}
    for i, (name, plan) in enumerate(definition.sources.items()):
        rng = np.random.default_rng([seed, 7, i])
        maker = _Maker(plan, scales(definition, name), records, seed + i, rng)
        made[name] = Rows.of(maker.records(records), plan.schema)
        keys[name] = maker.keys
    rng = np.random.default_rng([seed, 8])
    asked = _queries(definition, made, keys, queries, rng)
    if request is None:
        return Events(made, Rows.of(asked, query_schema(definition)))
    rest = [request.canonical(i) | q for i, q in enumerate(asked)]
    return Events(made, Rows.of(rest, request.schema))


class _Maker:
    """Makes the records of one source.

    Args:
        plan: What is read of them.
        scale: The lengths of its windows.
        count: How many there will be.
        seed: Of their values.
        rng: Of their times.

    Attributes:
        keys: The entities; a few more that no record has.
    """

    def __init__(
        self, plan: EventPlan, scale: Scales, count: int, seed: int, rng: np.random.Generator
    ) -> None:
        self._source, self._schema, self._scale, self._rng = plan.source, plan.schema, scale, rng
        bundle = program_bundle(plan.source.name, plan.schema, plan.program)
        values = generate_rows(bundle, max(count, 8), seed)
        self._values, self._pools = values, pools(bundle)
        key = values.columns[plan.source.key]
        known = (key.canonical(i) for i in range(len(key)))
        self.keys = list(dict.fromkeys(k for k in known if k is not None and not _is_long(k)))[
            : len(_ENTITIES) + 2
        ]
        self._entities = len(self.keys) - 2 if len(self.keys) > 3 else len(self.keys)
        self._few = {f.name: self._some(f.name) for f in plan.schema}
        self._clock = [scale.origin] * len(self.keys)
        self._pace, self._is_wild = 1, False

    def records(self, count: int) -> list[Record]:
        """So many records, in no order that means something."""
        made: list[Record] = []
        until = 0
        while len(made) < count:
            if len(made) >= until:
                self._pace, lasts = self._scale.pace(self._rng)
                until = len(made) + min(lasts, max(40, count // 3))
                self._is_wild = self._rng.random() < 0.3
            if made and self._rng.random() < _AGAIN:
                made.append(self._again(made[-int(self._rng.integers(1, _RECENT)) :][0], len(made)))
            else:
                made.append(self._new(len(made)))
        return [self._lacking(r) for r in made]

    def _new(self, i: int) -> Record:
        rng, source = self._rng, self._source
        weights = np.array(_ENTITIES[: self._entities])
        entity = int(rng.choice(self._entities, p=weights / weights.sum()))
        t = self._scale.next(self._clock[entity], self._pace, rng)
        self._clock[entity] = t
        record = self._said(i) | {source.key: self.keys[entity], source.time: t}
        record[source.id] = self._id(i)
        if source.sequence is not None:
            low, high = self._schema[source.sequence].dtype.bounds
            usual = [0] * 8 + [1, 1, max(low, -1), low, high]
            record[source.sequence] = usual[rng.integers(len(usual))]
        if source.deleted is not None:
            record[source.deleted] = bool(rng.random() < _WITHDRAWN)
        if source.arrival is not None:
            record[source.arrival] = _clipped(t + self._delay())
        return record

    def _again(self, record: Record, i: int) -> Record:
        """The same event once more: a copy, other values, another arrival, or a withdrawal."""
        source, how = self._source, int(self._rng.integers(4))
        if how == 1:
            roles = (source.key, source.time, source.id, source.arrival, source.sequence)
            record = self._said(i) | {n: record[n] for n in roles if n is not None}
            if source.deleted is not None:
                record[source.deleted] = False
        if how >= 2 and source.arrival is not None:
            record = record | {source.arrival: _clipped(record[source.time] + self._delay())}
        if how == 3 and source.deleted is not None:
            record = record | {source.deleted: True}
        return record

    def _said(self, i: int) -> Record:
        """The values of a record: mostly a few that repeat, else any."""
        made = self._values.canonical(i)
        picks = self._rng.random(len(made)).tolist()
        for (name, value), pick in zip(list(made.items()), picks, strict=True):
            few = self._few[name]
            wild = isinstance(value, float) and not abs(value) < _HUGE
            if few and value is not None and (pick < 0.6 or (wild and not self._is_wild)):
                made[name] = few[int(self._rng.integers(len(few)))]
        return made

    def _some(self, name: str) -> list[Any]:
        """A few values of a column: of the program's constants first, and none is huge or long."""
        column = self._values.columns[name]
        drawn = [column.canonical(i) for i in range(min(len(column), 200))]
        found = {}
        for value in [*self._pools[name][:4], *drawn]:
            is_small = not isinstance(value, (int, float)) or abs(value) < _HUGE
            if value is not None and is_small and not _is_long(value):
                found[repr(value)] = value
        return list(found.values())[:8]

    def _id(self, i: int) -> Any:
        item = self._schema[self._source.id]
        if item.is_constrained or self._rng.random() < 0.05:
            few = self._few[item.name]
            return few[i % len(few)] if few else self._values.columns[item.name].canonical(i)
        if item.dtype.name == "String":
            return f"e{i}".encode()
        return i % (item.dtype.bounds[1] + 1)

    def _delay(self) -> int:
        """From an event to its arrival: none, some, and what is just in time or just not."""
        rng, source = self._rng, self._source
        late, ahead = source.max_lateness_us, source.max_ahead_us
        usual = [0, 0, 0, 0, 1, self._pace, 2 * self._pace, 20 * self._pace]
        usual += [self._scale.length(rng)] if late is None else [late, late + 1, late // 2]
        usual += [-1, -self._pace] if ahead is None else [-1, -ahead, -ahead - 1]
        delay = int(usual[rng.integers(len(usual))])
        return delay if late is None or rng.random() < 0.2 else min(delay, late)

    def _lacking(self, record: Record) -> Record:
        """Now and then a null where none may be."""
        source, rng = self._source, self._rng
        if rng.random() < 4 * _LACKS:
            roles = [source.key, source.time, source.id, source.arrival or source.time]
            others = [f.name for f in self._schema if not f.nullable]
            names = roles + others[:4]
            record = record | {names[rng.integers(len(names))]: None}
        return record


def _queries(
    definition: Definition, records: Mapping[str, Rows], keys: Mapping[str, list[Any]],
    count: int, rng: np.random.Generator,
) -> list[Record]:  # fmt: skip
    """Query times around records, and where windows that end there begin."""
    fields = {p.entity: p.source for p in definition.aggregates.values()}
    names = list(records)
    made: list[Record] = []
    for i in range(count):
        name = names[i % len(names)]
        source, rows = definition.sources[name].source, records[name]
        near = rows.canonical(int(rng.integers(len(rows)))) if len(rows) else {}
        scale = scales(definition, name)
        columns = (source.time, source.arrival or source.time)
        begin = near.get(columns[int(rng.random() < 0.3)])
        begin = scale.origin if begin is None else begin
        row: Record = {definition.as_of: _clipped(scale.query(begin, rng))}
        for field, of in fields.items():
            key = near.get(source.key) if of == name and rng.random() < 0.9 else None
            known = keys[of]
            row[field] = known[int(rng.integers(len(known)))] if key is None else key
        made.append(row)
    return made


def _clipped(t: int) -> int:
    return min(max(t, FIRST_INSTANT), LAST_INSTANT)


def _is_long(value: Any) -> bool:
    """Whether a text is too long for a report of records that hold it."""
    return isinstance(value, bytes) and len(value) > _LONG

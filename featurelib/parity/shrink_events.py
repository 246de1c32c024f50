"""The smallest events that still show a difference: one query, few records, simple values."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from featurelib.parity.event_engines import Events
from featurelib.parity.shrink import Budget, fewer, simpler
from featurelib.parity.values import Rows

__all__ = ["shrink_events"]

Fails = Callable[[Events], bool]
_FEW = 6
"""Values are made simpler where at most so many records are left."""
_RUNS = 300


def shrink_events(
    events: Events, query: int, keys: Mapping[str, tuple[str, str]], fails: Fails
) -> Events:
    """Events that still fail: one query where one is enough, and as few records as may be.

    Args:
        events: Events that fail together.
        query: A query that came out wrong.
        keys: For each source its key, and the queries' column that names the entity.
        fails: Whether some events fail.
    """

    def asked(queries: Rows) -> bool:
        return fails(Events(events.records, queries))

    alone = events.queries.take(slice(query, query + 1))
    if asked(alone):
        events = Events(events.records, alone)
    elif len(events.queries) > 1:
        events = Events(events.records, fewer(events.queries, Budget(asked, _RUNS)))
    for name in events.records:
        events = _one_source(_of_entities(events, name, keys[name], fails), name, fails)
    return events


def _of_entities(events: Events, name: str, fields: tuple[str, str], fails: Fails) -> Events:
    """Without the records of other entities than that of the first query, if it fails still."""
    key, entity = fields
    if not len(events.queries):
        return events
    whose = events.queries.columns[entity].take(slice(0, 1))
    records = events.records[name]
    column = records.columns[key]
    mine = records.take(column.valid & (column.data == whose.data[0]))
    fewer_events = Events({**events.records, name: mine}, events.queries)
    return fewer_events if fails(fewer_events) else events


def _one_source(events: Events, name: str, fails: Fails) -> Events:
    def given(records: Rows) -> Events:
        return Events({**events.records, name: records}, events.queries)

    budget = Budget(lambda records: fails(given(records)), _RUNS)
    rows = events.records[name]
    nothing = rows.take(slice(0, 0))
    if budget(nothing):
        return given(nothing)
    rows = fewer(rows, budget)
    if len(rows) <= _FEW:
        rows = simpler(rows, Budget(lambda records: fails(given(records)), _RUNS))
    return given(rows)

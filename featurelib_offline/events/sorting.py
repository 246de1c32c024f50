"""Records in order, by entity: sorted once, whatever is asked of them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from featurelib.jit.point_in_time.order import group_rows, sort_groups
from featurelib.jit.point_in_time.resolve import NEVER, Events, resolve
from featurelib.jit.threads import run_parts
from featurelib_offline.events.records import Records

__all__ = ["SortedEvents", "SortedQueries", "shares", "sort_events", "sort_queries"]

Array = np.ndarray[Any, Any]


THREADS = os.cpu_count() or 1
"""Ranges of entities that are looked at side by side."""


@dataclass(frozen=True)
class SortedQueries:
    """Queries by entity, each entity's in the order of time.

    Attributes:
        offsets: Where each entity's queries begin.
        rows: The query (its row) at each place, uint32.
        as_of: Its query time.
    """

    offsets: Array
    rows: Array
    as_of: Array


@dataclass(frozen=True)
class SortedEvents:
    """Events by entity, each entity's in order, with arguments and filters in the same order.

    Attributes:
        events: Times and arrivals; see `featurelib.jit.point_in_time.resolve.Events`.
        records: Where arguments and filters lie, by record.
        repeats: How many records are of an event that has another one.
    """

    events: Events
    records: Records
    repeats: int = 0
    _arguments: dict[int, tuple[Array, Array]] = field(default_factory=dict)
    _filters: dict[int, Array] = field(default_factory=dict)

    def argument(self, index: int) -> tuple[Array, Array]:
        """Words and flags of an argument, in the order of events."""
        if index not in self._arguments:
            some = self.records.has_nulls[index]
            valid = self._moved(self.records.valid[index]) if some else self.ones
            self._arguments[index] = self._moved(self.records.words[index]), valid
        return self._arguments[index]

    def filter(self, index: int) -> Array:
        """Flags of a filter, in the order of events."""
        if index not in self._filters:
            self._filters[index] = self._moved(self.records.passes[index])
        return self._filters[index]

    @cached_property
    def ones(self) -> Array:
        """Flags that are all set."""
        return np.ones(len(self.events.rows), np.uint8)

    @cached_property
    def sequence(self) -> Array | None:
        """Words of the sequence, in the order of events."""
        return None if self.records.sequence is None else self._moved(self.records.sequence)

    @cached_property
    def known(self) -> Array | None:
        """When the first record of each event came; None where that is its time."""
        arrival, gone = self.events.arrival, self.events.gone
        if arrival is None or gone is None:
            return arrival
        known: Array = np.minimum(arrival, gone)
        return known

    @cached_property
    def by_arrival(self) -> Array:
        """Events of each entity by arrival, counted from its first one."""
        return self._places(self.events.arrival)

    @cached_property
    def by_gone(self) -> Array:
        """Events of each entity by withdrawal."""
        return self._places(self.events.gone)

    @cached_property
    def by_known(self) -> Array:
        """Events of each entity by the arrival of their first record."""
        return self.by_arrival if self.events.gone is None else self._places(self.known)

    def _moved(self, column: Array) -> Array:
        rows = self.events.rows
        moved = np.empty(len(rows), column.dtype)
        edges = [len(rows) * k // THREADS for k in range(THREADS + 1)]

        def part(k: int) -> None:
            some = slice(edges[k], edges[k + 1])
            np.take(column, rows[some], out=moved[some], mode="clip")

        run_parts(part, THREADS)
        return moved

    def _places(self, moments: Array | None) -> Array:
        if moments is None:
            return np.zeros(0, np.int64)
        offsets = self.events.offsets
        first = np.repeat(offsets[:-1], np.diff(offsets))
        places = np.arange(len(moments), dtype=np.uint32)
        _sort(moments, None, None, offsets, places, np.empty(len(moments), np.int64))
        from_first: Array = places - first
        return from_first


def shares(offsets: Array, parts: int) -> list[int]:
    """Bounds of ranges of groups that hold about equally many rows."""
    total = int(offsets[-1])
    wanted = [total * k // parts for k in range(1, parts)]
    inner = np.searchsorted(offsets, wanted).tolist()
    return [0, *inner, len(offsets) - 1]


def _sort(
    time: Array, sequence: Array | None, ids: Array | None, offsets: Array, rows: Array,
    times: Array,
) -> int:  # fmt: skip
    """Sorts each group; gives how many records repeat an event."""
    edges = shares(offsets, THREADS)
    same = [0] * THREADS

    def part(k: int) -> None:
        same[k] = sort_groups(time, sequence, ids, offsets, rows, times, edges[k], edges[k + 1])

    run_parts(part, THREADS)
    return sum(same)


def sort_queries(entity: Array, as_of: Array, entities: int) -> SortedQueries:
    """Queries in order.

    Args:
        entity: Number of the entity of each query, uint32.
        as_of: Query times, int64.
        entities: How many entities there are.
    """
    offsets, rows = group_rows(entity, entities)
    times = np.empty(len(rows), np.int64)
    _sort(as_of, None, None, offsets, rows, times)
    return SortedQueries(offsets, rows, times)


def sort_events(records: Records, entities: int) -> SortedEvents:
    """Events in order: records are sorted, duplicates made one, withdrawals noted.

    Args:
        records: The records; where duplicates came at one moment, arguments and filters of one of
            them are overwritten with what the event has.
        entities: How many entities there are.
    """
    offsets, rows = group_rows(records.entity, entities)
    times = np.empty(len(rows), np.int64)
    same = _sort(records.time, records.sequence, records.ids, offsets, rows, times)
    if not same and records.arrival is None and records.dead is None:
        return SortedEvents(Events(offsets, rows, times, None, None), records)
    events = resolve(
        offsets, rows, times, records.ids, records.words, records.valid, records.passes,
        sequence=records.sequence, arrival=records.arrival, dead=records.dead,
    )  # fmt: skip
    if events.gone is not None and bool((events.gone == NEVER).all()):
        events = events._replace(gone=None)
    return SortedEvents(events, records, same)

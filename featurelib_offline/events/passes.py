"""One pass of machine code over sorted events: a window of each query, a value of each event."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import polars as pl

from featurelib.jit.point_in_time import context as at
from featurelib.jit.point_in_time.floors import floors
from featurelib.jit.point_in_time.slide import slide
from featurelib.jit.threads import run_parts
from featurelib.jit.windows import layout
from featurelib.windows.source import EventSource
from featurelib.windows.window import AS_OF, START, Calendar, Last, Rows, Session, Window
from featurelib_offline.events.sessions import begin_of_sessions, later_by_gap
from featurelib_offline.events.sorting import THREADS, SortedEvents, SortedQueries, shares
from featurelib_offline.plan import plan

__all__ = ["Channel", "Kept", "run_pass", "what_is_kept"]

Array = np.ndarray[Any, Any]
_BEGINNING = layout.LONG_AGO + 1
"""The start of a window that has none: after the time of "all events are kept"."""
_ANY_TIME = 1 << 62
"""A lateness without a bound: longer than from any moment back to year 1."""
_NO_TIMES = np.zeros(0, np.int64)
_NO_PLACES = np.zeros(0, np.int64)
_NO_WORDS = np.zeros(0, np.uint64)


def span(window: Window, as_of: Array) -> tuple[Array, Array]:
    """First and last moment of the window of each query, both in it.

    Args:
        window: Of which kind; its bound of rows is not looked at.
        as_of: Query times.
    """
    if isinstance(window, Last):
        sees_now, length = window.sees_now, window.length_us
        if window.resolution_us is not None:
            starts = as_of // window.resolution_us * window.resolution_us - length
        else:
            starts = as_of - length + (0 if window.closed in ("left", "both") else 1)
    else:
        sees_now = window.sees_now
        if isinstance(window, Calendar):
            starts = _calendar_starts(window, as_of)
        else:
            starts = np.full(len(as_of), _BEGINNING, np.int64)
    return starts, as_of if sees_now else as_of - 1


def _calendar_starts(window: Calendar, as_of: Array) -> Array:
    instants = pl.Series(AS_OF, as_of).cast(pl.Datetime("us", "UTC"))
    found = plan(window.start, native="never").apply(instants.to_frame().lazy())
    starts = found.collect(engine="in-memory")[START].to_physical().fill_null(_BEGINNING)
    return np.ascontiguousarray(starts.to_numpy())


def _row_bound(window: Window) -> int:
    if isinstance(window, Rows):
        return window.n
    return (window.rows or 0) if isinstance(window, Last) else 0


class Kept(NamedTuple):
    """What is kept at each sorted query.

    Attributes:
        floor: The first event that is surely kept.
        time: Time of the newest event that is not kept; the lowest int64 if all are.
        lost: Time of the newest event that is lost for totals; the lowest int64 if none is.
    """

    floor: Array
    time: Array
    lost: Array


class Channel(NamedTuple):
    """What a pass looks at, by event.

    Attributes:
        words: The values.
        valid: Not 0 where there is one.
        passes: Not 0 where the filter passes.
        kind: Of the values, as in `featurelib.jit.windows.layout`.
        needs: What the answers need of them.
    """

    words: Array
    valid: Array
    passes: Array
    kind: int
    needs: int


def what_is_kept(events: SortedEvents, queries: SortedQueries, source: EventSource) -> Kept:
    """What an entity of a source keeps at each query, and what is lost."""
    given, known, sequence = events.events, events.known, events.sequence
    floor, floor_time, lost_time = np.empty((3, len(queries.rows)), np.int64)
    lateness = source.max_lateness_us if source.arrival is not None else 0
    lateness = _ANY_TIME if lateness is None else min(lateness, _ANY_TIME)
    edges = shares(given.offsets, THREADS)

    def part(k: int) -> None:
        floors(
            given.time, _NO_WORDS if sequence is None else sequence, sequence is not None,
            _NO_TIMES if known is None else known,
            _NO_PLACES if known is None else events.by_known, known is not None,
            given.offsets, queries.as_of, queries.offsets, source.max_events, lateness,
            floor, floor_time, lost_time, edges[k], edges[k + 1],
        )  # fmt: skip

    run_parts(part, THREADS)
    return Kept(floor, floor_time, lost_time)


def run_pass(
    events: SortedEvents, queries: SortedQueries, window: Window, kept: Kept, channel: Channel,
    wants: Array,
) -> tuple[Array, Array]:  # fmt: skip
    """Answers every query about one window.

    Args:
        events: The events of one source.
        queries: The queries, by the same entities.
        window: Which events.
        kept: See `what_is_kept`.
        channel: What of them.
        wants: What is asked, a record each; see `featurelib.jit.point_in_time.context`.

    Returns:
        Words and reasons, a row for each that is asked, a column for each sorted query.
    """
    given, count = events.events, len(queries.rows)
    starts, ends = span(window, queries.as_of)
    floor_time = kept.time
    if isinstance(window, Session):
        starts = begin_of_sessions(events, queries, window, ends)
        floor_time = later_by_gap(kept.time, window)
    out = np.empty((len(wants), count), np.uint64)
    why = np.empty((len(wants), count), np.uint8)
    words = np.zeros(at.BEGIN, np.int64)
    held = {
        at.ALL_TIMES: given.time, at.ALL_ARRIVAL: given.arrival, at.ALL_GONE: given.gone,
        at.ALL_BY_ARRIVAL: events.by_arrival, at.ALL_BY_GONE: events.by_gone,
        at.ALL_WORDS: channel.words, at.ALL_VALID: channel.valid, at.ALL_PASSES: channel.passes,
        at.OFFSETS: given.offsets, at.Q_OFFSETS: queries.offsets, at.AS_OF: queries.as_of,
        at.STARTS: starts, at.ENDS: ends, at.FLOOR: kept.floor, at.FLOOR_TIME: floor_time,
        at.LOST_TIME: kept.lost, at.OUT: out, at.WHY: why, at.WANTS: wants,
    }  # fmt: skip
    for place, array in held.items():
        words[place] = 0 if array is None else array.ctypes.data
    words[[at.N_QUERIES, at.N_WANTS, at.KIND, at.ROWS, at.NEEDS]] = (
        count, len(wants), channel.kind, _row_bound(window), channel.needs,
    )  # fmt: skip
    edges = shares(given.offsets + queries.offsets, THREADS)
    run_parts(lambda k: slide(words, edges[k], edges[k + 1]), THREADS)
    return out, why

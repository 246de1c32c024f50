"""Sessions of queries: when they began, and until when an event that is not kept reaches them."""

from __future__ import annotations

from typing import Any

import numpy as np

from featurelib.jit.point_in_time.sessions import session_starts
from featurelib.jit.threads import run_parts
from featurelib.jit.windows.layout import LONG_AGO
from featurelib.windows.window import Session
from featurelib_offline.events.sorting import THREADS, SortedEvents, SortedQueries, shares

__all__ = ["begin_of_sessions", "later_by_gap"]

Array = np.ndarray[Any, Any]
_NO_TIMES = np.zeros(0, np.int64)


def begin_of_sessions(
    events: SortedEvents, queries: SortedQueries, window: Session, ends: Array
) -> Array:
    """The time of the first event of the session at each query; the query's, if it is empty.

    Args:
        events: The events of one source.
        queries: The queries, by the same entities.
        window: Which pause ends a session.
        ends: The last moment that each query sees.
    """
    given = events.events
    has_arrival, has_gone = given.arrival is not None, given.gone is not None
    arrival, gone = (_NO_TIMES if a is None else a for a in (given.arrival, given.gone))
    by_arrival, by_gone = (
        _NO_TIMES if a is None else a for a in (events.by_arrival, events.by_gone)
    )
    starts = np.empty(len(queries.rows), np.int64)
    edges = shares(given.offsets, THREADS)

    def part(k: int) -> None:
        session_starts(
            given.time, arrival, by_arrival, has_arrival, gone, by_gone, has_gone, given.offsets,
            queries.as_of, ends, queries.offsets, window.gap_us, starts, edges[k], edges[k + 1],
        )  # fmt: skip

    run_parts(part, THREADS)
    return starts


def later_by_gap(times: Array, window: Session) -> Array:
    """Times of events that are not kept, a gap later: those from a session's start on reach it."""
    later = np.minimum(times, np.iinfo(np.int64).max - window.gap_us) + window.gap_us
    return np.where(times == LONG_AGO, LONG_AGO, later)

"""Where the session begins that is going on at each query: events come and go, runs are joined.

Every 64 events form a chunk, which remembers the last run of those of its events that are visible.
Only an event that comes or goes makes a chunk look at its events again.
"""

from __future__ import annotations

import numpy as np
from numba import types

from featurelib.jit.point_in_time.lazily import lazily
from featurelib.jit.windows.events import is_pause
from featurelib.jit.windows.layout import CHUNK, CHUNK_BITS
from featurelib.jit.windows.memory import helper

_GIVEN = types.Array(types.int64, 1, "C", readonly=True)
_OUT = types.Array(types.int64, 1, "C")
_STALE, _EMPTY, _BROKEN, _WHOLE = range(4)
"""What is known of a chunk: nothing, no event is visible, there is a pause in it, there is none."""


@helper
def _look(known, newest, oldest, k, times, is_seen, begin, gap):
    """Looks at the events of chunk k: times of the first and the last event of its last run."""
    known[k] = _EMPTY
    for i in range((k + 1) * CHUNK - 1, k * CHUNK - 1, -1):
        if is_seen[i] == 0:
            continue
        t = times[begin + i]
        if known[k] == _EMPTY:
            known[k], newest[k] = _WHOLE, t
        elif is_pause(t, oldest[k], gap):
            known[k] = _BROKEN
            return
        oldest[k] = t


@helper
def _start(known, newest, oldest, times, is_seen, begin, high, q, gap):
    """The time of the first event of the session at q, of those before place `high`; else q."""
    f, i = q, high
    while i & (CHUNK - 1) != 0:
        i -= 1
        if is_seen[i] != 0:
            if is_pause(times[begin + i], f, gap):
                return f
            f = times[begin + i]
    for k in range((i >> CHUNK_BITS) - 1, -1, -1):
        if known[k] == _STALE:
            _look(known, newest, oldest, k, times, is_seen, begin, gap)
        if known[k] == _EMPTY:
            continue
        if is_pause(newest[k], f, gap):
            return f
        f = oldest[k]
        if known[k] == _BROKEN:
            return f
    return f


@lazily(
    types.void(
        _GIVEN, _GIVEN, _GIVEN, types.boolean, _GIVEN, _GIVEN, types.boolean, _GIVEN, _GIVEN,
        _GIVEN, _GIVEN, types.int64, _OUT, types.int64, types.int64,
    ),
)  # fmt: skip
def session_starts(
    times, arrival, by_arrival, has_arrival, gone, by_gone, has_gone, offsets, as_of, ends,
    q_offsets, gap, starts, first, last,
):  # fmt: skip # pragma: no cover - machine code
    """Finds for each query when the session that is going on began.

    Args:
        times: Event times; events stand by entity and in order.
        arrival: Arrivals, if those are not the times.
        by_arrival: Events of each entity in that order, counted from its first one.
        has_arrival: Whether there are such arrivals.
        gone: When events were withdrawn, if any was.
        by_gone: Events of each entity in that order.
        has_gone: Whether there are withdrawals.
        offsets: Where each entity's events begin.
        as_of: Query times, by entity and in order.
        ends: The last moment that each query sees.
        q_offsets: Where each entity's queries begin.
        gap: The longest pause in a session.
        starts: Filled with the time of the session's first event; the query's if it is empty.
        first: The first entity.
        last: One after the last entity.
    """
    longest = np.int64(0)
    for g in range(first, last):
        longest = max(longest, offsets[g + 1] - offsets[g])
    chunks = (longest >> CHUNK_BITS) + 1
    is_seen = np.zeros(chunks * CHUNK, np.uint8)
    known = np.zeros(chunks, np.uint8)
    newest, oldest = np.zeros(chunks, np.int64), np.zeros(chunks, np.int64)
    for g in range(first, last):
        begin, count = offsets[g], offsets[g + 1] - offsets[g]
        if q_offsets[g] == q_offsets[g + 1]:
            continue
        is_seen[:count] = 0 if has_arrival else 1
        is_seen[count : ((count >> CHUNK_BITS) + 1) * CHUNK] = 0
        known[: (count >> CHUNK_BITS) + 1] = _STALE
        came = went = high = np.int64(0)
        for j in range(q_offsets[g], q_offsets[g + 1]):
            q = as_of[j]
            while has_arrival and came < count and arrival[begin + by_arrival[begin + came]] <= q:
                i = by_arrival[begin + came]
                came += 1
                is_seen[i], known[i >> CHUNK_BITS] = 1, _STALE
            while has_gone and went < count and gone[begin + by_gone[begin + went]] <= q:
                i = by_gone[begin + went]
                went += 1
                is_seen[i], known[i >> CHUNK_BITS] = 0, _STALE
            while high < count and times[begin + high] <= ends[j]:
                high += 1
            starts[j] = _start(known, newest, oldest, times, is_seen, begin, high, q, gap)

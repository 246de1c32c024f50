"""What is kept at each query, an entity's newest events among those known by then; what is lost."""

from __future__ import annotations

import numpy as np
from numba import types

from featurelib.jit.point_in_time.lazily import lazily
from featurelib.jit.windows.layout import LONG_AGO

_GIVEN = types.Array(types.int64, 1, "C", readonly=True)
_OUT = types.Array(types.int64, 1, "C")
_WORDS = types.Array(types.uint64, 1, "C", readonly=True)


@lazily(
    types.void(
        _GIVEN, _WORDS, types.boolean, _GIVEN, _GIVEN, types.boolean, _GIVEN, _GIVEN, _GIVEN,
        types.int64, types.int64, _OUT, _OUT, _OUT, types.int64, types.int64,
    ),
)  # fmt: skip
def floors(
    times, sequence, has_sequence, known, by_known, has_known, offsets, as_of, q_offsets,
    most, lateness, floor, floor_time, lost_time, first, last,
):  # fmt: skip # pragma: no cover - machine code
    """Finds for each query the newest event that is not kept, and the newest that is lost.

    An event leaves what is kept when a record arrives: one of a newer event, or the first of its
    own if so many newer ones are known. It is lost if a record of it could still come then.

    Args:
        times: Event times; events stand by entity and in order.
        sequence: Their sequences' words, if they have any.
        has_sequence: Whether they do.
        known: When the first record of each event came, if that is not its time.
        by_known: Events of each entity in that order, counted from its first one.
        has_known: Whether there are such times.
        offsets: Where each entity's events begin.
        as_of: Query times, by entity and in order.
        q_offsets: Where each entity's queries begin.
        most: How many events are kept.
        lateness: How long after its time a record of an event may come.
        floor: Filled with the first event that is later than that event, by time and sequence.
        floor_time: Filled with its time; the lowest int64 if all are kept.
        lost_time: Filled with the time of the newest event that is lost; the lowest int64 if none
            is.
        first: The first entity.
        last: One after the last entity.
    """
    longest = np.int64(0)
    for g in range(first, last):
        longest = max(longest, offsets[g + 1] - offsets[g])
    is_known = np.zeros(longest if has_known else 0, np.uint8)
    for g in range(first, last):
        begin, end = offsets[g], offsets[g + 1]
        if end - begin <= most:
            for j in range(q_offsets[g], q_offsets[g + 1]):
                floor[j], floor_time[j], lost_time[j] = begin, LONG_AGO, LONG_AGO
            continue
        if has_known:
            is_known[: end - begin] = 0
        came = np.int64(0)  # how many are known
        newest = np.int64(-1)  # the newest that is not kept, -1 if all are
        lost = np.int64(LONG_AGO)
        for j in range(q_offsets[g], q_offsets[g + 1]):
            while begin + came < end:
                i = by_known[begin + came] if has_known else came
                now = known[begin + i] if has_known else times[begin + i]
                if now > as_of[j]:
                    break
                came += 1
                if has_known:
                    is_known[i] = 1
                if came <= most:
                    continue
                leaving = i
                if i > newest:
                    newest += 1
                    while has_known and is_known[newest] == 0:
                        newest += 1
                    leaving = newest
                t = times[begin + leaving]
                if t >= now - lateness:
                    lost = max(lost, t)
            lost_time[j] = lost
            if newest < 0:
                floor[j], floor_time[j] = begin, LONG_AGO
                continue
            e = begin + newest
            after = e + 1
            while after < end and times[after] == times[e]:
                if has_sequence and sequence[after] != sequence[e]:
                    break
                after += 1
            floor[j], floor_time[j] = after, times[e]

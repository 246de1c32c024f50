"""One window over the events of each entity: queries in the order of time, events come and go.

An event is a member while it is visible, passes the filter and lies in the window. Both ends of a
window only move forward from query to query, so an event joins once and leaves once; with arrivals
it joins when it arrives, and leaves when it is withdrawn. Sums are exact, so what leaves is gone
without a trace.
"""

from __future__ import annotations

import numpy as np
from numba import types

from featurelib.intrinsics import u64_clz, u64_from_i64
from featurelib.jit.point_in_time.answers import (
    BEGIN,
    COUNT,
    HIGHS,
    LOWS,
    MEMBERS,
    NANS,
    SHORT,
    SPARE_AT,
    SQUARE_AT,
    SQUARE_SIZE,
    SQUARES,
    SUM,
    SUM_AT,
    SUM_SIZE,
    UNIT,
    VALUES,
    answer,
)  # fmt: skip
from featurelib.jit.point_in_time.collected import collected
from featurelib.jit.point_in_time.extremes import forget, joins, leaves, order_key
from featurelib.jit.point_in_time.lazily import lazily
from featurelib.jit.point_in_time.sums import (
    INFINITY_BITS,
    SPARE_WORDS,
    SQUARE_WORDS,
    SUM_WORDS,
    TOP,
    add_value,
    bounds,
    is_finite,
    is_short,
    short_value,
)
from featurelib.jit.windows import layout
from featurelib.jit.windows.layout import (
    BEYOND_KEPT,
    CHUNK_BITS,
    NEEDS_ENDS,
    NEEDS_SQUARES,
    NEEDS_SUM,
    PLAN_ANSWER,
    PW_OP,
)
from featurelib.jit.windows.memory import clear, helper

KIND, ROWS, NEEDS, HAS_ARRIVAL, HAS_GONE = range(5)
"""Words of `setup`."""
NEEDS_VALUES = 8
"""Of what a pass needs: memory to collect the values of a window in."""
ROW, ROOM_AT, ROOM_WORDS = PLAN_ANSWER, PLAN_ANSWER + 1, PLAN_ANSWER + 2
"""Words behind what is asked: a row of `out`, and where lists go, so many words a query."""
WANT = PLAN_ANSWER + 3
COLLECTED = (
    layout.FIRST_K, layout.LAST_K, layout.N_UNIQUE, layout.TOP_K, layout.COUNT_OF,
    layout.MODE_RATIO, layout.QUANTILE, layout.DECAYED_SUM,
)  # fmt: skip
"""Aggregates that look at the events of the window."""

_I64 = types.Array(types.int64, 1, "C", readonly=True)
_U32 = types.Array(types.uint32, 1, "C", readonly=True)
_U64 = types.Array(types.uint64, 1, "C", readonly=True)
_U8 = types.Array(types.uint8, 1, "C", readonly=True)


@helper
def _begin(now, begin, count, kind, needs, words, valid, scaled, keys, least, greatest):
    """Empties the sums for the next entity, and prepares its values."""
    for k in (MEMBERS, VALUES, NANS, HIGHS, LOWS, SUM, SQUARES):
        now[k] = 0
    now[COUNT], now[BEGIN] = count, begin
    end = begin + count
    if needs & NEEDS_ENDS:
        forget(least, greatest, count)
        for i in range(count):
            keys[i] = order_key(words[begin + i], kind)
    if not needs & NEEDS_SUM:
        return
    unit, bits = bounds(words, valid, begin, end, kind)
    count_bits = 64 - u64_clz(u64_from_i64(count))
    short = is_short(unit, bits, count_bits)
    now[UNIT], now[SHORT] = unit, 1 if short else 0
    if short:
        for i in range(count):
            word = words[begin + i]
            is_number = valid[begin + i] != 0 and is_finite(word, kind)
            scaled[i] = short_value(word, kind, unit) if is_number else 0
        return
    now[SUM_SIZE] = (bits + count_bits + 1) // 64 + 1
    now[SQUARE_SIZE] = (2 * bits + count_bits + 1) // 64 + 1
    clear(now[SUM_AT], now[SUM_SIZE])
    clear(now[SQUARE_AT], now[SQUARE_SIZE])


@helper
def _change(now, i, sign, kind, needs, words, scaled):
    """The value of event i joins the sums (sign 1) or leaves them (-1)."""
    now[VALUES] += sign
    if not needs & NEEDS_SUM:
        return
    word = words[now[BEGIN] + i]
    if not is_finite(word, kind):
        if (word & ~TOP) != INFINITY_BITS:
            now[NANS] += sign
        elif word >= TOP:
            now[LOWS] += sign
        else:
            now[HIGHS] += sign
        return
    if now[SHORT] != 0:
        x = scaled[i]
        now[SUM] += sign * x
        now[SQUARES] += sign * x * x
        return
    add_value(
        word, kind, now[UNIT], now[SUM_AT], now[SUM_SIZE], now[SQUARE_AT], now[SQUARE_SIZE],
        sign < 0, needs & NEEDS_SQUARES,
    )  # fmt: skip


@helper
def _enter(now, i, kind, needs, words, valid, passes, scaled, keys, member, least, greatest):
    if passes[now[BEGIN] + i] == 0:
        return
    now[MEMBERS] += 1
    if valid[now[BEGIN] + i] == 0:
        member[i] = 1
        return
    member[i] = 2
    _change(now, i, 1, kind, needs, words, scaled)
    if needs & NEEDS_ENDS:
        joins(i, keys, least, greatest)


@helper
def _leave(now, i, kind, needs, words, scaled, member, least, greatest):
    if member[i] == 0:
        return
    now[MEMBERS] -= 1
    if member[i] == 2:
        _change(now, i, -1, kind, needs, words, scaled)
        if needs & NEEDS_ENDS:
            leaves(i, least, greatest)
    member[i] = 0


@lazily(
    types.void(
        _I64, _I64, _I64, _U32, _U32, _I64,
        _I64, _I64, _I64, _I64, _I64, _I64,
        _U64, _U8, _U8, _I64, types.Array(types.int64, 2, "C", readonly=True),
        types.Array(types.uint64, 2, "C"), types.Array(types.uint8, 2, "C"),
        types.int64, types.int64,
    ),
)  # fmt: skip
def slide(
    times, arrival, gone, by_arrival, by_gone, offsets,
    as_of, starts, ends, q_offsets, floor, floor_time,
    words, valid, passes, setup, wants, out, why, first, last,
):  # fmt: skip # pragma: no cover - machine code
    """Answers the queries of entities `first` to `last` - 1 about one window of one argument.

    Args:
        times: Event times; events stand by entity and in order.
        arrival: Arrivals, if there are any.
        gone: Arrivals of withdrawals, if there are any.
        by_arrival: Events of each entity by arrival, counted from its first one.
        by_gone: The same by withdrawal.
        offsets: Where each entity's events begin.
        as_of: Query times, by entity and in order.
        starts: The first moment of each query's window.
        ends: Its last moment.
        q_offsets: Where each entity's queries begin.
        floor: For each query, the first event that is surely kept, counted as `times` is.
        floor_time: Time of the newest event that is not kept, else the lowest int64.
        words: The argument.
        valid: Not 0 where it is not null.
        passes: Not 0 where the filter passes.
        setup: `KIND`, `ROWS` (0: no bound), `NEEDS`, `HAS_ARRIVAL`, `HAS_GONE`.
        wants: What is asked: records of `featurelib.jit.windows.plan`, then `ROW`, `ROOM_AT` and
            `ROOM_WORDS`.
        out: Answers as words, a row each, a column a query.
        why: Reasons, in the same places.
        first: The first entity.
        last: One after the last entity.
    """
    kind, rows, needs = setup[KIND], setup[ROWS], setup[NEEDS]
    has_arrival, has_gone = setup[HAS_ARRIVAL] != 0, setup[HAS_GONE] != 0
    longest = np.int64(1)
    for g in range(first, last):
        longest = max(longest, offsets[g + 1] - offsets[g])
    now = np.zeros(16, np.int64)
    space = np.zeros(SUM_WORDS + SQUARE_WORDS + SPARE_WORDS + SUM_WORDS, np.uint64)
    now[SUM_AT] = space.ctypes.data
    now[SQUARE_AT] = now[SUM_AT] + 8 * SUM_WORDS
    now[SPARE_AT] = now[SQUARE_AT] + 8 * SQUARE_WORDS
    member = np.zeros(longest, np.uint8)
    seen = np.zeros(longest if has_arrival else 0, np.uint8)
    scaled = np.empty(longest, np.int64)
    keys = np.empty(longest if needs & NEEDS_ENDS else 0, np.uint64)
    collection = np.empty(2 * longest + 8 if needs & NEEDS_VALUES else 1, np.uint64)
    least = np.empty((longest >> CHUNK_BITS) + 1, np.int64)
    greatest = np.empty((longest >> CHUNK_BITS) + 1, np.int64)
    for g in range(first, last):
        if q_offsets[g] == q_offsets[g + 1]:
            continue
        begin = offsets[g]
        count = offsets[g + 1] - begin
        _begin(now, begin, count, kind, needs, words, valid, scaled, keys, least, greatest)
        member[:count] = 0
        if has_arrival:
            seen[:count] = 0
        low, high, came, went = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
        edge = np.int64(0)
        for j in range(q_offsets[g], q_offsets[g + 1]):
            q, start, end = as_of[j], starts[j], ends[j]
            while edge < count and times[begin + edge] < start:
                edge += 1
            bound = max(edge, floor[j] - begin) if rows > 0 else edge
            while low < bound:
                _leave(now, low, kind, needs, words, scaled, member, least, greatest)
                low += 1
            while came < count and has_arrival and arrival[begin + by_arrival[begin + came]] <= q:
                i = np.int64(by_arrival[begin + came])
                came += 1
                seen[i] = 1
                if low <= i < high and (not has_gone or gone[begin + i] > q):
                    _enter(
                        now, i, kind, needs, words, valid, passes, scaled, keys, member, least,
                        greatest,
                    )  # fmt: skip
            while has_gone and went < count and gone[begin + by_gone[begin + went]] <= q:
                i = np.int64(by_gone[begin + went])
                went += 1
                _leave(now, i, kind, needs, words, scaled, member, least, greatest)
            while high < count and times[begin + high] <= end:
                is_seen = not has_arrival or seen[high] != 0
                if high >= low and is_seen and (not has_gone or gone[begin + high] > q):
                    _enter(
                        now, high, kind, needs, words, valid, passes, scaled, keys, member, least,
                        greatest,
                    )  # fmt: skip
                high += 1
            is_beyond = floor_time[j] >= start
            if rows > 0:
                while now[MEMBERS] < rows and low > bound:  # one of the rows was withdrawn
                    low -= 1
                    is_seen = not has_arrival or seen[low] != 0
                    if is_seen and (not has_gone or gone[begin + low] > q):
                        _enter(
                            now, low, kind, needs, words, valid, passes, scaled, keys, member,
                            least, greatest,
                        )  # fmt: skip
                while now[MEMBERS] > rows:
                    _leave(now, low, kind, needs, words, scaled, member, least, greatest)
                    low += 1
                is_beyond = is_beyond and now[MEMBERS] < rows
            for k in range(wants.shape[0]):
                ask = wants[k]
                word, reason = np.uint64(0), BEYOND_KEPT
                if not is_beyond and ask[PW_OP] in COLLECTED:
                    word, reason = collected(
                        ask, q, kind, begin, low, high, times, words, member, now[SPARE_AT],
                        ask[ROOM_AT] + 8 * ask[ROOM_WORDS] * j, collection.ctypes.data,
                    )  # fmt: skip
                elif not is_beyond:
                    word, reason = answer(
                        ask, now, q, low, high, times, words, keys, member, least, greatest
                    )
                out[ask[ROW], j] = word
                why[ask[ROW], j] = reason
    # Numba frees an array after its last use; of these only the addresses are used above.
    space[0] = 0
    collection[0] = 0

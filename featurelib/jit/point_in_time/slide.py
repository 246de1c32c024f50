"""One window over the events of each entity: queries in the order of time, events come and go.

An event is a member while it is visible, passes the filter and lies in the window. Both ends of a
window move forward from query to query, so an event joins once and leaves once; with arrivals it
joins when it arrives, and leaves when it is withdrawn. (Only the start of a session, or of a day
whose midnight is shown twice, may go back.) Sums are exact, so what leaves is gone without a trace.
"""

from __future__ import annotations

import numpy as np
from numba import types

from featurelib.intrinsics import load_u8, store_u8, u64_clz, u64_from_i64
from featurelib.jit.point_in_time import context as at
from featurelib.jit.point_in_time.answers import answer
from featurelib.jit.point_in_time.collected import collected
from featurelib.jit.point_in_time.estimates import (
    begin_estimates,
    change_estimates,
    estimate_words,
    estimated,
    lay_out,
)
from featurelib.jit.point_in_time.extremes import forget, joins, leaves, order_key
from featurelib.jit.point_in_time.lazily import lazily
from featurelib.jit.point_in_time.sums import (
    SPARE_WORDS,
    SQUARE_WORDS,
    SUM_WORDS,
    add_value,
    bounds,
    is_short,
    short_value,
)
from featurelib.jit.windows.layout import (
    BEYOND_KEPT,
    CHUNK_BITS,
    NEEDS_ENDS,
    NEEDS_SQUARES,
    NEEDS_SUM,
    PW_OP,
)
from featurelib.jit.windows.memory import clear, helper, put, uput, uword, word
from featurelib.jit.windows.rounding import INFINITY_BITS, TOP
from featurelib.jit.windows.values import is_finite

COLUMNS = (
    at.ALL_TIMES, at.ALL_ARRIVAL, at.ALL_GONE, at.ALL_BY_ARRIVAL, at.ALL_BY_GONE, at.ALL_WORDS,
)  # fmt: skip
BYTE_COLUMNS = (at.ALL_VALID, at.ALL_PASSES)
_TO_ENTITY = at.TIMES - at.ALL_TIMES


@helper
def _begin(c, begin, count):
    """Turns to the next entity: its columns, no members, its values prepared."""
    for k in COLUMNS:
        put(c, k + _TO_ENTITY, word(c, k) + 8 * begin)
    for k in BYTE_COLUMNS:
        put(c, k + _TO_ENTITY, word(c, k) + begin)
    put(c, at.BEGIN, begin)
    put(c, at.COUNT, count)
    for k in (at.MEMBERS, at.VALUES, at.NANS, at.HIGHS, at.LOWS, at.SUM, at.SQUARES):
        put(c, k, 0)
    clear(word(c, at.MEMBER), (count + 7) >> 3)
    if word(c, at.ALL_ARRIVAL) != 0:
        clear(word(c, at.SEEN), (count + 7) >> 3)
    kind, needs, words = word(c, at.KIND), word(c, at.NEEDS), word(c, at.WORDS)
    if needs & NEEDS_ENDS:
        forget(c, count)
        keys, zeros_equal = word(c, at.KEYS), needs & at.NEEDS_PLACES != 0
        for i in range(count):
            uput(keys, i, order_key(uword(words, i), kind, zeros_equal))
    if needs & at.NEEDS_ESTIMATE:
        begin_estimates(c, count)
    if needs & NEEDS_SUM:
        _begin_sums(c, count, kind, words)


@helper
def _begin_sums(c, count, kind, words):
    valid = word(c, at.VALID)
    unit, bits = bounds(words, valid, count, kind)
    count_bits = 64 - u64_clz(u64_from_i64(count))
    short = is_short(unit, bits, count_bits)
    put(c, at.UNIT, unit)
    put(c, at.SHORT, 1 if short else 0)
    if short:
        scaled = word(c, at.SCALED)
        for i in range(count):
            x = uword(words, i)
            is_number = load_u8(valid, i) != 0 and is_finite(x, kind)
            put(scaled, i, short_value(x, kind, unit) if is_number else 0)
        return
    put(c, at.SUM_SIZE, (bits + count_bits + 1) // 64 + 1)
    put(c, at.SQUARE_SIZE, (2 * bits + count_bits + 1) // 64 + 1)
    clear(word(c, at.SUM_AT), word(c, at.SUM_SIZE))
    clear(word(c, at.SQUARE_AT), word(c, at.SQUARE_SIZE))


@helper
def _add(c, k, sign):
    put(c, k, word(c, k) + sign)


@helper
def _change(c, i, sign):
    """The value of event i joins the sums (sign 1) or leaves them (-1)."""
    _add(c, at.VALUES, sign)
    needs = word(c, at.NEEDS)
    if needs & at.NEEDS_ESTIMATE:
        change_estimates(c, i, sign)
    if not needs & NEEDS_SUM:
        return
    x, kind = uword(word(c, at.WORDS), i), word(c, at.KIND)
    if not is_finite(x, kind):
        if (x & ~TOP) != INFINITY_BITS:
            _add(c, at.NANS, sign)
        elif x >= TOP:
            _add(c, at.LOWS, sign)
        else:
            _add(c, at.HIGHS, sign)
        return
    if word(c, at.SHORT) != 0:
        whole = word(word(c, at.SCALED), i)
        _add(c, at.SUM, sign * whole)
        _add(c, at.SQUARES, sign * whole * whole)
        return
    add_value(
        x, kind, word(c, at.UNIT), word(c, at.SUM_AT), word(c, at.SUM_SIZE), word(c, at.SQUARE_AT),
        word(c, at.SQUARE_SIZE), sign < 0, needs & NEEDS_SQUARES,
    )  # fmt: skip


@helper
def _enter(c, i, q):
    """Event i joins, if it is visible at q and passes the filter."""
    if load_u8(word(c, at.PASSES), i) == 0:
        return
    if word(c, at.ALL_ARRIVAL) != 0 and load_u8(word(c, at.SEEN), i) == 0:
        return
    if word(c, at.ALL_GONE) != 0 and word(word(c, at.GONE), i) <= q:
        return
    _add(c, at.MEMBERS, 1)
    if load_u8(word(c, at.VALID), i) == 0:
        store_u8(word(c, at.MEMBER), i, at.IS_NULL)
        return
    store_u8(word(c, at.MEMBER), i, at.HAS_VALUE)
    _change(c, i, 1)
    if word(c, at.NEEDS) & NEEDS_ENDS:
        joins(c, i)


@helper
def _leave(c, i):
    """Event i leaves, if it is a member."""
    member = word(c, at.MEMBER)
    held = load_u8(member, i)
    if held == 0:
        return
    store_u8(member, i, 0)
    _add(c, at.MEMBERS, -1)
    if held == at.HAS_VALUE:
        _change(c, i, -1)
        if word(c, at.NEEDS) & NEEDS_ENDS:
            leaves(c, i)


@helper
def _slide(c, begin, count, first, last):
    """Answers the queries `first` to `last` - 1 of one entity."""
    _begin(c, begin, count)
    times, arrival, gone = word(c, at.TIMES), word(c, at.ARRIVAL), word(c, at.GONE)
    by_arrival, by_gone = word(c, at.BY_ARRIVAL), word(c, at.BY_GONE)
    with_arrival = count if word(c, at.ALL_ARRIVAL) != 0 else 0
    with_gone = count if word(c, at.ALL_GONE) != 0 else 0
    rows = word(c, at.ROWS)
    edge = low = high = came = went = 0
    for j in range(first, last):
        q, start, end = (
            word(word(c, at.AS_OF), j),
            word(word(c, at.STARTS), j),
            word(word(c, at.ENDS), j),
        )
        while edge < count and word(times, edge) < start:
            edge += 1
        # A late event may join a session to the one before; midnight may be shown again.
        while edge > 0 and word(times, edge - 1) >= start:
            edge -= 1
        bound = max(edge, word(word(c, at.FLOOR), j) - begin) if rows > 0 else edge
        while low < bound:
            _leave(c, low)
            low += 1
        while low > bound and rows == 0:
            low -= 1
            if low < high:
                _enter(c, low, q)
        while came < with_arrival and word(arrival, word(by_arrival, came)) <= q:
            i = word(by_arrival, came)
            came += 1
            store_u8(word(c, at.SEEN), i, 1)
            if low <= i < high:
                _enter(c, i, q)
        while went < with_gone and word(gone, word(by_gone, went)) <= q:
            _leave(c, word(by_gone, went))
            went += 1
        while high < count and word(times, high) <= end:
            if high >= low:
                _enter(c, high, q)
            high += 1
        is_beyond = word(word(c, at.FLOOR_TIME), j) >= start
        is_lost = word(word(c, at.LOST_TIME), j) >= start
        if rows > 0:
            while word(c, at.MEMBERS) < rows and low > bound:  # one of the rows was withdrawn
                low -= 1
                _enter(c, low, q)
            while word(c, at.MEMBERS) > rows:
                _leave(c, low)
                low += 1
            is_beyond = is_beyond and word(c, at.MEMBERS) < rows
        _answer_all(c, j, q, low, high, is_beyond, is_lost)


@helper
def _answer_all(c, j, q, low, high, is_beyond, is_lost):
    """Writes every aggregate of query j; those with totals are null only where `is_lost`."""
    n_queries, out, why = word(c, at.N_QUERIES), word(c, at.OUT), word(c, at.WHY)
    for k in range(word(c, at.N_WANTS)):
        ask = word(c, at.WANTS) + 8 * at.WANT * k
        value, reason = np.uint64(0), BEYOND_KEPT
        is_null = is_lost if word(ask, at.OF_TOTAL) != 0 else is_beyond
        if not is_null and word(c, at.NEEDS) & at.NEEDS_ESTIMATE:
            value, reason = estimated(c, ask)
        elif not is_null and word(ask, PW_OP) in at.BY_VALUES:
            room = word(ask, at.ROOM_AT) + 8 * word(ask, at.ROOM_WORDS) * j
            value, reason = collected(c, ask, q, low, high, room)
        elif not is_null:
            value, reason = answer(c, ask, q, low, high)
        place = word(ask, at.ROW) * n_queries + j
        uput(out, place, value)
        store_u8(why, place, reason)


@lazily(types.void(types.Array(types.int64, 1, "C"), types.int64, types.int64))
def slide(given, first, last):  # pragma: no cover - machine code
    """Answers the queries of entities `first` to `last` - 1 about one window of one argument.

    Args:
        given: The words of `featurelib.jit.point_in_time.context` up to `NEEDS`, but those of one
            entity and the memory for its events.
        first: The first entity.
        last: One after the last entity.
    """
    own = np.zeros(at.CONTEXT_WORDS, np.int64)
    own[: given.size] = given
    c = own.ctypes.data
    offsets, q_offsets, needs = word(c, at.OFFSETS), word(c, at.Q_OFFSETS), word(c, at.NEEDS)
    longest = 8
    for g in range(first, last):
        longest = max(longest, word(offsets, g + 1) - word(offsets, g))
    space = np.zeros(SUM_WORDS + SQUARE_WORDS + SPARE_WORDS, np.uint64)
    put(c, at.SUM_AT, space.ctypes.data)
    put(c, at.SQUARE_AT, word(c, at.SUM_AT) + 8 * SUM_WORDS)
    put(c, at.SPARE_AT, word(c, at.SQUARE_AT) + 8 * SQUARE_WORDS)
    flags = np.zeros((2, (longest + 7) >> 3), np.uint64)
    put(c, at.MEMBER, flags.ctypes.data)
    put(c, at.SEEN, flags[1].ctypes.data)
    values = np.empty((2, longest), np.int64)
    put(c, at.SCALED, values.ctypes.data)
    put(c, at.KEYS, values[1].ctypes.data)
    chunks = np.empty((2, (longest >> CHUNK_BITS) + 1), np.int64)
    put(c, at.LEAST, chunks.ctypes.data)
    put(c, at.GREATEST, chunks[1].ctypes.data)
    collection = np.empty(2 * longest + 8 if needs & at.NEEDS_VALUES else 1, np.uint64)
    put(c, at.COLLECTED, collection.ctypes.data)
    estimates = np.empty(estimate_words(longest) if needs & at.NEEDS_ESTIMATE else 1, np.int64)
    put(c, at.ESTIMATE, estimates.ctypes.data)
    if needs & at.NEEDS_ESTIMATE:
        lay_out(estimates.ctypes.data, word(c, at.WANTS), longest)
    for g in range(first, last):
        begin, end = word(q_offsets, g), word(q_offsets, g + 1)
        if begin < end:
            from_event = word(offsets, g)
            _slide(c, from_event, word(offsets, g + 1) - from_event, begin, end)
    # Numba frees an array after its last use; of these only the addresses are used above.
    own[0], space[0], flags[0, 0], values[0, 0], chunks[0, 0], collection[0] = 0, 0, 0, 0, 0, 0
    estimates[0] = 0

"""Windows of a query: the slots from which to which they reach, and whether they reach too far."""

from __future__ import annotations

from featurelib.intrinsics import i64_floordiv
from featurelib.jit.windows.chunks import class_at
from featurelib.jit.windows.events import chunk_at, first_at, is_pause, is_seen, slot_at
from featurelib.jit.windows.layout import (
    BEYOND_KEPT,
    C_SETTLED,
    CHUNK,
    CHUNK_BITS,
    CHUNK_HEAD,
    CLASS,
    E_S,
    E_T,
    LONG_AGO,
    NEVER,
    PS_CLASS,
    PS_CLOSED_END,
    PS_FAMILY,
    PS_KIND,
    PS_LENGTH,
    PS_OPEN_START,
    PS_RESOLUTION,
    PS_ROWS,
    S_END,
    S_EVICTED,
    S_EVICTED_S,
    S_EVICTED_T,
    S_FIRST,
    SPAN_CALENDAR,
    SPAN_LIFETIME,
    SPAN_SESSION,
    VALUE,
    X_NODES,
    X_REASON,
    X_START,
    X_STOP,
)
from featurelib.jit.windows.memory import helper, put, word
from featurelib.jit.windows.partials import passes, total
from featurelib.jit.windows.totals_asked import find_totals


@helper
def _minus(x, y):
    """x - y for y >= 0, or the smallest integer."""
    return x - y if x >= LONG_AGO + y else LONG_AGO


@helper
def _start_of(span, q, calendar_start):
    """The first moment of a window of time."""
    kind = word(span, PS_KIND)
    if kind == SPAN_LIFETIME:
        return LONG_AGO
    if kind == SPAN_CALENDAR:
        return calendar_start
    resolution = word(span, PS_RESOLUTION)
    if resolution > 0:
        return _minus(i64_floordiv(q, resolution) * resolution, word(span, PS_LENGTH))
    start = _minus(q, word(span, PS_LENGTH))
    return start + 1 if word(span, PS_OPEN_START) else start


@helper
def is_whole(state, plan, i, stop, q):
    """Whether slot i begins a chunk that lies before `stop` as a whole and is settled at q."""
    if i & (CHUNK - 1) != 0 or min(i + CHUNK, word(state, S_END)) > stop:
        return False
    return word(chunk_at(state, plan, i >> CHUNK_BITS), C_SETTLED) <= q


@helper
def _back(state, plan, span, start, stop, q):
    """The slot of the n-th event from the end that passes, or -1 - how many there are."""
    g = word(span, PS_CLASS)
    cls = class_at(plan, g)
    n, i = word(span, PS_ROWS), stop
    while i > start:
        chunk_start = ((i - 1) >> CHUNK_BITS) << CHUNK_BITS
        if chunk_start >= start and is_whole(state, plan, chunk_start, i, q):
            record = chunk_at(state, plan, chunk_start >> CHUNK_BITS)
            there = total(record + 8 * (CHUNK_HEAD + CLASS * g))
            if there < n:
                n -= there
                i = chunk_start
                continue
        least = max(chunk_start, start)
        while i > least:
            i -= 1
            at = slot_at(state, plan, i)
            if is_seen(at, q) and passes(at, plan, cls):
                n -= 1
                if n == 0:
                    return i
    return -1 - (word(span, PS_ROWS) - n)


@helper
def _back_to_pause(state, plan, gap, stop, q):
    """The first slot of the session that is going on, and its time; `stop` and q if none is."""
    start, f, i = stop, q, stop
    while i > word(state, S_FIRST):
        i -= 1
        at = slot_at(state, plan, i)
        if is_pause(word(at, E_T), f, gap):
            break
        if is_seen(at, q):
            start, f = i, word(at, E_T)
    return start, f


@helper
def find_span(result, state, plan, span, q, calendar_start):
    """Writes the first slot of a window, the slot after its last one, and the reason for a null."""
    closed = word(span, PS_CLOSED_END) != 0
    end = q + 1 if closed and q < NEVER else q
    stop = first_at(state, plan, end)
    if word(span, PS_KIND) == SPAN_SESSION:
        start, f = _back_to_pause(state, plan, word(span, PS_LENGTH), stop, q)
        begin = _minus(f, word(span, PS_LENGTH))
    else:
        begin = _start_of(span, q, calendar_start)
        start = first_at(state, plan, begin) if begin > LONG_AGO else word(state, S_FIRST)
        start = min(start, stop)
    evicted = word(state, S_EVICTED) != 0
    t, s = word(state, S_EVICTED_T), word(state, S_EVICTED_S)
    reaches = evicted and t >= begin
    if word(span, PS_ROWS) > 0:
        found = _back(state, plan, span, start, stop, q)
        if found >= 0:
            start = found
            at = slot_at(state, plan, found)
            # Of events of one time and sequence that one may come later in order which is not kept.
            reaches = evicted and t == word(at, E_T) and s == word(at, E_S)
    put(result, X_START, start)
    put(result, X_STOP, stop)
    put(result, X_REASON, BEYOND_KEPT if reaches else VALUE)
    put(result, X_NODES, 0)
    if word(span, PS_FAMILY) >= 0:
        find_totals(result, state, plan, span, begin, q)

"""What the events of a window sum up to: whole chunks from their records, the rest one by one."""

from __future__ import annotations

from featurelib.jit.windows.chunks import class_at
from featurelib.jit.windows.events import block_at, chunk_at, is_seen, slot_at
from featurelib.jit.windows.layout import (
    BLOCK,
    BLOCK_BITS,
    C_EARLIEST,
    C_SETTLED,
    CHUNK_BITS,
    CHUNK_HEAD,
    CLASS,
    P_AT_CELLS,
    P_HAS_BLOCKS,
    PL_TOTAL,
    PLAN_CELL,
    S_FIRST,
    X_REASON,
    X_TOTALS_REASON,
)
from featurelib.jit.windows.memory import clear, helper, word
from featurelib.jit.windows.partials import add_seen, merge, passes, total
from featurelib.jit.windows.spans import is_whole


@helper
def chunk_end(state, i, stop):
    """The slot after the last one of slot i's chunk, but at most `stop`."""
    return min(((i >> CHUNK_BITS) + 1) << CHUNK_BITS, stop)


@helper
def is_whole_block(state, plan, i, stop, q):
    """Whether slot i begins a full block that lies before `stop` and is settled at q."""
    if i & (BLOCK - 1) != 0 or i + BLOCK > stop or not word(plan, P_HAS_BLOCKS):
        return False
    return word(block_at(state, plan, i >> BLOCK_BITS), C_SETTLED) <= q


@helper
def is_unseen(state, plan, i, q):
    """Whether no event of a slot's chunk has arrived at q."""
    start = (i >> CHUNK_BITS) << CHUNK_BITS
    if start < word(state, S_FIRST):
        return False
    return word(chunk_at(state, plan, i >> CHUNK_BITS), C_EARLIEST) > q


@helper
def cell_at(plan, k):
    """The address of a cell in the plan."""
    return plan + 8 * (word(plan, P_AT_CELLS) + PLAN_CELL * k)


@helper
def reason_of(cell, span):
    """Why a cell cannot be answered; VALUE, if it can."""
    return word(span, X_TOTALS_REASON if word(cell, PL_TOTAL) >= 0 else X_REASON)


@helper
def sum_up(acc, state, plan, g, start, stop, q):
    """Writes what the events of a class in slots start to stop sum up to at q."""
    clear(acc, CLASS)
    cls = class_at(plan, g)
    i = start
    while i < stop:
        if is_whole_block(state, plan, i, stop, q):
            merge(acc, block_at(state, plan, i >> BLOCK_BITS) + 8 * (CHUNK_HEAD + CLASS * g), cls)
            i += BLOCK
            continue
        end = chunk_end(state, i, stop)
        if is_whole(state, plan, i, stop, q):
            merge(acc, chunk_at(state, plan, i >> CHUNK_BITS) + 8 * (CHUNK_HEAD + CLASS * g), cls)
        elif not is_unseen(state, plan, i, q):
            add_seen(acc, state, plan, cls, i, end, q)
        i = end


@helper
def find_forward(state, plan, g, start, stop, q):
    """The first slot of an event of a class that is visible at q, or `stop`."""
    cls = class_at(plan, g)
    i = start
    while i < stop:
        end = chunk_end(state, i, stop)
        if is_whole(state, plan, i, stop, q):
            record = chunk_at(state, plan, i >> CHUNK_BITS) + 8 * (CHUNK_HEAD + CLASS * g)
            if total(record) == 0:
                i = end
                continue
        while i < end:
            at = slot_at(state, plan, i)
            if is_seen(at, q) and passes(at, plan, cls):
                return i
            i += 1
    return stop


@helper
def find_back(state, plan, g, start, stop, q):
    """The last slot before `stop` of an event of a class that is visible at q, or -1."""
    cls = class_at(plan, g)
    i = stop
    while i > start:
        least = ((i - 1) >> CHUNK_BITS) << CHUNK_BITS
        if least >= start and is_whole(state, plan, least, i, q):
            record = chunk_at(state, plan, least >> CHUNK_BITS) + 8 * (CHUNK_HEAD + CLASS * g)
            if total(record) == 0:
                i = least
                continue
        least = max(least, start)
        while i > least:
            i -= 1
            at = slot_at(state, plan, i)
            if is_seen(at, q) and passes(at, plan, cls):
                return i
    return -1

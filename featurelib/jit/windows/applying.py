"""One record into a state: a new event, another delivery of one, or its withdrawal.

A record has the form of a slot. A withdrawal has no arrival (NEVER) and no values, only the time
from which on the event is gone; so a slot is itself a record, and states are merged by applying
the slots of one to the other. What an event is after all its records does not depend on their
order: each of arrival, withdrawal and values is a least one.
"""

from __future__ import annotations

from featurelib.jit.windows.chunks import (
    add_to_chunk,
    fit_units,
    make_units,
    rebuild,
    start_chunk,
    sum_up_block,
)
from featurelib.jit.windows.events import (
    before,
    block_at,
    chunk_at,
    first_of,
    is_equal,
    slot_at,
    slot_hash,
)
from featurelib.jit.windows.layout import (
    BLOCK,
    BLOCK_BITS,
    CHUNK,
    CHUNK_BITS,
    E_A,
    E_D,
    E_ID,
    E_S,
    E_T,
    KNOWN,
    NEVER,
    NO_ROOM,
    NO_TOTALS,
    P_CHUNK,
    P_HAS_BLOCKS,
    P_MAX_CAPACITY,
    P_MAX_EVENTS,
    P_SLOT,
    S_CAPACITY,
    S_END,
    S_EVICTED,
    S_EVICTED_ID,
    S_EVICTED_S,
    S_EVICTED_T,
    S_FIRST,
    S_SLOTS_CHECK,
    T_NEWEST,
    TAKEN,
    TOO_OLD,
)
from featurelib.jit.windows.leaving import has_totals, let_go, may_go, newest_with, victim
from featurelib.jit.windows.memory import clear, helper, move, put, uput, uword, word
from featurelib.jit.windows.moving import (
    oldest,
    place_of,
    put_slot_in,
    slide,
    take_least,
    take_oldest_out,
    take_slot_out,
)
from featurelib.jit.windows.totals import head_at
from featurelib.jit.windows.totals_layout import copy_totals


@helper
def is_evicted(state, t, s, id):
    """Whether an event is among those that are not kept any more."""
    if word(state, S_EVICTED) == 0:
        return False
    if t != word(state, S_EVICTED_T):
        return t < word(state, S_EVICTED_T)
    if s != word(state, S_EVICTED_S):
        return s < word(state, S_EVICTED_S)
    return id <= word(state, S_EVICTED_ID)


@helper
def set_evicted(state, t, s, id):
    """Notes the newest event that is not kept."""
    if not is_evicted(state, t, s, id):
        put(state, S_EVICTED, 1)
        put(state, S_EVICTED_T, t)
        put(state, S_EVICTED_S, s)
        put(state, S_EVICTED_ID, id)


@helper
def evict(state, plan, now):
    """Removes the oldest event, with what the chunks know of it; `may_go` holds, if asked."""
    first, hole = word(state, S_FIRST), oldest(state, plan)
    at = slot_at(state, plan, hole)
    if has_totals(plan):
        let_go(state, plan, at, now)
    set_evicted(state, word(at, E_T), word(at, E_S), word(at, E_ID))
    take_oldest_out(state, plan, hole)
    if first & (CHUNK - 1) == 0:
        clear(chunk_at(state, plan, first >> CHUNK_BITS), word(plan, P_CHUNK))
    if first & (BLOCK - 1) == 0 and word(plan, P_HAS_BLOCKS):
        clear(block_at(state, plan, first >> BLOCK_BITS), word(plan, P_CHUNK))
    if hole >> CHUNK_BITS != first >> CHUNK_BITS:
        rebuild(state, plan, ((first >> CHUNK_BITS) + 1) << CHUNK_BITS, hole + 1)


@helper
def _combine(state, plan, i, start, record):
    """A further record of the event in slot i; `start` is the first slot of its time."""
    at = slot_at(state, plan, i)
    a, d = word(at, E_A), word(at, E_D)
    size = word(plan, P_SLOT)
    withdrawn = min(d, word(record, E_D))
    if word(record, E_A) > a or (word(record, E_A) == NEVER and a == NEVER):
        # Its values do not matter; at most it withdraws the event earlier.
        if withdrawn == d:
            return KNOWN
        check = uword(state, S_SLOTS_CHECK) - slot_hash(state, plan, i)
        put(at, E_D, withdrawn)
        uput(state, S_SLOTS_CHECK, check + slot_hash(state, plan, i))
        rebuild(state, plan, i, i + 1)
        return TAKEN
    put(record, E_D, withdrawn)
    if word(record, E_A) == a:
        take_least(record, at, plan)
        if is_equal(record, at, size):
            return KNOWN
    take_slot_out(state, plan, i)
    place = place_of(state, plan, start, record)
    unit_changed = make_units(state, plan, record)
    put_slot_in(state, plan, place, record)
    if unit_changed:
        rebuild(state, plan, word(state, S_FIRST), word(state, S_END))
    else:
        rebuild(state, plan, min(i, place), max(i, place) + 1)
    return TAKEN


@helper
def take(state, plan, record):
    """Applies a record, which may be changed. The checksum is not written.

    Returns:
        TAKEN, KNOWN, TOO_OLD, or NO_ROOM or NO_TOTALS: the state must grow, nothing has been done.
    """
    now = newest_with(state, plan, record)
    outcome = _take(state, plan, record, now)
    if has_totals(plan) and outcome not in (NO_ROOM, NO_TOTALS):
        put(head_at(state, plan), T_NEWEST, now)
    return outcome


@helper
def _take(state, plan, record, now):
    """Applies a record; `now` is the newest arrival, its own included."""
    t, s, id = word(record, E_T), word(record, E_S), word(record, E_ID)
    if is_evicted(state, t, s, id):
        return TOO_OLD
    start = first_of(state, plan, t, s)
    i = start
    while i < word(state, S_END):
        at = slot_at(state, plan, i)
        if word(at, E_T) != t or word(at, E_S) != s:
            break
        if word(at, E_ID) == id:
            return _combine(state, plan, i, start, record)
        i += 1
    full = word(state, S_END) - word(state, S_FIRST) >= word(plan, P_MAX_EVENTS)
    if full and has_totals(plan) and not may_go(state, plan, victim(state, plan, record), now):
        return NO_TOTALS
    if word(state, S_END) == word(state, S_CAPACITY):
        if word(state, S_CAPACITY) < word(plan, P_MAX_CAPACITY):
            return NO_ROOM
        moved = word(state, S_FIRST)
        slide(state, plan)
        start -= moved - word(state, S_FIRST)
    if full:
        if not before(slot_at(state, plan, oldest(state, plan)), t, s, id):
            set_evicted(state, t, s, id)
            return TAKEN if has_totals(plan) and let_go(state, plan, record, now) else TOO_OLD
        evict(state, plan, now)
        start = max(start, word(state, S_FIRST))
    place = place_of(state, plan, start, record)
    unit_changed = make_units(state, plan, record)
    put_slot_in(state, plan, place, record)
    end = word(state, S_END)
    if unit_changed:
        rebuild(state, plan, word(state, S_FIRST), end)
    elif place < end - 1:
        rebuild(state, plan, place, end)
    else:
        chunk = chunk_at(state, plan, place >> CHUNK_BITS)
        if place & (CHUNK - 1) == 0:
            start_chunk(chunk, plan)
        if word(state, S_FIRST) <= (place >> CHUNK_BITS) << CHUNK_BITS:
            add_to_chunk(chunk, slot_at(state, plan, place), state, plan)
        if end & (BLOCK - 1) == 0 and word(plan, P_HAS_BLOCKS):
            block = (end >> BLOCK_BITS) - 1
            sum_up_block(block_at(state, plan, block), block, state, plan)
    return TAKEN


@helper
def drop_evicted(state, plan):
    """Removes the events up to the newest that is not kept; NO_TOTALS, if it must go on."""
    now = word(head_at(state, plan), T_NEWEST) if has_totals(plan) else 0
    while word(state, S_FIRST) < word(state, S_END):
        at = slot_at(state, plan, oldest(state, plan))
        if not is_evicted(state, word(at, E_T), word(at, E_S), word(at, E_ID)):
            break
        if has_totals(plan) and not may_go(state, plan, at, now):
            return NO_TOTALS
        evict(state, plan, now)
    return TAKEN


@helper
def copy_into(state, other, plan):
    """Fills an empty state with the header and the events of another, in their order, anew."""
    for k in (S_EVICTED, S_EVICTED_T, S_EVICTED_S, S_EVICTED_ID, S_SLOTS_CHECK):
        put(state, k, word(other, k))
    first, n = word(other, S_FIRST), word(other, S_END) - word(other, S_FIRST)
    put(state, S_FIRST, 0)
    put(state, S_END, n)
    move(slot_at(state, plan, 0), slot_at(other, plan, first), word(plan, P_SLOT) * n)
    fit_units(state, plan)
    rebuild(state, plan, 0, n)
    if has_totals(plan):
        copy_totals(state, other, plan)

"""Events as they move: put in their place, taken out, pushed to the front of a state."""

from __future__ import annotations

from featurelib.jit.windows.events import block_at, chunk_at, slot_at, slot_hash
from featurelib.jit.windows.layout import (
    BLOCK_BITS,
    CHUNK,
    CHUNK_BITS,
    E_A,
    E_FLAGS,
    E_ID,
    E_S,
    E_T,
    P_ARGS,
    P_CHUNK,
    P_FLAG_WORDS,
    P_HAS_BLOCKS,
    P_SLOT,
    S_END,
    S_FIRST,
    S_SLOTS_CHECK,
)
from featurelib.jit.windows.memory import clear, helper, move, put, uput, uword, word


@helper
def take_least(record, other, plan):
    """Makes a record's arguments the smaller ones of two records of one arrival, null before all.

    A filter passes if it does in both.
    """
    n_args, n_flags = word(plan, P_ARGS), word(plan, P_FLAG_WORDS)
    for k in range(n_args):
        at = E_FLAGS + n_flags + k
        uput(record, at, min(uword(record, at), uword(other, at)))
    for k in range(n_flags):
        put(record, E_FLAGS + k, word(record, E_FLAGS + k) & word(other, E_FLAGS + k))
    for k in range(n_args):
        if (word(record, E_FLAGS + (k >> 6)) >> (k & 63)) & 1 == 0:
            put(record, E_FLAGS + n_flags + k, 0)


@helper
def take_slot_out(state, plan, i):
    """Removes a slot; those after it move down. The caller sees to the chunks."""
    end, size = word(state, S_END), word(plan, P_SLOT)
    uput(state, S_SLOTS_CHECK, uword(state, S_SLOTS_CHECK) - slot_hash(state, plan, i))
    at = slot_at(state, plan, i)
    move(at, at + 8 * size, size * (end - 1 - i))
    clear(slot_at(state, plan, end - 1), size)
    put(state, S_END, end - 1)


@helper
def put_slot_in(state, plan, i, record):
    """Inserts a record as slot i; there is room behind the last slot."""
    end, size = word(state, S_END), word(plan, P_SLOT)
    at = slot_at(state, plan, i)
    move(at + 8 * size, at, size * (end - i))
    move(at, record, size)
    put(state, S_END, end + 1)
    uput(state, S_SLOTS_CHECK, uword(state, S_SLOTS_CHECK) + slot_hash(state, plan, i))


@helper
def place_of(state, plan, start, record):
    """Where a record stands in the order (t, s, a, id), from the first slot of its (t, s) on."""
    end = word(state, S_END)
    t, s, a, id = word(record, E_T), word(record, E_S), word(record, E_A), word(record, E_ID)
    i = start
    while i < end:
        at = slot_at(state, plan, i)
        if word(at, E_T) != t or word(at, E_S) != s:
            break
        if word(at, E_A) > a or (word(at, E_A) == a and word(at, E_ID) > id):
            break
        i += 1
    return i


@helper
def oldest(state, plan):
    """The slot of the smallest event by (t, s, id); there is one."""
    first, end = word(state, S_FIRST), word(state, S_END)
    at = slot_at(state, plan, first)
    t, s, least, smallest = word(at, E_T), word(at, E_S), word(at, E_ID), first
    for i in range(first + 1, end):
        at = slot_at(state, plan, i)
        if word(at, E_T) != t or word(at, E_S) != s:
            break
        if word(at, E_ID) < least:
            least, smallest = word(at, E_ID), i
    return smallest


@helper
def take_oldest_out(state, plan, smallest):
    """Removes the oldest event and clears what was the first slot."""
    first = word(state, S_FIRST)
    size = word(plan, P_SLOT)
    uput(state, S_SLOTS_CHECK, uword(state, S_SLOTS_CHECK) - slot_hash(state, plan, smallest))
    at = slot_at(state, plan, first)
    move(at + 8 * size, at, size * (smallest - first))
    clear(at, size)
    put(state, S_FIRST, first + 1)


@helper
def slide(state, plan):
    """Moves slots to the front, by whole chunks or blocks, so that there is room at the end."""
    first, end = word(state, S_FIRST), word(state, S_END)
    by = first >> CHUNK_BITS
    if word(plan, P_HAS_BLOCKS):
        by = (first >> BLOCK_BITS) << (BLOCK_BITS - CHUNK_BITS)
    if by == 0:
        return
    size, chunk = word(plan, P_SLOT), word(plan, P_CHUNK)
    n_chunks = (end + CHUNK - 1) >> CHUNK_BITS
    move(chunk_at(state, plan, 0), chunk_at(state, plan, by), chunk * (n_chunks - by))
    clear(chunk_at(state, plan, n_chunks - by), chunk * by)
    if word(plan, P_HAS_BLOCKS):
        by_blocks = first >> BLOCK_BITS
        n_blocks = end >> BLOCK_BITS
        move(
            block_at(state, plan, 0),
            block_at(state, plan, by_blocks),
            chunk * (n_blocks - by_blocks),
        )
        clear(block_at(state, plan, n_blocks - by_blocks), chunk * by_blocks)
    offset = by << CHUNK_BITS
    target = slot_at(state, plan, first - offset)
    move(target, slot_at(state, plan, first), size * (end - first))
    kept_end = end - offset
    clear(slot_at(state, plan, max(kept_end, first)), size * (end - max(kept_end, first)))
    put(state, S_FIRST, first - offset)
    put(state, S_END, kept_end)

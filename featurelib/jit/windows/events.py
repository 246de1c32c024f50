"""The events of a state: found, put in their place, withdrawn, and pushed out by newer ones."""

from __future__ import annotations

import numpy as np

from featurelib.jit.windows.layout import (
    CHUNK,
    CHUNK_BITS,
    E_A,
    E_D,
    E_FLAGS,
    E_ID,
    E_S,
    E_T,
    NEVER,
    P_ARGS,
    P_CHUNK,
    P_FLAG_WORDS,
    P_HEADER,
    P_SLOT,
    S_CAPACITY,
    S_CHECK,
    S_END,
    S_FIRST,
    S_SLOTS_CHECK,
)
from featurelib.jit.windows.memory import clear, helper, move, put, uput, uword, word

_PRIME_1, _PRIME_2 = np.uint64(0x9E3779B185EBCA87), np.uint64(0xC2B2AE3D27D4EB4F)
"""Odd numbers with bits well spread: two of XXH64's."""
_SHIFT = np.uint64(29)


@helper
def slots_at(state, plan):
    """The address of slot 0."""
    chunks = word(state, S_CAPACITY) >> CHUNK_BITS
    return state + 8 * (word(plan, P_HEADER) + chunks * word(plan, P_CHUNK))


@helper
def slot_at(state, plan, i):
    """The address of a slot."""
    return slots_at(state, plan) + 8 * word(plan, P_SLOT) * i


@helper
def chunk_at(state, plan, c):
    """The address of a chunk's record."""
    return state + 8 * (word(plan, P_HEADER) + word(plan, P_CHUNK) * c)


@helper
def mixed(at, n_words, seed):
    """A hash of words."""
    h = seed
    for i in range(n_words):
        h = (h ^ uword(at, i)) * _PRIME_1
        h ^= h >> _SHIFT
    return h * _PRIME_2


@helper
def slot_hash(state, plan, i):
    """The hash of a slot; their sum is the same in every order and is kept up to date."""
    return mixed(slot_at(state, plan, i), word(plan, P_SLOT), _PRIME_2)


@helper
def header_hash(state, plan):
    """The hash of the header and the arguments' records, the checksum itself left out."""
    h = mixed(state, S_CHECK, _PRIME_1)
    return mixed(state + 8 * (S_CHECK + 1), word(plan, P_HEADER) - S_CHECK - 1, h)


@helper
def seal(state, plan):
    """Writes the checksum."""
    uput(state, S_CHECK, header_hash(state, plan))


@helper
def before(at, t, s, id):
    """Whether a slot's event is older than (t, s, id), in the order of what is kept."""
    other = word(at, E_T)
    if other != t:
        return other < t
    other = word(at, E_S)
    if other != s:
        return other < s
    return word(at, E_ID) < id


@helper
def first_of(state, plan, t, s):
    """The first slot whose event has (t, s) or comes later."""
    low, high = word(state, S_FIRST), word(state, S_END)
    base, size = slots_at(state, plan), 8 * word(plan, P_SLOT)
    # Most events are the newest, or nearly so: look from the end in growing steps.
    step = 1
    while high - step >= low:
        at = base + size * (high - step)
        if word(at, E_T) < t or (word(at, E_T) == t and word(at, E_S) < s):
            low = high - step + 1
            break
        high -= step
        step *= 2
    while low < high:
        middle = (low + high) >> 1
        at = base + size * middle
        if word(at, E_T) < t or (word(at, E_T) == t and word(at, E_S) < s):
            low = middle + 1
        else:
            high = middle
    return low


@helper
def first_at(state, plan, t):
    """The first slot whose event has time t or later."""
    low, high = word(state, S_FIRST), word(state, S_END)
    base, size = slots_at(state, plan), 8 * word(plan, P_SLOT)
    step = 1
    while high - step >= low:
        if word(base + size * (high - step), E_T) < t:
            low = high - step + 1
            break
        high -= step
        step *= 2
    while low < high:
        middle = (low + high) >> 1
        if word(base + size * middle, E_T) < t:
            low = middle + 1
        else:
            high = middle
    return low


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
def is_equal(record, other, n_words):
    """Whether two records have the same words."""
    k = 0
    while k < n_words and word(record, k) == word(other, k):
        k += 1
    return k == n_words


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
    """Moves slots and chunks to the front, by whole chunks, so that there is room at the end."""
    first, end = word(state, S_FIRST), word(state, S_END)
    by = first >> CHUNK_BITS
    if by == 0:
        return
    size, chunk = word(plan, P_SLOT), word(plan, P_CHUNK)
    n_chunks = (end + CHUNK - 1) >> CHUNK_BITS
    move(chunk_at(state, plan, 0), chunk_at(state, plan, by), chunk * (n_chunks - by))
    clear(chunk_at(state, plan, n_chunks - by), chunk * by)
    offset = by << CHUNK_BITS
    target = slot_at(state, plan, first - offset)
    move(target, slot_at(state, plan, first), size * (end - first))
    kept_end = end - offset
    clear(slot_at(state, plan, max(kept_end, first)), size * (end - max(kept_end, first)))
    put(state, S_FIRST, first - offset)
    put(state, S_END, kept_end)


@helper
def is_seen(at, q):
    """Whether an event is visible at q."""
    return word(at, E_A) <= q and word(at, E_D) > q


@helper
def settled_at(at):
    """From when on nothing changes about an event: its arrival, or its withdrawal if it has one."""
    a, d = word(at, E_A), word(at, E_D)
    if a == NEVER:
        return d
    return a if d == NEVER else max(a, d)


@helper
def total_words(plan, capacity):
    """Words of a state with room for this many events."""
    chunks = capacity >> CHUNK_BITS
    return word(plan, P_HEADER) + chunks * word(plan, P_CHUNK) + capacity * word(plan, P_SLOT)

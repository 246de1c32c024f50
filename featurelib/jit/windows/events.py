"""The events of a state: where they lie, how they are hashed, compared and found."""

from __future__ import annotations

import numpy as np

from featurelib.intrinsics import u64_from_i64
from featurelib.jit.windows.layout import (
    BLOCK_BITS,
    CHUNK_BITS,
    E_A,
    E_D,
    E_ID,
    E_S,
    E_T,
    NEVER,
    P_CHUNK,
    P_DIGEST,
    P_DIGEST_2,
    P_HAS_BLOCKS,
    P_HEADER,
    P_SLOT,
    S_CAPACITY,
    S_CHECK,
    S_DIGEST,
    S_DIGEST_2,
    S_END,
    S_FIRST,
)
from featurelib.jit.windows.memory import helper, uput, uword, word

_PRIME_1, _PRIME_2 = np.uint64(0x9E3779B185EBCA87), np.uint64(0xC2B2AE3D27D4EB4F)
"""Odd numbers with bits well spread: two of XXH64's."""
_SHIFT = np.uint64(29)


@helper
def is_of(state, plan):
    """Whether the definition of a plan made a state; of another one only this is read."""
    is_same = word(state, S_DIGEST) == word(plan, P_DIGEST)
    return is_same and word(state, S_DIGEST_2) == word(plan, P_DIGEST_2)


@helper
def n_records(capacity, plan):
    """Chunks and blocks of a state with room for this many events."""
    blocks = capacity >> BLOCK_BITS if word(plan, P_HAS_BLOCKS) else 0
    return (capacity >> CHUNK_BITS) + blocks


@helper
def slots_at(state, plan):
    """The address of slot 0."""
    capacity = word(state, S_CAPACITY)
    records = n_records(capacity, plan)
    return state + 8 * (word(plan, P_HEADER) + records * word(plan, P_CHUNK))


@helper
def slot_at(state, plan, i):
    """The address of a slot."""
    return slots_at(state, plan) + 8 * word(plan, P_SLOT) * i


@helper
def chunk_at(state, plan, c):
    """The address of a chunk's record."""
    return state + 8 * (word(plan, P_HEADER) + word(plan, P_CHUNK) * c)


@helper
def block_at(state, plan, b):
    """The address of a block's record."""
    return chunk_at(state, plan, (word(state, S_CAPACITY) >> CHUNK_BITS) + b)


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
def is_equal(record, other, n_words):
    """Whether two records have the same words."""
    k = 0
    while k < n_words and word(record, k) == word(other, k):
        k += 1
    return k == n_words


@helper
def is_seen(at, q):
    """Whether an event is visible at q."""
    return word(at, E_A) <= q and word(at, E_D) > q


@helper
def is_pause(before, after, gap):
    """Whether two times, the first not above the second, are further apart than a gap."""
    return u64_from_i64(after) - u64_from_i64(before) > u64_from_i64(gap)


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
    records = n_records(capacity, plan) * word(plan, P_CHUNK)
    return word(plan, P_HEADER) + records + capacity * word(plan, P_SLOT)

"""Whether a vector of bytes is a state of a plan: nothing in it is read before it is checked."""

from __future__ import annotations

from featurelib.jit.windows.chunks import are_units, sum_up_block, sum_up_chunk
from featurelib.jit.windows.events import (
    block_at,
    chunk_at,
    header_hash,
    is_equal,
    is_of,
    slot_at,
    slot_hash,
    total_words,
)
from featurelib.jit.windows.layout import (
    BLOCK_BITS,
    CHUNK,
    CHUNK_BITS,
    E_A,
    E_ID,
    E_S,
    E_T,
    MAGIC,
    P_CHUNK,
    P_HAS_BLOCKS,
    P_HEADER,
    P_MAX_CAPACITY,
    P_MAX_EVENTS,
    P_SLOT,
    S_CAPACITY,
    S_CHECK,
    S_END,
    S_FIRST,
    S_MAGIC,
    S_SLOTS_CHECK,
    S_WORDS,
    T_WORDS,
)
from featurelib.jit.windows.leaving import has_totals
from featurelib.jit.windows.memory import helper, uword, word
from featurelib.jit.windows.rounding import ZERO
from featurelib.jit.windows.totals import head_at
from featurelib.jit.windows.totals_layout import are_whole, is_laid_out

GOOD, NO_STATE, OTHER_DEFINITION, CUT_OFF, DAMAGED = range(5)


@helper
def _is_after(at, other):
    """Whether a slot's event comes after another's, in the order (t, s, a, id)."""
    for k in (E_T, E_S, E_A, E_ID):
        if word(at, k) != word(other, k):
            return word(at, k) > word(other, k)
    return False


@helper
def _is_clear(at, n_words):
    k = 0
    while k < n_words and word(at, k) == 0:
        k += 1
    return k == n_words


@helper
def check(state, n_words, plan, scratch):
    """GOOD, or what is wrong.

    Args:
        state: The vector.
        n_words: Its length.
        plan: The plan.
        scratch: Memory for the record of a chunk, the head of the totals, a node of these.
    """
    if n_words <= S_CHECK or word(state, S_MAGIC) != MAGIC:
        return NO_STATE
    if not is_of(state, plan):
        return OTHER_DEFINITION
    if n_words < word(plan, P_HEADER) or word(state, S_WORDS) != n_words:
        return CUT_OFF
    if uword(state, S_CHECK) != header_hash(state, plan):
        return DAMAGED
    capacity, first, end = word(state, S_CAPACITY), word(state, S_FIRST), word(state, S_END)
    if not 0 <= capacity <= word(plan, P_MAX_CAPACITY) or capacity & (CHUNK - 1) != 0:
        return DAMAGED
    n_totals = 0
    if has_totals(plan):
        if not is_laid_out(state, plan, scratch):
            return DAMAGED
        n_totals = word(head_at(state, plan), T_WORDS)
    if total_words(plan, capacity) + n_totals != n_words:
        return DAMAGED
    if not 0 <= first <= end <= capacity or end - first > word(plan, P_MAX_EVENTS):
        return DAMAGED
    size, chunk = word(plan, P_SLOT), word(plan, P_CHUNK)
    hashes = ZERO
    for i in range(first, end):
        hashes += slot_hash(state, plan, i)
        if i > first and not _is_after(slot_at(state, plan, i), slot_at(state, plan, i - 1)):
            return DAMAGED
    if hashes != uword(state, S_SLOTS_CHECK):
        return DAMAGED
    if not _is_clear(slot_at(state, plan, 0), size * first):
        return DAMAGED
    if not _is_clear(slot_at(state, plan, end), size * (capacity - end)):
        return DAMAGED
    if not are_units(state, plan):
        return DAMAGED
    for c in range(capacity >> CHUNK_BITS):
        sum_up_chunk(scratch, c, state, plan)
        at = chunk_at(state, plan, c)
        if not is_equal(at, scratch, chunk):
            return DAMAGED
    if word(plan, P_HAS_BLOCKS):
        for b in range(capacity >> BLOCK_BITS):
            sum_up_block(scratch, b, state, plan)
            if not is_equal(block_at(state, plan, b), scratch, chunk):
                return DAMAGED
    if has_totals(plan) and not are_whole(state, plan, scratch):
        return DAMAGED
    return GOOD

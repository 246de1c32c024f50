"""The records of chunks: kept up to date as events come, so that a window need not add them up."""

from __future__ import annotations

from featurelib.jit.windows.events import block_at, chunk_at, settled_at, slot_at
from featurelib.jit.windows.layout import (
    A_TOP,
    A_UNIT,
    A_WIDE,
    BLOCK,
    BLOCK_BITS,
    C_EARLIEST,
    C_SETTLED,
    CHUNK,
    CHUNK_BITS,
    CHUNK_HEAD,
    CLASS,
    E_A,
    E_D,
    E_FLAGS,
    KIND_FLOAT,
    LONG_AGO,
    NEVER,
    NO_UNIT,
    P_ARGS,
    P_AT_ARGS,
    P_AT_CLASSES,
    P_CHUNK,
    P_CLASSES,
    P_HAS_BLOCKS,
    PA_KIND,
    PA_SUMMED,
    PLAN_ARG,
    PLAN_CLASS,
    S_CAPACITY,
    S_END,
    S_FIRST,
    WIDEST,
)
from featurelib.jit.windows.memory import clear, helper, put, word
from featurelib.jit.windows.partials import add_event, argument_at, merge, value_of
from featurelib.jit.windows.rounding import ONE, ZERO
from featurelib.jit.windows.values import bit_range, is_finite


@helper
def class_at(plan, g):
    """The address of a class in the plan."""
    return plan + 8 * (word(plan, P_AT_CLASSES) + PLAN_CLASS * g)


@helper
def start_chunk(chunk, plan):
    """Clears the record of a chunk that gets its first event."""
    clear(chunk, word(plan, P_CHUNK))
    put(chunk, C_EARLIEST, NEVER)
    put(chunk, C_SETTLED, LONG_AGO)


@helper
def add_to_chunk(chunk, at, state, plan):
    """Adds an event to a chunk's record, as all later queries see it."""
    a, d = word(at, E_A), word(at, E_D)
    put(chunk, C_EARLIEST, min(word(chunk, C_EARLIEST), min(a, d)))
    put(chunk, C_SETTLED, max(word(chunk, C_SETTLED), settled_at(at)))
    if a == NEVER or d != NEVER:
        return
    for g in range(word(plan, P_CLASSES)):
        add_event(chunk + 8 * (CHUNK_HEAD + CLASS * g), at, state, plan, class_at(plan, g))


@helper
def sum_up_chunk(chunk, c, state, plan):
    """Writes the record of a chunk from its events; zeros, if it has none or some are gone."""
    start = c << CHUNK_BITS
    if word(state, S_FIRST) > start or word(state, S_END) <= start:
        clear(chunk, word(plan, P_CHUNK))
        return
    start_chunk(chunk, plan)
    for i in range(start, min(start + CHUNK, word(state, S_END))):
        add_to_chunk(chunk, slot_at(state, plan, i), state, plan)


@helper
def sum_up_block(block, b, state, plan):
    """Writes the record of a block from its chunks; zeros, if it is not full."""
    start = b << BLOCK_BITS
    if word(state, S_FIRST) > start or word(state, S_END) < start + BLOCK:
        clear(block, word(plan, P_CHUNK))
        return
    start_chunk(block, plan)
    first = start >> CHUNK_BITS
    for c in range(first, first + (BLOCK >> CHUNK_BITS)):
        chunk = chunk_at(state, plan, c)
        put(block, C_EARLIEST, min(word(block, C_EARLIEST), word(chunk, C_EARLIEST)))
        put(block, C_SETTLED, max(word(block, C_SETTLED), word(chunk, C_SETTLED)))
        for g in range(word(plan, P_CLASSES)):
            at = 8 * (CHUNK_HEAD + CLASS * g)
            merge(block + at, chunk + at, class_at(plan, g))


@helper
def rebuild(state, plan, start, stop):
    """Writes the records of the chunks and blocks of these slots anew."""
    if stop <= start:
        return
    for c in range(start >> CHUNK_BITS, ((stop - 1) >> CHUNK_BITS) + 1):
        sum_up_chunk(chunk_at(state, plan, c), c, state, plan)
    if word(plan, P_HAS_BLOCKS):
        last = word(state, S_CAPACITY) >> BLOCK_BITS
        for b in range(start >> BLOCK_BITS, min(((stop - 1) >> BLOCK_BITS) + 1, last)):
            sum_up_block(block_at(state, plan, b), b, state, plan)


@helper
def _kind_of(plan, k, field):
    return word(plan, word(plan, P_AT_ARGS) + PLAN_ARG * k + field)


@helper
def _include(argument, x):
    """Widens an argument's range of bits by a finite value that is not zero."""
    low, high = bit_range(x)
    if low < word(argument, A_UNIT):
        put(argument, A_UNIT, low)
    if high > word(argument, A_TOP):
        put(argument, A_TOP, high)


@helper
def _has_bits(at, plan, k):
    """Whether an event's argument is a finite float that is not zero."""
    if (word(at, E_FLAGS + (k >> 6)) >> (k & 63)) & 1 == 0:
        return False
    x = value_of(at, plan, k)
    return is_finite(x, KIND_FLOAT) and (x << ONE) != ZERO


@helper
def fit_units(state, plan):
    """Finds the units anew from the events that are kept."""
    for k in range(word(plan, P_ARGS)):
        argument = argument_at(state, k)
        put(argument, A_UNIT, NO_UNIT)
        put(argument, A_TOP, -1)
        put(argument, A_WIDE, 0)
        if _kind_of(plan, k, PA_KIND) != KIND_FLOAT or _kind_of(plan, k, PA_SUMMED) == 0:
            continue
        for i in range(word(state, S_FIRST), word(state, S_END)):
            at = slot_at(state, plan, i)
            if _has_bits(at, plan, k):
                _include(argument, value_of(at, plan, k))
        put(argument, A_WIDE, 1 if word(argument, A_TOP) - word(argument, A_UNIT) > WIDEST else 0)


@helper
def are_units(state, plan):
    """Whether the units divide all values that are kept, and say how far these may span."""
    for k in range(word(plan, P_ARGS)):
        argument = argument_at(state, k)
        unit, top = word(argument, A_UNIT), word(argument, A_TOP)
        if word(argument, A_WIDE) != (1 if top - unit > WIDEST else 0):
            return False
        is_summed = _kind_of(plan, k, PA_KIND) == KIND_FLOAT and _kind_of(plan, k, PA_SUMMED) != 0
        if is_summed and unit <= top:
            if not 0 <= unit <= top < NO_UNIT:
                return False
        elif unit != NO_UNIT or top != -1:
            return False
        for i in range(word(state, S_FIRST), word(state, S_END) if is_summed else 0):
            at = slot_at(state, plan, i)
            if _has_bits(at, plan, k):
                low, high = bit_range(value_of(at, plan, k))
                if low < unit or high > top:
                    return False
    return True


@helper
def make_units(state, plan, at):
    """Makes the units such that they divide an event's values too; whether one has changed.

    Then all chunks must be built anew.
    """
    changed = False
    for k in range(word(plan, P_ARGS)):
        if _kind_of(plan, k, PA_KIND) != KIND_FLOAT or _kind_of(plan, k, PA_SUMMED) == 0:
            continue
        if not _has_bits(at, plan, k):
            continue
        argument = argument_at(state, k)
        unit, wide = word(argument, A_UNIT), word(argument, A_WIDE)
        _include(argument, value_of(at, plan, k))
        if word(argument, A_TOP) - word(argument, A_UNIT) > WIDEST and wide == 0:
            put(argument, A_WIDE, 1)
            changed = True
        if unit != word(argument, A_UNIT) and wide == 0:
            changed = True
    return changed

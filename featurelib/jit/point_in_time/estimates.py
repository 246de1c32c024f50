"""Estimates of the values that are in a window, as they come and go, for one entity at a time.

Every value has a key: its register and rank, or its bucket. The entity's distinct keys are sorted
once, and each has a count of the members with it. So a value that leaves is gone without a trace,
and a query looks at no event again.
"""

from __future__ import annotations

from featurelib.intrinsics import load_u8, u64_from_i64
from featurelib.jit.point_in_time.context import ESTIMATE, KIND, VALID, VALUES, WORDS
from featurelib.jit.windows.buckets import bucket_of, middle_of
from featurelib.jit.windows.keys import sort_keys
from featurelib.jit.windows.layout import (
    APPROX_N_UNIQUE,
    NO_EVENTS,
    PW_COUNT,
    PW_MOST,
    PW_OP,
    PW_PART,
    PW_WHOLE,
    TOO_MANY,
    VALUE,
)
from featurelib.jit.windows.memory import clear, helper, put, uput, uword, word
from featurelib.jit.windows.registers import estimate, is_same_register, part_of, register_key
from featurelib.jit.windows.rounding import ONE, ZERO, float_of, split

(_OP, _PRECISION, _SIZE, _PRESENT, _HIGH, _LOW, _KEYS, _PLACES, _COUNTS, _TREE) = range(10)
_HEAD = 10
"""Words of a pass: what is estimated; how many distinct keys the entity has; how many of these (or
of registers) have members; the sum over registers in two words; addresses of memory."""


@helper
def estimate_words(events: int) -> int:
    """Words of memory for entities of so many events."""
    return _HEAD + 5 * events + 8


@helper
def lay_out(e, ask, events):
    """Begins a pass over entities of at most so many events that answers what is asked."""
    put(e, _OP, word(ask, PW_OP))
    put(e, _PRECISION, word(ask, PW_COUNT))
    put(e, _KEYS, e + 8 * _HEAD)  # twice: to sort them takes as many again
    for k in range(3):
        put(e, _PLACES + k, e + 8 * (_HEAD + (2 + k) * events))


@helper
def begin_estimates(c, count):
    """Turns to the next entity: its distinct keys, and the place among them of each event."""
    e = word(c, ESTIMATE)
    words, valid, kind = word(c, WORDS), word(c, VALID), word(c, KIND)
    is_register, precision = word(e, _OP) == APPROX_N_UNIQUE, word(e, _PRECISION)
    keys, places, n = word(e, _KEYS), word(e, _PLACES), 0
    for i in range(count):
        if load_u8(valid, i) == 0:
            continue
        x = uword(words, i)
        key = register_key(x, kind, precision) if is_register else bucket_of(x, kind, precision)
        uput(keys, n, key)
        uput(places, i, key)
        n += 1
    sort_keys(keys, n)
    size = 0
    for i in range(n):
        if i == 0 or uword(keys, i) != uword(keys, i - 1):
            uput(keys, size, uword(keys, i))
            size += 1
    for i in range(count):
        if load_u8(valid, i) != 0:
            put(places, i, _place_of(keys, size, uword(places, i)))
    clear(word(e, _COUNTS), size)
    clear(word(e, _TREE), size + 1)
    put(e, _SIZE, size)
    for k in (_PRESENT, _HIGH, _LOW):
        put(e, k, 0)


@helper
def _place_of(keys, size, key):
    """Where a key stands among sorted ones."""
    low, high = 0, size - 1
    while low < high:
        middle = (low + high) >> 1
        if uword(keys, middle) < key:
            low = middle + 1
        else:
            high = middle
    return low


@helper
def change_estimates(c, i, sign):
    """The value of event i joins the window (sign 1) or leaves it (-1)."""
    e = word(c, ESTIMATE)
    place, counts = word(word(e, _PLACES), i), word(e, _COUNTS)
    old = word(counts, place)
    put(counts, place, old + sign)
    is_new, is_gone = old == 0, old + sign == 0
    if word(e, _OP) != APPROX_N_UNIQUE:
        put(e, _PRESENT, word(e, _PRESENT) + (1 if is_new else -1 if is_gone else 0))
        tree, at, size = word(e, _TREE), place + 1, word(e, _SIZE)
        while at <= size:
            put(tree, at, word(tree, at) + sign)
            at += at & -at
    elif is_new or is_gone:
        _change_register(e, place, is_new)


@helper
def _change_register(e, place, is_new):
    """A rank of a register is there now, or is there no more."""
    keys, counts, size = word(e, _KEYS), word(e, _COUNTS), word(e, _SIZE)
    key, precision = uword(keys, place), word(e, _PRECISION)
    k = place + 1
    while k < size and is_same_register(uword(keys, k), key):
        if word(counts, k) != 0:
            return  # a greater rank stands there
        k += 1
    k = place - 1
    while k >= 0 and is_same_register(uword(keys, k), key) and word(counts, k) == 0:
        k -= 1
    part = part_of(key, precision)
    if k >= 0 and is_same_register(uword(keys, k), key):
        # A smaller rank stood there, or stands there again: its part of the sum is larger.
        _add(e, part_of(uword(keys, k), precision) - part, not is_new)
    else:
        _add(e, part, is_new)
        put(e, _PRESENT, word(e, _PRESENT) + (1 if is_new else -1))


@helper
def _add(e, part, is_more):
    """Adds a part to the sum over registers, or takes it away."""
    old = uword(e, _LOW)
    low = old + part if is_more else old - part
    uput(e, _LOW, low)
    if is_more:
        uput(e, _HIGH, uword(e, _HIGH) + (ONE if low < old else ZERO))
    else:
        uput(e, _HIGH, uword(e, _HIGH) - (ONE if low > old else ZERO))


@helper
def _bucket_at(e, rank):
    """The bucket of the value at a rank, from 0."""
    tree, size, at, step = word(e, _TREE), word(e, _SIZE), 0, 1
    while 2 * step <= size:
        step *= 2
    while step > 0:
        if at + step <= size and word(tree, at + step) <= rank:
            at += step
            rank -= word(tree, at)
        step >>= 1
    return uword(word(e, _KEYS), at)


@helper
def estimated(c, ask):
    """The word and the reason of an estimate."""
    e = word(c, ESTIMATE)
    precision, present = word(e, _PRECISION), word(e, _PRESENT)
    if word(ask, PW_OP) == APPROX_N_UNIQUE:
        empty, factor = (1 << precision) - present, float_of(uword(ask, PW_PART))
        found = estimate(uword(e, _HIGH), uword(e, _LOW), empty, precision, factor)
        return u64_from_i64(found), VALUE
    if present > word(ask, PW_MOST):
        return ZERO, TOO_MANY
    n = word(c, VALUES)
    if n == 0:
        return ZERO, NO_EVENTS
    rank, _ = split(u64_from_i64(n - 1), uword(ask, PW_PART), uword(ask, PW_WHOLE))
    return middle_of(_bucket_at(e, rank), precision), VALUE

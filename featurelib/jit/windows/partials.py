"""What events sum up to: counts, exact sums and sums of squares, least and greatest value.

A partial result is the record of a class. Events are added to it one by one, and two of them are
merged; integers make both exact, so it does not matter how the events were split.
"""

from __future__ import annotations

from featurelib.intrinsics import u64_mulhi
from featurelib.jit.windows.events import is_seen, slots_at
from featurelib.jit.windows.layout import (
    A_UNIT,
    A_WIDE,
    ARGUMENT,
    E_FLAGS,
    G_COUNT,
    G_MAX,
    G_MIN,
    G_MINUS,
    G_NAN,
    G_PLUS,
    G_SQUARES,
    G_SUM,
    G_SUM_HIGH,
    HEADER,
    KIND_FLOAT,
    NEEDS_ENDS,
    NEEDS_SQUARES,
    NEEDS_SUM,
    P_ARGS,
    P_FLAG_WORDS,
    P_SLOT,
    PC_ARG,
    PC_FILTER,
    PC_KIND,
    PC_NEEDS,
)
from featurelib.jit.windows.memory import helper, put, uput, uword, word
from featurelib.jit.windows.rounding import ONE, TOP, ZERO
from featurelib.jit.windows.values import in_units, is_below, is_finite, is_nan


@helper
def argument_at(state, k):
    """The address of an argument's record."""
    return state + 8 * (HEADER + ARGUMENT * k)


@helper
def passes(at, plan, cls):
    """Whether an event counts for a class: its argument is not null and its filter passes."""
    arg, filter = word(cls, PC_ARG), word(cls, PC_FILTER)
    if arg >= 0 and (word(at, E_FLAGS + (arg >> 6)) >> (arg & 63)) & 1 == 0:
        return False
    if filter < 0:
        return True
    bit = word(plan, P_ARGS) + filter
    return (word(at, E_FLAGS + (bit >> 6)) >> (bit & 63)) & 1 != 0


@helper
def value_of(at, plan, arg):
    """The word of an argument."""
    return uword(at, E_FLAGS + word(plan, P_FLAG_WORDS) + arg)


@helper
def total(acc):
    """How many events a partial result is of."""
    return word(acc, G_COUNT) + word(acc, G_NAN) + word(acc, G_PLUS) + word(acc, G_MINUS)


@helper
def add_sum(acc, low, high):
    """Adds two words to the sum."""
    s = uword(acc, G_SUM) + low
    uput(acc, G_SUM, s)
    carry = ONE if s < low else ZERO
    uput(acc, G_SUM_HIGH, uword(acc, G_SUM_HIGH) + high + carry)


@helper
def add_four(acc, w0, w1, w2, w3):
    """Adds four words to the sum of squares."""
    at = acc + 8 * G_SQUARES
    s = uword(at, 0) + w0
    carry = ONE if s < w0 else ZERO
    uput(at, 0, s)
    t = uword(at, 1) + w1
    first = ONE if t < w1 else ZERO
    s = t + carry
    carry = first + (ONE if s < t else ZERO)
    uput(at, 1, s)
    t = uword(at, 2) + w2
    first = ONE if t < w2 else ZERO
    s = t + carry
    carry = first + (ONE if s < t else ZERO)
    uput(at, 2, s)
    uput(at, 3, uword(at, 3) + w3 + carry)


@helper
def _add_square(acc, low, high):
    w0, w1 = low * low, u64_mulhi(low, low)
    if high == ZERO:
        add_four(acc, w0, w1, ZERO, ZERO)
        return
    cross, cross_high = low * high, u64_mulhi(low, high)
    w2, w3 = high * high, u64_mulhi(high, high)
    for _ in range(2):
        w1 += cross
        carry = ONE if w1 < cross else ZERO
        w2 += cross_high
        w3 += ONE if w2 < cross_high else ZERO
        w2 += carry
        w3 += ONE if w2 < carry else ZERO
    add_four(acc, w0, w1, w2, w3)


@helper
def is_less(x, y, kind):
    """Whether x is below y, -0.0 below 0.0: so no order of events shows in the ends."""
    return is_below(x, y, kind) or (kind == KIND_FLOAT and x == TOP and y == ZERO)


@helper
def add_event(acc, at, state, plan, cls):
    """Adds an event to a partial result, if it counts for the class."""
    if not passes(at, plan, cls):
        return
    arg, needs = word(cls, PC_ARG), word(cls, PC_NEEDS)
    if arg < 0 or needs == 0:
        put(acc, G_COUNT, word(acc, G_COUNT) + 1)
        return
    kind = word(cls, PC_KIND)
    x = value_of(at, plan, arg)
    if needs & NEEDS_ENDS:
        if total(acc) == 0:
            uput(acc, G_MIN, x)
            uput(acc, G_MAX, x)
        else:
            if is_less(x, uword(acc, G_MIN), kind):
                uput(acc, G_MIN, x)
            if is_less(uword(acc, G_MAX), x, kind):
                uput(acc, G_MAX, x)
    if not is_finite(x, kind):
        which = G_NAN if is_nan(x) else (G_MINUS if x >= TOP else G_PLUS)
        put(acc, which, word(acc, which) + 1)
        return
    put(acc, G_COUNT, word(acc, G_COUNT) + 1)
    if needs & NEEDS_SUM == 0:
        return
    record = argument_at(state, arg)
    if word(record, A_WIDE):
        return
    unit = word(record, A_UNIT) if kind == KIND_FLOAT else 0
    low, high, negative = in_units(x, kind, unit)
    if needs & NEEDS_SQUARES:
        _add_square(acc, low, high)
    if negative:
        low = ZERO - low
        high = ~high + (ONE if low == ZERO else ZERO)
    add_sum(acc, low, high)


@helper
def add_seen(acc, state, plan, cls, start, stop, q):
    """Adds the events of some slots that are visible at q."""
    size = 8 * word(plan, P_SLOT)
    at = slots_at(state, plan) + size * start
    for _ in range(stop - start):
        if is_seen(at, q):
            add_event(acc, at, state, plan, cls)
        at += size


@helper
def merge(acc, other, cls):
    """Adds a partial result of events that come later in order."""
    n = total(other)
    if n == 0:
        return
    needs, kind = word(cls, PC_NEEDS), word(cls, PC_KIND)
    if needs & NEEDS_ENDS:
        if total(acc) == 0:
            uput(acc, G_MIN, uword(other, G_MIN))
            uput(acc, G_MAX, uword(other, G_MAX))
        else:
            if is_less(uword(other, G_MIN), uword(acc, G_MIN), kind):
                uput(acc, G_MIN, uword(other, G_MIN))
            if is_less(uword(acc, G_MAX), uword(other, G_MAX), kind):
                uput(acc, G_MAX, uword(other, G_MAX))
    for k in range(G_COUNT, G_MINUS + 1):
        put(acc, k, word(acc, k) + word(other, k))
    if needs & NEEDS_SUM:
        add_sum(acc, uword(other, G_SUM), uword(other, G_SUM_HIGH))
    if needs & NEEDS_SQUARES:
        at = other + 8 * G_SQUARES
        add_four(acc, uword(at, 0), uword(at, 1), uword(at, 2), uword(at, 3))

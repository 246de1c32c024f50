"""What an aggregate gives of the events that are in a window now."""

from __future__ import annotations

import numpy as np

from featurelib.intrinsics import u64_from_i64
from featurelib.jit.point_in_time.extremes import extreme
from featurelib.jit.point_in_time.sums import (
    INFINITY_BITS,
    SQUARE_WORDS,
    TOP,
    divided,
    divided_root,
    magnitude_of,
    spread_words,
)
from featurelib.jit.windows import layout
from featurelib.jit.windows.layout import NO_EVENTS, PW_COUNT, PW_OP, VALUE
from featurelib.jit.windows.memory import helper, uword
from featurelib.jit.windows.rounding import divide, divide_root

(
    MEMBERS, VALUES, NANS, HIGHS, LOWS, SUM, SQUARES, UNIT, SHORT, SUM_SIZE, SQUARE_SIZE,
    SUM_AT, SQUARE_AT, SPARE_AT, COUNT, BEGIN,
) = range(16)  # fmt: skip
"""Words of `now`: what the members of one entity's window sum up to.

Events that are members, those with a value, NaN and infinities among these; the sums as integers
in units of 2**UNIT where SHORT is 1, else words at addresses; events of the entity, and the first.
"""
NOW_WORDS = 16
COUNT_OP, SUM_INT, SUM_FLOAT = layout.COUNT, layout.SUM_INT, layout.SUM_FLOAT
MEAN, VAR, STD, LAG, SINCE = (
    layout.MEAN, layout.VAR, layout.STD, layout.LAG, layout.TIME_SINCE_LAST,
)  # fmt: skip
MIN, MAX, FIRST, ARG_MIN, ARG_MAX = (
    layout.MIN, layout.MAX, layout.FIRST_VALUE, layout.ARG_MIN, layout.ARG_MAX,
)  # fmt: skip
NAN_BITS = np.uint64(0x7FF8000000000000)
ZERO = np.uint64(0)


@helper
def _sum_over(now, by):
    """The bits of the sum of floats over an integer, rounded once."""
    if now[NANS] > 0 or (now[HIGHS] > 0 and now[LOWS] > 0):
        return NAN_BITS
    if now[HIGHS] > 0:
        return INFINITY_BITS
    if now[LOWS] > 0:
        return TOP | INFINITY_BITS
    spare = now[SPARE_AT]
    if now[SHORT] != 0:
        return divided(now[SUM], by, now[UNIT], spare)
    negative = magnitude_of(now[SUM_AT], now[SUM_SIZE], spare)
    return divide(spare, now[SUM_SIZE], u64_from_i64(by), now[UNIT], negative)


@helper
def _spread(now, ddof, is_root):
    """The bits of the variance, or of its root, rounded once."""
    if now[NANS] + now[HIGHS] + now[LOWS] > 0:
        return NAN_BITS
    n, spare = now[VALUES], now[SPARE_AT]
    by = n * (n - ddof)
    if now[SHORT] != 0:
        whole = n * now[SQUARES] - now[SUM] * now[SUM]
        if is_root:
            return divided_root(whole, by, 2 * now[UNIT], spare)
        return divided(whole, by, 2 * now[UNIT], spare)
    size = spread_words(
        n, now[SUM_AT], now[SUM_SIZE], now[SQUARE_AT], now[SQUARE_SIZE], spare,
        spare + 8 * (SQUARE_WORDS + 4),
    )  # fmt: skip
    if is_root:
        return divide_root(spare, size, u64_from_i64(by), 2 * now[UNIT])
    return divide(spare, size, u64_from_i64(by), 2 * now[UNIT], False)


@helper
def _from_end(now, n, low, high, member):
    """The n-th member with a value from the end; there are so many."""
    i = min(high, now[COUNT])
    while n > 0:
        i -= 1
        if member[i] == 2:
            n -= 1
    return i


@helper
def answer(ask, now, q, low, high, times, words, keys, member, least, greatest):
    """An aggregate's word and reason.

    Args:
        ask: What is asked, as `featurelib.jit.windows.plan` writes it. ARG_MIN and ARG_MAX give
            the event's place.
        now: See `MEMBERS`.
        q: The query time.
        low: No member stands before this place, counted from the entity's first event.
        high: No member stands at this place or later.
        times: Event times.
        words: Values.
        keys: Their order keys, from the entity's first event.
        member: 2 where an event is in the window and has a value, 1 where its value is null.
        least: See `extremes`.
        greatest: See `extremes`.
    """
    op, param, n = ask[PW_OP], ask[PW_COUNT], now[VALUES]
    if op == COUNT_OP:
        return u64_from_i64(n), VALUE
    if op == SUM_INT:
        is_short = now[SHORT] != 0
        return (u64_from_i64(now[SUM]) if is_short else uword(now[SUM_AT], 0)), VALUE
    if op == SUM_FLOAT:
        return _sum_over(now, 1), VALUE
    if op in (VAR, STD):
        return (_spread(now, param, op == STD), VALUE) if n > param else (ZERO, NO_EVENTS)
    if n == 0 or (op == LAG and n < param):
        return ZERO, NO_EVENTS
    begin = now[BEGIN]
    if op == MEAN:
        return _sum_over(now, n), VALUE
    if op in (MIN, ARG_MIN):
        i = extreme(low, high, now[COUNT], keys, member, least, True)
        return (words[begin + i] if op == MIN else u64_from_i64(begin + i)), VALUE
    if op in (MAX, ARG_MAX):
        i = extreme(low, high, now[COUNT], keys, member, greatest, False)
        return (words[begin + i] if op == MAX else u64_from_i64(begin + i)), VALUE
    if op == FIRST:
        i = low
        while member[i] != 2:
            i += 1
        return words[begin + i], VALUE
    i = _from_end(now, param, low, high, member)
    if op == SINCE:
        return u64_from_i64(q - times[begin + i]), VALUE
    return words[begin + i], VALUE

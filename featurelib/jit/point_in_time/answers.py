"""What an aggregate gives of the events that are in a window now."""

from __future__ import annotations

from featurelib.intrinsics import load_u8, u64_from_i64
from featurelib.jit.point_in_time.context import (
    BEGIN,
    COUNT,
    HAS_VALUE,
    HIGHS,
    LOWS,
    MEMBER,
    NANS,
    SHORT,
    SPARE_AT,
    SQUARE_AT,
    SQUARE_SIZE,
    SQUARES,
    SUM,
    SUM_AT,
    SUM_SIZE,
    TIMES,
    UNIT,
    VALUES,
    WORDS,
)  # fmt: skip
from featurelib.jit.point_in_time.extremes import extreme
from featurelib.jit.point_in_time.sums import (
    AT_MAGNITUDE,
    divided,
    divided_root,
    magnitude_of,
    spread_words,
)
from featurelib.jit.windows import layout
from featurelib.jit.windows.layout import NO_EVENTS, PW_COUNT, PW_OP, VALUE
from featurelib.jit.windows.memory import helper, uword, word
from featurelib.jit.windows.rounding import (
    INFINITY_BITS,
    NAN_BITS,
    TOP,
    ZERO,
    divide,
    divide_root,
)

COUNT_OP, SUM_INT, SUM_FLOAT = layout.COUNT, layout.SUM_INT, layout.SUM_FLOAT
MEAN, VAR, STD, LAG, SINCE = (
    layout.MEAN, layout.VAR, layout.STD, layout.LAG, layout.TIME_SINCE_LAST,
)  # fmt: skip
MIN, MAX, FIRST, ARG_MIN, ARG_MAX = (
    layout.MIN, layout.MAX, layout.FIRST_VALUE, layout.ARG_MIN, layout.ARG_MAX,
)  # fmt: skip


@helper
def _sum_over(c, by):
    """The bits of the sum of floats over an integer, rounded once."""
    if word(c, NANS) > 0 or (word(c, HIGHS) > 0 and word(c, LOWS) > 0):
        return NAN_BITS
    if word(c, HIGHS) > 0:
        return INFINITY_BITS
    if word(c, LOWS) > 0:
        return TOP | INFINITY_BITS
    spare = word(c, SPARE_AT)
    if word(c, SHORT) != 0:
        return divided(word(c, SUM), by, word(c, UNIT), spare)
    negative = magnitude_of(word(c, SUM_AT), word(c, SUM_SIZE), spare)
    return divide(spare, word(c, SUM_SIZE), u64_from_i64(by), word(c, UNIT), negative)


@helper
def _spread(c, ddof, is_root):
    """The bits of the variance, or of its root, rounded once."""
    if word(c, NANS) + word(c, HIGHS) + word(c, LOWS) > 0:
        return NAN_BITS
    n, spare = word(c, VALUES), word(c, SPARE_AT)
    by = n * (n - ddof)
    if word(c, SHORT) != 0:
        whole = n * word(c, SQUARES) - word(c, SUM) * word(c, SUM)
        if is_root:
            return divided_root(whole, by, 2 * word(c, UNIT), spare)
        return divided(whole, by, 2 * word(c, UNIT), spare)
    size = spread_words(
        n, word(c, SUM_AT), word(c, SUM_SIZE), word(c, SQUARE_AT), word(c, SQUARE_SIZE), spare,
        spare + 8 * AT_MAGNITUDE,
    )  # fmt: skip
    if is_root:
        return divide_root(spare, size, u64_from_i64(by), 2 * word(c, UNIT))
    return divide(spare, size, u64_from_i64(by), 2 * word(c, UNIT), False)


@helper
def _from_end(c, n, high):
    """The n-th member with a value from the end; there are so many."""
    i, member = min(high, word(c, COUNT)), word(c, MEMBER)
    while n > 0:
        i -= 1
        if load_u8(member, i) == HAS_VALUE:
            n -= 1
    return i


@helper
def answer(c, ask, q, low, high):
    """An aggregate's word and reason.

    Args:
        c: The words of the pass.
        ask: What is asked, as `featurelib.jit.windows.plan` writes it. ARG_MIN and ARG_MAX give
            the event's place among all.
        q: The query time.
        low: No member stands before this place, counted from the entity's first event.
        high: No member stands at this place or later.
    """
    op, param, n = word(ask, PW_OP), word(ask, PW_COUNT), word(c, VALUES)
    if op == COUNT_OP:
        return u64_from_i64(n), VALUE
    if op == SUM_INT:
        is_short = word(c, SHORT) != 0
        return (uword(c, SUM) if is_short else uword(word(c, SUM_AT), 0)), VALUE
    if op == SUM_FLOAT:
        return _sum_over(c, 1), VALUE
    if op in (VAR, STD):
        return (_spread(c, param, op == STD), VALUE) if n > param else (ZERO, NO_EVENTS)
    if n == 0 or (op == LAG and n < param):
        return ZERO, NO_EVENTS
    if op == MEAN:
        return _sum_over(c, n), VALUE
    words = word(c, WORDS)
    if op in (MIN, ARG_MIN, MAX, ARG_MAX):
        i = extreme(c, low, high, op in (MIN, ARG_MIN))
        return (uword(words, i) if op <= MAX else u64_from_i64(word(c, BEGIN) + i)), VALUE
    if op == FIRST:
        i, member = low, word(c, MEMBER)
        while load_u8(member, i) != HAS_VALUE:
            i += 1
        return uword(words, i), VALUE
    i = _from_end(c, param, high)
    if op == SINCE:
        return u64_from_i64(q - word(word(c, TIMES), i)), VALUE
    return uword(words, i), VALUE

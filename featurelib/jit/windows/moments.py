"""Sums, means, variances and deviations of a partial result: exact integers, rounded once.

Where the values of an argument span more bits than the sums in the state have, they are summed
anew, event by event, in numbers that span all floats; so are sums with totals in them.
"""

from __future__ import annotations

from featurelib.intrinsics import u64_from_i64, u64_mulhi
from featurelib.jit.windows.chunks import class_at
from featurelib.jit.windows.events import is_seen, slot_at
from featurelib.jit.windows.layout import (
    A_UNIT,
    A_WIDE,
    G_COUNT,
    G_MINUS,
    G_NAN,
    G_PLUS,
    G_SQUARES,
    G_SUM,
    G_SUM_HIGH,
    KIND_FLOAT,
    LONG_SQUARES,
    LONG_SUM,
    PC_ARG,
    PC_KIND,
    PL_CLASS,
    X_NODES,
    X_START,
    X_STOP,
)
from featurelib.jit.windows.longs import add_shifted, add_word, negate, take_word
from featurelib.jit.windows.memory import clear, helper, move, put, uword, word
from featurelib.jit.windows.partials import argument_at, passes, value_of
from featurelib.jit.windows.rounding import (
    INFINITY_BITS,
    NAN_BITS,
    ONE,
    TOP,
    ZERO,
    divide,
    divide_root,
)
from featurelib.jit.windows.totals_asked import add_long_sums
from featurelib.jit.windows.values import is_finite, mantissa

AT_SQUARES, AT_SPREAD = LONG_SUM, LONG_SUM + LONG_SQUARES
"""Where in the scratch memory of long numbers the squares lie, and n squares less the sum's."""
LONG_SPREAD = 2 * LONG_SUM
AT_OWNER, AT_SIGN = AT_SPREAD + LONG_SPREAD, AT_SPREAD + LONG_SPREAD + 1
"""Whose long sums stand in the scratch memory (an address, or 0), and whether it is negative."""
SCRATCH_WORDS = AT_SIGN + 1


@helper
def not_finite(acc):
    """The bits of a sum with a NaN or an infinity in it; 0 if there is none."""
    plus, minus = word(acc, G_PLUS), word(acc, G_MINUS)
    if word(acc, G_NAN) > 0 or (plus > 0 and minus > 0):
        return NAN_BITS
    if plus > 0:
        return INFINITY_BITS
    return TOP | INFINITY_BITS if minus > 0 else ZERO


@helper
def _add_events(scratch, state, plan, cls, start, stop, q):
    """Adds the finite values of a class event by event: to the sum, and to that of squares."""
    arg = word(cls, PC_ARG)
    for i in range(start, stop):
        at = slot_at(state, plan, i)
        if not (is_seen(at, q) and passes(at, plan, cls)):
            continue
        x = value_of(at, plan, arg)
        if not is_finite(x, KIND_FLOAT):
            continue
        m, weight = mantissa(x)
        add_shifted(scratch, LONG_SUM, m, weight, x >= TOP)
        squares = scratch + 8 * AT_SQUARES
        add_shifted(squares, LONG_SQUARES, m * m, 2 * weight, False)
        add_shifted(squares, LONG_SQUARES, u64_mulhi(m, m), 2 * weight + 64, False)


@helper
def _add_in_units(scratch, acc, unit):
    """Adds the sums of a partial result, which are in units, to those that span all floats."""
    low, high = uword(acc, G_SUM), uword(acc, G_SUM_HIGH)
    negative = high >= TOP
    if negative:
        low = ZERO - low
        high = ~high + (ONE if low == ZERO else ZERO)
    add_shifted(scratch, LONG_SUM, low, unit, negative)
    add_shifted(scratch, LONG_SUM, high, unit + 64, negative)
    squares = scratch + 8 * AT_SQUARES
    for k in range(4):
        add_shifted(squares, LONG_SQUARES, uword(acc, G_SQUARES + k), 2 * unit + 64 * k, False)


@helper
def sums(scratch, acc, state, plan, cell, span, q):
    """Puts the sum's magnitude and the sum of squares into the scratch memory.

    Returns:
        Words of the sum and of the squares, the unit's power of two, whether the sum is negative.
    """
    cls = class_at(plan, word(cell, PL_CLASS))
    kind, argument = word(cls, PC_KIND), argument_at(state, word(cls, PC_ARG))
    wide = word(argument, A_WIDE) != 0
    if kind == KIND_FLOAT and (wide or word(span, X_NODES) > 0):
        # Sum, mean and deviation of one window follow each other: they are summed once.
        if word(scratch, AT_OWNER) == acc:
            return LONG_SUM, LONG_SQUARES, -1074, word(scratch, AT_SIGN) != 0
        clear(scratch, AT_SPREAD)
        if word(span, X_NODES) > 0:
            add_long_sums(scratch, state, plan, cell, span)
        if wide:
            _add_events(scratch, state, plan, cls, word(span, X_START), word(span, X_STOP), q)
        else:
            _add_in_units(scratch, acc, word(argument, A_UNIT))
        n_sum, n_squares, unit = LONG_SUM, LONG_SQUARES, -1074
        put(scratch, AT_OWNER, acc)
        put(scratch, AT_SIGN, 1 if uword(scratch, LONG_SUM - 1) >= TOP else 0)
    else:
        put(scratch, AT_OWNER, 0)
        move(scratch, acc + 8 * G_SUM, 2)
        move(scratch + 8 * AT_SQUARES, acc + 8 * G_SQUARES, 4)
        n_sum, n_squares = 2, 4
        unit = word(argument, A_UNIT) - 1074 if kind == KIND_FLOAT else 0
    negative = uword(scratch, n_sum - 1) >= TOP
    if negative:
        negate(scratch, n_sum)
    return n_sum, n_squares, unit, negative


@helper
def mean_of(scratch, acc, state, plan, cell, span, q, n):
    """The bits of the exact sum over n, n > 0, rounded once; 1 gives the sum of floats."""
    odd = not_finite(acc)
    if odd != ZERO:
        return odd
    n_sum, _, unit, negative = sums(scratch, acc, state, plan, cell, span, q)
    return divide(scratch, n_sum, u64_from_i64(n), unit, negative)


@helper
def spread_of(scratch, acc, state, plan, cell, span, q, ddof, root):
    """The bits of the exact variance, or of its root, with n > ddof values, rounded once."""
    if not_finite(acc) != ZERO:
        return NAN_BITS
    n_sum, n_squares, unit, _ = sums(scratch, acc, state, plan, cell, span, q)
    n = word(acc, G_COUNT)
    count = u64_from_i64(n)
    out, squares = scratch + 8 * AT_SPREAD, scratch + 8 * AT_SQUARES
    n_out = max(2 * n_sum, n_squares + 1)
    clear(out, n_out)
    for k in range(n_squares):
        x = uword(squares, k)
        if x != ZERO:
            add_word(out, n_out, k, x * count)
            add_word(out, n_out, k + 1, u64_mulhi(x, count))
    for i in range(n_sum):
        x = uword(scratch, i)
        if x == ZERO:
            continue
        for j in range(n_sum):
            y = uword(scratch, j)
            if y != ZERO:
                take_word(out, n_out, i + j, x * y)
                take_word(out, n_out, i + j + 1, u64_mulhi(x, y))
    by = count * u64_from_i64(n - ddof)
    if root:
        return divide_root(out, n_out, by, 2 * unit)
    return divide(out, n_out, by, 2 * unit, False)

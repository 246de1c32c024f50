"""Quantiles: the exact point between two values, rounded once."""

from __future__ import annotations

from featurelib.intrinsics import (
    u64_from_i64,
    u64_mulhi,
)
from featurelib.jit.windows.keys import from_key
from featurelib.jit.windows.layout import KIND_FLOAT, LONG_SUM
from featurelib.jit.windows.longs import add_shifted, negate
from featurelib.jit.windows.memory import clear, helper, put, uword
from featurelib.jit.windows.moments import AT_OWNER
from featurelib.jit.windows.rounding import (
    NAN_BITS,
    ONE,
    TOP,
    ZERO,
    divide,
    split,
)
from featurelib.jit.windows.values import in_units, is_finite, mantissa, to_float

LINEAR, LOWER, HIGHER, MIDPOINT, NEAREST, EQUIPROBABLE = range(6)
"""Rules, in the order of `featurelib.analyzers.order.RULES`."""


@helper
def _add_product(scratch, x, kind, by):
    """Adds x * by to the long number, in units of 2**-1074 if x is a float, else of 1."""
    weight = 0
    if kind == KIND_FLOAT:
        _, weight = mantissa(x)
    low, _, negative = in_units(x, kind, weight)
    add_shifted(scratch, LONG_SUM, low * by, weight, negative)
    add_shifted(scratch, LONG_SUM, u64_mulhi(low, by), weight + 64, negative)


@helper
def between(scratch, x, y, kind, part, whole):
    """The bits of x + (y - x) * part / whole, rounded once."""
    if x == y or part == ZERO:
        return to_float(x, kind)
    if not (is_finite(x, kind) and is_finite(y, kind)):
        if is_finite(x, kind):
            return y
        if is_finite(y, kind):
            return x
        return NAN_BITS  # they differ
    clear(scratch, LONG_SUM)
    put(scratch, AT_OWNER, 0)
    _add_product(scratch, x, kind, whole - part)
    _add_product(scratch, y, kind, part)
    negative = uword(scratch, LONG_SUM - 1) >= TOP
    if negative:
        negate(scratch, LONG_SUM)
    return divide(scratch, LONG_SUM, whole, -1074 if kind == KIND_FLOAT else 0, negative)


@helper
def quantile(scratch, keys, n, kind, part, whole, rule):
    """The bits of a quantile of n > 0 sorted keys at part / whole."""
    if rule == EQUIPROBABLE:
        i, rest = split(u64_from_i64(n), part, whole)
        return to_float(from_key(uword(keys, max(i - 1 + (rest != ZERO), 0)), kind), kind)
    i, rest = split(u64_from_i64(n - 1), part, whole)
    low = from_key(uword(keys, i), kind)
    if rest == ZERO or rule == LOWER:
        return to_float(low, kind)
    high = from_key(uword(keys, i + 1), kind)
    if rule == HIGHER:
        return to_float(high, kind)
    if rule == NEAREST:
        left = whole - rest
        is_low = rest < left or (rest == left and i & 1 == 0)
        return to_float(low, kind) if is_low else to_float(high, kind)
    if rule == MIDPOINT:
        return between(scratch, low, high, kind, ONE, u64_from_i64(2))
    return between(scratch, low, high, kind, rest, whole)

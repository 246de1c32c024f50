"""Exponentially decayed sums: weights are fixed when an event comes, and scaled at the query."""

from __future__ import annotations

from featurelib.intrinsics import f64_div, f64_from_i64, i64_floordiv
from featurelib.jit.bodies import compiled
from featurelib.jit.windows.cells import find_forward
from featurelib.jit.windows.chunks import class_at
from featurelib.jit.windows.events import slot_at
from featurelib.jit.windows.layout import (
    E_T,
    KIND_FLOAT,
    LONG_SUM,
    OUT_OF_RANGE,
    PC_ARG,
    PC_KIND,
    VALUE,
)
from featurelib.jit.windows.longs import add_shifted, negate
from featurelib.jit.windows.memory import clear, helper, put, uword, word
from featurelib.jit.windows.moments import AT_OWNER
from featurelib.jit.windows.partials import value_of
from featurelib.jit.windows.rounding import (
    INFINITY_BITS,
    NAN_BITS,
    ONE,
    TOP,
    ZERO,
    bits_of,
    divide,
    float_of,
    round_two,
)
from featurelib.jit.windows.values import is_finite, is_nan, mantissa, to_float
from featurelib.ops.elementary.power import power

_power = compiled(power.bodies[0].fn)


ODD, TOO_LARGE, NAN, PLUS, MINUS = 1, 2, 4, 8, 16
"""What was met while adding: an x that is not finite, a p of a finite x that is not, and which."""


@helper
def half_lives(t, landmark, half_life):
    """Whole half lives since the landmark, and what is left, over one as an IEEE quotient."""
    whole = i64_floordiv(t - landmark, half_life)
    rest = t - landmark - whole * half_life
    return whole, f64_div(f64_from_i64(rest), f64_from_i64(half_life))


@helper
def _scaled(x, by):
    """The bits of a finite float times 2**by, rounded."""
    m, weight = mantissa(x)
    return round_two(ZERO, m, weight - 1074 + by, False, x >= TOP)


@helper
def add_decayed(scratch, x, kind, t, now, half_life, landmark):
    """Adds an event of time t as it counts `now` half lives after the landmark; what was met."""
    x = to_float(x, kind)
    then, part = half_lives(t, landmark, half_life)
    p = bits_of(float_of(x) * _power(2.0, part))
    if is_finite(p, KIND_FLOAT):
        p = _scaled(p, then - now)
    met = 0
    if not is_finite(x, KIND_FLOAT):
        met = ODD
    elif not is_finite(p, KIND_FLOAT):
        met = TOO_LARGE
    if is_finite(p, KIND_FLOAT):
        m, weight = mantissa(p)
        add_shifted(scratch, LONG_SUM, m, weight, p >= TOP)
    elif is_nan(p):
        met |= NAN
    else:
        met |= MINUS if p >= TOP else PLUS
    return met


@helper
def decayed_value(scratch, met, now_part):
    """The bits of what was added, and the reason if it has no value."""
    odd = met & ODD != 0
    if met & TOO_LARGE != 0 and not odd:
        return ZERO, OUT_OF_RANGE
    if met & NAN != 0 or (met & PLUS != 0 and met & MINUS != 0):
        return NAN_BITS, VALUE
    if met & (PLUS | MINUS) != 0:
        return (TOP | INFINITY_BITS if met & MINUS != 0 else INFINITY_BITS), VALUE
    negative = uword(scratch, LONG_SUM - 1) >= TOP
    if negative:
        negate(scratch, LONG_SUM)
    total = divide(scratch, LONG_SUM, ONE, -1074, negative)
    value = bits_of(float_of(total) * _power(2.0, -now_part))
    if not odd and not (is_finite(total, KIND_FLOAT) and is_finite(value, KIND_FLOAT)):
        return ZERO, OUT_OF_RANGE
    return value, VALUE


@helper
def decayed_sum(scratch, state, plan, g, start, stop, q, half_life, landmark):
    """The bits of the sum, and the reason if it has none."""
    clear(scratch, LONG_SUM)
    put(scratch, AT_OWNER, 0)
    cls = class_at(plan, g)
    arg, kind = word(cls, PC_ARG), word(cls, PC_KIND)
    now, now_part = half_lives(q, landmark, half_life)
    met = 0
    i = find_forward(state, plan, g, start, stop, q)
    while i < stop:
        at = slot_at(state, plan, i)
        x, t = value_of(at, plan, arg), word(at, E_T)
        met |= add_decayed(scratch, x, kind, t, now, half_life, landmark)
        i = find_forward(state, plan, g, i + 1, stop, q)
    return decayed_value(scratch, met, now_part)

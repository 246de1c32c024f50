"""Values of events as words: their order, and floats as exact integers in a unit."""

from __future__ import annotations

import numpy as np

from featurelib.intrinsics import (
    f64_from_i64,
    f64_from_u64,
    i64_from_u64,
    u64_clz,
    u64_shl,
    u64_shr,
)
from featurelib.jit.windows.layout import KIND_FLOAT, KIND_INT
from featurelib.jit.windows.memory import helper
from featurelib.jit.windows.rounding import FRACTION, HIDDEN, ONE, TOP, ZERO, bits_of, float_of

EXPONENT = np.uint64(0x7FF)
_52 = np.uint64(52)


@helper
def is_below(x, y, kind):
    """Whether a value comes before another one: NaN is the greatest, -0.0 equals 0.0."""
    if kind == KIND_FLOAT:
        a, b = float_of(x), float_of(y)
        return a < b or (b != b and a == a)
    if kind == KIND_INT:
        return (x ^ TOP) < (y ^ TOP)
    return x < y


@helper
def is_finite(x, kind):
    """Whether a value is no NaN and no infinity."""
    return kind != KIND_FLOAT or ((x >> _52) & EXPONENT) != EXPONENT


@helper
def is_nan(x):
    """Whether the bits are those of a NaN."""
    return (x << ONE) > np.uint64(0xFFE0000000000000)


@helper
def mantissa(x):
    """A finite float as an integer and the weight of its last bit above 2**-1074."""
    e = i64_from_u64((x >> _52) & EXPONENT)
    if e == 0:
        return x & FRACTION, 0
    return (x & FRACTION) | HIDDEN, e - 1


@helper
def bit_range(x):
    """The lowest and the highest set bit of a finite float that is not zero, above 2**-1074."""
    m, weight = mantissa(x)
    lowest = 63 - u64_clz(m & (ZERO - m))
    return weight + lowest, weight + 63 - u64_clz(m)


@helper
def in_units(x, kind, unit):
    """A finite value's magnitude in units, as two words, and whether it is below zero."""
    if kind != KIND_FLOAT:
        if kind == KIND_INT and x >= TOP:
            return ZERO - x, ZERO, True
        return x, ZERO, False
    m, weight = mantissa(x)
    shift = weight - unit
    negative = x >= TOP
    if shift <= 0:
        return u64_shr(m, -shift), ZERO, negative  # exact: the unit divides every value
    if shift < 64:
        return u64_shl(m, shift), u64_shr(m, 64 - shift), negative
    return ZERO, u64_shl(m, shift - 64), negative


@helper
def to_float(x, kind):
    """The bits of a value as a float; integers are rounded to the nearest."""
    if kind == KIND_FLOAT:
        return x
    if kind == KIND_INT:
        return bits_of(f64_from_i64(i64_from_u64(x)))
    return bits_of(f64_from_u64(x))

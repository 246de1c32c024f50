"""Exact sums that values may leave again: words of a fixed point number, for one entity at a time.

All values of an entity are whole multiples of 2**unit. Where a sum of all of them, and of all
their squares, fits in 62 bits, two integers hold the sums (*short*); else words in memory do, as
many as the largest possible sum needs. Nothing is rounded before `featurelib.jit.windows.rounding`.
"""

from __future__ import annotations

import numpy as np

from featurelib.intrinsics import (
    f64_bits,
    f64_from_bits,
    load_u8,
    u64_clz,
    u64_from_i64,
    u64_mulhi,
    u64_shl,
    u64_shr,
)
from featurelib.jit.windows.layout import KIND_FLOAT, KIND_INT
from featurelib.jit.windows.longs import add_two_words
from featurelib.jit.windows.memory import helper, uput, uword
from featurelib.jit.windows.moments import SCRATCH_WORDS
from featurelib.jit.windows.rounding import ONE, TOP, ZERO, divide, divide_root
from featurelib.jit.windows.values import bit_range, is_finite, mantissa

_SHORT_BITS = 62
_FAR = 200
"""A short sum is scaled by 2**unit as a float; so far from 1 nothing over- or underflows."""
SUM_WORDS, SQUARE_WORDS = 36, 72
"""Words of the longest sums: 2,098 bits of a float64, 32 of the count and a sign; twice that."""
AT_MAGNITUDE = SQUARE_WORDS + 4
SPARE_WORDS = max(AT_MAGNITUDE + SUM_WORDS, SCRATCH_WORDS)
"""Words that a value is made in; the functions of `featurelib.jit.windows` take as many."""


@helper
def parts(word, kind):
    """A finite value as (magnitude, exponent, is negative)."""
    if kind != KIND_FLOAT and kind != KIND_INT:
        return word, 0, False
    negative = word >= TOP
    if kind == KIND_INT:
        return (ZERO - word if negative else word), 0, negative
    magnitude, weight = mantissa(word)
    return magnitude, weight - 1074, negative


@helper
def bounds(words, valid, count, kind):
    """The unit of so many values, and how many bits the largest has above it."""
    if kind != KIND_FLOAT:
        most = ZERO
        for i in range(count):
            if load_u8(valid, i) != 0:
                most |= parts(uword(words, i), kind)[0]
        return 0, 64 - u64_clz(most)
    low, high = np.int64(1 << 20), np.int64(-(1 << 20))
    for i in range(count):
        x = uword(words, i)
        if load_u8(valid, i) != 0 and is_finite(x, kind) and (x << ONE) != ZERO:
            lowest, highest = bit_range(x)
            low, high = min(low, lowest - 1074), max(high, highest - 1073)
    return (0, 0) if high < low else (low, high - low)


@helper
def is_short(unit, bits, count_bits):
    """Whether two integers hold the sums: n times the sum of squares must fit as well."""
    return 2 * (bits + count_bits) <= _SHORT_BITS and -_FAR <= unit <= _FAR


@helper
def short_value(word, kind, unit):
    """A value in units, for short sums."""
    magnitude, exponent, negative = parts(word, kind)
    shift = exponent - unit
    whole = np.int64(u64_shl(magnitude, shift) if shift >= 0 else u64_shr(magnitude, -shift))
    return -whole if negative else whole


@helper
def add_value(word, kind, unit, sum_at, sum_words, square_at, square_words, leaves, squares):
    """A value joins the sums, or leaves them."""
    magnitude, exponent, negative = parts(word, kind)
    shift = exponent - unit
    if shift < 0:
        magnitude, shift = u64_shr(magnitude, -shift), 0
    add_two_words(sum_at, sum_words, magnitude, ZERO, shift, negative != leaves)
    if squares:
        add_two_words(
            square_at, square_words, magnitude * magnitude, u64_mulhi(magnitude, magnitude),
            2 * shift, leaves,
        )  # fmt: skip


@helper
def magnitude_of(at, n_words, target):
    """Copies the magnitude of a number; gives whether the number is negative."""
    negative = uword(at, n_words - 1) >= TOP
    carry = ONE
    for k in range(n_words):
        old = uword(at, k)
        if negative:
            old = ~old + carry
            carry = ONE if old == ZERO and carry != ZERO else ZERO
        uput(target, k, old)
    return negative


@helper
def spread_words(n, sum_at, sum_words, square_at, square_words, target, spare):
    """Writes n times the sum of squares, less the square of the sum; gives its words."""
    by = u64_from_i64(n)
    carry = ZERO
    for k in range(square_words):
        old = uword(square_at, k)
        low = old * by + carry
        carry = u64_mulhi(old, by) + (ONE if low < carry else ZERO)
        uput(target, k, low)
    uput(target, square_words, carry)
    total = square_words + 1
    magnitude_of(sum_at, sum_words, spare)
    for i in range(sum_words):
        x = uword(spare, i)
        if x == ZERO:
            continue
        for j in range(sum_words):
            y = uword(spare, j)
            if y != ZERO:
                add_two_words(target, total, x * y, u64_mulhi(x, y), 64 * (i + j), True)
    return total


@helper
def short_magnitude(total, at):
    """Writes the magnitude of a short sum; gives whether it is negative."""
    uput(at, 0, u64_from_i64(-total if total < 0 else total))
    return total < 0


@helper
def _power_of_two(unit):
    """2**unit, a normal number."""
    return f64_from_bits(u64_shl(u64_from_i64(unit + 1023), 52))


@helper
def divided(total, by, unit, spare):
    """The bits of the float nearest to a short sum * 2**unit over an integer."""
    if -(1 << 53) <= total <= (1 << 53) and by <= 1 << 53:
        # Both are exact, and so is the scaling: the quotient is rounded once, by IEEE's division.
        return f64_bits(np.float64(total) * _power_of_two(unit) / np.float64(by))
    negative = short_magnitude(total, spare)
    return divide(spare, 1, u64_from_i64(by), unit, negative)


@helper
def divided_root(total, by, unit, spare):
    """The bits of the float nearest to the root of a short number over an integer."""
    short_magnitude(total, spare)
    return divide_root(spare, 1, u64_from_i64(by), unit)

"""From exact integers to the nearest float: where the value of a window is rounded, once.

A number is given as words in memory, the lowest first, times a power of two. Every divisor that an
aggregate needs (n, or n times n - ddof) is one word, so a quotient takes three divisions of two
words by one on the highest 192 bits; what lies below only says "not exact". The same values as
`featurelib.ratio`, which does it with Python's integers.
"""

from __future__ import annotations

import numpy as np

from featurelib.intrinsics import (
    f64_bits,
    f64_from_bits,
    f64_from_u64,
    f64_sqrt,
    i64_from_f64,
    i64_from_u64,
    u64_clz,
    u64_div,
    u64_from_f64,
    u64_from_i64,
    u64_mulhi,
    u64_shl,
    u64_shr,
)
from featurelib.jit.windows.memory import helper, uword

ZERO, ONE = np.uint64(0), np.uint64(1)
TOP = np.uint64(1 << 63)
LOW32 = np.uint64(0xFFFFFFFF)
_TWO_64 = 2.0**64
INFINITY_BITS, NAN_BITS = np.uint64(0x7FF0000000000000), np.uint64(0x7FF8000000000000)
FRACTION = np.uint64((1 << 52) - 1)
HIDDEN = np.uint64(1 << 52)


@helper
def divide_two(high, low, by):
    """(high, low) over `by`: quotient and remainder; `by` has its top bit set and is above high."""
    s32 = np.uint64(32)
    b1, b0 = by >> s32, by & LOW32
    l1, l0 = low >> s32, low & LOW32
    q1 = u64_div(high, b1)
    r = high - q1 * b1
    while q1 > LOW32 or q1 * b0 > ((r << s32) | l1):
        q1 -= ONE
        r += b1
        if r > LOW32:
            break
    rest = ((high << s32) | l1) - q1 * by
    q0 = u64_div(rest, b1)
    r = rest - q0 * b1
    while q0 > LOW32 or q0 * b0 > ((r << s32) | l0):
        q0 -= ONE
        r += b1
        if r > LOW32:
            break
    return (q1 << s32) | q0, ((rest << s32) | l0) - q0 * by


@helper
def round_two(high, low, exponent, inexact, negative):
    """The bits of the float nearest to (high, low) * 2**exponent, or a little above if inexact.

    Halves go to even. At least 64 bits of the number are significant, or it is exact and zero.
    """
    sign = TOP if negative else ZERO
    if high == ZERO:
        if low == ZERO:
            return ZERO
        high, low, exponent = low, ZERO, exponent - 64
    shift = u64_clz(high)
    if shift > 0:
        high = u64_shl(high, shift) | u64_shr(low, 64 - shift)
        low = u64_shl(low, shift)
        exponent -= shift
    top = exponent + 127
    last = max(top - 52, -1074)  # the weight of the float's last bit
    drop = last - (exponent + 64)  # bits of `high` that go; low is not zero or goes all
    if drop > 64:
        return sign
    kept = u64_shr(high, drop)
    half = u64_shl(ONE, drop - 1)
    rest = high - u64_shl(kept, drop)
    below = low != ZERO or inexact
    if rest > half or (rest == half and (below or (kept & ONE) != ZERO)):
        kept += ONE
    if kept < HIDDEN:
        return sign | kept  # subnormal, or zero
    if kept == HIDDEN << ONE:
        kept = HIDDEN
        last += 1
    if last > 971:
        return sign | INFINITY_BITS
    return sign | (u64_shl(u64_from_i64(last + 1075), 52) | (kept & FRACTION))


@helper
def quotient(at, n_words, by):
    """A number in memory over one word, by > 0: (high, low, exponent, inexact).

    The number is not negative. The quotient is (high, low) * 2**exponent, and a little more if
    inexact; the top bit of high is set, unless all is zero.
    """
    top = n_words - 1
    while top >= 0 and uword(at, top) == ZERO:
        top -= 1
    if top < 0:
        return ZERO, ZERO, 0, False
    w2 = uword(at, top)
    w1 = uword(at, top - 1) if top >= 1 else ZERO
    w0 = uword(at, top - 2) if top >= 2 else ZERO
    below = uword(at, top - 3) if top >= 3 else ZERO
    shift = u64_clz(w2)
    exponent = 64 * (top - 2) - shift
    back = 64 - shift
    w2 = u64_shl(w2, shift) | u64_shr(w1, back)
    w1 = u64_shl(w1, shift) | u64_shr(w0, back)
    w0 = u64_shl(w0, shift) | u64_shr(below, back)
    inexact = u64_shl(below, shift) != ZERO
    for i in range(top - 3):
        if uword(at, i) != ZERO:
            inexact = True
            break
    if by == ONE:
        return w2, w1, exponent + 64, inexact or w0 != ZERO
    lift = u64_clz(by)
    by = u64_shl(by, lift)
    exponent += lift
    carry = w2 >= by
    rest = w2 - by if carry else w2
    high, rest = divide_two(rest, w1, by)
    low, rest = divide_two(rest, w0, by)
    inexact = inexact or rest != ZERO
    if carry:
        inexact = inexact or (low & ONE) != ZERO
        low = (low >> ONE) | (high << np.uint64(63))
        high = TOP | (high >> ONE)
        exponent += 1
    else:
        lead = u64_clz(high)  # 0 or 1: w2 is at least half of what `by` may be
        low_bits = u64_shr(low, 64 - lead)
        high = u64_shl(high, lead) | low_bits
        low = u64_shl(low, lead)
        exponent -= lead
    return high, low, exponent, inexact


@helper
def divide(at, n_words, by, unit, negative):
    """The bits of the float nearest to a number * 2**unit over one word."""
    high, low, exponent, inexact = quotient(at, n_words, by)
    return round_two(high, low, exponent + unit, inexact, negative)


@helper
def root_of_two(high, low):
    """The integer root of (high, low), at least 2**126, and whether it is exact."""
    x = f64_from_u64(high) * _TWO_64 + f64_from_u64(low)
    root = u64_from_f64(f64_sqrt(x))  # saturates at 2**64 - 1
    # One step of Newton: the rest is below 2**78, its float is exact enough for a step.
    square_high, square_low = u64_mulhi(root, root), root * root
    rest_low = low - square_low
    rest_high = high - square_high - (ONE if low < square_low else ZERO)
    negative = rest_high >= TOP
    if negative:
        rest_low = ZERO - rest_low
        rest_high = ~rest_high + (ONE if rest_low == ZERO else ZERO)
    step = (f64_from_u64(rest_high) * _TWO_64 + f64_from_u64(rest_low)) / (2.0 * f64_from_u64(root))
    whole = u64_from_i64(i64_from_f64(step))
    if negative:
        root -= whole
    else:
        root = root + whole if root + whole >= root else ~ZERO
    while _is_above(u64_mulhi(root, root), root * root, high, low):
        root -= ONE
    while root != ~ZERO:
        following = root + ONE
        if _is_above(u64_mulhi(following, following), following * following, high, low):
            break
        root = following
    return root, u64_mulhi(root, root) == high and root * root == low


@helper
def _is_above(high, low, other_high, other_low):
    return high > other_high or (high == other_high and low > other_low)


@helper
def divide_root(at, n_words, by, unit):
    """The bits of the float nearest to the root of a number * 2**unit over one word."""
    high, low, exponent, inexact = quotient(at, n_words, by)
    if high == ZERO:
        return ZERO
    exponent += unit
    if exponent & 1:
        inexact = inexact or (low & ONE) != ZERO
        low = (low >> ONE) | (high << np.uint64(63))
        high = high >> ONE
        exponent += 1
    root, exact = root_of_two(high, low)
    return round_two(root, ZERO, exponent // 2 - 64, inexact or not exact, False)


@helper
def float_of(bits):
    """The float of these bits."""
    return f64_from_bits(bits)


@helper
def bits_of(x):
    """The bits of a float; every NaN is the canonical one."""
    return f64_bits(x)


@helper
def split(n, part, whole):
    """n * part / whole, for part <= whole: the quotient, and what is left over."""
    high, low = u64_mulhi(n, part), n * part
    lift = u64_clz(whole)
    high = u64_shl(high, lift) | u64_shr(low, 64 - lift)
    count, rest = divide_two(high, u64_shl(low, lift), u64_shl(whole, lift))
    return i64_from_u64(count), u64_shr(rest, lift)

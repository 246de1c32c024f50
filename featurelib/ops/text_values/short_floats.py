"""Decimal numbers of up to 18 digits as the nearest float, in words of 64 bits.

Longer ones, and exponents far from 0, take the exact integers of `floats.py`.
"""

from featurelib.dtypes import Bool, Float64, Int64, UInt64
from featurelib.intrinsics import (
    f64_from_bits,
    f64_from_u64,
    f64_round_f32,
    i64_add,
    i64_and,
    i64_from_bool,
    i64_sub,
    u64_and,
    u64_clz,
    u64_div,
    u64_from_i64,
    u64_mul,
    u64_mulhi,
    u64_or,
    u64_shl,
    u64_shr,
    u64_sub,
)
from featurelib.op import inlined, kernel_function

MOST_DIGITS = 18
LOWEST, HIGHEST = -27, 22
"""Exponents: 5**27 has 63 bits, and 18 digits times 5**22 take 112."""
LOW = (1 << 32) - 1
FIVES = (5, 25, 625, 390_625, 152_587_890_625)
"""5 to the powers 1, 2, 4, 8 and 16."""


@inlined
def _five_to(n: Int64) -> UInt64:
    """5**n for n from 0 to 27."""
    made = u64_from_i64(FIVES[0] if i64_and(n, 1) != 0 else 1)
    made = u64_mul(made, FIVES[1] if i64_and(n, 2) != 0 else 1)
    made = u64_mul(made, FIVES[2] if i64_and(n, 4) != 0 else 1)
    made = u64_mul(made, FIVES[3] if i64_and(n, 8) != 0 else 1)
    return u64_mul(made, FIVES[4] if i64_and(n, 16) != 0 else 1)


@kernel_function
def _digit(high: UInt64, low: UInt64, over: UInt64) -> UInt64:
    """One step of a long division by 32 bits: (2**32 high + low) // over, for high < over.

    `over` has its highest bit set, so the first guess is too great by two at most (Knuth, The Art
    of Computer Programming, volume 2, 4.3.1).
    """
    top, rest = u64_shr(over, 32), u64_and(over, LOW)
    guess = u64_div(high, top)
    left = u64_sub(high, u64_mul(guess, top))
    for _ in range(2):
        # With more than 32 bits left there is no doubt.
        if left <= u64_from_i64(LOW) and (
            guess > u64_from_i64(LOW) or u64_mul(guess, rest) > u64_or(u64_shl(left, 32), low)
        ):
            guess = u64_sub(guess, u64_from_i64(1))
            left = u64_sub(left, u64_sub(u64_from_i64(0), top))
    return guess


@kernel_function
def nearest_short(number: UInt64, power: Int64, single: Bool) -> Float64:
    """number * 10**power, rounded once; a number of 1 to 18 digits, a power from -27 to 22."""
    zeros = u64_clz(number)
    if power >= 0:
        five = _five_to(power)
        high, low = u64_mulhi(number, five), u64_mul(number, five)
        if high == u64_from_i64(0):
            high, low, exponent = low, u64_from_i64(0), power
        else:
            exponent = i64_add(power, 64)
        zeros = u64_clz(high)
        top = u64_or(u64_shl(high, zeros), u64_shr(low, i64_sub(64, zeros)))
        is_more = u64_shl(low, zeros) != u64_from_i64(0)
        exponent = i64_sub(exponent, zeros)
    else:
        five = _five_to(i64_sub(0, power))
        apart = u64_clz(five)
        over = u64_shl(five, apart)
        # 2**63 times the quotient of both with their highest bits set: 63 or 64 bits.
        scaled = u64_shl(number, zeros)
        high, low = u64_shr(scaled, 1), u64_shl(u64_and(scaled, 1), 31)
        first = _digit(high, low, over)
        high = u64_sub(u64_or(u64_shl(high, 32), low), u64_mul(first, over))
        second = _digit(high, u64_from_i64(0), over)
        is_more = u64_shl(high, 32) != u64_mul(second, over)
        top = u64_or(u64_shl(first, 32), second)
        exponent = i64_sub(i64_add(power, i64_sub(apart, zeros)), 63)
    # The lowest bit says that there is more: far below the last one that stays, it rounds rightly.
    top = u64_or(top, u64_from_i64(i64_from_bool(is_more)))
    if single:
        has_low = u64_and(top, LOW) != u64_from_i64(0)
        top = u64_or(u64_shr(top, 32), u64_from_i64(i64_from_bool(has_low)))
        exponent = i64_add(exponent, 32)
    scale = f64_from_bits(u64_shl(u64_from_i64(i64_add(exponent, 1023)), 52))
    value = f64_from_u64(top) * scale
    return f64_round_f32(value) if single else value

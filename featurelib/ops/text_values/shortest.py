"""Floats as the shortest decimal text that reads back as the same float.

The digits are found by Schubfach (R. Giulietti, "The Schubfach way to render doubles", 2021): of
the decimals with the fewest digits that round to the float, the nearest one. It multiplies by one
power of ten, held to 128 bits.

The table kind `powers_of_ten` has content ``(first, last)``, decimal exponents, and for each of
them 16 bytes: the high and the low half of the power, scaled by a power of two to 128 bits and
rounded up. The count is in words of eight bytes.
"""

import struct
from functools import cache

from featurelib.dtypes import Bool, Float64, Int64, String, UInt64
from featurelib.errors import DefinitionError
from featurelib.intrinsics import (
    View,
    arena_limit,
    arena_reserve,
    f64_abs,
    f64_bits,
    f64_round_f32,
    i64_add,
    i64_and,
    i64_from_bool,
    i64_from_u64,
    i64_mul,
    i64_or,
    i64_shl,
    i64_shr,
    i64_sub,
    load_u64_le,
    store_u8,
    u64_add,
    u64_div,
    u64_from_i64,
    u64_mul,
    u64_mulhi,
    u64_or,
    u64_shl,
    u64_shr,
    u64_sub,
)
from featurelib.op import Arena, Float, Nulls, PowerTable, kernel_function, op
from featurelib.ops.text_values.decimal_text import (
    DOT,
    FIRST,
    MINUS,
    ZERO,
    decimal_length,
    normal_decimal,
    split_digits,
    store_digits,
    store_exponent,
)
from featurelib.tables import TableData, encoder

LAST = 324
"""From FIRST to LAST are the powers of ten that the Float64 from 2**-1074 to 2**1024 ask for."""
NAMED = (0x4E614E, 0x666E69)  # "NaN" and "inf", the first byte lowest
FRACTION, HIDDEN, HIDDEN_FLOAT32 = (1 << 52) - 1, 1 << 52, 1 << 23
LARGEST = 1.7976931348623157e308


@kernel_function
def _scaled(powers: View, exponent: Int64, factor: UInt64) -> UInt64:
    """A power of ten times a factor, its lowest bit set where anything was cut off."""
    place = i64_mul(i64_sub(exponent, FIRST), 16)
    high, low = load_u64_le(powers.buf, place), load_u64_le(powers.buf, i64_add(place, 8))
    middle = u64_mul(high, factor)
    cut = u64_add(middle, u64_mulhi(low, factor))
    top = u64_add(u64_mulhi(high, factor), u64_from_i64(i64_from_bool(cut < middle)))
    return u64_or(top, u64_from_i64(i64_from_bool(cut > u64_from_i64(1))))


@kernel_function
def _parts(x: Float64, single: Bool) -> tuple[Int64, Int64, Bool]:
    """Integer c and exponent q of x = c 2**q, as the type has them; whether c is its least power.

    There the float below is half as far away as the one above.
    """
    bits = i64_from_u64(f64_bits(x))
    exponent = i64_shr(bits, 52)
    significand = i64_and(bits, FRACTION)
    if exponent > 0:
        significand = i64_or(significand, HIDDEN)
    else:
        exponent = 1
    power = i64_sub(exponent, 1075)
    q = i64_add(power, 29) if single else power
    lowest = -149 if single else -1074
    q = q if q > lowest else lowest
    c = i64_shr(significand, i64_sub(q, power))
    return c, q, q > lowest and c == (HIDDEN_FLOAT32 if single else HIDDEN)


@kernel_function
def shortest_digits(x: Float64, single: Bool, powers: View) -> tuple[UInt64, Int64]:
    """Digits and decimal exponent of a positive, finite float; zeros may stand at their end."""
    c, q, is_least = _parts(x, single)
    # log10(2) 2**22 and log10(4 / 3) 2**22: k is the exponent of the digits of an interval's width.
    shrunk = 524031 if is_least else 0
    k = i64_shr(i64_sub(i64_mul(q, 1262611), shrunk), 22)
    down = i64_sub(0, k)
    # log2(10) 2**19: the power of two that is missing in the table's entry.
    shift = i64_add(i64_add(q, i64_shr(i64_mul(down, 1741647), 19)), 1)
    four = i64_shl(c, 2)
    left = i64_sub(four, 1 if is_least else 2)
    # The interval of what rounds to x, in quarters of the last digit; an even c owns its ends.
    odd = u64_from_i64(i64_and(c, 1))
    middle = _scaled(powers, down, u64_shl(u64_from_i64(four), shift))
    lower = u64_add(_scaled(powers, down, u64_shl(u64_from_i64(left), shift)), odd)
    right = u64_shl(u64_from_i64(i64_add(four, 2)), shift)
    upper = u64_sub(_scaled(powers, down, right), odd)
    digits = u64_shr(middle, 2)
    ten = u64_from_i64(10)
    # One digit less, if one such number is inside.
    tens = u64_div(digits, ten)
    below = u64_mul(tens, u64_from_i64(40))
    has_below = lower <= below
    has_above = u64_add(below, u64_from_i64(40)) <= upper
    if digits >= ten and has_below != has_above:
        digits = u64_add(tens, u64_from_i64(i64_from_bool(has_above)))
        k = i64_add(k, 1)
    else:
        below = u64_shl(digits, 2)
        has_below = lower <= below
        goes_up = u64_add(below, u64_from_i64(4)) <= upper
        if has_below == goes_up:
            half = u64_add(below, u64_from_i64(2))
            is_odd = i64_and(i64_from_u64(digits), 1) == 1
            goes_up = middle > half or (middle == half and is_odd)
        digits = u64_add(digits, u64_from_i64(i64_from_bool(goes_up)))
    return digits, k


@op(
    "text_of_float",
    version=1,
    nulls=Nulls.MAYBE,
    public=False,
    device_reason="a value that makes text",
)
def text_of_float(x: Float, powers: PowerTable, arena: Arena, *, single: Bool) -> String:
    """The shortest text that reads back as the same float, as in Polars; null over the row limit.

    Plain digits with a point from 1e-5 to below 1e16, a Float32 from 1e-6 to below 1e13; else with
    an exponent: 0.1, -0.0, 100.0, 1e+16, 1.5e-7, NaN, inf, -inf.
    """
    # A Float64 that is no Float32 has no place among them; a definition never asks for that.
    single = single and f64_round_f32(x) == x
    size = f64_abs(x)
    is_negative = i64_from_u64(f64_bits(x)) < 0
    start = i64_from_bool(is_negative)
    is_named = x != x or size > LARGEST
    digits, k = u64_from_i64(0), 0
    if size > 0.0 and not is_named:
        digits, k = shortest_digits(size, single, powers)
    decimal, n = normal_decimal(digits, powers)
    whole = i64_add(n, k)
    first, high, low, n = split_digits(decimal)
    plain = whole > (-6 if single else -5) and whole <= (13 if single else 16)
    length = i64_add(start, 3 if is_named else decimal_length(n, whole, plain))
    if length > arena_limit(arena):
        return View(arena_reserve(arena, 0), 0, 0), False
    buf = arena_reserve(arena, length)
    store_u8(buf, 0, MINUS)  # written over where there is no sign
    at = start
    if is_named:
        for i in range(3):
            name = NAMED[0] if x != x else NAMED[1]
            store_u8(buf, i64_add(start, i), i64_shr(name, i64_shl(i, 3)))
    elif not plain:
        at = store_digits(buf, at, first, high, low, n, 1)
        store_exponent(buf, at, i64_sub(whole, 1))
    elif whole <= 0:
        at = store_u8(buf, store_u8(buf, at, ZERO), DOT)
        for _ in range(i64_sub(0, whole)):
            at = store_u8(buf, at, ZERO)
        store_digits(buf, at, first, high, low, n, n)
    else:
        at = store_digits(buf, at, first, high, low, n if n > whole else whole, whole)
        if n <= whole:
            store_u8(buf, store_u8(buf, at, DOT), ZERO)
    return View(buf, 0, length), True


def power_table() -> TableData:
    """The powers of ten, as the argument of the op."""
    return TableData("powers_of_ten", (FIRST, LAST), "powers of ten")


@encoder("powers_of_ten")
@cache
def _encode_powers(content: tuple[int, int]) -> tuple[bytes, int]:
    if content != (FIRST, LAST):
        raise DefinitionError(f"no powers of ten {content!r}; here are {FIRST} to {LAST}")
    words: list[int] = []
    for exponent in range(FIRST, LAST + 1):
        power, over = 10 ** max(exponent, 0), 10 ** max(-exponent, 0)
        # 128 bits more than the denominator has, then down or up to 128 bits exactly.
        wide = -((-power << 128 + over.bit_length()) // over)
        cut = wide.bit_length() - 128
        scaled = -(-wide >> cut)
        words += [scaled >> 64, scaled & (1 << 64) - 1]
    return struct.pack(f"<{len(words)}Q", *words), len(words)


__all__ = ["power_table", "shortest_digits", "text_of_float"]

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
from typing import Any

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
    u64_mod,
    u64_mul,
    u64_mulhi,
    u64_or,
    u64_shl,
    u64_shr,
    u64_sub,
)
from featurelib.op import Arena, Float, Nulls, PowerTable, kernel_function, op
from featurelib.tables import TableData, encoder

MINUS, PLUS, DOT, ZERO, LETTER_E = 45, 43, 46, 48, 101
FIRST, LAST = -292, 324
"""The powers of ten that the Float64 from 2**-1074 to 2**1024 ask for."""
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
    """Digits and decimal exponent of a positive, finite float; the last digit is not 0."""
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
    # One digit less, if one such number is inside. Its zeros are taken off below.
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
    while u64_mod(digits, ten) == u64_from_i64(0) and digits > u64_from_i64(0):
        digits = u64_div(digits, ten)
        k = i64_add(k, 1)
    return digits, k


@kernel_function
def _count_digits(value: UInt64) -> Int64:
    n, rest = 1, u64_div(value, u64_from_i64(10))
    while rest > u64_from_i64(0):
        rest = u64_div(rest, u64_from_i64(10))
        n = i64_add(n, 1)
    return n


@kernel_function
def _store_digits(buf: Any, at: Int64, value: UInt64, n: Int64, point: Int64) -> Int64:
    """Writes n digits, the last ones of a number, with a point before the one of index `point`."""
    ten = u64_from_i64(10)
    end = i64_add(at, i64_add(n, i64_from_bool(point < n)))
    place = end
    for i in range(n):
        place = i64_sub(place, 1)
        rest = u64_div(value, ten)
        digit = i64_from_u64(u64_sub(value, u64_mul(rest, ten)))
        store_u8(buf, place, i64_add(ZERO, digit))
        value = rest
        if i64_sub(n, i64_add(i, 1)) == point:
            place = i64_sub(place, 1)
            store_u8(buf, place, DOT)
    return end


@kernel_function
def _store_zeros(buf: Any, at: Int64, n: Int64) -> Int64:
    for _ in range(n):
        at = store_u8(buf, at, ZERO)
    return at


@kernel_function
def _store_number(buf: Any, at: Int64, digits: UInt64, k: Int64, plain: Bool) -> Int64:
    """Writes digits times 10**k, in plain digits or with an exponent."""
    n = _count_digits(digits)
    whole = i64_add(n, k)
    if not plain:
        at = _store_digits(buf, at, digits, n, 1)
        power = i64_sub(whole, 1)
        at = store_u8(buf, store_u8(buf, at, LETTER_E), MINUS if power < 0 else PLUS)
        size = u64_from_i64(power if power > 0 else i64_sub(0, power))
        count = _count_digits(size)
        return _store_digits(buf, at, size, count, count)
    if whole <= 0:
        at = store_u8(buf, store_u8(buf, at, ZERO), DOT)
        at = _store_zeros(buf, at, i64_sub(0, whole))
        return _store_digits(buf, at, digits, n, n)
    at = _store_digits(buf, at, digits, n, whole)
    if k >= 0:
        at = _store_zeros(buf, at, k)
        at = store_u8(buf, store_u8(buf, at, DOT), ZERO)
    return at


@kernel_function
def _length(n: Int64, k: Int64, plain: Bool) -> Int64:
    """Bytes that `_store_number` writes for n digits."""
    whole = i64_add(n, k)
    if plain:
        if whole <= 0:
            return i64_sub(i64_add(2, n), whole)
        return i64_add(whole, 2) if k >= 0 else i64_add(n, 1)
    power = i64_sub(whole, 1)
    power = power if power > 0 else i64_sub(0, power)
    return i64_add(i64_add(n, i64_from_bool(n > 1)), i64_add(2, _count_digits(u64_from_i64(power))))


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
    n = _count_digits(digits)
    whole = i64_add(n, k)
    plain = whole > (-6 if single else -5) and whole <= (13 if single else 16)
    length = i64_add(start, 3 if is_named else _length(n, k, plain))
    if length > arena_limit(arena):
        return View(arena_reserve(arena, 0), 0, 0), False
    buf = arena_reserve(arena, length)
    if is_negative:
        store_u8(buf, 0, MINUS)
    if is_named:
        for i in range(3):
            name = NAMED[0] if x != x else NAMED[1]
            store_u8(buf, i64_add(start, i), i64_shr(name, i64_shl(i, 3)))
    else:
        _store_number(buf, start, digits, k, plain)
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

"""Text read as the nearest float: the fraction of two exact integers, rounded once.

The integers stand in scratch memory as 32-bit words, the lowest first: the digits on one side, and
on the other the power of five that the exponent divides by. Twos go to the exponent of the result.
"""

from typing import Any

from featurelib.dtypes import FLOAT32, FLOAT64, Bool, Float64, Int64, String, UInt64
from featurelib.intrinsics import (
    View,
    arena_limit,
    arena_reserve,
    f64_from_bits,
    f64_from_u64,
    i64_add,
    i64_and,
    i64_from_bool,
    i64_from_u64,
    i64_mul,
    i64_or,
    i64_sub,
    load_u8,
    load_u32_le,
    u64_add,
    u64_clz,
    u64_from_i64,
    u64_mul,
    u64_shl,
    u64_shr,
)
from featurelib.op import Arena, Nulls, kernel_function, op
from featurelib.ops.sequence.elements import store_u32
from featurelib.ops.text_values.short_floats import HIGHEST, LOWEST, MOST_DIGITS, nearest_short

MINUS, PLUS, DOT, ZERO, LETTER_E = 45, 43, 46, 48, 101
DIGITS = 770
"""Digits that are read: no half between two floats has more; of the rest counts whether it is 0."""
LARGEST, SMALLEST = 310, -400
"""Decimal exponents of 0.ddd beyond which every value is infinite, or 0."""
BYTES, BOTH = 560, 1120
"""What an integer may take: 770 digits and 5**1171 take under 400 bytes, and what is added to the
shorter one makes it as long as the other. And both of them.
"""
FAR = 1_000_000
"""Where counting an exponent stops."""
INFINITY, NAN = float("inf"), float("nan")
INF_LETTERS = (105, 110, 102, 105, 110, 105, 116, 121)


@kernel_function
def _word(a: Any, i: Int64) -> UInt64:
    return load_u32_le(a, i64_mul(i, 4))


@kernel_function
def _scaled(a: Any, n: Int64, factor: Int64, more: Int64) -> Int64:
    """a = a * factor + more, of n words; gives the number of words then."""
    carry = u64_from_i64(more)
    for i in range(n):
        carry = u64_add(u64_mul(_word(a, i), u64_from_i64(factor)), carry)
        store_u32(a, i, i64_from_u64(carry))
        carry = u64_shr(carry, 32)
    if carry == u64_from_i64(0):
        return n
    store_u32(a, n, i64_from_u64(carry))
    return i64_add(n, 1)


@kernel_function
def _times_power(a: Any, n: Int64, base: Int64, times: Int64) -> Int64:
    """a = a * base**times for a base of 2 or 5, in steps that fit a word."""
    while times > 0:
        factor, steps = 1, 0
        while steps < 13 and times > 0:
            factor = i64_mul(factor, base)
            steps = i64_add(steps, 1)
            times = i64_sub(times, 1)
        n = _scaled(a, n, factor, 0)
    return n


@kernel_function
def _bit_length(a: Any, n: Int64) -> Int64:
    last = i64_sub(n, 1)
    return i64_sub(i64_add(i64_mul(32, last), 64), u64_clz(_word(a, last)))


@kernel_function
def _order(a: Any, n: Int64, b: Any, m: Int64) -> Int64:
    """-1, 0 or 1 as a is less than b, equal or greater; neither has a zero word at its end."""
    if n != m:
        return 1 if n > m else -1
    i, found = n, 0
    while i > 0 and found == 0:
        i = i64_sub(i, 1)
        x, y = _word(a, i), _word(b, i)
        if x != y:
            found = 1 if x > y else -1
    return found


@kernel_function
def _less(a: Any, n: Int64, b: Any, m: Int64) -> Int64:
    """a = a - b, where a is not less; gives the number of words then."""
    borrow = 0
    for i in range(n):
        taken = i64_from_u64(_word(b, i)) if i < m else 0
        left = i64_sub(i64_sub(i64_from_u64(_word(a, i)), taken), borrow)
        borrow = i64_from_bool(left < 0)
        store_u32(a, i, left)
    while n > 0 and _word(a, i64_sub(n, 1)) == u64_from_i64(0):
        n = i64_sub(n, 1)
    return n


@kernel_function
def _rounded(a: Any, n: Int64, b: Any, m: Int64, power: Int64, single: Bool) -> Float64:
    """a / b times 2**power, rounded once to a Float64, or to a Float32 if `single`."""
    precision = 24 if single else 53
    lowest = -126 if single else -1022
    shift = i64_sub(_bit_length(b, m), _bit_length(a, n))
    if shift > 0:
        n = _times_power(a, n, 2, shift)
    else:
        m = _times_power(b, m, 2, i64_sub(0, shift))
    if _order(a, n, b, m) < 0:
        n = _scaled(a, n, 2, 0)
        shift = i64_add(shift, 1)
    # Now 1 <= a / b < 2, and this is the binary exponent.
    power = i64_sub(power, shift)
    if power > 1023:
        return INFINITY
    keep = precision if power >= lowest else i64_sub(i64_add(precision, power), lowest)
    if keep < 0:
        return 0.0
    bits = u64_from_i64(0)
    for _ in range(keep):
        bits = u64_shl(bits, 1)
        if _order(a, n, b, m) >= 0:
            n = _less(a, n, b, m)
            bits = u64_add(bits, 1)
        n = _scaled(a, n, 2, 0)
    half = _order(a, n, b, m)
    if half > 0 or (half == 0 and i64_and(i64_from_u64(bits), 1) == 1):
        bits = u64_add(bits, 1)
    if single:
        scale = i64_add(i64_sub(power, keep), 1024)
        value = f64_from_u64(bits) * f64_from_bits(u64_shl(u64_from_i64(scale), 52))
        return value if value < 3.402823669209385e38 else INFINITY
    if power < lowest:
        return f64_from_bits(bits)
    # The first bit is not written; a carry out of the others raises the exponent as it should.
    exponent = u64_shl(u64_from_i64(i64_add(power, 1022)), 52)
    return f64_from_bits(u64_add(exponent, bits))


@kernel_function
def _is_digit(byte: Int64) -> Bool:
    return byte >= ZERO and byte <= 57


@kernel_function
def _byte(s: View, at: Int64) -> Int64:
    return load_u8(s.buf, at) if at < s.stop else 0


@kernel_function
def _exponent(s: View, at: Int64) -> tuple[Int64, Bool]:
    """The exponent that begins at a byte, and whether it ends the text; 0 at the end."""
    if at >= s.stop:
        return 0, True
    if i64_or(load_u8(s.buf, at), 32) != LETTER_E:
        return 0, False
    at = i64_add(at, 1)
    sign = _byte(s, at)
    at = i64_add(at, i64_from_bool(sign == MINUS or sign == PLUS))
    value, valid = 0, at < s.stop
    while at < s.stop:
        digit = i64_sub(load_u8(s.buf, at), ZERO)
        valid = valid and digit >= 0 and digit <= 9
        value = i64_add(i64_mul(value, 10), digit) if valid and value < FAR else value
        at = i64_add(at, 1)
    return i64_sub(0, value) if sign == MINUS else value, valid


@kernel_function
def _named(s: View, at: Int64) -> tuple[Float64, Bool]:
    """The value of "nan", "inf" and "infinity" in either case."""
    n = i64_sub(s.stop, at)
    if n == 3 and i64_or(_byte(s, at), 32) == 110:
        is_nan = i64_or(_byte(s, i64_add(at, 1)), 32) == 97
        return NAN, is_nan and i64_or(_byte(s, i64_add(at, 2)), 32) == 110
    alike = n == 3 or n == 8
    for i in range(n if alike else 0):
        alike = alike and i64_or(_byte(s, i64_add(at, i)), 32) == INF_LETTERS[i]
    return INFINITY, alike


@kernel_function
def _scanned(s: View, at: Int64) -> tuple[Int64, Int64, Int64, Int64, Int64]:
    """Where the digits with their point end; how many there are, and how many behind the point.

    Then how many there are from the first that counts, and the number that the first 18 of these
    are.
    """
    seen, behind, kept, number = 0, 0, 0, 0
    has_point = False
    while _is_digit(_byte(s, at)) or (_byte(s, at) == DOT and not has_point):
        if load_u8(s.buf, at) == DOT:
            has_point = True
        else:
            digit = i64_sub(load_u8(s.buf, at), ZERO)
            seen = i64_add(seen, 1)
            behind = i64_add(behind, i64_from_bool(has_point))
            kept = i64_add(kept, i64_from_bool(kept > 0 or digit > 0))
            number = i64_add(i64_mul(number, 10), digit) if kept <= MOST_DIGITS else number
        at = i64_add(at, 1)
    return at, seen, behind, kept, number


@kernel_function
def _nearest(s: View, at: Int64, stop: Int64, power: Int64, arena: Arena, single: Bool) -> Float64:
    """The digits between two bytes times 10**power, rounded once."""
    a = arena_reserve(arena, BYTES)
    n, kept, pending, factor = 0, 0, 0, 1
    more = False
    for i in range(at, stop):
        digit = i64_sub(load_u8(s.buf, i), ZERO)
        if load_u8(s.buf, i) != DOT and (kept > 0 or digit > 0):
            if kept < DIGITS:
                kept = i64_add(kept, 1)
                pending = i64_add(i64_mul(pending, 10), digit)
                factor = i64_mul(factor, 10)
                if factor == 1_000_000_000:
                    n = _scaled(a, n, factor, pending)
                    pending, factor = 0, 1
            else:
                power = i64_add(power, 1)
                more = more or digit > 0
    n = _scaled(a, n, factor, pending)
    if more:
        n = _scaled(a, n, 10, 1)
        power = i64_sub(power, 1)
    b = arena_reserve(arena, BYTES)
    m = _scaled(b, 0, 1, 1)
    if power > 0:
        n = _times_power(a, n, 5, power)
    else:
        m = _times_power(b, m, 5, i64_sub(0, power))
    return _rounded(a, n, b, m, power, single)


@op(
    "parse_float",
    version=1,
    nulls=Nulls.MAYBE,
    result=lambda types, params: FLOAT32 if params["single"] else FLOAT64,
    device_reason="scratch memory for exact integers",
    public=False,
)
def parse_float(s: String, arena: Arena, *, single: Bool) -> Float64:
    """The float nearest to a decimal number, halves to even; null for all else.

    Digits with a point, an exponent after e or E and a sign, each of them or none; or nan, inf and
    infinity in either case. Null where the row limit is below 1,120 bytes.
    """
    if arena_limit(arena) < BOTH:
        return 0.0, False
    sign = _byte(s, s.start)
    start = i64_add(s.start, i64_from_bool(sign == MINUS or sign == PLUS))
    at, seen, behind, kept, number = _scanned(s, start)
    if seen == 0:
        value, valid = _named(s, start)
        return -value if sign == MINUS else value, valid and at == start
    power, valid = _exponent(s, at)
    power = i64_sub(power, behind)
    value = 0.0
    if kept > 0 and i64_add(kept, power) > LARGEST:
        value = INFINITY
    elif kept > 0 and i64_add(kept, power) >= SMALLEST and valid:
        if kept <= MOST_DIGITS and power >= LOWEST and power <= HIGHEST:
            value = nearest_short(u64_from_i64(number), power, single)
        else:
            value = _nearest(s, start, at, power, arena, single)
    return -value if sign == MINUS else value, valid

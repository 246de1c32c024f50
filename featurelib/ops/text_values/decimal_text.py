"""Digits of a decimal number as text: eight at a time in one word, without a loop that divides."""

from typing import Any

from featurelib.dtypes import Bool, Int64, UInt64
from featurelib.intrinsics import (
    View,
    i64_add,
    i64_and,
    i64_floordiv,
    i64_from_bool,
    i64_from_u64,
    i64_mul,
    i64_shr,
    i64_sub,
    load_u64_le,
    store_u8,
    u64_and,
    u64_clz,
    u64_div,
    u64_from_i64,
    u64_mul,
    u64_or,
    u64_shl,
    u64_shr,
    u64_sub,
    u64_xor,
)
from featurelib.op import inlined, kernel_function
from featurelib.ops.sequence.elements import store_eight

MINUS, PLUS, DOT, ZERO, LETTER_E = 45, 43, 46, 48, 101
FIRST = -292
"""The least power of ten in the table `powers_of_ten`."""
MOST = 17
"""Digits that a Float64 needs at most."""
TEN_8, TEN_16 = 10**8, 10**16
ASCII = 0x3030303030303030


@inlined
def ten_to(powers: View, n: Int64) -> UInt64:
    """10**n for n from 0 to 17: of such a power the table has all bits, and zeros behind them."""
    high = load_u64_le(powers.buf, i64_mul(i64_sub(n, FIRST), 16))
    return u64_shr(high, i64_sub(63, i64_shr(i64_mul(n, 1741647), 19)))


@inlined
def normal_decimal(digits: UInt64, powers: View) -> tuple[UInt64, Int64]:
    """The same digits as a number of 17, zeros behind them, and how many there were; 1 for 0."""
    # Of a number of b bits the digits are b log10(2), rounded down, or one more.
    bits = i64_sub(64, u64_clz(u64_or(digits, u64_from_i64(1))))
    n = i64_shr(i64_mul(bits, 1233), 12)
    n = i64_add(n, i64_from_bool(n == 0 or digits >= ten_to(powers, n)))
    return u64_mul(digits, ten_to(powers, i64_sub(MOST, n))), n


@inlined
def eight_digits(value: UInt64) -> UInt64:
    """The eight digits of a number below 10**8 as bytes, the first digit lowest.

    Halves, quarters and eighths of the digits side by side in one word: x // 100 is x 10486 >> 20
    for x below 10**4, and x // 10 is x 103 >> 10 below 100.
    """
    over = u64_div(value, u64_from_i64(10_000))
    rest = u64_sub(value, u64_mul(over, 10_000))
    halves = u64_or(over, u64_shl(rest, 32))
    over = u64_and(u64_shr(u64_mul(halves, 10486), 20), 0x7F0000007F)
    rest = u64_sub(halves, u64_mul(over, 100))
    quarters = u64_or(over, u64_shl(rest, 16))
    over = u64_and(u64_shr(u64_mul(quarters, 103), 10), 0x000F000F000F000F)
    rest = u64_sub(quarters, u64_mul(over, 10))
    return u64_or(over, u64_shl(rest, 8))


@kernel_function
def split_digits(decimal: UInt64) -> tuple[Int64, UInt64, UInt64, Int64]:
    """The first of 17 digits, the next eight and the last eight, and how many digits there are.

    Zeros at the end do not count, but for the first digit.
    """
    first = u64_div(decimal, u64_from_i64(TEN_16))
    rest = u64_sub(decimal, u64_mul(first, TEN_16))
    middle = u64_div(rest, u64_from_i64(TEN_8))
    high, low = eight_digits(middle), eight_digits(u64_sub(rest, u64_mul(middle, TEN_8)))
    if low != u64_from_i64(0):
        n = i64_sub(MOST, i64_shr(u64_clz(low), 3))
    else:
        n = i64_sub(9, i64_shr(u64_clz(high), 3))
    return i64_from_u64(first), high, low, n


@inlined
def _first_bytes(n: Int64) -> UInt64:
    """A word whose first n bytes are set, of none to all eight."""
    n = 0 if n < 0 else n
    return u64_sub(u64_shl(1, i64_mul(n, 8)), 1) if n < 8 else u64_from_i64(-1)


@kernel_function
def store_digits(
    buf: Any, at: Int64, first: Int64, high: UInt64, low: UInt64, n: Int64, point: Int64
) -> Int64:
    """Writes n of 17 digits in three parts, with a point before the one of an index below n.

    Gives the place after the last one.
    """
    has_point = point < n
    head = u64_or(u64_or(u64_from_i64(first), u64_shl(high, 8)), ASCII)
    middle = u64_or(u64_or(u64_shr(high, 56), u64_shl(low, 8)), ASCII)
    last = u64_or(u64_shr(low, 56), ASCII)
    end = n
    if has_point:
        # The bytes from the point on move up by one.
        kept = _first_bytes(point)
        last = u64_or(u64_shl(last, 8), u64_shr(middle, 56))
        moved = u64_or(u64_shl(middle, 8), u64_shr(head, 56))
        also = _first_bytes(i64_sub(point, 8))
        middle = u64_xor(moved, u64_and(u64_xor(moved, middle), also))
        moved = u64_shl(head, 8)
        head = u64_xor(moved, u64_and(u64_xor(moved, head), kept))
        end = i64_add(n, 1)
    if end < 8:
        for i in range(end):
            store_u8(buf, i64_add(at, i), i64_from_u64(u64_shr(head, i64_mul(i, 8))))
    else:
        # Whole words; the last one ends where the digits do, and lies over the one before it.
        store_eight(buf, at, i64_from_u64(head))
        if end > 16:
            store_eight(buf, i64_add(at, 8), i64_from_u64(middle))
        cut = i64_mul(i64_and(end, 7), 8)
        low_part = u64_shr(head if end < 16 else middle, cut)
        high_part = u64_shl(middle if end < 16 else last, i64_sub(64, cut))
        tail = i64_sub(i64_add(at, end), 8)
        store_eight(buf, tail, i64_from_u64(u64_or(low_part, high_part)))
    if has_point:
        store_u8(buf, i64_add(at, point), DOT)
    return i64_add(at, end)


@kernel_function
def store_exponent(buf: Any, at: Int64, power: Int64) -> Int64:
    """Writes e, the sign and the digits of an exponent."""
    at = store_u8(buf, store_u8(buf, at, LETTER_E), MINUS if power < 0 else PLUS)
    size = power if power > 0 else i64_sub(0, power)
    hundreds = i64_floordiv(size, 100)
    tens = i64_floordiv(size, 10)
    if hundreds > 0:
        at = store_u8(buf, at, i64_add(ZERO, hundreds))
    if tens > 0:
        at = store_u8(buf, at, i64_add(ZERO, i64_sub(tens, i64_mul(hundreds, 10))))
    return store_u8(buf, at, i64_add(ZERO, i64_sub(size, i64_mul(tens, 10))))


@kernel_function
def decimal_length(n: Int64, whole: Int64, plain: Bool) -> Int64:
    """Bytes of 0.ddd times 10**whole, with n digits, in plain digits or with an exponent."""
    if plain:
        if whole <= 0:
            return i64_sub(i64_add(2, n), whole)
        return i64_add(n, 1) if n > whole else i64_add(whole, 2)
    power = i64_sub(whole, 1)
    power = power if power > 0 else i64_sub(0, power)
    longer = i64_add(i64_from_bool(power >= 10), i64_from_bool(power >= 100))
    return i64_add(i64_add(n, i64_from_bool(n > 1)), i64_add(3, longer))

"""Integers, truth values, dates and times written as text that reads back as the same value."""

from typing import Any

from featurelib.dtypes import Bool, Date, Datetime, Int64, String, UInt64
from featurelib.intrinsics import (
    View,
    arena_limit,
    arena_reserve,
    i64_add,
    i64_floordiv,
    i64_from_bool,
    i64_from_u64,
    i64_mod,
    i64_shl,
    i64_shr,
    i64_sub,
    store_u8,
    u64_div,
    u64_from_i64,
    u64_mul,
    u64_sub,
)
from featurelib.op import Arena, Nulls, Signed, Unsigned, kernel_function, op
from featurelib.ops.temporal.calendar import DAY, HOUR, MINUTE, SECOND, civil, day_of

MINUS, PLUS, COLON, DOT, SPACE, ZERO = 45, 43, 58, 46, 32, 48
TRUE_BYTES, FALSE_BYTES = 0x65757274, 0x65736C6166  # "true" and "false", the first byte lowest
DATE_LENGTH, DATETIME_LENGTH = 10, 32


@kernel_function
def _store_digits(buf: Any, at: Int64, value: UInt64, n: Int64) -> Int64:
    """Writes the last n decimal digits of a number from byte `at`; gives the place after."""
    ten = u64_from_i64(10)
    for i in range(n):
        rest = u64_div(value, ten)
        digit = i64_from_u64(u64_sub(value, u64_mul(rest, ten)))
        store_u8(buf, i64_sub(i64_add(at, n), i64_add(i, 1)), i64_add(ZERO, digit))
        value = rest
    return i64_add(at, n)


@kernel_function
def _number_text(value: UInt64, is_negative: Bool, arena: Any) -> tuple[View, Bool]:
    n, rest = 1, u64_div(value, u64_from_i64(10))
    while rest > u64_from_i64(0):
        rest = u64_div(rest, u64_from_i64(10))
        n = i64_add(n, 1)
    start = i64_from_bool(is_negative)
    if i64_add(start, n) > arena_limit(arena):
        return View(arena_reserve(arena, 0), 0, 0), False
    buf = arena_reserve(arena, i64_add(start, n))
    if is_negative:
        store_u8(buf, 0, MINUS)
    stop = _store_digits(buf, start, value, n)
    return View(buf, 0, stop), True


@kernel_function
def _store_pair(buf: Any, at: Int64, value: Int64, after: Int64) -> Int64:
    """Writes two digits and the character after them."""
    at = _store_digits(buf, at, u64_from_i64(value), 2)
    return store_u8(buf, at, after)


@kernel_function
def _store_date(buf: Any, days: Int64) -> Int64:
    year, month, day = civil(days)
    at = _store_digits(buf, 0, u64_from_i64(year), 4)
    at = _store_pair(buf, store_u8(buf, at, MINUS), month, MINUS)
    return _store_digits(buf, at, u64_from_i64(day), 2)


@op("text_of", version=1, nulls=Nulls.MAYBE, public=False, device_reason="a value that makes text")
def text_of(x: Signed, arena: Arena) -> String:
    """The value as text that reads back as the same value; null over the row limit."""
    magnitude = u64_from_i64(x)
    magnitude = u64_sub(u64_from_i64(0), magnitude) if x < 0 else magnitude
    return _number_text(magnitude, x < 0, arena)


@text_of.body
def text_of_unsigned(x: Unsigned, arena: Arena) -> String:
    return _number_text(x, False, arena)


@text_of.body
def text_of_bool(x: Bool, arena: Arena) -> String:
    n = 4 if x else 5
    if n > arena_limit(arena):
        return View(arena_reserve(arena, 0), 0, 0), False
    buf = arena_reserve(arena, n)
    for i in range(n):
        store_u8(buf, i, i64_shr(TRUE_BYTES if x else FALSE_BYTES, i64_shl(i, 3)))
    return View(buf, 0, n), True


@text_of.body
def text_of_date(d: Date, arena: Arena) -> String:
    if arena_limit(arena) < DATE_LENGTH:
        return View(arena_reserve(arena, 0), 0, 0), False
    buf = arena_reserve(arena, DATE_LENGTH)
    return View(buf, 0, _store_date(buf, d)), True


@text_of.body
def text_of_datetime(t: Datetime, arena: Arena) -> String:
    if arena_limit(arena) < DATETIME_LENGTH:
        return View(arena_reserve(arena, 0), 0, 0), False
    buf = arena_reserve(arena, DATETIME_LENGTH)
    at = store_u8(buf, _store_date(buf, day_of(t)), SPACE)
    clock = i64_mod(t, DAY)
    at = _store_pair(buf, at, i64_floordiv(clock, HOUR), COLON)
    at = _store_pair(buf, at, i64_floordiv(i64_mod(clock, HOUR), MINUTE), COLON)
    at = _store_pair(buf, at, i64_floordiv(i64_mod(clock, MINUTE), SECOND), DOT)
    at = _store_digits(buf, at, u64_from_i64(i64_mod(clock, SECOND)), 6)
    at = _store_pair(buf, store_u8(buf, at, PLUS), 0, COLON)
    return View(buf, 0, _store_digits(buf, at, u64_from_i64(0), 2)), True

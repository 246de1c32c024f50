"""Dates and instants of a JSON text, in machine code: what RFC 3339 and ISO 8601 write.

As everywhere in this reader a function answers the address behind what it read, or 0 where Python
must decide; the byte of 0 at the end of the text is no part of a time.
"""

from __future__ import annotations

import numba as nb

from featurelib.border_times import MAX_US, MIN_US
from featurelib_online.cpython_api import peek_i64, peek_u8
from featurelib_online.read_values import HIGH, LOW, store_int

_ZERO, _NINE, _MINUS, _PLUS, _POINT, _COLON, _QUOTE, _SPACE = 48, 57, 45, 43, 46, 58, 34, 32
NO_DAY = -(1 << 63)


@nb.njit
def _two(at: int) -> int:
    """The number of two digits; below 0 if they are none."""
    tens, ones = peek_u8(at) - _ZERO, peek_u8(at + 1) - _ZERO if peek_u8(at) != 0 else -1
    return 10 * tens + ones if 0 <= tens <= 9 and 0 <= ones <= 9 else -1000


@nb.njit
def json_day(at: int) -> int:
    """Days since 1970 of ``YYYY-MM-DD``; `NO_DAY` if it is none."""
    for i in range(10):
        byte = peek_u8(at + i)
        if i in (4, 7):
            if byte != _MINUS:
                return NO_DAY
        elif not _ZERO <= byte <= _NINE:
            return NO_DAY
    year, month, day = 100 * _two(at) + _two(at + 2), _two(at + 5), _two(at + 8)
    longest = 31 - (month - 1) % 7 % 2
    if month == 2:
        is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        longest = 29 if is_leap else 28
    if year < 1 or not 1 <= month <= 12 or not 1 <= day <= longest:
        return NO_DAY
    from_march = year - (1 if month <= 2 else 0)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    leaps = from_march // 4 - from_march // 100 + from_march // 400
    return 365 * from_march + leaps + of_year - 719_468


@nb.njit
def json_instant(field: int, row: int, first: int) -> int:
    """RFC 3339 with an offset, to the microsecond; the address of its first digit is given."""
    days = json_day(first)
    if days == NO_DAY or peek_u8(first + 10) not in (84, 116, _SPACE):
        return 0
    at = first + 11
    hour, minute, second = _two(at), -1, -1
    if hour >= 0 and peek_u8(at + 2) == _COLON:
        minute = _two(at + 3)
        if minute >= 0 and peek_u8(at + 5) == _COLON:
            second = _two(at + 6)
    if hour > 23 or not 0 <= minute <= 59 or not 0 <= second <= 59:
        return 0
    at += 8
    micros, digits = 0, 0
    if peek_u8(at) == _POINT:
        at += 1
        while _ZERO <= peek_u8(at) <= _NINE:
            micros = 10 * micros + peek_u8(at) - _ZERO
            digits += 1
            at += 1
            if digits > 6:
                return 0
        if digits == 0:
            return 0
        for _ in range(6 - digits):
            micros *= 10
    sign = peek_u8(at)
    offset = 0
    if sign | 32 == 122:
        at += 1
    elif sign in (_MINUS, _PLUS):
        hours, minutes = _two(at + 1), -1
        if hours >= 0 and peek_u8(at + 3) == _COLON:
            minutes = _two(at + 4)
        if hours > 23 or not 0 <= minutes <= 59:
            return 0
        offset = 60 * hours + minutes
        offset = -offset if sign == _MINUS else offset
        at += 6
    else:
        return 0
    number = (((days * 24 + hour) * 60 + minute - offset) * 60 + second) * 1_000_000 + micros
    if peek_u8(at) != _QUOTE or number < MIN_US or number > MAX_US:
        return 0
    if number < peek_i64(field + LOW) or number > peek_i64(field + HIGH):
        return 0
    store_int(field, row, number)
    return at + 1

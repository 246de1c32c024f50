"""One value of a JSON text, in machine code: its text, range and length, and into its column.

What the reader of JSON (`featurelib_online/json_reader.py`) does for each field of an object. Each
function takes the address of a value's first byte and answers the address behind its last one, or
0: Python must decide. The text ends with a byte of 0, which no value holds: nothing is read beyond.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from featurelib_online.cpython_api import (
    error_clear,
    error_occurred,
    float_of_text,
    peek_i64,
    peek_u8,
    peek_u64,
    poke_i8,
    poke_i64,
)
from featurelib_online.json_times import NO_DAY, json_day, json_instant
from featurelib_online.read_values import (
    BOOL,
    CODE,
    DATE,
    DATETIME,
    FLOAT32,
    FLOAT64,
    HIGH,
    INT,
    LOW,
    MAX_LENGTH,
    NULLABLE,
    ONE_OF,
    READ,
    SCRATCH,
    STRING,
    UINT64,
    VALID,
    VALUES,
    read_float,
    store_int,
    store_words,
)

QUOTE, BACKSLASH, SPACE, COMMA, COLON = 34, 92, 32, 44, 58
OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT = 91, 93, 123, 125
_ZERO, _NINE, _MINUS, _PLUS, _POINT = 48, 57, 45, 43, 46
_MOST_DIGITS = 18
"""An integer of so many digits fits an int64."""
_LARGEST_EXACT = 1 << 53
_TENS = tuple(float(10**k) for k in range(23))
"""The powers of ten that are exact: an exact integer times or over one is rounded once."""


@nb.njit
def string_end(at: int) -> int:
    """The closing quote of a string without escapes, whose first byte is at `at`."""
    while True:
        byte = peek_u8(at)
        if byte == QUOTE:
            return at
        if byte < SPACE or byte == BACKSLASH:
            return 0
        at += 1


@nb.njit
def skip_value(at: int) -> int:
    """Behind any value, or what stands for one: Python reads what lies between."""
    depth = 0
    while True:
        byte = peek_u8(at)
        if byte == 0:
            return 0
        if byte == QUOTE:
            at += 1
            while peek_u8(at) != QUOTE:
                if peek_u8(at) == BACKSLASH:
                    at += 1
                if peek_u8(at) == 0:
                    return 0
                at += 1
        elif byte in (OPEN_LIST, OPEN_OBJECT):
            depth += 1
        elif byte in (CLOSE_LIST, CLOSE_OBJECT):
            if depth == 0:
                return at
            depth -= 1
        elif byte == COMMA and depth == 0:
            return at
        at += 1


@nb.njit
def _is_word(at: int, a: int, b: int, c: int) -> bool:
    """Whether three bytes follow the one at `at`."""
    return peek_u8(at + 1) == a and peek_u8(at + 2) == b and peek_u8(at + 3) == c


@nb.njit
def _number(plan: int, field: int, row: int, first: int, code: int) -> int:
    is_negative = peek_u8(first) == _MINUS
    at = first + 1 if is_negative else first
    begin, mantissa, power = at, 0, 0
    while _ZERO <= peek_u8(at) <= _NINE:
        mantissa = 10 * mantissa + peek_u8(at) - _ZERO
        at += 1
    digits = at - begin
    if digits == 0 or (digits > 1 and peek_u8(begin) == _ZERO):
        return 0
    is_float = False
    if peek_u8(at) == _POINT:
        is_float = True
        at += 1
        begin = at
        while _ZERO <= peek_u8(at) <= _NINE:
            mantissa = 10 * mantissa + peek_u8(at) - _ZERO
            at += 1
        power = begin - at
        digits += at - begin
        if power == 0:
            return 0
    if peek_u8(at) | 32 == 101:
        is_float = True
        at += 1
        sign = peek_u8(at)
        if sign in (_MINUS, _PLUS):
            at += 1
        begin, exponent = at, 0
        while _ZERO <= peek_u8(at) <= _NINE:
            exponent = min(10 * exponent + peek_u8(at) - _ZERO, 1 << 20)
            at += 1
        if begin == at:
            return 0
        power += -exponent if sign == _MINUS else exponent
    if not is_float:
        if digits > _MOST_DIGITS:
            return 0
        return at if _whole(field, row, -mantissa if is_negative else mantissa, code) else 0
    if code < FLOAT64:
        return 0
    if digits <= _MOST_DIGITS and mantissa <= _LARGEST_EXACT and -22 <= power <= 22:
        number = np.float64(mantissa)
        number = number * _TENS[power] if power >= 0 else number / _TENS[-power]
        number = -number if is_negative else number
    else:
        number = float_of_text(first, plan + SCRATCH, 0)
        if error_occurred() != 0:
            error_clear()
            return 0
        if peek_i64(plan + SCRATCH) != at or number - number != 0.0:
            return 0
    return at if read_float(field, row, number, code) == READ else 0


@nb.njit
def _whole(field: int, row: int, number: int, code: int) -> bool:
    """Checks and stores an integer."""
    if code in (FLOAT64, FLOAT32):
        exact = _LARGEST_EXACT if code == FLOAT64 else 1 << 24
        if number > exact or number < -exact:
            return False
        return read_float(field, row, np.float64(number), code) == READ
    if peek_i64(field + ONE_OF) != 0:
        return False
    if code == UINT64:
        if number < 0 or np.uint64(number) < peek_u64(field + LOW):
            return False
        if np.uint64(number) > peek_u64(field + HIGH):
            return False
    elif number < peek_i64(field + LOW) or number > peek_i64(field + HIGH):
        return False
    store_int(field, row, number)
    return True


@nb.njit
def json_value(plan: int, field: int, row: int, at: int) -> int:
    """Reads one value into its column, and its flag."""
    code, byte = peek_i64(field + CODE), peek_u8(at)
    valid = peek_i64(field + VALID) + row
    end = 0
    if byte == 110:
        if peek_i64(field + NULLABLE) == 0 or not _is_word(at, 117, 108, 108):
            return 0
        store_words(field, row, 0, 0)
        poke_i8(valid, 0)
        return at + 4
    if byte == QUOTE:
        if code == STRING and peek_i64(field + ONE_OF) == 0:
            close = string_end(at + 1)
            longest = peek_i64(field + MAX_LENGTH)
            # A code point has a byte at least.
            if close != 0 and (longest < 0 or close - at - 1 <= longest):
                place = peek_i64(field + VALUES) + 16 * row
                poke_i64(place, at + 1)
                poke_i64(place + 8, close - at - 1)
                end = close + 1
        elif code == DATETIME:
            end = json_instant(field, row, at + 1)
        elif code == DATE:
            days = json_day(at + 1)
            is_taken = peek_i64(field + LOW) <= days <= peek_i64(field + HIGH)
            if days != NO_DAY and peek_u8(at + 11) == QUOTE and is_taken:
                store_int(field, row, days)
                end = at + 12
    elif code == BOOL:
        if byte == 116 and _is_word(at, 114, 117, 101):
            poke_i8(peek_i64(field + VALUES) + row, 1)
            end = at + 4
        elif byte == 102 and _is_word(at, 97, 108, 115) and peek_u8(at + 4) == 101:
            poke_i8(peek_i64(field + VALUES) + row, 0)
            end = at + 5
    elif INT <= code <= FLOAT32 and (byte == _MINUS or _ZERO <= byte <= _NINE):
        end = _number(plan, field, row, at, code)
    if end != 0:
        poke_i8(valid, 1)
    return end

"""One value of a row, in machine code: exact type, range, length, and into its column.

What the reader (`featurelib_online/reader.py`) does for each field, and the layout of the read plan
that drives it: an array of int64 with a header and one record a field. Each function answers READ,
SOME_FIELDS (Python must decide about this field) or WHOLE_ROW (about the row). Nothing here decides
that a value is wrong: what is not plainly right goes to `featurelib.borders`.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from featurelib_online.cpython_api import (
    BODY_AT,
    DATE_AT,
    DAYS_AT,
    HAS_ZONE_AT,
    MICROSECONDS_AT,
    SECONDS_AT,
    TYPE_AT,
    ZONE_AT,
    dict_get,
    error_clear,
    error_occurred,
    long_as_i64,
    long_as_u64,
    peek_f64,
    peek_i32,
    peek_i64,
    peek_u8,
    peek_u64,
    poke_f32,
    poke_f64,
    poke_i8,
    poke_i16,
    poke_i32,
    poke_i64,
    text_as_utf8,
    text_length,
)

# Offsets in the header of a plan, in bytes.
STAMP, N_FIELDS, FORBID_EXTRA, PROGRAM, SLOTS, CAPACITY, N_SLOW, INDEX = range(0, 64, 8)
SCRATCH = 64
"""SCRATCH is a result that C functions return through an address."""
T_DICT, T_FLOAT, T_INT, T_BOOL, T_STR, T_DATETIME, T_DATE, T_DELTA = range(96, 160, 8)
T_LIST, T_TUPLE, NONE, TRUE, UTC, T_NUMPY_FLOAT, ZONE_UTC = range(160, 216, 8)
HEADER_BYTES = 216
# Offsets in the record of a field. LOW and HIGH are inclusive, of the field's own kind.
KEY, CODE, NULLABLE, LOW, HIGH, BOUNDED, MAX_LENGTH, ONE_OF = range(0, 64, 8)
DEFAULT, DEFAULT_A, DEFAULT_B, VALUES, VALID, SIZE, KEY_HASH, SLOW = range(64, 128, 8)
FIELD_BYTES = 128
"""SLOW is not of the field: word i of the list of fields that Python must decide."""

PYTHON, BOOL, INT, UINT64, FLOAT64, FLOAT32, STRING, DATE, DATETIME, DURATION = range(10)
"""Codes of fields; PYTHON is a field that Python always decides."""
READ, SOME_FIELDS, WHOLE_ROW = range(3)
"""Answers: the row is read; the fields of the list need Python; the whole row does."""
NO_DEFAULT, NULL_DEFAULT, VALUE_DEFAULT = range(3)

_LARGEST_EXACT = 1 << 53
_LARGEST_DELTA_DAYS = 106_000_000  # 106,751,991 days is the end of int64 microseconds
_DAY_US = 86_400_000_000


@nb.njit
def _days(at: int) -> int:
    """Days from 1970-01-01 to the year, month and day at an address."""
    month = peek_u8(at + 2)
    year = 256 * peek_u8(at) + peek_u8(at + 1) - (1 if month <= 2 else 0)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + peek_u8(at + 3) - 1
    return 365 * year + year // 4 - year // 100 + year // 400 + of_year - 719_468


@nb.njit
def store_int(field: int, row: int, value: int) -> None:
    """Stores an integer, a date or a time at the width of its column."""
    size = peek_i64(field + SIZE)
    at = peek_i64(field + VALUES) + row * size
    if size == 8:
        poke_i64(at, value)
    elif size == 4:
        poke_i32(at, value)
    elif size == 2:
        poke_i16(at, value)
    elif size == 1:
        poke_i8(at, value)


@nb.njit
def store_words(field: int, row: int, a: int, b: int) -> None:
    """Stores a value that is given as bits; a String is the pair of them."""
    if peek_i64(field + SIZE) == 16:
        at = peek_i64(field + VALUES) + 16 * row
        poke_i64(at, a)
        poke_i64(at + 8, b)
    else:
        store_int(field, row, a)


@nb.njit
def _read_int(plan: int, field: int, row: int, value: int, code: int) -> int:
    number = long_as_i64(value, plan + SCRATCH)
    if peek_i32(plan + SCRATCH) != 0:
        if code != UINT64 or peek_i32(plan + SCRATCH) < 0:
            return SOME_FIELDS
        wide = long_as_u64(value)
        if wide == np.uint64(0xFFFFFFFFFFFFFFFF) and error_occurred() != 0:
            error_clear()
            return WHOLE_ROW
        if wide < peek_u64(field + LOW) or wide > peek_u64(field + HIGH):
            return SOME_FIELDS
        number = np.int64(wide)
    elif code in (FLOAT64, FLOAT32):
        exact = _LARGEST_EXACT if code == FLOAT64 else 1 << 24
        if number > exact or number < -exact:
            return SOME_FIELDS
        return read_float(field, row, np.float64(number), code)
    elif code == UINT64:
        if number < 0 or np.uint64(number) < peek_u64(field + LOW):
            return SOME_FIELDS
        if np.uint64(number) > peek_u64(field + HIGH):
            return SOME_FIELDS
    elif number < peek_i64(field + LOW) or number > peek_i64(field + HIGH):
        return SOME_FIELDS
    one_of = peek_i64(field + ONE_OF)
    if one_of != 0 and dict_get(one_of, value) == 0:
        return SOME_FIELDS
    store_int(field, row, number)
    return READ


@nb.njit
def read_float(field: int, row: int, number: float, code: int) -> int:
    """Checks a float and stores it; answers READ or SOME_FIELDS."""
    rounded = number
    if code == FLOAT32:
        rounded = np.float64(np.float32(number))
        if rounded - rounded != 0.0 and number - number == 0.0:
            return SOME_FIELDS
    if peek_i64(field + BOUNDED) != 0:
        low, high = peek_f64(field + LOW), peek_f64(field + HIGH)
        if not low <= rounded <= high:
            return SOME_FIELDS
    at = peek_i64(field + VALUES)
    if code == FLOAT32:
        if number != number:
            poke_i32(at + 4 * row, 0x7FC00000)
        else:
            poke_f32(at + 4 * row, rounded)
    elif number != number:
        poke_i64(at + 8 * row, 0x7FF8000000000000)
    else:
        poke_f64(at + 8 * row, number)
    return READ


@nb.njit
def _read_time(plan: int, field: int, row: int, value: int, kind: int, code: int) -> int:
    if code == DATE and kind == peek_i64(plan + T_DATE):
        number = _days(value + DATE_AT)
    elif code == DATETIME and kind == peek_i64(plan + T_DATETIME):
        if peek_u8(value + HAS_ZONE_AT) == 0:
            return SOME_FIELDS
        zone = peek_i64(value + ZONE_AT)
        if zone != peek_i64(plan + UTC) and zone != peek_i64(plan + ZONE_UTC):
            return SOME_FIELDS
        at = value + DATE_AT
        second = 3600 * peek_u8(at + 4) + 60 * peek_u8(at + 5) + peek_u8(at + 6)
        micro = 65536 * peek_u8(at + 7) + 256 * peek_u8(at + 8) + peek_u8(at + 9)
        number = _DAY_US * _days(at) + 1_000_000 * second + micro
    elif code == DURATION and kind == peek_i64(plan + T_DELTA):
        days = peek_i32(value + DAYS_AT)
        if days > _LARGEST_DELTA_DAYS or days < -_LARGEST_DELTA_DAYS:
            return SOME_FIELDS
        number = _DAY_US * days + 1_000_000 * peek_i32(value + SECONDS_AT)
        number += peek_i32(value + MICROSECONDS_AT)
    else:
        return SOME_FIELDS
    if number < peek_i64(field + LOW) or number > peek_i64(field + HIGH):
        return SOME_FIELDS
    store_int(field, row, number)
    return READ


@nb.njit
def _read_text(plan: int, field: int, row: int, value: int) -> int:
    """Answers READ, SOME_FIELDS, or WHOLE_ROW where the text is no valid Unicode."""
    longest = peek_i64(field + MAX_LENGTH)
    if longest >= 0 and text_length(value) > longest:
        return SOME_FIELDS
    one_of = peek_i64(field + ONE_OF)
    if one_of != 0 and dict_get(one_of, value) == 0:
        return SOME_FIELDS
    address = text_as_utf8(value, plan + SCRATCH)
    if address == 0:
        error_clear()
        return WHOLE_ROW
    at = peek_i64(field + VALUES) + 16 * row
    poke_i64(at, address)
    poke_i64(at + 8, peek_i64(plan + SCRATCH))
    return READ


@nb.njit
def read_value(plan: int, field: int, row: int, value: int) -> int:
    """Reads one value into its column; answers READ, SOME_FIELDS or WHOLE_ROW."""
    code = peek_i64(field + CODE)
    if code == PYTHON:
        return SOME_FIELDS
    valid = peek_i64(field + VALID) + row
    if value == peek_i64(plan + NONE):
        if peek_i64(field + NULLABLE) == 0:
            return SOME_FIELDS
        store_words(field, row, 0, 0)
        poke_i8(valid, 0)
        return READ
    kind = peek_i64(value + TYPE_AT)
    answer = SOME_FIELDS
    if kind == peek_i64(plan + T_FLOAT):
        if code in (FLOAT64, FLOAT32):
            answer = read_float(field, row, peek_f64(value + BODY_AT), code)
    elif kind == peek_i64(plan + T_STR):
        if code == STRING:
            answer = _read_text(plan, field, row, value)
    elif kind == peek_i64(plan + T_INT):
        if INT <= code <= FLOAT32:
            answer = _read_int(plan, field, row, value, code)
    elif kind == peek_i64(plan + T_BOOL):
        if code == BOOL:
            poke_i8(peek_i64(field + VALUES) + row, 1 if value == peek_i64(plan + TRUE) else 0)
            answer = READ
    elif kind == peek_i64(plan + T_NUMPY_FLOAT):
        if code in (FLOAT64, FLOAT32):
            answer = read_float(field, row, peek_f64(value + BODY_AT), code)
    elif code >= DATE:
        answer = _read_time(plan, field, row, value, kind, code)
    if answer == READ:
        poke_i8(valid, 1)
    return answer

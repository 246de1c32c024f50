"""Columns into the form that kernels read, in machine code: flags, ranges, widths, texts.

What `featurelib_online/entry_table.py` lays out is followed here, field by field, in one call.
Every function answers whether all was plainly right. What is not is never refused here: the caller
reads the columns again by `featurelib_online/columns.py`, which has the words.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from featurelib_online.cpython_api import peek_i32, peek_i64, peek_u8, poke_i8, poke_i64
from featurelib_online.entry_numbers import floats, ints, is_read_there, there
from featurelib_online.entry_table import (
    AUX,
    BITS,
    DATA,
    EXACT,
    FIRST_FLAG,
    FLAGS,
    FLOATS,
    INTS,
    IS_CHECKED,
    MASK,
    MAX_LENGTH,
    NULLABLE,
    OBJECTS,
    OFFSETS,
    PAIR,
    PYTHON,
    RECORD_BYTES,
    SOURCE,
    SOURCE_BYTES,
    TARGET,
    VIEWS,
    WAY,
)

INLINE_BYTES = 12
_ONES = np.uint64(0x0101_0101_0101_0101)
_EACH = np.uint64(0x8040_2010_0804_0201)
_CARRY = np.uint64(0x7F7F_7F7F_7F7F_7F7F)


@nb.njit
def expand(bits: int, first: int, count: int, out: int) -> int:
    """Bits from `first` on as bytes of 0 and 1; gives how many are 1."""
    shift, ones, i = first & 7, 0, 0
    at = bits + (first >> 3)
    while i + 8 <= count:
        byte = peek_u8(at) >> shift
        if shift != 0:  # then the last of the eight lies in the next byte
            byte |= (peek_u8(at + 1) << (8 - shift)) & 255
        # Bit k is left alone in byte k, and becomes its top bit by a carry.
        alone = (np.uint64(byte) * _ONES) & _EACH
        each = ((alone + _CARRY) >> np.uint64(7)) & _ONES
        poke_i64(out + i, np.int64(each))
        ones += np.int64((each * _ONES) >> np.uint64(56))
        at += 1
        i += 8
    while i < count:
        bit = (peek_u8(bits + ((first + i) >> 3)) >> ((first + i) & 7)) & 1
        poke_i8(out + i, bit)
        ones += bit
        i += 1
    return ones


@nb.njit
def _unmask(mask: int, count: int, out: int) -> int:
    ones = 0
    for i in range(count):
        flag = 1 if peek_u8(mask + i) == 0 else 0
        poke_i8(out + i, flag)
        ones += flag
    return ones


@nb.njit
def _offsets(record: int, source: int, valid: int, rows: int, out: int) -> bool:
    """Pairs of texts behind offsets; a null is empty."""
    ends, text, size = peek_i64(source + DATA), peek_i64(source + AUX), peek_i64(record + SOURCE)
    most = peek_i64(record + MAX_LENGTH)
    start = 0
    if rows > 0:
        start = peek_i64(ends) if size == 8 else peek_i32(ends)
    for i in range(rows):
        at = ends + size * (i + 1)
        stop = peek_i64(at) if size == 8 else peek_i32(at)
        length = stop - start if there(valid, i) else 0
        if length > most:
            return False
        poke_i64(out + 16 * i, text + start)
        poke_i64(out + 16 * i + 8, length)
        start = stop
    return True


@nb.njit
def _views(record: int, source: int, valid: int, rows: int, out: int) -> bool:
    """Pairs of texts in views, which hold up to 12 bytes themselves."""
    views, buffers = peek_i64(source + DATA), peek_i64(source + AUX)
    most = peek_i64(record + MAX_LENGTH)
    for i in range(rows):
        at = views + 16 * i
        length = peek_i32(at) if there(valid, i) else 0
        if length > most:
            return False
        text = at + 4
        if length > INLINE_BYTES:
            text = peek_i64(buffers + 8 * peek_i32(at + 8)) + peek_i32(at + 12)
        poke_i64(out + 16 * i, text)
        poke_i64(out + 16 * i + 8, length)
    return True


@nb.njit
def enter(table: int, sources: int, count: int, rows: int, memory: int, words: int) -> int:
    """Columns to the words of slots: addresses of values and of flags, two a field.

    Args:
        table: The records.
        sources: The sources.
        count: How many fields. One whose way is PYTHON is left out; one of OBJECTS is text in pairs
            already: its DATA has them, its FLAGS are bytes.
        rows: How many.
        memory: A multiple of 16, with room for what is copied: first the flags of columns without a
            null.
        words: Where the words go.

    Returns:
        1 if all is right.
    """
    are_ones, ones = False, memory
    memory += (rows + 15) & -16
    for k in range(count):
        record, source = table + RECORD_BYTES * k, sources + SOURCE_BYTES * k
        way, nullable = peek_i64(record + WAY), peek_i64(record + NULLABLE) != 0
        if way == PYTHON:
            continue
        valid = 0
        bits, mask = peek_i64(source + FLAGS), peek_i64(source + MASK)
        if way == OBJECTS:
            valid = bits
        elif bits != 0 or mask != 0:
            if mask != 0:
                present = _unmask(mask, rows, memory)
            else:
                present = expand(bits, peek_i64(source + FIRST_FLAG), rows, memory)
            if present < rows:
                if not nullable:
                    return 0
                valid = memory
                memory += (rows + 15) & -16
        values = memory
        is_kept = way in (INTS, FLOATS) and is_read_there(record, source)
        if is_kept or way == OBJECTS:
            values = peek_i64(source + DATA)
        else:
            size = peek_i64(record + TARGET)
            memory += (rows * (16 if size == PAIR else size & 15) + 15) & -16
        right = True
        if way in (INTS, FLOATS, EXACT):
            if not is_kept or peek_i64(record + IS_CHECKED) != 0:
                out = 0 if is_kept else values
                if way == INTS:
                    right = ints(record, source, valid, rows, out)
                else:
                    right = floats(record, source, valid, rows, out)
        elif way == BITS:
            expand(peek_i64(source + DATA), peek_i64(source + AUX), rows, values)
        elif way == OFFSETS:
            right = _offsets(record, source, valid, rows, values)
        elif way == VIEWS:
            right = _views(record, source, valid, rows, values)
        if not right:
            return 0
        if nullable and valid == 0:
            if not are_ones:
                for i in range(rows):
                    poke_i8(ones + i, 1)
                are_ones = True
            valid = ones
        poke_i64(words + 16 * k, values)
        poke_i64(words + 16 * k + 8, valid if nullable else 0)
    return 1


@nb.njit
def sharing(words: int, sizes: int, count: int, rows: int, start: int, stop: int) -> int:
    """The first field whose values, or elements, share memory with the bytes of a buffer.

    Text is not looked at: no buffer of numbers is text.

    Args:
        words: As `enter` writes them.
        sizes: Two words a field: bytes of a value, and of an element or 0.
        count: How many fields.
        rows: How many.
        start: Where the buffer begins.
        stop: The address behind it.

    Returns:
        Its number; -1 for none.
    """
    for k in range(count):
        first = peek_i64(words + 16 * k)
        last = first + peek_i64(sizes + 16 * k) * rows
        if first < stop and start < last and first < last:
            return k
        element, valid = peek_i64(sizes + 16 * k + 8), peek_i64(words + 16 * k + 8)
        for i in range(rows if element != 0 else 0):
            if there(valid, i):
                at, length = peek_i64(first + 16 * i), peek_i64(first + 16 * i + 8)
                if at < stop and start < at + length * element and length > 0:
                    return k
    return -1

"""Structs of Arrow's C data interface, read in machine code: is it the schema, and where lies what.

A producer writes the structs anew for each call, so a schema is recognised by its words: formats
and names as one text, compared byte by byte. Offsets are those of the interface's definition.
"""

from __future__ import annotations

import numba as nb

from featurelib_online.cpython_api import peek_i64, peek_u8, poke_i64
from featurelib_online.entry_table import (
    AUX,
    BITS,
    CHILD,
    DATA,
    FIRST_FLAG,
    FLAGS,
    LETTERS,
    MASK,
    OFFSETS,
    PYTHON,
    RECORD_BYTES,
    SOURCE,
    SOURCE_BYTES,
    STEP,
    VIEWS,
    WAY,
)

# ArrowSchema
_FORMAT, _NAME, _S_CHILDREN_N, _S_CHILDREN, _S_DICTIONARY, _S_RELEASE = 0, 8, 32, 40, 48, 56
# ArrowArray
_LENGTH, _NULLS, _OFFSET, _BUFFERS_N, _A_CHILDREN_N, _BUFFERS, _A_CHILDREN = range(0, 56, 8)
_A_RELEASE = 64


@nb.njit
def _behind(text: int, expected: int) -> int:
    """Where the expected text goes on behind these words and their zero; 0 if they differ."""
    if text == 0:  # a name that is left out is empty
        return expected + 1 if peek_u8(expected) == 0 else 0
    while True:
        byte = peek_u8(text)
        if byte != peek_u8(expected):
            return 0
        text += 1
        expected += 1
        if byte == 0:
            return expected


@nb.njit
def _is_schema(schema: int, expected: int, count: int) -> bool:
    """Whether a struct has these members, in this order: format, name, and 1 for a dictionary."""
    if peek_i64(schema + _S_RELEASE) == 0 or peek_i64(schema + _S_CHILDREN_N) != count:
        return False
    expected = _behind(peek_i64(schema + _FORMAT), expected)
    children = peek_i64(schema + _S_CHILDREN)
    for i in range(count):
        if expected == 0:
            return False
        child = peek_i64(children + 8 * i)
        expected = _behind(peek_i64(child + _FORMAT), expected)
        if expected != 0:
            expected = _behind(peek_i64(child + _NAME), expected)
        if expected != 0:
            has_words = 1 if peek_i64(child + _S_DICTIONARY) != 0 else 0
            expected = expected + 1 if peek_u8(expected) == has_words else 0
    return expected != 0


@nb.njit
def _source(record: int, source: int, array: int, start: int, rows: int) -> bool:
    """Where the rows of an array lie; whether its buffers are all there."""
    way, buffers = peek_i64(record + WAY), peek_i64(array + _BUFFERS)
    offset = peek_i64(array + _OFFSET) + start
    if peek_i64(array + _BUFFERS_N) < (3 if way in (OFFSETS, VIEWS) else 2):
        return False
    values = peek_i64(buffers + 8)
    if values == 0 and rows > 0:
        return False
    step, aux = peek_i64(record + SOURCE) & 15, 0
    if way == BITS:
        step, aux = 0, offset
    elif way == OFFSETS:
        aux = peek_i64(buffers + 16)
    elif way == VIEWS:
        step, aux = 16, buffers + 16
    poke_i64(source + DATA, values + step * offset)
    poke_i64(source + AUX, aux)
    poke_i64(source + STEP, step)
    poke_i64(source + FLAGS, peek_i64(buffers) if peek_i64(array + _NULLS) != 0 else 0)
    poke_i64(source + FIRST_FLAG, offset)
    poke_i64(source + MASK, 0)
    return True


@nb.njit
def table_sources(
    table: int, sources: int, count: int, expected: int, width: int, schema: int, array: int
) -> int:
    """Where the columns of a table lie.

    Args:
        table: The records, which have the number of their child.
        sources: Written for each field that has a way.
        count: How many fields.
        expected: The schema's words (see `schema_words`).
        width: How many children the table has.
        schema: The ArrowSchema.
        array: The ArrowArray.

    Returns:
        The number of rows; -1 where the table is another one, or has null rows.
    """
    if not _is_schema(schema, expected, width) or peek_i64(array + _A_RELEASE) == 0:
        return -1
    if peek_i64(array + _A_CHILDREN_N) != width:
        return -1
    has_flags = peek_i64(array + _NULLS) != 0 and peek_i64(array + _BUFFERS_N) > 0
    if has_flags and peek_i64(peek_i64(array + _BUFFERS)) != 0:
        return -1
    rows, start = peek_i64(array + _LENGTH), peek_i64(array + _OFFSET)
    children = peek_i64(array + _A_CHILDREN)
    for k in range(count):
        record = table + RECORD_BYTES * k
        if peek_i64(record + WAY) != PYTHON:
            child = peek_i64(children + 8 * peek_i64(record + CHILD))
            if not _source(record, sources + SOURCE_BYTES * k, child, start, rows):
                return -1
    return rows


@nb.njit
def column_sources(table: int, sources: int, count: int, handed: int) -> int:
    """Where arrays of their own lie.

    Args:
        table: The records, which have the letters of their type.
        sources: Written for each array that was handed over.
        count: How many fields.
        handed: Two addresses a field, ArrowSchema and ArrowArray; 0 for no array.

    Returns:
        The number of rows, -2 if there is no array; -1 where a type is another one, or the lengths
        differ.
    """
    rows = -2
    for k in range(count):
        schema, array = peek_i64(handed + 16 * k), peek_i64(handed + 16 * k + 8)
        record = table + RECORD_BYTES * k
        if schema == 0:
            continue
        if peek_i64(schema + _S_RELEASE) == 0 or peek_i64(array + _A_RELEASE) == 0:
            return -1
        if peek_i64(schema + _S_DICTIONARY) != 0:
            return -1
        if _behind(peek_i64(schema + _FORMAT), peek_i64(record + LETTERS)) == 0:
            return -1
        length = peek_i64(array + _LENGTH)
        if rows not in (-2, length):
            return -1
        rows = length
        if not _source(record, sources + SOURCE_BYTES * k, array, 0, rows):
            return -1
    return rows

"""Records from columns in memory: what a program over an event's fields computed, as one slot.

The columns are those of an event program: time, arrival, sequence, id, deleted, then arguments and
filters. Whether a record is taken at all is decided here, by the record alone.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from featurelib.intrinsics import load_f32, load_i32, load_u8, load_u32_le
from featurelib.jit.windows.layout import (
    AHEAD,
    COL_VALID,
    COL_VALUES,
    COL_WIDTH,
    COLUMN,
    E_A,
    E_D,
    E_FLAGS,
    E_ID,
    E_S,
    E_T,
    FLOAT_32,
    INT_8,
    INT_16,
    INT_32,
    LATE,
    N_ROLES,
    NEVER,
    NULL_ARRIVAL,
    NULL_ID,
    NULL_TIME,
    P_AHEAD,
    P_ARGS,
    P_FILTERS,
    P_FLAG_WORDS,
    P_ID_UNSIGNED,
    P_LATENESS,
    TAKEN,
    UINT_16,
    UINT_32,
    WORD_64,
)
from featurelib.jit.windows.memory import clear, helper, put, word
from featurelib.jit.windows.rounding import bits_of

_16 = ir.IntType(16)


@intrinsic
def load_i16(typingctx, address, index):
    """The i-th value of 16 bits behind an address, with its sign."""

    def build(context, b, sig, args):
        base = b.inttoptr(args[0], _16.as_pointer())
        return b.sext(b.load(b.gep(base, [args[1]]), align=1), ir.IntType(64))

    return types.int64(types.int64, types.int64), build


@helper
def column_at(columns, k):
    """The address of a column's description."""
    return columns + 8 * COLUMN * k


@helper
def is_there(column, row):
    """Whether a column's value is not null."""
    valid = word(column, COL_VALID)
    return valid == 0 or load_u8(valid, row) != 0


@helper
def value_at(column, row):
    """A column's value as a word: a Float32 as the Float64 that it is, an integer with its sign."""
    at, width = word(column, COL_VALUES), word(column, COL_WIDTH)
    if width == WORD_64:
        return word(at, row)
    if width == FLOAT_32:
        return np.int64(bits_of(load_f32(at, row)))
    if width == INT_32:
        return load_i32(at, row)
    if width == INT_16:
        return load_i16(at, row)
    if width == UINT_32:
        return np.int64(load_u32_le(at, 4 * row))
    if width == UINT_16:
        return load_i16(at, row) & 0xFFFF
    byte = load_u8(at, row)
    return byte - 256 if width == INT_8 and byte > 127 else byte


@helper
def read_record(record, columns, row, plan):
    """Writes a row of columns as a record; TAKEN, or why it is refused."""
    time, arrival, sequence, id, deleted = (
        column_at(columns, 0),
        column_at(columns, 1),
        column_at(columns, 2),
        column_at(columns, 3),
        column_at(columns, 4),
    )
    if not is_there(time, row):
        return NULL_TIME
    if not is_there(id, row):
        return NULL_ID
    if not is_there(arrival, row):
        return NULL_ARRIVAL
    t, a = value_at(time, row), value_at(arrival, row)
    if word(plan, P_LATENESS) >= 0 and a - t > word(plan, P_LATENESS):
        return LATE
    if word(plan, P_AHEAD) >= 0 and t - a > word(plan, P_AHEAD):
        return AHEAD
    withdraws = is_there(deleted, row) and value_at(deleted, row) != 0
    put(record, E_T, t)
    put(record, E_S, value_at(sequence, row))
    put(record, E_A, NEVER if withdraws else a)
    put(record, E_D, a if withdraws else NEVER)
    name = value_at(id, row)
    # Unsigned ids are kept with the top bit turned, so that all compare as signed.
    put(record, E_ID, name ^ (-NEVER - 1) if word(plan, P_ID_UNSIGNED) else name)
    n_args, n_flags = word(plan, P_ARGS), word(plan, P_FLAG_WORDS)
    clear(record + 8 * E_FLAGS, n_flags + n_args)
    if withdraws:
        return TAKEN
    for k in range(n_args):
        column = column_at(columns, N_ROLES + k)
        if is_there(column, row):
            put(record, E_FLAGS + n_flags + k, value_at(column, row))
            _set(record, k)
    for k in range(word(plan, P_FILTERS)):
        column = column_at(columns, N_ROLES + n_args + k)
        if is_there(column, row) and value_at(column, row) != 0:
            _set(record, n_args + k)
    return TAKEN


@helper
def _set(record, bit):
    at = E_FLAGS + (bit >> 6)
    put(record, at, word(record, at) | (1 << (bit & 63)))

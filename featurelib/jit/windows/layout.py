"""Where things lie: the words of a state, of an event in it, of a chunk, of a plan, of a workspace.

**A state** is one vector of 8-byte words:

    header | one record an argument | one record a chunk | one record a block | one slot an event

Slots stand in the order of events, (t, s, a, id), from `FIRST` up to `END`; the others are 0.
CHUNK slots form a chunk. Its record holds what its events sum up to for each **class**, a pair
of argument and filter: what a window needs that covers the chunk. A large state has the same for
each block of 64 chunks, so that the longest window costs no more than a few hundred records. Sums
of floats are exact integers in units of ``2**(unit - 1074)``, with one unit for an argument.

**A plan** says the same for every state of a definition, and what is asked: spans (windows, or
windows by rows of a filter), cells (a class within a span) and answers (an aggregate of a cell).
"""

from __future__ import annotations

MAGIC = 0x31455441_54534C46
"""``FLSTATE1``, read as a little-endian word: name and version of this layout."""
CHUNK, CHUNK_BITS = 64, 6
BLOCK, BLOCK_BITS = 4096, 12
"""Slots of a block; they move to the front of a state by whole blocks, if it has any."""
LARGE = 4 * BLOCK
"""Events from which on a state has blocks: a quarter more is the room in which they move."""
NEVER = (1 << 63) - 1
"""The arrival of a withdrawal that has not come, or of an event of which only that has come."""
LONG_AGO = -(1 << 63)

# Header of a state.
(
    S_MAGIC, S_DIGEST, S_DIGEST_2, S_WORDS, S_CHECK, S_SLOTS_CHECK, S_CAPACITY, S_FIRST, S_END,
    S_EVICTED, S_EVICTED_T, S_EVICTED_S, S_EVICTED_ID,
) = range(13)  # fmt: skip
HEADER = 16

# Record of an argument: the lowest bit and the highest of its values, in bits above 2**-1074.
A_UNIT, A_TOP, A_WIDE = range(3)
ARGUMENT = 4
NO_UNIT = 4096
WIDEST = 96
"""Bits between the two beyond which sums are made event by event: 2**30 such values fit."""

# A slot. Flags follow, one bit an argument (it is not null) and then a filter (it passes); then one
# word an argument.
E_T, E_S, E_A, E_D, E_ID, E_FLAGS = range(6)

# A chunk: when all of it is settled, when it begins to be seen; then a record a class.
C_SETTLED, C_EARLIEST = range(2)
CHUNK_HEAD = 2
# Record of a class: counts of values that are finite, NaN, infinities; the sum in two words, the
# sum of squares in four; least and greatest value with the kind's order.
G_COUNT, G_NAN, G_PLUS, G_MINUS, G_SUM, G_SUM_HIGH, G_SQUARES, G_MIN, G_MAX = (
    0, 1, 2, 3, 4, 5, 6, 10, 11,
)  # fmt: skip
CLASS = 12

# Header of a plan.
(
    P_ARGS, P_FILTERS, P_FLAG_WORDS, P_SLOT, P_CLASSES, P_CHUNK, P_HEADER, P_MAX_EVENTS,
    P_MAX_CAPACITY, P_SPANS, P_CELLS, P_ANSWERS, P_AT_ARGS, P_AT_CLASSES, P_AT_SPANS, P_AT_CELLS,
    P_AT_ANSWERS, P_DIGEST, P_DIGEST_2, P_LATENESS, P_AHEAD, P_ID_UNSIGNED, P_SCRATCH, P_LISTS,
    P_KEYS, P_HAS_BLOCKS,
) = range(26)  # fmt: skip
PLAN_HEADER = 26
# Its records.
PA_KIND, PA_SUMMED = range(2)
KIND_BOOL, KIND_INT, KIND_UINT, KIND_FLOAT = range(4)
PLAN_ARG = 2
PC_ARG, PC_FILTER, PC_NEEDS, PC_KIND = range(4)
PLAN_CLASS = 4
NEEDS_SUM, NEEDS_SQUARES, NEEDS_ENDS = 1, 2, 4
(PS_KIND, PS_LENGTH, PS_RESOLUTION, PS_OPEN_START, PS_CLOSED_END, PS_ROWS, PS_CLASS, PS_ZONE) = (
    range(8)
)
PLAN_SPAN = 8
SPAN_TIME, SPAN_LIFETIME, SPAN_CALENDAR, SPAN_SESSION = range(4)
PL_SPAN, PL_CLASS = range(2)
PLAN_CELL = 2
(
    PW_OP, PW_SPAN, PW_CLASS, PW_CELL, PW_BY, PW_BY_KIND, PW_COUNT, PW_FLAG, PW_PART, PW_WHOLE,
    PW_MOST, PW_LIST,
) = range(12)  # fmt: skip
PLAN_ANSWER = 12

# What an answer is made by.
(
    COUNT, SUM_INT, SUM_FLOAT, MEAN, VAR, STD, MIN, MAX, FIRST_VALUE, LAG, TIME_SINCE_LAST,
    FIRST_K, LAST_K, ARG_MIN, ARG_MAX, N_UNIQUE, TOP_K, COUNT_OF, MODE_RATIO, QUANTILE, DECAYED_SUM,
    N_SESSIONS, APPROX_N_UNIQUE, APPROX_QUANTILE,
) = range(24)  # fmt: skip

# An answer in memory: a word (or address) and, of a list, its length; then the reason, 0 if it has
# a value.
R_VALUE, R_LENGTH, R_REASON = range(3)
ANSWER = 3
VALUE, NO_EVENTS, BEYOND_KEPT, TOO_MANY, OUT_OF_RANGE = range(5)

# Workspace: results of spans (first slot, slot after the last, reason), of cells (as a class), the
# answers, then scratch for long numbers, the memory of lists, and that of sorted keys.
SPAN_RESULT = 3
LONG_SUM, LONG_SQUARES = 36, 70
"""Words of a sum and of a sum of squares over the whole range of floats, with room for counts."""

# Columns of records in memory: address of the values, of the flags (0: none is null), width.
COLUMN = 3
COL_VALUES, COL_VALID, COL_WIDTH = range(3)
(WORD_64, FLOAT_32, INT_32, INT_16, INT_8, UINT_32, UINT_16, UINT_8) = range(8)
N_ROLES = 5
"""Columns before those of arguments: time, arrival, sequence, id, deleted."""

# What becomes of a record.
TAKEN, KNOWN, TOO_OLD, NO_ROOM, NULL_TIME, NULL_ID, NULL_ARRIVAL, LATE, AHEAD = range(9)

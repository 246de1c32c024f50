"""Where things lie: the words of a state, of an event in it, of a chunk, of a plan, of a workspace.

**A state** is one vector of 8-byte words:

    header | one record an argument | head of the totals | one record a chunk
    | one record a block | one slot an event | totals

Slots stand in the order of events, (t, s, a, id), from `FIRST` up to `END`; the others are 0.
CHUNK slots form a chunk. Its record holds what its events sum up to for each **class**, a pair
of argument and filter: what a window needs that covers the chunk. A large state has the same for
each block of 64 chunks, so that the longest window costs no more than a few hundred records. Sums
of floats are exact integers in units of ``2**(unit - 1074)``, with one unit for an argument.

**Totals** are of events that are not kept any more: a family of them for each resolution that
windows have, and one for the lifetime. A family has a leaf for each of its newest tiles (a tile's
leaf is its number modulo their number) and a binary tree over them, node k above 2k and 2k + 1, so
that any run of tiles is a few nodes. A node's record has its number of events, then for each class
of the family counts, sum, sum of squares, least and greatest value, what is needed of these. Sums
are numbers of as many words as the class has needed so far: words LOW to HIGH of the number in
units of 2**-1074 (of 1 for integers) and one more. Families without events have no memory; leaves
and words grow by copying the state into a larger one.

**A plan** says the same for every state of a definition, and what is asked: spans (windows, or
windows by rows of a filter), cells (a class within a span) and answers (an aggregate of a cell).
"""

from __future__ import annotations

MAGIC = 0x32455441_54534C46
"""``FLSTATE2``, read as a little-endian word: name and version of this layout."""
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
# Head of the totals: the newest arrival of any record; of the events that have left what is kept
# and can change no more their number (withdrawn ones too) and the newest one's time; the time of
# the newest lost event; the sum of the leaves' hashes; words of all totals. LONG_AGO: none.
T_NEWEST, T_COUNT, T_FINAL, T_LOST, T_CHECK, T_WORDS = range(6)
TOTALS_HEAD = 6
# Then of each family: where it begins among the totals, words of a node, leaves (a power of two, or
# 0), its newest tile, the newest tile that is gone though it had events.
F_AT, F_SIZE, F_LEAVES, F_NEWEST, F_EXPIRED = range(5)
FAMILY = 5
# Then of each class of a family: where it begins in a node, and the words of its values.
V_AT, V_LOW, V_HIGH = range(3)
VALUES = 3
ALL_WORDS = 33
"""Words in which every finite float is an integer in units of 2**-1074."""
MOST_LEAVES = 8192
# A node: how many events it is of; then its classes.
N_EVENTS, NODE_HEAD = 0, 1

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
    P_KEYS, P_HAS_BLOCKS, P_AT_HEAD, P_FAMILIES, P_AT_FAMILIES, P_TOTALS, P_AT_TOTALS,
    P_TOTALS_HEAD,
) = range(32)  # fmt: skip
PLAN_HEADER = 32
"""P_AT_HEAD is where the head of the totals lies in a state; 0 if there are none."""
# Its records.
PA_KIND, PA_SUMMED = range(2)
KIND_BOOL, KIND_INT, KIND_UINT, KIND_FLOAT = range(4)
PLAN_ARG = 2
PC_ARG, PC_FILTER, PC_NEEDS, PC_KIND = range(4)
PLAN_CLASS = 4
NEEDS_SUM, NEEDS_SQUARES, NEEDS_ENDS = 1, 2, 4
(PS_KIND, PS_LENGTH, PS_RESOLUTION, PS_OPEN_START, PS_CLOSED_END, PS_ROWS, PS_CLASS, PS_FAMILY) = (
    range(8)
)
PLAN_SPAN = 8
SPAN_TIME, SPAN_LIFETIME, SPAN_CALENDAR, SPAN_SESSION = range(4)
PL_SPAN, PL_CLASS, PL_TOTAL = range(3)
PLAN_CELL = 3
# A family of totals: width of a tile (0: the lifetime), leaves that its windows need at most, its
# classes. A total: a class of a family, what of it is needed, words of what comes behind that.
PF_RESOLUTION, PF_LEAVES, PF_FIRST, PF_TOTALS = range(4)
PLAN_FAMILY = 4
PT_CLASS, PT_NEEDS, PT_MORE, PT_OP, PT_PRECISION, PT_MOST = range(6)
PLAN_TOTAL = 6
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

# Workspace: results of spans (first slot, slot after the last, reason; the reason with totals, how
# many nodes of these there are, and their addresses), of cells (as a class), the
# answers, then scratch for long numbers, the memory of lists, and that of sorted keys.
X_START, X_STOP, X_REASON, X_TOTALS_REASON, X_NODES, X_NODE = range(6)
MOST_NODES = 26
SPAN_RESULT = X_NODE + MOST_NODES
LONG_SUM, LONG_SQUARES = 36, 70
"""Words of a sum and of a sum of squares over the whole range of floats, with room for counts."""

# Columns of records in memory: address of the values, of the flags (0: none is null), width.
COLUMN = 3
COL_VALUES, COL_VALID, COL_WIDTH = range(3)
(WORD_64, FLOAT_32, INT_32, INT_16, INT_8, UINT_32, UINT_16, UINT_8) = range(8)
N_ROLES = 5
"""Columns before those of arguments: time, arrival, sequence, id, deleted."""

# What becomes of a record.
(
    TAKEN, KNOWN, TOO_OLD, NO_ROOM, NULL_TIME, NULL_ID, NULL_ARRIVAL, LATE, AHEAD, NO_TOTALS, OTHER,
) = range(11)  # fmt: skip
"""NO_ROOM and NO_TOTALS: the state must grow first, in slots or in totals; nothing was done.
OTHER: another definition made the state."""
OTHER_DEFINITION = -1
"""What a query gives of such a state; nothing else was read of it then."""

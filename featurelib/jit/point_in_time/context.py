"""The words that a pass over events works with: addresses, what is asked, and sums of one entity.

Helpers of machine code take one address, that of these words: an array as an argument would have
its references counted at every call, which took ten times as long as the work.
"""

from __future__ import annotations

from featurelib.jit.windows import layout
from featurelib.jit.windows.layout import PLAN_ANSWER

(
    # Columns of events: of all of them, and (from `BEGIN` on) of the entity's.
    ALL_TIMES, ALL_ARRIVAL, ALL_GONE, ALL_BY_ARRIVAL, ALL_BY_GONE, ALL_WORDS, ALL_VALID, ALL_PASSES,
    TIMES, ARRIVAL, GONE, BY_ARRIVAL, BY_GONE, WORDS, VALID, PASSES,
    # Memory for the events of one entity.
    MEMBER, SEEN, SCALED, KEYS, LEAST, GREATEST, COLLECTED, ESTIMATE,
    # Where entities begin; columns of queries; where answers go.
    OFFSETS, Q_OFFSETS, AS_OF, STARTS, ENDS, FLOOR, FLOOR_TIME, LOST_TIME, OUT, WHY, N_QUERIES,
    WANTS, N_WANTS, KIND, ROWS, NEEDS,
    # The entity that is looked at: its first event, how many it has, what its members sum up to.
    BEGIN, COUNT, MEMBERS, VALUES, NANS, HIGHS, LOWS, SUM, SQUARES, UNIT, SHORT,
    SUM_SIZE, SQUARE_SIZE, SUM_AT, SQUARE_AT, SPARE_AT,
) = range(56)  # fmt: skip
"""Places of words.

An address of arrivals (withdrawals) is 0 if every event arrives at its time (none is withdrawn).
`ROWS` is a window's bound of rows, or 0. Members are events in the window now, values those of them
with a value; sums are integers in units of 2**UNIT in `SUM` and `SQUARES` where SHORT is 1, else
words in memory.
"""
CONTEXT_WORDS = 56

IS_NULL, HAS_VALUE = 1, 2
"""What a byte of `MEMBER` says of an event in the window; 0 is none."""

NEEDS_VALUES, NEEDS_PLACES, NEEDS_ESTIMATE = 8, 16, 32
"""Of what a pass needs, beside `featurelib.jit.windows.layout`: memory to collect values in; ends
by equality, where the first event of equals counts; an estimate. A pass that estimates answers
nothing else, and all with one op and precision."""
ROW, ROOM_AT, ROOM_WORDS, OF_TOTAL = range(PLAN_ANSWER, PLAN_ANSWER + 4)
"""Words behind what is asked: the row of answers; where lists go, so many words a query; whether
only events that are lost are out of reach, and not all that are not kept."""
WANT = PLAN_ANSWER + 4
BY_VALUES = (
    layout.FIRST_K, layout.LAST_K, layout.N_UNIQUE, layout.TOP_K, layout.COUNT_OF,
    layout.MODE_RATIO, layout.QUANTILE, layout.DECAYED_SUM, layout.N_SESSIONS,
)  # fmt: skip
"""Aggregates that look at the events of the window themselves."""

"""The functions that Python calls: one for each thing that is done with a state."""

from __future__ import annotations

from featurelib.jit.windows.applying import (
    copy_into,
    drop_evicted,
    is_evicted,
    set_evicted,
    take,
)
from featurelib.jit.windows.checking import check
from featurelib.jit.windows.events import seal, slot_at
from featurelib.jit.windows.layout import (
    E_T,
    KNOWN,
    LONG_AGO,
    NEVER,
    NO_ROOM,
    P_SLOT,
    S_END,
    S_EVICTED,
    S_EVICTED_ID,
    S_EVICTED_S,
    S_EVICTED_T,
    S_FIRST,
    TAKEN,
    TOO_OLD,
)
from featurelib.jit.windows.memory import move, word
from featurelib.jit.windows.plain import Plain
from featurelib.jit.windows.query import ask
from featurelib.jit.windows.records import read_record


@Plain
def query_state(state, plan, work, q, starts):  # pragma: no cover - machine code
    """Answers a query (see `featurelib.jit.windows.query.ask`); gives the number of nulls."""
    return ask(state, plan, work, q, starts)


@Plain
def apply_row(state, plan, columns, row, record):  # pragma: no cover - machine code
    """Applies a row of columns to a state; what became of it. `record` is memory for a slot."""
    outcome = read_record(record, columns, row, plan)
    if outcome == TAKEN:
        outcome = take(state, plan, record)
        if outcome in (TAKEN, TOO_OLD):
            seal(state, plan)
    return outcome


@Plain
def check_state(state, n_words, plan, scratch):  # pragma: no cover - machine code
    """Whether a vector is a whole state of this plan."""
    return check(state, n_words, plan, scratch)


@Plain
def copy_state(state, other, plan):  # pragma: no cover - machine code
    """Fills an empty state with what another one holds."""
    copy_into(state, other, plan)
    seal(state, plan)
    return TAKEN


@Plain
def seal_state(state, plan):  # pragma: no cover - machine code
    """Writes the checksum of a new state."""
    seal(state, plan)
    return TAKEN


@Plain
def merge_states(state, other, plan, record):  # pragma: no cover - machine code
    """Applies what another state holds; NO_ROOM asks to grow and call again."""
    if word(other, S_EVICTED):
        t, s = word(other, S_EVICTED_T), word(other, S_EVICTED_S)
        id = word(other, S_EVICTED_ID)
        if not is_evicted(state, t, s, id):
            set_evicted(state, t, s, id)
            drop_evicted(state, plan)
    outcome = KNOWN
    for i in range(word(other, S_FIRST), word(other, S_END)):
        move(record, slot_at(other, plan, i), word(plan, P_SLOT))
        if take(state, plan, record) == NO_ROOM:
            outcome = NO_ROOM
            break
    seal(state, plan)
    return outcome


@Plain
def drop_before(state, plan, t):  # pragma: no cover - machine code
    """Removes the events before a time, as if newer ones had pushed them out."""
    first = word(state, S_FIRST)
    if first < word(state, S_END) and word(slot_at(state, plan, first), E_T) < t and t > LONG_AGO:
        # No event has this key; it comes after all before t.
        set_evicted(state, t - 1, NEVER, NEVER)
        drop_evicted(state, plan)
    seal(state, plan)
    return TAKEN

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
from featurelib.jit.windows.events import is_of, seal, slot_at
from featurelib.jit.windows.layout import (
    E_T,
    KNOWN,
    LONG_AGO,
    NEVER,
    NO_ROOM,
    NO_TOTALS,
    OTHER,
    OTHER_DEFINITION,
    P_SLOT,
    S_END,
    S_EVICTED,
    S_EVICTED_ID,
    S_EVICTED_S,
    S_EVICTED_T,
    S_FIRST,
    T_LOST,
    T_NEWEST,
    TAKEN,
    TOO_OLD,
)
from featurelib.jit.windows.leaving import has_totals, is_final, note_lost, victim
from featurelib.jit.windows.memory import move, put, word
from featurelib.jit.windows.plain import Plain
from featurelib.jit.windows.query import ask
from featurelib.jit.windows.records import read_record
from featurelib.jit.windows.totals import head_at
from featurelib.jit.windows.totals_layout import copy_totals, lay_out, widen


@Plain
def query_state(state, plan, work, q, starts):  # pragma: no cover - machine code
    """Answers a query (see `featurelib.jit.windows.query.ask`); gives the number of nulls.

    OTHER_DEFINITION, if another one made the state.
    """
    if not is_of(state, plan):
        return OTHER_DEFINITION
    return ask(state, plan, work, q, starts)


@Plain
def apply_row(state, plan, columns, row, record):  # pragma: no cover - machine code
    """Applies a row of columns to a state; what became of it. `record` is memory for a slot."""
    if not is_of(state, plan):
        return OTHER
    outcome = read_record(record, columns, row, plan)
    if outcome == TAKEN:
        outcome = take(state, plan, record)
        # A record that is known may still be the newest one of all.
        if outcome in (TAKEN, TOO_OLD) or (outcome == KNOWN and has_totals(plan)):
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
    """Lays the totals of a new state out and writes its checksum."""
    if has_totals(plan):
        lay_out(head_at(state, plan), plan)
    seal(state, plan)
    return TAKEN


@Plain
def merge_states(state, other, plan, record):  # pragma: no cover - machine code
    """Applies what another state without totals holds; NO_ROOM asks to grow and call again."""
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
def begin_merge(state, one, other, plan):  # pragma: no cover - machine code
    """Prepares an empty state, with the totals of the first, for the events of both."""
    head = head_at(state, plan)
    copy_totals(state, one, plan)
    put(head, T_NEWEST, LONG_AGO)
    put(head, T_LOST, max(word(head, T_LOST), word(head_at(other, plan), T_LOST)))
    for source in (one, other):
        if word(source, S_EVICTED):
            t, s = word(source, S_EVICTED_T), word(source, S_EVICTED_S)
            set_evicted(state, t, s, word(source, S_EVICTED_ID))
    return TAKEN


@Plain
def merge_slots(state, slots, plan, record):  # pragma: no cover - machine code
    """Applies slots of other states; NO_ROOM and NO_TOTALS ask to grow and call again.

    `slots` is how many are done, how many there are, and their addresses.
    """
    while word(slots, 0) < word(slots, 1):
        move(record, word(slots, 2 + word(slots, 0)), word(plan, P_SLOT))
        outcome = take(state, plan, record)
        if outcome in (NO_ROOM, NO_TOTALS):
            return outcome
        put(slots, 0, word(slots, 0) + 1)
    return TAKEN


@Plain
def end_merge(state, one, other, plan):  # pragma: no cover - machine code
    """Notes the newest arrival of both, and seals."""
    newest = max(word(head_at(one, plan), T_NEWEST), word(head_at(other, plan), T_NEWEST))
    put(head_at(state, plan), T_NEWEST, newest)
    seal(state, plan)
    return TAKEN


@Plain
def widen_totals(head, state, plan, record):  # pragma: no cover - machine code
    """Lays a copy of the head of the totals out, so that there is room for what has to leave.

    `record` is the one that has no room, or 0 if the oldest event has none.
    """
    widen(head, state, plan, victim(state, plan, record))
    return TAKEN


@Plain
def drop_before(state, plan, t):  # pragma: no cover - machine code
    """Removes the events before a time, as if newer ones had pushed them out.

    NO_TOTALS asks to grow and call again.
    """
    first, outcome = word(state, S_FIRST), TAKEN
    if first < word(state, S_END) and word(slot_at(state, plan, first), E_T) < t and t > LONG_AGO:
        # No event has this key; it comes after all before t.
        set_evicted(state, t - 1, NEVER, NEVER)
        if has_totals(plan) and not is_final(plan, t - 1, word(head_at(state, plan), T_NEWEST)):
            note_lost(state, plan, t - 1)
        outcome = drop_evicted(state, plan)
    seal(state, plan)
    return outcome

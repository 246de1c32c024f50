"""Events that leave what is kept: those that can change no more go into totals, others are lost."""

from __future__ import annotations

from featurelib.jit.windows.events import before, slot_at
from featurelib.jit.windows.layout import (
    E_A,
    E_D,
    E_ID,
    E_S,
    E_T,
    LONG_AGO,
    NEVER,
    P_AT_HEAD,
    P_LATENESS,
    T_COUNT,
    T_FINAL,
    T_LOST,
    T_NEWEST,
)
from featurelib.jit.windows.memory import helper, put, word
from featurelib.jit.windows.moving import oldest
from featurelib.jit.windows.tiles import fold, has_room
from featurelib.jit.windows.totals import head_at


@helper
def has_totals(plan):
    """Whether any aggregate is answered over events that are not kept, too."""
    return word(plan, P_AT_HEAD) != 0


@helper
def newest_with(state, plan, record):
    """The newest arrival of any record, a further one included; of no use without totals."""
    if not has_totals(plan):
        return LONG_AGO
    return max(word(head_at(state, plan), T_NEWEST), min(word(record, E_A), word(record, E_D)))


@helper
def victim(state, plan, record):
    """The event that leaves a full state when a record comes; without one the oldest."""
    at = slot_at(state, plan, oldest(state, plan))
    if record == 0 or before(at, word(record, E_T), word(record, E_S), word(record, E_ID)):
        return at
    return record


@helper
def is_final(plan, t, now):
    """Whether no record of an event of time t may come any more when a record has arrived."""
    return t + word(plan, P_LATENESS) < now


@helper
def may_go(state, plan, at, now):
    """Whether an event can leave: totals have room for it, or do not want it."""
    if word(at, E_A) == NEVER or word(at, E_D) != NEVER or not is_final(plan, word(at, E_T), now):
        return True
    return has_room(state, plan, at)


@helper
def note_lost(state, plan, t):
    """Notes the time of an event that is lost."""
    head = head_at(state, plan)
    put(head, T_LOST, max(word(head, T_LOST), t))


@helper
def let_go(state, plan, at, now):
    """Adds an event that leaves to the totals, or notes it as lost; whether it is added.

    A withdrawn event that is final adds nothing. Queries of the past must still know of it.
    """
    t = word(at, E_T)
    if not is_final(plan, t, now):
        note_lost(state, plan, t)
        return False
    head = head_at(state, plan)
    put(head, T_COUNT, word(head, T_COUNT) + 1)
    put(head, T_FINAL, max(word(head, T_FINAL), t))
    if word(at, E_A) != NEVER and word(at, E_D) == NEVER:
        fold(state, plan, at)
    return True

"""Two states of one entity into one: a snapshot and the tail of its stream."""

from __future__ import annotations

import numpy as np

from featurelib.errors import StateMergeError
from featurelib.jit.windows import entries
from featurelib.jit.windows import layout as at
from featurelib.jit.windows.plan import Plan
from featurelib_online.stream.growing import NO_ROOM, copied, grow, totals_of
from featurelib_online.stream.state import Array, State


def merged(plan: Plan, where: str, one: State, other: State) -> State:
    """The state that all records of both would have given; neither is changed.

    Args:
        plan: The plan of both.
        where: The source's name, for errors.
        one: A state.
        other: Another one of the same entity.

    Raises:
        StateMergeError: Both have events in totals.
    """
    record = np.zeros(plan.slot_words, np.int64)
    scratch = int(record.ctypes.data)
    if plan.has_totals:
        return _with_totals(plan, where, one, other, scratch)
    made = copied(plan, one)
    while entries.merge_states(made.address, other.address, plan.address, scratch) == at.NO_ROOM:
        grow(plan, made, at.NO_ROOM, scratch)
    return made


def _with_totals(plan: Plan, where: str, one: State, other: State, scratch: int) -> State:
    """Applies the events of both in the order in which they arrived.

    So what leaves is final or lost as in one stream. The totals are those of one of the two.
    """
    counts = totals_of(plan, one)[0], totals_of(plan, other)[0]
    if min(counts) > 0:
        raise StateMergeError(
            f"{where}: both states have events in totals ({counts[0]:,} and {counts[1]:,}), and "
            f"nothing says which of them are the same",
            hint="apply the records that one of them lacks to the other, or merge a tail of at "
            "most max_events events: it has none in totals",
        )
    if counts[1] > 0:
        one, other = other, one
    made = State(plan.empty_state(plan.capacity_for(one.events), plan.head_of(one.words)))
    entries.begin_merge(made.address, one.address, other.address, plan.address)
    slots = np.concatenate([_slots(plan, one), _slots(plan, other)])
    arrivals = np.minimum(slots[:, at.E_A], slots[:, at.E_D])
    slots = np.ascontiguousarray(slots[np.argsort(arrivals, kind="stable")])
    addresses = slots.ctypes.data + 8 * plan.slot_words * np.arange(len(slots))
    order = np.concatenate([[0, len(slots)], addresses]).astype(np.int64)
    arguments = (int(order.ctypes.data), plan.address, scratch)
    while (outcome := entries.merge_slots(made.address, *arguments)) in NO_ROOM:
        grow(plan, made, outcome, scratch)
    entries.end_merge(made.address, one.address, other.address, plan.address)
    return made


def _slots(plan: Plan, state: State) -> Array:
    """The events of a state, a row each."""
    return plan.slots_of(state.words)[state.words[at.S_FIRST] : state.words[at.S_END]]

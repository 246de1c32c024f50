"""States that move into larger vectors: room for more events, or for more in the totals."""

from __future__ import annotations

from featurelib.jit.windows import entries
from featurelib.jit.windows import layout as at
from featurelib.jit.windows.plan import Plan
from featurelib_online.stream.state import Array, FrozenState, State

NO_ROOM = (at.NO_ROOM, at.NO_TOTALS)
"""Outcomes that ask for a larger state; then the record is applied again."""


def copied(
    plan: Plan, state: FrozenState, capacity: int | None = None, head: Array | None = None
) -> State:
    """The same events and totals in another vector, with no more room than is asked for."""
    room = plan.capacity_for(state.events) if capacity is None else capacity
    made = State(plan.empty_state(room, plan.head_of(state.words) if head is None else head))
    entries.copy_state(made.address, state.address, plan.address)
    return made


def grow(plan: Plan, state: State, outcome: int, record: int) -> None:
    """Makes room in a state.

    Args:
        plan: Its plan.
        state: The state.
        outcome: NO_ROOM: for more events. NO_TOTALS: in the totals, for the event that has to go.
        record: The address of the record that has no room; 0: of none.
    """
    capacity = int(state.words[at.S_CAPACITY])
    if outcome == at.NO_ROOM:
        state.replace(copied(plan, state, plan.larger(capacity)).words)
        return
    head = plan.head_of(state.words)
    entries.widen_totals(int(head.ctypes.data), state.address, plan.address, record)
    state.replace(copied(plan, state, capacity, head).words)


def totals_of(plan: Plan, state: FrozenState) -> tuple[int, int, int | None]:
    """How many events left for the totals, bytes of these, and the time of the newest lost one."""
    if not plan.has_totals:
        return 0, 0, None
    head = plan.head_of(state.words)
    lost = int(head[at.T_LOST])
    return int(head[at.T_COUNT]), 8 * int(head[at.T_WORDS]), None if lost == at.LONG_AGO else lost

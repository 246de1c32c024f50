"""Values of the events in a state, without a question of a definition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from featurelib.errors import InputError
from featurelib.jit.addresses import address_of
from featurelib.jit.windows import layout as at
from featurelib.jit.windows.plan import Plan
from featurelib_online.stream.growing import totals_of
from featurelib_online.stream.looking_code import count_events, pick_values
from featurelib_online.stream.moments import datetime_of
from featurelib_online.stream.state import FrozenState, check_definition

Array = np.ndarray[Any, Any]
_WORDS = {"f": np.float64, "u": np.uint64}


class ValueReader:
    """Reads the values that an aggregate looks at, of many states in one call of machine code.

    What values those are is told by `featurelib_online.stream.Stream.values`. Safe to call from
    many threads.

    Args:
        plan: The plan of the source.
        where: The source's name, for errors.
        name: The aggregate.

    Raises:
        InputError: There is none that has an argument and no filter.
    """

    def __init__(self, plan: Plan, where: str, name: str) -> None:
        asked = next((p for p in plan.aggregates if p.name == name), None)
        if asked is None or not asked.arguments or asked.filter is not None:
            known = [p.name for p in plan.aggregates if p.arguments and p.filter is None]
            raise InputError(
                f"{where}: expected an aggregate that has an argument and no filter, got {name!r}",
                hint=f"there are {', '.join(known) or 'none'}",
            )
        self._plan, self._where = plan, where
        argument = asked.arguments[0]
        place = plan.slot_words - plan.events.arguments + argument
        flags, bit = at.E_FLAGS + (argument >> 6), argument & 63
        self._asked = np.array([place, flags, bit, asked.window.sees_now], np.int64)
        for function in (count_events, pick_values):
            _ = function.address  # compiled here, or the first call would wait for it
        self._dtype = _WORDS.get(plan.events.argument_dtype(argument).kind, np.int64)

    def read(
        self, states: Sequence[FrozenState | None], moments: Sequence[int]
    ) -> tuple[Array, Array]:
        """The values in states, each at a moment of its own.

        Args:
            states: The state of each entity; None has no events.
            moments: Microseconds since 1970 in UTC, one for each state.

        Returns:
            The values, those of a state behind those of the one before it; and where the values of
            each end, int64.

        Raises:
            StateVersionError: One of the states is of another definition.
        """
        n, plan = len(states), self._plan.address
        given: Array = np.empty((3, n), np.int64)
        given[0] = [0 if state is None else state.address for state in states]
        given[1] = moments
        at = address_of(given)
        count = count_events(n, at, plan)
        if count < 0:
            wrong = states[-1 - count]
            assert wrong is not None
            check_definition(wrong, self._plan, self._where)
        found: Array = np.empty(count, self._dtype)
        asked, ends = address_of(self._asked), at + 16 * n
        count = pick_values(n, at, plan, asked, at + 8 * n, address_of(found), ends)
        return found[:count], given[2]


def described(plan: Plan, state: FrozenState) -> dict[str, Any]:
    """See `featurelib_online.stream.Stream.describe`."""
    words = state.words
    gone = int(words[at.S_EVICTED_T]) if words[at.S_EVICTED] else None
    times = plan.slots_of(words)[words[at.S_FIRST] : words[at.S_END], at.E_T]
    in_totals, size, lost = totals_of(plan, state)
    return {
        "events": len(times),
        "max_events": plan.events.source.max_events,
        "bytes": state.nbytes,
        "max_bytes": 8 * plan.max_state_words,
        "oldest": datetime_of(int(times[0])) if len(times) else None,
        "newest": datetime_of(int(times[-1])) if len(times) else None,
        "newest_not_kept": None if gone is None else datetime_of(gone),
        "in_totals": in_totals,
        "bytes_of_totals": size,
        "newest_lost": None if lost is None else datetime_of(lost),
    }

"""Values of the events in a state, without a question of a definition."""

from __future__ import annotations

from typing import Any

import numpy as np

from featurelib.errors import InputError
from featurelib.jit.addresses import address_of
from featurelib.jit.windows import layout as at
from featurelib.jit.windows.plan import Plan
from featurelib_online.stream.growing import totals_of
from featurelib_online.stream.looking_code import pick_values
from featurelib_online.stream.moments import datetime_of
from featurelib_online.stream.state import FrozenState, check_definition

Array = np.ndarray[Any, Any]
_WORDS = {"f": np.float64, "u": np.uint64}


class ValueReader:
    """Reads the values that an aggregate looks at: see `featurelib_online.stream.Stream.values`.

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
        self._plan, self._where, self._sees_now = plan, where, asked.window.sees_now
        argument = asked.arguments[0]
        place = plan.slot_words - plan.events.arguments + argument
        flags, bit = at.E_FLAGS + (argument >> 6), argument & 63
        self._question = [plan.slot_words, place, flags, bit]
        self._dtype = _WORDS.get(plan.events.argument_dtype(argument).kind, np.int64)

    def read(self, state: FrozenState, q: int) -> Array:
        """The values in a state at a query time."""
        check_definition(state, self._plan, self._where)
        capacity, first, end = state.words[at.S_CAPACITY : at.S_END + 1].tolist()
        size = self._plan.slot_words
        slots = self._plan.state_words(capacity) - (capacity - first) * size
        asked = np.array([*self._question, q + 1 if self._sees_now else q, q], np.int64)
        found: Array = np.empty(end - first, self._dtype)
        addresses = (state.address + 8 * slots, address_of(asked), address_of(found))
        return found[: pick_values(end - first, *addresses)]


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

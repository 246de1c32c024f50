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


def values_of(plan: Plan, where: str, state: FrozenState, name: str, q: int) -> Array:
    """See `featurelib_online.stream.Stream.values`."""
    asked = next((p for p in plan.aggregates if p.name == name), None)
    if asked is None or not asked.arguments or asked.filter is not None:
        known = [p.name for p in plan.aggregates if p.arguments and p.filter is None]
        raise InputError(
            f"{where}: expected an aggregate that has an argument and no filter, got {name!r}",
            hint=f"there are {', '.join(known) or 'none'}",
        )
    check_definition(state, plan, where)
    words, argument = state.words, asked.arguments[0]
    slots = plan.slots_of(words)[int(words[at.S_FIRST]) : int(words[at.S_END])]
    place = plan.slot_words - plan.events.arguments + argument
    flags, bit = at.E_FLAGS + (argument >> 6), argument & 63
    end = q + 1 if asked.window.sees_now else q
    question = np.array([plan.slot_words, place, flags, bit, end, q], np.int64)
    found: Array = np.empty(len(slots), np.int64)
    addresses = map(address_of, (slots, question, found))
    count = pick_values(len(slots), *addresses)
    kind = plan.events.argument_dtype(argument).kind
    return found[:count].view(_WORDS.get(kind, np.int64))


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

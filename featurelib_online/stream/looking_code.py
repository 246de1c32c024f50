"""Picking values out of the events of states, in machine code."""

from __future__ import annotations

# mypy: ignore-errors
from featurelib.jit.windows.events import is_of, is_seen, slot_at
from featurelib.jit.windows.layout import E_T, P_SLOT, S_END, S_FIRST
from featurelib.jit.windows.memory import put, word
from featurelib.jit.windows.plain import Plain

L_COLUMN, L_FLAGS, L_BIT, L_SEES_NOW = range(4)
"""What is asked: the word of the value, word and bit of its flag, and whether an event of the
moment itself is looked at."""


@Plain
def count_events(n, states, plan):  # pragma: no cover - machine code
    """How many events n states keep; -1 less the place of a state that another definition made.

    An address of 0 is a state without events.
    """
    count = 0
    for s in range(n):
        state = word(states, s)
        if state != 0:
            if not is_of(state, plan):
                return -1 - s
            count += word(state, S_END) - word(state, S_FIRST)
    return count


@Plain
def pick_values(n, states, plan, asked, moments, out, ends):  # pragma: no cover - machine code
    """Writes a value of each event that is seen and has one; gives their number.

    Those of a state lie behind those of the one before it; `ends` gets where each state's end.
    """
    count = 0
    for s in range(n):
        state, moment = word(states, s), word(moments, s)
        if state != 0:
            first = word(state, S_FIRST)
            at = slot_at(state, plan, first)
            for _ in range(word(state, S_END) - first):
                if word(at, E_T) >= moment + word(asked, L_SEES_NOW):
                    break  # the others are later still
                has_value = (word(at, word(asked, L_FLAGS)) >> word(asked, L_BIT)) & 1 != 0
                if has_value and is_seen(at, moment):
                    put(out, count, word(at, word(asked, L_COLUMN)))
                    count += 1
                at += 8 * word(plan, P_SLOT)
        put(ends, s, count)
    return count

"""Picking values out of the events of a state, in machine code."""

from __future__ import annotations

# mypy: ignore-errors
from featurelib.jit.windows.events import is_seen
from featurelib.jit.windows.layout import E_T
from featurelib.jit.windows.memory import put, word
from featurelib.jit.windows.plain import Plain

L_SLOT, L_COLUMN, L_FLAGS, L_BIT, L_END, L_Q = range(6)
"""What is asked: words of a slot, the word of the value, word and bit of its flag; the moment that
events are before, and the one that they are known at."""


@Plain
def pick_values(n, slots, asked, out):  # pragma: no cover - machine code
    """Writes a value of each of n events that is seen and has one; gives their number."""
    count = 0
    for i in range(n):
        at = slots + 8 * word(asked, L_SLOT) * i
        if word(at, E_T) >= word(asked, L_END):
            break  # the others are later still
        has_value = (word(at, word(asked, L_FLAGS)) >> word(asked, L_BIT)) & 1 != 0
        if has_value and is_seen(at, word(asked, L_Q)):
            put(out, count, word(at, word(asked, L_COLUMN)))
            count += 1
    return count

"""Sessions: runs of events without a long pause, found from the kept events one by one."""

from __future__ import annotations

from featurelib.jit.windows.cells import find_forward
from featurelib.jit.windows.events import is_pause, slot_at
from featurelib.jit.windows.layout import E_T
from featurelib.jit.windows.memory import helper, word


@helper
def count_sessions(state, plan, g, start, stop, q, gap):
    """How many sessions the events of a class in slots start to stop form at q."""
    n, before = 0, 0
    i = find_forward(state, plan, g, start, stop, q)
    while i < stop:
        t = word(slot_at(state, plan, i), E_T)
        if n == 0 or is_pause(before, t, gap):
            n += 1
        before = t
        i = find_forward(state, plan, g, i + 1, stop, q)
    return n

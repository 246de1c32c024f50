"""The first instants of the calendar windows of a plan at a query time."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from featurelib.jit.arena import ScratchArena
from featurelib.jit.kernel import Column, Kernel
from featurelib.jit.windows.layout import LONG_AGO
from featurelib.jit.windows.plan import Plan
from featurelib.state import FittedState
from featurelib.windows.window import Calendar

Array = np.ndarray[Any, Any]
_CALL = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)


class CalendarStarts:
    """Finds the starts for one query at a time.

    Args:
        plan: Its calendar windows are looked at; where it has none nothing is computed.
    """

    def __init__(self, plan: Plan) -> None:
        self._starts: Array = np.full(max(1, len(plan.spans)), LONG_AGO, np.int64)
        self._address = int(self._starts.ctypes.data)
        self._finders = [(k, _Finder(window)) for k, window in plan.calendars]

    def at(self, q: int) -> int:
        """Address of the start of each span; of one that is no calendar window nothing is said."""
        for k, finder in self._finders:
            self._starts[k] = finder.start(q)
        return self._address


class _Finder:
    """Runs the program of one window on one query time."""

    def __init__(self, window: Calendar) -> None:
        self._kernel = Kernel(window.start, FittedState({}), wide=False)
        self._q: Array = np.zeros(1, np.int64)
        self._start: Array = np.zeros(1, np.int64)
        self._valid: Array = np.ones(1, np.uint8)
        self._arena = ScratchArena()
        (node,) = window.start.outputs.values()
        outputs = [Column(self._start, self._valid if node.nullable else None)]
        inputs = [Column(self._q, None)]
        self._slots = self._kernel.fill_slots(inputs, outputs, self._arena.address)
        self._call = _CALL(self._kernel.machine.address)
        self._at = int(self._slots.ctypes.data)

    def start(self, q: int) -> int:
        """The first instant; LONG_AGO if there is none."""
        self._q[0] = q
        self._call(self._at, 0, 1)
        return int(self._start[0]) if self._valid[0] else LONG_AGO

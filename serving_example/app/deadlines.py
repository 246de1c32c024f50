"""Deadlines of many requests, by one timer for all of them.

A timer of the event loop for each request costs more than the rest of its bookkeeping. Here what
waits stands in the set of its deadline's hundredth of a second; one tick empties the sets that are
due.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["TICK_S", "Deadlines"]

TICK_S = 0.01
"""How late a deadline may be noticed. The queue of a device looks at each deadline by itself."""


class Deadlines:
    """What is to be ended at a time unless it ends before.

    Args:
        clock: Monotonic seconds.
        later: Calls a function after seconds, as an event loop's `call_later` does.
    """

    def __init__(
        self, clock: Callable[[], float], later: Callable[[float, Callable[[], None]], object]
    ) -> None:
        self._clock, self._later = clock, later
        self._sets: dict[int, set[Any]] = {}
        self._next = 0
        self._is_ticking = False

    def add(self, one: Any, deadline: float) -> int:
        """Puts in what has a method `late`, which is called after the deadline.

        Returns:
            Where it stands: `discard` wants to know.
        """
        place = int(deadline / TICK_S) + 1
        if not self._is_ticking:
            self._is_ticking = True
            self._next = int(self._clock() / TICK_S)
            self._later(TICK_S, self._tick)
        if place < self._next:
            place = self._next
        found = self._sets.get(place)
        if found is None:
            found = self._sets[place] = set()
        found.add(one)
        return place

    def discard(self, one: Any, place: int) -> None:
        """Takes out what has ended; what is not there is no error."""
        found = self._sets.get(place)
        if found is not None:
            found.discard(one)

    def _tick(self) -> None:
        now = int(self._clock() / TICK_S)
        due = []
        if now - self._next > len(self._sets):  # a clock that jumped, or a loop that stood still
            due = [place for place in sorted(self._sets) if place <= now]
        else:
            due = [place for place in range(self._next, now + 1) if place in self._sets]
        self._next = now + 1
        for place in due:
            for one in self._sets.pop(place):
                one.late()
        if self._sets:
            self._later(TICK_S, self._tick)
        else:
            self._is_ticking = False

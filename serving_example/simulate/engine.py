"""Discrete events: a clock that jumps from one to the next."""

from __future__ import annotations

import heapq
from collections.abc import Callable

__all__ = ["Engine"]


class Engine:
    """Events in order of their time; those of one time in the order in which they were asked for.

    Attributes:
        now: Seconds; the time of the event that happens.
        happened: How many events have happened.
    """

    def __init__(self, start: float = 0.0) -> None:
        self.now = start
        self.happened = 0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._asked = 0

    def clock(self) -> float:
        """The time now, for who takes a clock."""
        return self.now

    def at(self, when: float, event: Callable[[], None]) -> None:
        """Lets something happen; at once, but after what happens now, if the time has passed."""
        self._asked += 1
        heapq.heappush(self._events, (max(when, self.now), self._asked, event))

    def step(self) -> bool:
        """Lets the next event happen; False if there is none."""
        if not self._events:
            return False
        self.now, _, event = heapq.heappop(self._events)
        self.happened += 1
        event()
        return True

"""How much of a turn of the event loop requests may take.

The loop reads all sockets that have something before it does anything else. With thousands of
connections in overload that takes seconds, in which no batch begins and no answer comes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

__all__ = ["TURN_S", "Pace", "PutOff"]

TURN_S = 0.005
"""So long requests are taken in a turn: about as long as a batch runs, which then has its turn."""


class PutOff(Protocol):
    """What waits for a later turn."""

    def take_up(self) -> None:
        """Its turn has come."""
        ...


class Pace:
    """Says when a turn has taken enough requests. The others are taken up in later turns.

    The newest and the oldest by turns: if all waited as long as each other, all would be late
    together. So the newest are in time, and the oldest are told at last that they are not.

    Args:
        clock: Monotonic seconds.
        soon: Calls a function in the next turn, as an event loop's `call_soon` does.
    """

    def __init__(
        self, clock: Callable[[], float], soon: Callable[[Callable[[], None]], object]
    ) -> None:
        self._clock, self._soon = clock, soon
        self._began: float | None = None
        self._waiting: deque[PutOff] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def is_now(self, one: PutOff) -> bool:
        """Whether one may be served now; else it is put off, and its `take_up` is called once."""
        if not self._waiting:
            if self._began is None:
                self._began = self._clock()
                self._soon(self._turned)
                return True
            if self._clock() - self._began < TURN_S:
                return True
        self._waiting.append(one)
        return False

    def _turned(self) -> None:
        """A turn has ended, and what was put off has its own."""
        waiting = self._waiting
        if not waiting:
            self._began = None
            return
        self._began = began = self._clock()
        self._soon(self._turned)
        is_newest = True
        while waiting and self._clock() - began < TURN_S:
            one = waiting.pop() if is_newest else waiting.popleft()
            is_newest = not is_newest
            one.take_up()

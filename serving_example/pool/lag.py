"""What passes between the end of a batch and its answers."""

from __future__ import annotations

import math

__all__ = ["Lag"]

HALF_LIFE_S = 0.1
"""A stall is believed in for a few tenths of a second: longer, and one collection of garbage
would have work refused that could be answered; shorter, and a loop that is behind looks idle."""


class Lag:
    """A maximum that decays: a deadline is missed by the slow deliveries."""

    __slots__ = ("_at", "_seconds")

    def __init__(self) -> None:
        self._at = self._seconds = 0.0

    def tell(self, seconds: float, now: float) -> float:
        """A delivery took so long; gives what is to be expected now."""
        self._seconds = max(seconds, self.expected_s(now))
        self._at = now
        return self._seconds

    def expected_s(self, now: float) -> float:
        """What a delivery is expected to take."""
        passed = max(0.0, now - self._at)
        return self._seconds * math.exp2(-passed / HALF_LIFE_S)

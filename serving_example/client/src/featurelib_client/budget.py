"""How much may be sent a second time: tokens that only answers bring back."""

from __future__ import annotations

import threading

__all__ = ["AGAIN", "THROTTLED", "RetryBudget"]

AGAIN, THROTTLED = 14.0, 5.0
"""What one attempt more costs: after a failure, and where the server said that it has too much to
do. Costs and the 500 of a full budget are botocore's of 2026: with one token for each answer, at
most one attempt in 14 is one more than was asked for, in the long run."""


class RetryBudget:
    """Tokens of a client, shared by its threads.

    A server that fails is asked again as long as there are tokens, and then only as often as it
    answers: all clients together add at most a fourteenth to the load that it cannot bear.

    Args:
        capacity: Tokens when full, as it begins.
    """

    __slots__ = ("_lock", "capacity", "tokens")

    def __init__(self, capacity: float) -> None:
        self.capacity = self.tokens = float(capacity)
        self._lock = threading.Lock()

    def take(self, cost: float) -> bool:
        """Takes tokens; whether they were there. Else it takes none."""
        with self._lock:
            if self.tokens < cost:
                return False
            self.tokens -= cost
            return True

    def answered(self) -> None:
        """A call has its answer."""
        if self.tokens < self.capacity:
            with self._lock:
                self.tokens = min(self.capacity, self.tokens + 1.0)

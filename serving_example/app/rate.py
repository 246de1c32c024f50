"""Token buckets: so many requests a second on average, so many at once."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["TokenBucket"]


class TokenBucket:
    """Tokens that come back with time; each request takes one.

    Args:
        rate: Tokens that come back in a second, above 0.
        burst: Tokens that it holds when full, at least 1.
        clock: Monotonic seconds.
    """

    __slots__ = ("_at", "_clock", "burst", "rate", "tokens")

    def __init__(self, rate: float, burst: float, clock: Callable[[], float]) -> None:
        if not (rate > 0 and burst >= 1):
            raise ValueError(f"expected rate > 0 and burst >= 1, got rate={rate}, burst={burst}")
        self.rate, self.burst, self.tokens = rate, float(burst), float(burst)
        self._clock, self._at = clock, clock()

    def take(self, tokens: float = 1.0) -> float:
        """Takes tokens, or none.

        Returns:
            0.0 if they were there; else the seconds until they will be. More tokens than it ever
            holds are there when it is full.
        """
        now = self._clock()
        # A clock that stood still or went back gives nothing back.
        self.tokens = min(self.burst, self.tokens + max(0.0, now - self._at) * self.rate)
        self._at = now
        wanted = min(tokens, self.burst)
        if self.tokens >= wanted:
            self.tokens -= wanted
            return 0.0
        return (wanted - self.tokens) / self.rate

"""How much arrives, of late."""

from __future__ import annotations

import math

__all__ = ["Rate"]


class Rate:
    """An exponential average of what arrives in a second.

    Adding is one addition; time is looked at only when the rate is asked for.

    Args:
        tau_s: After so many seconds what arrived counts for 1/e.
        now: When counting begins.
    """

    __slots__ = ("_age_s", "_at", "_new", "_sum", "_tau_s")

    def __init__(self, tau_s: float, now: float) -> None:
        self._tau_s = tau_s
        self._at = now
        self._age_s = self._new = self._sum = 0.0

    def add(self, amount: float) -> None:
        """Counts what has just arrived."""
        self._new += amount

    def per_s(self, now: float) -> float:
        """What arrives in a second; 0.0 before any time has passed.

        In its first seconds the average is over the time since it began, or a rate would seem to
        rise when only counting did. A clock that was set back stands still here.
        """
        passed = max(0.0, now - self._at)
        self._at = now
        self._age_s += passed
        if self._age_s == 0.0:
            return 0.0
        # What arrived since the last look came evenly: its mean weight is that of the interval.
        left = math.exp(-passed / self._tau_s)
        weight = (1.0 - left) * self._tau_s / passed if passed > 0.0 else 1.0
        self._sum = self._sum * left + self._new * weight
        self._new = 0.0
        return self._sum / (self._tau_s * -math.expm1(-self._age_s / self._tau_s))

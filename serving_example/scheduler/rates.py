"""How much arrives, of late."""

from __future__ import annotations

import math

__all__ = ["Rate"]


class Rate:
    """An exponential average of what arrives in a second.

    Who counts adds to a number of his own; it is looked at only when the rate is asked for.

    Args:
        tau_s: After so many seconds what arrived counts for 1/e.
        now: When counting begins.
    """

    __slots__ = ("_age_s", "_at", "_counted", "_sum", "_tau_s")

    def __init__(self, tau_s: float, now: float) -> None:
        self._tau_s = tau_s
        self._at = now
        self._age_s = self._sum = 0.0
        self._counted = 0

    def per_s(self, total: int, now: float) -> float:
        """What arrives in a second; 0.0 before any time has passed.

        In its first seconds the average is over the time since it began, or a rate would seem to
        rise when only counting did. A clock that was set back stands still here.

        Args:
            total: What has arrived in all since counting began.
            now: The time.
        """
        passed = max(0.0, now - self._at)
        self._at = now
        self._age_s += passed
        if self._age_s == 0.0:
            return 0.0
        # What arrived since the last look came evenly: its mean weight is that of the interval.
        left = math.exp(-passed / self._tau_s)
        weight = (1.0 - left) * self._tau_s / passed if passed > 0.0 else 1.0
        self._sum = self._sum * left + (total - self._counted) * weight
        self._counted = total
        return self._sum / (self._tau_s * -math.expm1(-self._age_s / self._tau_s))

"""How much of each model is asked for: of late, and at this hour on other days."""

from __future__ import annotations

from collections.abc import Callable

from serving_example.scheduler.rates import Rate

__all__ = ["Demand", "hour_of_clock"]

TAU_S = 30.0
"""Placement follows the traffic of about half a minute; faster, it would chase bursts."""
SILENCE_S = 1.0
"""So much of a silence counts, or the first request after it would seem to be a flood."""
HOURS = 24
DAY_SHARE = 0.3
"""What the newest day weighs in the mean of an hour: about the last three days count."""
LEAD_H = 0.1
"""Six minutes ahead: time to load before the hour begins."""


def hour_of_clock(now: float) -> float:
    """The hour of the day of a clock that counts seconds from some midnight, UTC for Unix time."""
    return now / 3600.0 % HOURS


class Demand:
    """Rows in a second that one model is asked for.

    Args:
        now: When counting begins.
        hour_of: The hour of the day, 0.0 to 24.0, of a time of the scheduler's clock.
    """

    def __init__(self, now: float, hour_of: Callable[[float], float] = hour_of_clock) -> None:
        self._rate = Rate(TAU_S, now)
        self._hour_of = hour_of
        self._hours: list[float | None] = [None] * HOURS
        self._hour = int(hour_of(now)) % HOURS
        self._began = now
        self._before = 0

    def begin(self, now: float) -> None:
        """Forgets a silence but for its last second: there was no traffic at all to average."""
        self._rate = Rate(TAU_S, now - SILENCE_S)

    def per_s(self, total: int, now: float) -> float:
        """The demand to place for: the recent one, or that of the hour which is about to begin.

        Args:
            total: Rows that were asked for in all, taken or not.
            now: The time.
        """
        hour_now = self._hour_of(now)
        if int(hour_now) % HOURS != self._hour:
            self._close_hour(int(hour_now) % HOURS, total, now)
        ahead = self._hours[int(hour_now + LEAD_H) % HOURS] or 0.0
        return max(self._rate.per_s(total, now), ahead)

    def _close_hour(self, hour: int, total: int, now: float) -> None:
        """Remembers the hour that has ended; a part of an hour counts as the whole would have."""
        passed = now - self._began
        if passed > 0.0:
            mean, old = (total - self._before) / passed, self._hours[self._hour]
            self._hours[self._hour] = mean if old is None else old + DAY_SHARE * (mean - old)
        self._hour, self._began, self._before = hour, now, total

"""Clocks below a time line: where the ticks stand, what they say, when clocks are changed.

Wall clocks are found by the reference evaluator with the ops that features use, so that a picture
shows the zones of featurelib's own table.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any

from featurelib import dtypes
from featurelib.evaluate import Evaluator
from featurelib.node import call, input_node
from featurelib.program import Program
from featurelib.windows.window import AS_OF, START, calendar

MINUTE = 60_000_000
HOUR, DAY = 60 * MINUTE, 1440 * MINUTE
_SECOND = 1_000_000
STEPS = (
    1, 10, 100, 1_000, 10_000, 100_000, _SECOND, 5 * _SECOND, 15 * _SECOND, MINUTE, 5 * MINUTE,
    15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY,
    14 * DAY, 28 * DAY, 91 * DAY, 365 * DAY, 3650 * DAY, 36500 * DAY, 365000 * DAY,
)  # fmt: skip
"""Distances of ticks: the smallest that is wide enough is taken."""
_WALL = "wall"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EPOCH = dt.datetime(1970, 1, 1)
_LOW, _HIGH = (dt.datetime(1, 1, 2) - _EPOCH), (dt.datetime(9999, 12, 30) - _EPOCH)
_SAMPLES = 64


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on the time line with what stands below it.

    Attributes:
        time: Where.
        clock: The first line, the time or the day.
        day: The second line: the day where it begins to differ; may be empty.
    """

    time: int
    clock: str
    day: str


@dataclass(frozen=True)
class Clock:
    """The wall clock of a zone.

    Attributes:
        zone: Its IANA name.
    """

    zone: str

    @cached_property
    def _programs(self) -> tuple[Evaluator, Evaluator]:
        return _programs(self.zone)

    def wall(self, instant: int) -> dt.datetime:
        """What the clock shows; of instants at the ends of years 1 and 9999, the nearest."""
        low, high = (x // dt.timedelta(microseconds=1) for x in (_LOW, _HIGH))
        shown = self._programs[0].row({AS_OF: min(max(instant, low), high)})[_WALL]
        return _EPOCH + dt.timedelta(microseconds=shown)

    def midnight(self, instant: int) -> int:
        """The first instant of the local day."""
        found: int = self._programs[1].row({AS_OF: instant})[START]
        return found

    def ticks(self, low: int, high: int, most: int) -> Iterator[Tick]:
        """At most so many ticks, on round numbers of the wall clock."""
        step = next((s for s in STEPS if (high - low) // s < most), STEPS[-1])
        offset = (self.wall(low) - _EPOCH) // dt.timedelta(microseconds=1) - low
        first = -(-(low + offset) // step) * step - offset
        before: object = None
        for time in range(first, high + 1, step):
            if step >= DAY:
                time = self.midnight(time + 6 * HOUR)
            wall = self.wall(time)
            day = f"{wall.day} {_MONTHS[wall.month - 1]}"
            if step >= DAY:
                year = "" if before == wall.year else str(wall.year)
                yield Tick(time, day, year)
                before = wall.year
            else:
                yield Tick(time, shown_time(wall), "" if before == wall.date() else day)
                before = wall.date()

    def midnights(self, low: int, high: int) -> list[int]:
        """The first instants of the local days between two times, of 64 at most."""
        found: list[int] = []
        time = self.midnight(low)
        while time <= high and len(found) < _SAMPLES:
            if time >= low:
                found.append(time)
            time = self.midnight(time + 36 * HOUR)
        return found

    def changes(self, low: int, high: int) -> list[tuple[int, str]]:
        """When the clock is put forward or back between two times, and what it shows then."""
        step = max(1, (high - low) // _SAMPLES)
        times = [*range(low, high, step), high]
        found = []
        for a, b in pairwise(times):
            before, after = self._offset(a), self._offset(b)
            if before == after:
                continue
            while b - a > 1:
                middle = (a + b) // 2
                a, b = (middle, b) if self._offset(middle) == before else (a, middle)
            left = _EPOCH + dt.timedelta(microseconds=b) + before
            found.append((b, f"clocks go from {shown_time(left)} to {shown_time(self.wall(b))}"))
        return found

    def said(self, instant: int) -> str:
        """The time of the day at an instant, without what is zero."""
        return shown_time(self.wall(instant))

    def day(self, instant: int) -> str:
        """The day of the month at an instant."""
        wall = self.wall(instant)
        return f"{wall.day} {_MONTHS[wall.month - 1]}"

    def _offset(self, instant: int) -> dt.timedelta:
        return self.wall(instant) - _EPOCH - dt.timedelta(microseconds=instant)


def shown_time(wall: dt.datetime) -> str:
    """Hours and minutes; seconds and fractions where they are not zero."""
    text = f"{wall:%H:%M}"
    if wall.microsecond:
        return f"{wall:%H:%M:%S}.{wall.microsecond:06d}".rstrip("0")
    return f"{wall:%H:%M:%S}" if wall.second else text


@lru_cache(maxsize=16)
def _programs(zone: str) -> tuple[Evaluator, Evaluator]:
    """From an instant to the wall clock, and to the first instant of its day."""
    local = call("dt.convert_time_zone", (input_node(AS_OF, dtypes.DATETIME, False), zone), {})
    wall: Any = call("dt.replace_time_zone", (local, "UTC"), {"ambiguous": "earliest"})
    return Evaluator(Program({_WALL: wall}), {}), Evaluator(calendar("day", zone).start, {})


__all__ = ["DAY", "HOUR", "MINUTE", "Clock", "Tick", "shown_time"]

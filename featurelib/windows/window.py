"""Windows: which events of an entity a query at a moment looks at. Edges: docs/windows.md."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from featurelib import dtypes
from featurelib.errors import DefinitionError
from featurelib.node import Node, call, input_node
from featurelib.program import Program
from featurelib.windows.window_checks import (
    CLOSED,
    check_closed,
    check_duration,
    check_rows,
    length_of,
    microseconds,
    shown,
    shown_now,
)
from featurelib.windows.window_checks import sees_now as seen_now

UNITS = {"day": "1d", "week": "1w", "month": "1mo", "year": "1y"}
MOST_TILES = 4096
"""Tiles of a window: what leaves the events that are kept is summed up for each of them."""
AS_OF, START = "as_of", "start"
"""Input and output of the program that finds the start of a calendar window."""


@dataclass(frozen=True)
class Last:
    """Events of the last stretch of time, or the last few of these.

    With a resolution, aggregates whose parts merge have totals: they are answered over all events.

    Attributes:
        length_us: Its length in microseconds.
        closed: Which ends belong to it: ``left``, ``right``, ``both`` or ``none``.
        resolution_us: Width of the tiles that its start is rounded down to, or None. The length
            is a multiple of it, `MOST_TILES` times as long at most.
        rows: How many events at most, the last in order, or None.
    """

    length_us: int
    closed: str = "left"
    resolution_us: int | None = None
    rows: int | None = None

    def __post_init__(self) -> None:
        check_duration("last", "length", self.length_us)
        check_closed("last", self.closed, CLOSED)
        if self.rows is not None:
            check_rows("last", self.rows)
        if self.resolution_us is None:
            return
        check_duration("last", "resolution", self.resolution_us)
        if self.length_us % self.resolution_us:
            raise DefinitionError(
                f"last: expected a length that is a multiple of the resolution, got "
                f"{shown(self.length_us)} and {shown(self.resolution_us)}"
            )
        if self.length_us // self.resolution_us > MOST_TILES:
            least = -(-self.length_us // MOST_TILES)
            raise DefinitionError(
                f"last: {shown(self.length_us)} in tiles of {shown(self.resolution_us)} are "
                f"{self.length_us // self.resolution_us:,} tiles, above {MOST_TILES:,}",
                hint=f"a resolution of {shown(least)} or more; or none: the start is then exact",
            )
        if self.closed != "left" or self.rows is not None:
            raise DefinitionError(
                f'last: a resolution goes with closed="left" and without rows, got '
                f"closed={self.closed!r}, rows={self.rows!r}"
            )

    @property
    def sees_now(self) -> bool:
        """Whether an event at the moment of the query is seen."""
        return self.closed in ("right", "both")

    @property
    def has_totals(self) -> bool:
        """Whether aggregates whose parts merge look at events that are not kept, too."""
        return self.resolution_us is not None

    def __str__(self) -> str:
        tiles = f", in tiles of {shown(self.resolution_us)}" if self.resolution_us else ""
        rows = f", {self.rows} rows" if self.rows else ""
        return f"last {shown(self.length_us)}{rows}{tiles}, closed {self.closed}"


@dataclass(frozen=True)
class Rows:
    """The last n events.

    Attributes:
        n: How many.
        sees_now: Whether an event at the moment of the query is seen.
    """

    n: int
    sees_now: bool = False
    has_totals: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_rows("rows", self.n)

    def __str__(self) -> str:
        return f"last {self.n} rows{shown_now(self.sees_now)}"


@dataclass(frozen=True)
class Lifetime:
    """All events: aggregates whose parts merge look at those that are not kept, too.

    Attributes:
        sees_now: Whether an event at the moment of the query is seen.
    """

    sees_now: bool = False
    has_totals: ClassVar[bool] = True

    def __str__(self) -> str:
        return f"lifetime{shown_now(self.sees_now)}"


@dataclass(frozen=True)
class Session:
    """The events of the session that is going on: the last run without a longer pause.

    Attributes:
        gap_us: The longest pause in a session, in microseconds.
        sees_now: Whether an event at the moment of the query is seen.
    """

    gap_us: int
    sees_now: bool = False
    has_totals: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_duration("session", "gap", self.gap_us)

    def __str__(self) -> str:
        return f"session, pauses up to {shown(self.gap_us)}{shown_now(self.sees_now)}"


@dataclass(frozen=True)
class Calendar:
    """Events since the first instant of the local day, week, month or year of the query.

    Attributes:
        unit: ``day``, ``week`` (from Monday), ``month`` or ``year``.
        zone: IANA zone of the clocks.
        sees_now: Whether an event at the moment of the query is seen.
        start: The program from the query time (``as_of``) to the window's first instant
            (``start``, null before year 1). It holds the zone's table, so a bundle keeps the one
            that it was made with.
    """

    unit: str
    zone: str
    sees_now: bool = False
    start: Program = field(default=None, compare=False, repr=False)  # type: ignore[assignment]
    has_totals: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise DefinitionError(
                f"calendar: expected a unit of {', '.join(UNITS)}, got unit={self.unit!r}"
            )
        if self.start is None:
            object.__setattr__(self, "start", Program({START: _start(self.unit, self.zone)}))

    @cached_property
    def start_key(self) -> str:
        """Digest of the program that finds the start."""
        return self.start.outputs[START].key

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Calendar):
            return NotImplemented
        return self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @cached_property
    def _identity(self) -> tuple[Any, ...]:
        return self.unit, self.zone, self.sees_now, self.start_key

    def __str__(self) -> str:
        return f"since the {self.unit}'s start in {self.zone}{shown_now(self.sees_now)}"


Window = Last | Rows | Lifetime | Session | Calendar


def last(
    length: dt.timedelta | None = None,
    *,
    closed: str = "left",
    resolution: dt.timedelta | None = None,
    rows: int | None = None,
    **units: float,
) -> Last:
    """The last stretch of time: ``last(days=7)``, ``last(timedelta(hours=1), closed="both")``.

    Args:
        length: How long; or say it in the words of `datetime.timedelta`: ``days=7``, ``hours=1``.
        closed: Which ends belong to it. ``"left"``: an event at the moment of the query is not
            seen, one exactly `length` before it is.
        resolution: Round the start down to a multiple of this since 1970 in UTC. The window is
            then a little longer, and costs the same for any length. The length is a multiple of
            it, 4,096 times as long at most. Count, sum, mean, var, std, min, max and approx_... are
            answered over all its events: an event that is not kept any more is in the total of its
            tile, if its source bounds lateness or has no arrival column (**Totals** in
            docs/windows.md).
        rows: Only the last so many events of it.
        **units: What `datetime.timedelta` takes.

    Raises:
        DefinitionError: The length is not positive, no multiple of the resolution, more than
            4,096 times as long, or `closed` and `rows` do not go with a resolution.
    """
    length_us = length_of("last", "length", length, units)
    tile = None if resolution is None else microseconds("last", "resolution", resolution)
    return Last(length_us, closed, tile, rows)


def rows(n: int, *, closed: str = "left") -> Rows:
    """The last `n` events; with ``closed="right"`` or ``"both"`` one at the query's moment too."""
    return Rows(n, seen_now("rows", closed))


def lifetime(*, closed: str = "left") -> Lifetime:
    """All events; with ``closed="right"`` or ``"both"`` one at the query's moment too.

    Count, sum, mean, var, std, min, max and approx_... are answered over all events: one that is
    not kept any more is in a total, if its source bounds lateness or has no arrival column
    (**Totals** in docs/windows.md). Other aggregates are null with ``beyond_kept`` from the first
    event on that is not kept.
    """
    return Lifetime(seen_now("lifetime", closed))


def session(gap: dt.timedelta | None = None, *, closed: str = "left", **units: float) -> Session:
    """The session that is going on: ``session(minutes=30)``; empty after a longer pause.

    Args:
        gap: The longest pause in a session; or say it in the words of `datetime.timedelta`.
        closed: With ``"right"`` or ``"both"`` an event at the query's moment is seen too.
        **units: What `datetime.timedelta` takes.

    Raises:
        DefinitionError: The gap is not positive.
    """
    return Session(length_of("session", "gap", gap, units), seen_now("session", closed))


def calendar(unit: str, zone: str, *, closed: str = "left") -> Calendar:
    """Events since the local day, week (from Monday), month or year of the query began.

    Args:
        unit: ``"day"``, ``"week"``, ``"month"`` or ``"year"``.
        zone: IANA zone of the clocks.
        closed: ``"left"``, or ``"both"``: an event at the moment of the query is seen too.
    """
    check_closed("calendar", closed, ("left", "both"))
    return Calendar(unit, zone, closed == "both")


def _start(unit: str, zone: str) -> Node:
    """Of a midnight that clocks show twice the first; where they skip it, the jump."""
    local = call("dt.convert_time_zone", (input_node(AS_OF, dtypes.DATETIME, False), zone), {})
    wall = call("dt.replace_time_zone", (local, "UTC"), {"ambiguous": "earliest"})
    begin = call("dt.truncate", (wall, UNITS[unit]), {})
    rules = {"ambiguous": "earliest", "non_existent": "shift_forward"}
    return call("dt.replace_time_zone", (begin, zone), rules)


__all__ = [
    "AS_OF",
    "CLOSED",
    "MOST_TILES",
    "START",
    "UNITS",
    "Calendar",
    "Last",
    "Lifetime",
    "Rows",
    "Session",
    "Window",
    "calendar",
    "last",
    "lifetime",
    "rows",
    "session",
]

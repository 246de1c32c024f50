"""Windows: which events of an entity a query at a moment looks at. Edges: docs/windows.md."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from featurelib import dtypes
from featurelib.errors import DefinitionError
from featurelib.node import Node, call, input_node
from featurelib.program import Program

CLOSED = ("left", "right", "both", "none")
UNITS = {"day": "1d", "week": "1w", "month": "1mo", "year": "1y"}
LONGEST = dt.timedelta(days=3_652_059)
"""Years 1 to 9999: no two times are further apart."""
_MICROSECOND = dt.timedelta(microseconds=1)
AS_OF, START = "as_of", "start"
"""Input and output of the program that finds the start of a calendar window."""


@dataclass(frozen=True)
class Last:
    """Events of the last stretch of time, or the last few of these.

    Attributes:
        length_us: Its length in microseconds.
        closed: Which ends belong to it: ``left``, ``right``, ``both`` or ``none``.
        resolution_us: Width of the tiles that its start is rounded down to, or None.
        rows: How many events at most, the last in order, or None.
    """

    length_us: int
    closed: str = "left"
    resolution_us: int | None = None
    rows: int | None = None

    def __post_init__(self) -> None:
        _check_duration("last", "length", self.length_us)
        _check_closed("last", self.closed, CLOSED)
        if self.rows is not None:
            _check_rows("last", self.rows)
        if self.resolution_us is None:
            return
        _check_duration("last", "resolution", self.resolution_us)
        if self.length_us % self.resolution_us:
            raise DefinitionError(
                f"last: expected a length that is a multiple of the resolution, got "
                f"{_shown(self.length_us)} and {_shown(self.resolution_us)}"
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

    def __str__(self) -> str:
        tiles = f", in tiles of {_shown(self.resolution_us)}" if self.resolution_us else ""
        rows = f", {self.rows} rows" if self.rows else ""
        return f"last {_shown(self.length_us)}{rows}{tiles}, closed {self.closed}"


@dataclass(frozen=True)
class Rows:
    """The last n events.

    Attributes:
        n: How many.
        sees_now: Whether an event at the moment of the query is seen.
    """

    n: int
    sees_now: bool = False

    def __post_init__(self) -> None:
        _check_rows("rows", self.n)

    def __str__(self) -> str:
        return f"last {self.n} rows{_now(self.sees_now)}"


@dataclass(frozen=True)
class Lifetime:
    """All events.

    Attributes:
        sees_now: Whether an event at the moment of the query is seen.
    """

    sees_now: bool = False

    def __str__(self) -> str:
        return f"lifetime{_now(self.sees_now)}"


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
        return f"since the {self.unit}'s start in {self.zone}{_now(self.sees_now)}"


Window = Last | Rows | Lifetime | Calendar


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
            then a little longer, and costs the same for any length.
        rows: Only the last so many events of it.
        **units: What `datetime.timedelta` takes.

    Raises:
        DefinitionError: The length is not positive, no multiple of the resolution, or `closed`
            and `rows` do not go with a resolution.
    """
    if (length is None) == (not units):
        raise DefinitionError(
            f"last: expected one length, got length={length!r}, {units}",
            hint="last(days=7), or last(datetime.timedelta(days=7))",
        )
    if length is None:
        try:
            length = dt.timedelta(**units)
        except (TypeError, OverflowError, ValueError) as error:
            raise DefinitionError(f"last: {units} is no length: {error}") from None
    tile = None if resolution is None else _microseconds("last", "resolution", resolution)
    return Last(_microseconds("last", "length", length), closed, tile, rows)


def rows(n: int, *, closed: str = "left") -> Rows:
    """The last `n` events; with ``closed="right"`` or ``"both"`` one at the query's moment too."""
    return Rows(n, _sees_now("rows", closed))


def lifetime(*, closed: str = "left") -> Lifetime:
    """All events; with ``closed="right"`` or ``"both"`` one at the query's moment too."""
    return Lifetime(_sees_now("lifetime", closed))


def calendar(unit: str, zone: str, *, closed: str = "left") -> Calendar:
    """Events since the local day, week (from Monday), month or year of the query began.

    Args:
        unit: ``"day"``, ``"week"``, ``"month"`` or ``"year"``.
        zone: IANA zone of the clocks.
        closed: ``"left"``, or ``"both"``: an event at the moment of the query is seen too.
    """
    _check_closed("calendar", closed, ("left", "both"))
    return Calendar(unit, zone, closed == "both")


def _start(unit: str, zone: str) -> Node:
    """Of a midnight that clocks show twice the first; where they skip it, the jump."""
    local = call("dt.convert_time_zone", (input_node(AS_OF, dtypes.DATETIME, False), zone), {})
    wall = call("dt.replace_time_zone", (local, "UTC"), {"ambiguous": "earliest"})
    begin = call("dt.truncate", (wall, UNITS[unit]), {})
    rules = {"ambiguous": "earliest", "non_existent": "shift_forward"}
    return call("dt.replace_time_zone", (begin, zone), rules)


def _microseconds(what: str, name: str, value: Any) -> int:
    if not isinstance(value, dt.timedelta):
        raise DefinitionError(f"{what}: expected a timedelta, got {name}={value!r}")
    return value // _MICROSECOND


def _check_duration(what: str, name: str, value: Any) -> None:
    if type(value) is not int or not 0 < value <= LONGEST // _MICROSECOND:
        raise DefinitionError(
            f"{what}: expected a {name} above zero and below 10,000 years, got {value!r} us"
        )


def _check_rows(what: str, n: Any) -> None:
    if type(n) is not int or n < 1:
        raise DefinitionError(f"{what}: expected a number of rows >= 1, got {n!r}")


def _check_closed(what: str, closed: Any, known: tuple[str, ...]) -> None:
    if closed not in known:
        raise DefinitionError(f"{what}: expected closed of {', '.join(known)}, got {closed!r}")


def _sees_now(what: str, closed: str) -> bool:
    _check_closed(what, closed, CLOSED)
    return closed in ("right", "both")


def _shown(microseconds: int) -> str:
    return str(microseconds * _MICROSECOND)


def _now(sees_now: bool) -> str:
    return ", now included" if sees_now else ""


__all__ = [
    "AS_OF",
    "CLOSED",
    "START",
    "UNITS",
    "Calendar",
    "Last",
    "Lifetime",
    "Rows",
    "Window",
    "calendar",
    "last",
    "lifetime",
    "rows",
]

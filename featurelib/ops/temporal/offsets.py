"""Methods that move by calendar units, count them, and ask a calendar of holidays.

A zoned Datetime is moved by months and days on the clocks of its zone, by hours and less in time
that passes. Where these clocks show the new time twice the first showing counts; for one that they
never show, the instant at which they jump over it.
"""

import datetime
import re
from collections.abc import Sequence

from featurelib.dtypes import DATE, DURATION, INT64
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.node import Node, apply, call, literal
from featurelib.op import method
from featurelib.ops.temporal.calendar import DAY, LAST_INSTANT
from featurelib.ops.temporal.dates import date_of
from featurelib.ops.temporal.months import MONTHS, add_months, month_edge, months_between
from featurelib.ops.temporal.truncate import CLOCK_UNITS, DAY_UNITS, MONTH_UNITS
from featurelib.ops.temporal.zones import EARLIEST, SHIFT_FORWARD, from_wall, local

_OFFSET = re.compile(r"(-?)((?:\d+[a-z]+)+)")


def read_offset(by: object) -> tuple[int, int, int]:
    """Months, days and microseconds of a text such as ``"-1y2mo3d4h"``; the sign is for all.

    Raises:
        DefinitionError: It is no such text, or a part is longer than 10,000 years.
    """
    found = _OFFSET.fullmatch(by) if isinstance(by, str) else None
    months = days = clock = 0
    for count, unit in re.findall(r"(\d+)([a-z]+)", found[2]) if found else ():
        if unit in MONTH_UNITS:
            months += int(count) * MONTH_UNITS[unit]
        elif unit in DAY_UNITS:
            days += int(count) * DAY_UNITS[unit]
        elif unit in CLOCK_UNITS:
            clock += int(count) * CLOCK_UNITS[unit]
        else:
            found = None
    if found is None:
        raise DefinitionError(
            f"`dt.offset_by`: expected an offset as '1mo', '-3d', '1y6mo', got by={by!r}",
            hint=f"units are {', '.join(CLOCK_UNITS | DAY_UNITS | MONTH_UNITS)}",
        )
    if months > MONTHS or days * DAY > LAST_INSTANT or clock > LAST_INSTANT:
        raise DefinitionError(f"`dt.offset_by`: expected less than 10,000 years, got by={by!r}")
    sign = -1 if found[1] else 1
    return sign * months, sign * days, sign * clock


@method("dt.offset_by")
def offset_by(x: Node, by: str) -> Node:
    """A Date or Datetime moved by a constant: first by months, then by days, then by the clock.

    Args:
        x: A Date or a Datetime. A zoned one is moved by months and days on the clocks of its zone;
            of a time that they then show twice the first counts, for one that they never show the
            instant at which they jump over it.
        by: Numbers with units, a minus in front for the other direction: ``"1mo"``, ``"-1y6mo"``,
            ``"2w3d"``. Units: us, ms, s, m, h, d, w, mo, q, y; a Date takes days and longer. A day
            that the month does not have is its last day: 31 January and ``"1mo"`` is 28 or 29
            February.

    Returns:
        The same type; null outside years 1 to 9999.
    """
    months, days, clock = read_offset(by)
    _takes_time(x, "dt.offset_by")
    if x.dtype.name == "Date" and clock:
        raise DefinitionError(f"`dt.offset_by` of a Date: expected days or longer, got by={by!r}")
    moved = x
    if months or days:
        shown = local(x)
        if months:
            shown = apply(add_months, (shown, literal(months, INT64)), {"every": 1})
        moved = _back(_passed(shown, days * DAY), x)
    return _passed(moved, clock)


@method("dt.add_months")
def add_whole_months(x: Node, n: Node | int) -> Node:
    """A Date or Datetime n months later, or earlier for n below zero.

    The number may be a column of integers. As `dt.offset_by`: a day that the month does not have is
    its last day; null outside years 1 to 9999.
    """
    return _add(x, n, 1, "dt.add_months")


@method("dt.add_years")
def add_whole_years(x: Node, n: Node | int) -> Node:
    """A Date or Datetime n years later, or earlier for n below zero: `dt.add_months` of 12 n.

    So 29 February is 28 February in a year without leap day.
    """
    return _add(x, n, 12, "dt.add_years")


@method("dt.months_since")
def months_since(x: Node, start: Node | datetime.date) -> Node:
    """Whole months from `start` to x, an Int32; towards zero, below zero where x is the earlier.

    Both are Dates, or Datetimes of one zone, whose clocks count. Months end as in `dt.add_months`:
    from 31 January to 28 February is a month where the year has no 29th.
    """
    return _since(x, start, 1, "dt.months_since")


@method("dt.years_since")
def years_since(x: Node, start: Node | datetime.date) -> Node:
    """Whole years from `start` to x, an Int32: an age, as ``today.dt.years_since(born)``.

    As `dt.months_since`: who is born on 29 February is a year older on 28 February where the year
    has no 29th.
    """
    return _since(x, start, 12, "dt.years_since")


@method("dt.month_start")
def month_start_of(x: Node) -> Node:
    """The first day of the month; a Datetime keeps its time of day, on the clocks of its zone."""
    return _edge(x, "dt.month_start", end=False)


@method("dt.month_end")
def month_end_of(x: Node) -> Node:
    """The last day of the month; a Datetime keeps its time of day, on the clocks of its zone."""
    return _edge(x, "dt.month_end", end=True)


@method("dt.is_holiday")
def is_holiday(x: Node, holidays: Sequence[datetime.date]) -> Node:
    """Whether the day is one of a calendar's, which is given as dates; a null stays null.

    The bundle holds the dates. A zoned Datetime has the day that the clocks of its zone show.
    """
    if isinstance(holidays, str) or not isinstance(holidays, (list, tuple, set, frozenset)):
        raise DefinitionError(f"`dt.is_holiday`: expected a list of dates, got {holidays!r}")
    if not holidays:
        raise DefinitionError("`dt.is_holiday`: expected at least one date, got none")
    for day in holidays:
        if isinstance(day, datetime.datetime) or not isinstance(day, datetime.date):
            raise DefinitionError(
                f"`dt.is_holiday`: expected dates, got {day!r} ({type(day).__name__})",
                hint="write datetime.date(2024, 12, 25)",
            )
    return call("is_in", (_day(x, "dt.is_holiday"), tuple(holidays)), {})


@method("dt.is_business_day")
def is_business_day(x: Node, holidays: Sequence[datetime.date] = ()) -> Node:
    """Whether the day is from Monday to Friday and not one of the holidays, which are dates."""
    open_day = apply("lt", (call("dt.weekday", (_day(x, "dt.is_business_day"),), {}), 6))
    if not holidays:
        return open_day
    return apply("and_", (open_day, apply("not_", (is_holiday(x, holidays),))))


def _takes_time(x: Node, name: str) -> None:
    if x.dtype.name not in ("Date", "Datetime"):
        raise FeatureTypeError(f"`{name}` takes Date or Datetime, got {x.dtype}")


def _day(x: Node, name: str) -> Node:
    _takes_time(x, name)
    return x if x.dtype == DATE else date_of(x)


def _passed(x: Node, microseconds: int) -> Node:
    if not microseconds:
        return x
    return apply("datetime_add", (x, literal(microseconds, DURATION)))


def _back(shown: Node, x: Node) -> Node:
    """What was moved on the clocks of x's zone, in the type of x."""
    if x.dtype.name == "Date" or x.dtype.zone is None:
        return shown
    return (
        shown if shown.dtype == x.dtype else from_wall(shown, x.dtype.zone, EARLIEST, SHIFT_FORWARD)
    )


def _add(x: Node, n: Node | int, every: int, name: str) -> Node:
    _takes_time(x, name)
    if isinstance(n, Node):
        if not n.dtype.is_integer:
            raise FeatureTypeError(f"`{name}` takes an integer number, got {n.dtype}")
        count = n.cast(INT64)
    elif isinstance(n, bool) or not isinstance(n, int) or not -MONTHS <= n <= MONTHS:
        raise DefinitionError(f"`{name}`: expected an integer within {MONTHS} of 0, got n={n!r}")
    else:
        count = literal(n, INT64)
    return _back(apply(add_months, (local(x), count), {"every": every}), x)


def _since(x: Node, start: Node | datetime.date, every: int, name: str) -> Node:
    _takes_time(x, name)
    begun = start if isinstance(start, Node) else literal(start, x.dtype)
    if begun.dtype != x.dtype:
        raise FeatureTypeError(
            f"`{name}` takes two of one type, got {x.dtype} and {begun.dtype}",
            hint="take the days of both: .dt.date(), or bring them to one zone",
        )
    return apply(months_between, (local(begun), local(x)), {"every": every})


def _edge(x: Node, name: str, end: bool) -> Node:
    _takes_time(x, name)
    if x.dtype == DATE:
        return apply(name, (x,))
    return _back(apply(month_edge, (local(x),), {"end": end}), x)

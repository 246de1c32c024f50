"""`dt.truncate`: the start of the hour, day, week, month, ... that a time is in.

Multiples count from 1970-01-01 (weeks from Monday, 1970-01-05), before it too, as in Polars. A
zoned Datetime is truncated on the clocks of its zone. Of a start that these clocks show twice the
last showing up to the time itself counts; for one that they never show, the instant at which they
jump over it.
"""

import re

from featurelib.dtypes import Date, Datetime, Int64
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.intrinsics import i64_add, i64_mod, i64_mul, i64_sub
from featurelib.node import Node, apply, table
from featurelib.op import AnyDatetime, Nulls, ZoneTable, kernel_function, method, op
from featurelib.ops.temporal.calendar import (
    DAY,
    FIRST_DAY,
    FIRST_INSTANT,
    HOUR,
    LAST_INSTANT,
    MINUTE,
    SECOND,
    civil,
    day_of,
    month_start,
)
from featurelib.ops.temporal.dates import date_within_years
from featurelib.ops.temporal.zones import EARLIEST, LATEST, SHIFT_FORWARD, instant_of
from featurelib.zones import zone_table

MONDAY = 4
"""1970-01-05, from which weeks count."""
CLOCK_UNITS = {"us": 1, "ms": 1000, "s": SECOND, "m": MINUTE, "h": HOUR}
DAY_UNITS = {"d": 1, "w": 7}
MONTH_UNITS = {"mo": 1, "q": 3, "y": 12}
LONGEST = {"clock": LAST_INSTANT, "days": LAST_INSTANT // DAY, "months": 120_000}


@kernel_function
def floor_to(x, every, origin):
    """The greatest origin + k * every that is not above x."""
    return i64_sub(x, i64_mod(i64_sub(x, origin), every))


@kernel_function
def floor_months(days, every):
    """First day of the group of `every` months; groups count from January 1970."""
    y, m, _ = civil(days)
    count = i64_add(i64_mul(12, i64_sub(y, 1970)), i64_sub(m, 1))
    return month_start(1970, i64_add(floor_to(count, every, 0), 1))


@op("truncate_units", version=1, public=False)
def truncate_units(t: AnyDatetime, *, every: Int64, origin: Int64) -> AnyDatetime:
    """The greatest origin + k * every, in microseconds, that is not later."""
    return floor_to(t, every, origin)


@truncate_units.body
def truncate_units_of_date(d: Date, *, every: Int64, origin: Int64) -> Date:
    return floor_to(d, every, origin)


@op("truncate_months", version=1, public=False)
def truncate_months(t: AnyDatetime, *, every: Int64) -> AnyDatetime:
    """Midnight of the first day of the group of `every` months."""
    return i64_mul(floor_months(day_of(t), every), DAY)


@truncate_months.body
def truncate_months_of_date(d: Date, *, every: Int64) -> Date:
    return floor_months(d, every)


@op("datetime_within_years", version=1, nulls=Nulls.MAYBE, public=False)
def datetime_within_years(t: AnyDatetime) -> AnyDatetime:
    """The same instant; null outside years 1 to 9999."""
    return t, t >= FIRST_INSTANT and t <= LAST_INSTANT


@op(
    "from_local_start",
    version=1,
    nulls=Nulls.MAYBE,
    public=False,
    result=lambda types, params: types[1],
)
def from_local_start(start: Datetime, t: AnyDatetime, zone: ZoneTable) -> Datetime:
    """The last instant up to `t` at which clocks show `start`, or at which they jump over it."""
    last, valid = instant_of(start, zone.buf, LATEST, SHIFT_FORWARD)
    if valid and last <= t:
        return last, True
    return instant_of(start, zone.buf, EARLIEST, SHIFT_FORWARD)


def read_every(every: str) -> tuple[str, int]:
    """What `every` means: ``clock`` and microseconds; ``days``, ``weeks``, ``months`` and a count.

    Raises:
        DefinitionError: It is no such text, is zero, or mixes units that have no common length.
    """
    parts = re.findall(r"(\d+)([a-z]+)", every) if isinstance(every, str) else []
    known = CLOCK_UNITS | DAY_UNITS | MONTH_UNITS
    if (
        not parts
        or "".join(n + u for n, u in parts) != every
        or any(u not in known for _, u in parts)
    ):
        raise DefinitionError(
            f"`dt.truncate`: expected every as '15m', '1h', '1d', got every={every!r}",
            hint=f"units are {', '.join(known)}",
        )
    if all(u in CLOCK_UNITS for _, u in parts):
        kind, size = "clock", sum(int(n) * CLOCK_UNITS[u] for n, u in parts)
    elif len(parts) > 1:
        raise DefinitionError(
            f"`dt.truncate`: only {', '.join(CLOCK_UNITS)} can be combined, got every={every!r}"
        )
    elif parts[0][1] in DAY_UNITS:
        kind, size = "days", int(parts[0][0]) * DAY_UNITS[parts[0][1]]
        kind = "weeks" if parts[0][1] == "w" else kind
    else:
        kind, size = "months", int(parts[0][0]) * MONTH_UNITS[parts[0][1]]
    longest = LONGEST.get(kind, LONGEST["days"])
    if not 0 < size <= longest:
        raise DefinitionError(
            f"`dt.truncate`: expected every above zero and below 10,000 years, got every={every!r}"
        )
    return kind, size


@method("dt.truncate")
def truncate(x: Node, every: str) -> Node:
    """The start of the stretch of time that a Date or Datetime is in.

    Args:
        x: A Date or Datetime; a zoned one is truncated on the clocks of its zone.
        every: A number and a unit: us, ms, s, m, h, d, w (from Monday), mo, q, y. Units of the
            clock can be combined: ``"1h30m"``.

    Returns:
        The same type; null where the start is outside years 1 to 9999.
    """
    kind, size = read_every(every)
    if x.dtype.name == "Date":
        if kind == "clock":
            raise DefinitionError(
                f"`dt.truncate` of a Date: expected days or longer, got every={every!r}"
            )
        made = _floor(x, kind, size, 1)
        before = floor_months(FIRST_DAY, size) if kind == "months" else None
        return (
            made
            if _stays(FIRST_DAY, kind, size, 1, before)
            else apply(date_within_years, (made,), {})
        )
    if x.dtype.name != "Datetime" or x.dtype.zone is None:
        raise FeatureTypeError(f"`dt.truncate` takes Date or Datetime, got {x.dtype}")
    if x.dtype.zone != "UTC":
        zone = table(zone_table(x.dtype.zone))
        shown = apply("to_local", (x, zone), {})
        return apply(from_local_start, (_floor(shown, kind, size, DAY), x, zone), {})
    made = _floor(x, kind, size, DAY)
    before = floor_months(FIRST_DAY, size) * DAY if kind == "months" else None
    stays = _stays(FIRST_INSTANT, kind, size, DAY, before)
    return made if stays else apply(datetime_within_years, (made,), {})


def _floor(x: Node, kind: str, size: int, day: int) -> Node:
    if kind == "months":
        return apply(truncate_months, (x,), {"every": size})
    every, origin = _units(kind, size, day)
    return apply(truncate_units, (x,), {"every": every, "origin": origin})


def _units(kind: str, size: int, day: int) -> tuple[int, int]:
    if kind == "clock":
        return size, 0
    return size * day, MONDAY * day if kind == "weeks" else 0


def _stays(first: int, kind: str, size: int, day: int, before: int | None) -> bool:
    """Whether no start is before year 1: flooring keeps order, so the first value decides."""
    if before is not None:
        return before >= first
    every, origin = _units(kind, size, day)
    return floor_to(first, every, origin) >= first

"""Dates out of datetimes, the ends of months, and whole units since the epoch."""

from featurelib.dtypes import Date, Datetime, Int64
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.intrinsics import i64_add, i64_floordiv, i64_mul, i64_sub
from featurelib.node import Node, apply, call
from featurelib.op import AnyDatetime, Nulls, method, op
from featurelib.ops.temporal.calendar import (
    DAY,
    FIRST_DAY,
    LAST_DAY,
    SECOND,
    civil,
    day_of,
    month_start,
)
from featurelib.ops.temporal.zones import local, zone_of

UNITS = {"us": 1, "ms": 1000, "s": SECOND, "d": DAY}


@op("dt.date", version=1)
def date(t: Datetime) -> Date:
    """The day."""
    return day_of(t)


@op("date_within_years", version=1, nulls=Nulls.MAYBE, public=False)
def date_within_years(d: Date) -> Date:
    """The same date; null outside years 1 to 9999."""
    return d, d >= FIRST_DAY and d <= LAST_DAY


@op("dt.month_start", version=1)
def month_start_date(d: Date) -> Date:
    """First day of the month."""
    y, m, _ = civil(d)
    return month_start(y, m)


@op("dt.month_end", version=1)
def month_end_date(d: Date) -> Date:
    """Last day of the month."""
    y, m, _ = civil(d)
    return i64_sub(month_start(y, i64_add(m, 1)), 1)


@op("epoch_of", version=1, public=False)
def epoch_of(t: AnyDatetime, *, every: Int64) -> Int64:
    """Whole units of `every` microseconds since the epoch, rounded towards the past."""
    return i64_floordiv(t, every)


@epoch_of.body
def epoch_of_date(d: Date, *, every: Int64) -> Int64:
    return i64_floordiv(i64_mul(d, DAY), every)


@method("dt.date")
def date_of(x: Node) -> Node:
    """The day, on the clocks of the column's zone; null if that is outside years 1 to 9999."""
    if zone_of(x, "dt.date") == "UTC":
        return apply("dt.date", (x,), {})
    return apply("date_within_years", (apply("dt.date", (local(x),), {}),), {})


@method("dt.is_weekend")
def is_weekend(x: Node) -> Node:
    """Whether the day is a Saturday or a Sunday, on the clocks of the column's zone."""
    weekday: Node = call("dt.weekday", (x,), {})
    return apply("ge", (weekday, 6), {})


@method("dt.epoch")
def epoch(x: Node, time_unit: str = "us") -> Node:
    """Whole units since 1970-01-01 UTC, rounded towards the past: us, ms, s or d.

    The instant counts, whatever the zone.
    """
    if time_unit not in UNITS:
        raise DefinitionError(
            f"`dt.epoch`: expected a time_unit of {', '.join(UNITS)}, got time_unit={time_unit!r}"
        )
    if x.dtype.name not in ("Date", "Datetime"):
        raise FeatureTypeError(f"`dt.epoch` takes Date or Datetime, got {x.dtype}")
    return apply("epoch_of", (x,), {"every": UNITS[time_unit]})

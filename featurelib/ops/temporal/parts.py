"""Parts of dates and times: `dt.year` to `dt.microsecond`. Types are Polars'.

Ops take a Date or a Datetime in UTC. The methods of the same names show a zoned Datetime in its own
zone first, so that `dt.hour` is what the clocks there show. A local time within a day of the ends
of years 1 and 9999 may be in year 0 or 10000, and its parts say so.
"""

from featurelib.dtypes import Bool, Date, Datetime, Int8, Int16, Int32
from featurelib.intrinsics import i64_add, i64_floordiv, i64_mod
from featurelib.node import Node, apply
from featurelib.op import method, op
from featurelib.ops.temporal.calendar import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    civil,
    day_of,
    is_leap,
    iso_week,
    month_length,
    weekday_number,
    year_and_ordinal,
)
from featurelib.ops.temporal.zones import local


@op("dt.year", version=1)
def year(d: Date) -> Int32:
    """Calendar year."""
    return civil(d)[0]


@year.body
def year_of_datetime(t: Datetime) -> Int32:
    return civil(day_of(t))[0]


@op("dt.quarter", version=1)
def quarter(d: Date) -> Int8:
    """Quarter of the year, 1 to 4."""
    return i64_floordiv(i64_add(civil(d)[1], 2), 3)


@quarter.body
def quarter_of_datetime(t: Datetime) -> Int8:
    return i64_floordiv(i64_add(civil(day_of(t))[1], 2), 3)


@op("dt.month", version=1)
def month(d: Date) -> Int8:
    """Month of the year, 1 to 12."""
    return civil(d)[1]


@month.body
def month_of_datetime(t: Datetime) -> Int8:
    return civil(day_of(t))[1]


@op("dt.day", version=1)
def day(d: Date) -> Int8:
    """Day of the month, 1 to 31."""
    return civil(d)[2]


@day.body
def day_of_datetime(t: Datetime) -> Int8:
    return civil(day_of(t))[2]


@op("dt.ordinal_day", version=1)
def ordinal_day(d: Date) -> Int16:
    """Day of the year, 1 to 366."""
    return year_and_ordinal(d)[1]


@ordinal_day.body
def ordinal_day_of_datetime(t: Datetime) -> Int16:
    return year_and_ordinal(day_of(t))[1]


@op("dt.weekday", version=1)
def weekday(d: Date) -> Int8:
    """Day of the week as in ISO 8601: Monday is 1, Sunday is 7."""
    return weekday_number(d)


@weekday.body
def weekday_of_datetime(t: Datetime) -> Int8:
    return weekday_number(day_of(t))


@op("dt.week", version=1)
def week(d: Date) -> Int8:
    """ISO 8601 week, 1 to 53; the year that counts it is `dt.iso_year`."""
    return iso_week(d)[1]


@week.body
def week_of_datetime(t: Datetime) -> Int8:
    return iso_week(day_of(t))[1]


@op("dt.iso_year", version=1)
def iso_year(d: Date) -> Int32:
    """The year that the ISO 8601 week belongs to."""
    return iso_week(d)[0]


@iso_year.body
def iso_year_of_datetime(t: Datetime) -> Int32:
    return iso_week(day_of(t))[0]


@op("dt.is_leap_year", version=1)
def is_leap_year(d: Date) -> Bool:
    """Whether the year has 366 days."""
    return is_leap(civil(d)[0])


@is_leap_year.body
def is_leap_year_of_datetime(t: Datetime) -> Bool:
    return is_leap(civil(day_of(t))[0])


@op("dt.days_in_month", version=1)
def days_in_month(d: Date) -> Int8:
    """Number of days of the month, 28 to 31."""
    y, m, _ = civil(d)
    return month_length(y, m)


@days_in_month.body
def days_in_month_of_datetime(t: Datetime) -> Int8:
    y, m, _ = civil(day_of(t))
    return month_length(y, m)


@op("dt.hour", version=1)
def hour(t: Datetime) -> Int8:
    """Hour of the day, 0 to 23."""
    return i64_floordiv(i64_mod(t, DAY), HOUR)


@op("dt.minute", version=1)
def minute(t: Datetime) -> Int8:
    """Minute of the hour, 0 to 59."""
    return i64_floordiv(i64_mod(t, HOUR), MINUTE)


@op("dt.second", version=1)
def second(t: Datetime) -> Int8:
    """Second of the minute, 0 to 59."""
    return i64_floordiv(i64_mod(t, MINUTE), SECOND)


@op("dt.millisecond", version=1)
def millisecond(t: Datetime) -> Int32:
    """Millisecond of the second, 0 to 999."""
    return i64_floordiv(i64_mod(t, SECOND), 1000)


@op("dt.microsecond", version=1)
def microsecond(t: Datetime) -> Int32:
    """Microsecond of the second, 0 to 999,999; milliseconds are in it."""
    return i64_mod(t, SECOND)


PARTS = (
    *(year, quarter, month, day, ordinal_day, weekday, week, iso_year, is_leap_year),
    *(days_in_month, hour, minute, second, millisecond, microsecond),
)
"""Ops that a zoned column reads in local time."""


def _local_method(part):
    def shown(x: Node) -> Node:
        return apply(part.name, (local(x),), {})

    shown.__doc__ = part.doc
    return method(part.name)(shown)


for _part in PARTS:
    _local_method(_part)

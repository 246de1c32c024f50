"""Parts of dates and times: `dt.year` to `dt.microsecond`. Types are Polars'.

Ops take a Date or a Datetime in UTC. The methods of the same names show a zoned Datetime in its own
zone first, so that `dt.hour` is what the clocks there show. A local time within a day of the ends
of years 1 and 9999 may be in year 0 or 10000, and its parts say so.
"""

from featurelib.dtypes import Bool, Date, Datetime, Int8, Int16, Int32, Int64
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.intrinsics import i64_add, i64_floordiv, i64_mod, i64_mul, i64_sub
from featurelib.node import Node, apply
from featurelib.op import AnyDatetime, Nulls, kernel_function, method, op
from featurelib.ops.temporal.calendar import (
    DAY,
    FIRST_DAY,
    HOUR,
    LAST_DAY,
    MINUTE,
    SECOND,
    civil,
    is_leap,
    iso_week,
    month_length,
    month_start,
    weekday_number,
    year_and_ordinal,
)
from featurelib.ops.temporal.zones import local, zone_of


@kernel_function
def day_of(t):
    """Days since the epoch of an instant in UTC."""
    return i64_floordiv(t, DAY)


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


@op("dt.date", version=1)
def date(t: Datetime) -> Date:
    """The day."""
    return day_of(t)


@op("date_within_years", version=1, nulls=Nulls.MAYBE, public=False)
def date_within_years(d: Date) -> Date:
    """The same date; null outside years 1 to 9999."""
    return d, d >= FIRST_DAY and d <= LAST_DAY


@op("date_to_datetime", version=1, public=False)
def date_to_datetime(d: Date) -> Datetime:
    """Midnight of the day in UTC."""
    return i64_mul(d, DAY)


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


PARTS = (
    *(year, quarter, month, day, ordinal_day, weekday, week, iso_year, is_leap_year),
    *(days_in_month, hour, minute, second, millisecond, microsecond),
)
"""Ops that a zoned column reads in local time."""
UNITS = {"us": 1, "ms": 1000, "s": SECOND, "d": DAY}


def _local_method(name):
    @method(name)
    def shown(x: Node) -> Node:
        return apply(name, (local(x),), {})

    return shown


for _part in PARTS:
    _local_method(_part.name)


@method("dt.date")
def date_of(x: Node) -> Node:
    """The day, on the clocks of the column's zone; null if that is outside years 1 to 9999."""
    if zone_of(x, "dt.date") == "UTC":
        return apply("dt.date", (x,), {})
    return apply("date_within_years", (apply("dt.date", (local(x),), {}),), {})


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

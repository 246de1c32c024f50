"""Months: added with clamping, counted between two times, and where they begin and end.

A month later is the same day of the month, or the last one where the month is shorter: 31 January
and a month is 28 or 29 February. A Datetime keeps its time of day.
"""

from featurelib.dtypes import Bool, Date, Datetime, Int32, Int64
from featurelib.intrinsics import i64_add, i64_mod, i64_mul, i64_sub
from featurelib.op import AnyDatetime, Nulls, kernel_function, op
from featurelib.ops.temporal.calendar import (
    DAY,
    FIRST_DAY,
    LAST_DAY,
    civil,
    day_of,
    month_length,
    month_start,
)
from featurelib.ops.temporal.durations import whole

MONTHS = 120_000
"""More months lead from no year in 1 to 9999 to another."""


@kernel_function
def months_later(days, n, every):
    """The day n times `every` months later, and whether that is in years 1 to 9999."""
    if n < -MONTHS or n > MONTHS:
        return 0, False
    year, month, day = civil(days)
    month = i64_add(month, i64_mul(n, every))
    first = month_start(year, month)
    length = i64_sub(month_start(year, i64_add(month, 1)), first)
    if day > length:
        day = length
    result = i64_sub(i64_add(first, day), 1)
    return result, result >= FIRST_DAY and result <= LAST_DAY


@op("add_months", version=1, nulls=Nulls.MAYBE, public=False)
def add_months(t: AnyDatetime, n: Int64, *, every: Int64) -> AnyDatetime:
    """n times `every` months later, 1 to 12, clamped to the end of the month.

    Null where that is outside years 1 to 9999.
    """
    days, valid = months_later(day_of(t), n, every)
    return i64_add(i64_mul(days, DAY), i64_mod(t, DAY)), valid


@add_months.body
def add_months_to_date(d: Date, n: Int64, *, every: Int64) -> Date:
    return months_later(d, n, every)


@kernel_function
def months_between_days(start, end, start_time, end_time):
    """Whole months from a day and a time of that day to another, towards zero."""
    year, month, day = civil(start)
    end_year, end_month, end_day = civil(end)
    months = i64_add(i64_mul(i64_sub(end_year, year), 12), i64_sub(end_month, month))
    length = month_length(end_year, end_month)
    if day > length:
        day = length
    # Where the start lands in the last month: the time of day tells where the days are one.
    if months > 0 and (day > end_day or (day == end_day and start_time > end_time)):
        return i64_sub(months, 1)
    if months < 0 and (day < end_day or (day == end_day and start_time < end_time)):
        return i64_add(months, 1)
    return months


@op("months_between", version=1, public=False)
def months_between(start: Datetime, end: Datetime, *, every: Int64) -> Int32:
    """How often `every` months fit between two times, towards zero; clamped as `add_months` does.

    Below zero where the end is the earlier one.
    """
    months = months_between_days(day_of(start), day_of(end), i64_mod(start, DAY), i64_mod(end, DAY))
    return whole(months, every)


@months_between.body
def months_between_dates(start: Date, end: Date, *, every: Int64) -> Int32:
    return whole(months_between_days(start, end, 0, 0), every)


@op("month_edge", version=1, public=False)
def month_edge(t: Datetime, *, end: Bool) -> Datetime:
    """The same time on the first day of the month, or on its last one."""
    year, month, _ = civil(day_of(t))
    days = month_start(year, month)
    if end:
        days = i64_sub(month_start(year, i64_add(month, 1)), 1)
    return i64_add(i64_mul(days, DAY), i64_mod(t, DAY))

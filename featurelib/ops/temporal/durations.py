"""Durations in whole units, towards zero as in Polars: `dt.total_days` and smaller."""

from featurelib.dtypes import Duration, Int64
from featurelib.intrinsics import i64_add, i64_floordiv, i64_mul
from featurelib.op import kernel_function, op
from featurelib.ops.temporal.calendar import DAY, HOUR, MINUTE, SECOND


@kernel_function
def whole(d, unit):
    """d / unit rounded towards zero."""
    quotient = i64_floordiv(d, unit)
    if d < 0 and i64_mul(quotient, unit) != d:
        return i64_add(quotient, 1)
    return quotient


@op("dt.total_days", version=1)
def total_days(d: Duration) -> Int64:
    """Whole days of 24 hours, towards zero."""
    return whole(d, DAY)


@op("dt.total_hours", version=1)
def total_hours(d: Duration) -> Int64:
    """Whole hours, towards zero."""
    return whole(d, HOUR)


@op("dt.total_minutes", version=1)
def total_minutes(d: Duration) -> Int64:
    """Whole minutes, towards zero."""
    return whole(d, MINUTE)


@op("dt.total_seconds", version=1)
def total_seconds(d: Duration) -> Int64:
    """Whole seconds, towards zero."""
    return whole(d, SECOND)


@op("dt.total_milliseconds", version=1)
def total_milliseconds(d: Duration) -> Int64:
    """Whole milliseconds, towards zero."""
    return whole(d, 1000)


@op("dt.total_microseconds", version=1)
def total_microseconds(d: Duration) -> Int64:
    """Microseconds."""
    return d

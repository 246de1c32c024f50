"""Features of flights from the time: parts of instants, local time across the changes of clocks."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import featurelib as fl

NEW_YORK = "America/New_York"
FIRST_HOUR = datetime(2013, 1, 1, tzinfo=UTC)
TURN = 2.0 * math.pi


@fl.feature(version=1, owner="schedules", tags=["time"])
def local_hour(time_hour: fl.Expr) -> fl.Expr:
    """Hour of the scheduled departure on New York's clocks."""
    return time_hour.dt.convert_time_zone(NEW_YORK).dt.hour()


@fl.feature(version=2, owner="schedules", tags=["time"])
def leaves_at_rush_hour(local_hour: fl.Expr) -> fl.Expr:
    """Whether it should leave in New York's rush hours."""
    return local_hour.is_between(7, 9) | local_hour.is_between(16, 19)


@fl.feature(version=1, owner="schedules", tags=["time"])
def hour_sin(local_hour: fl.Expr) -> fl.Expr:
    """The hour on a circle: height."""
    return (local_hour.cast(fl.Float64) * (TURN / 24.0)).sin().cast(fl.Float32)


@fl.feature(version=1, owner="schedules", tags=["time"])
def hour_cos(local_hour: fl.Expr) -> fl.Expr:
    """The hour on a circle: width."""
    return (local_hour.cast(fl.Float64) * (TURN / 24.0)).cos().cast(fl.Float32)


@fl.feature(version=1, owner="schedules", tags=["time"])
def local_weekday(time_hour: fl.Expr) -> fl.Expr:
    """Day of the week in New York, Monday 1 to Sunday 7."""
    return time_hour.dt.convert_time_zone(NEW_YORK).dt.weekday()


@fl.feature(version=1, owner="schedules", tags=["time"])
def is_weekend(local_weekday: fl.Expr) -> fl.Expr:
    """Saturday or Sunday."""
    return local_weekday.is_in([6, 7])


@fl.feature(version=1, tags=["time"])
def utc_day_of_year(time_hour: fl.Expr) -> fl.Expr:
    """Day of the year in UTC, from 1."""
    return time_hour.dt.ordinal_day()


@fl.feature(version=1, tags=["time"])
def quarter(time_hour: fl.Expr) -> fl.Expr:
    """Quarter of the year in New York."""
    return time_hour.dt.convert_time_zone(NEW_YORK).dt.quarter()


@fl.feature(version=1, tags=["time"])
def hours_since_midnight(time_hour: fl.Expr) -> fl.Expr:
    """Hours gone since New York's midnight: not the hour, on the days when clocks change."""
    local = time_hour.dt.convert_time_zone(NEW_YORK)
    return (local - local.dt.truncate("1d")).dt.total_hours()


@fl.feature(version=1, tags=["time"])
def local_week(time_hour: fl.Expr) -> fl.Expr:
    """Monday of the week, by New York's calendar."""
    return time_hour.dt.convert_time_zone(NEW_YORK).dt.truncate("1w").dt.date()


@fl.feature(version=1, tags=["time"])
def quarter_day(time_hour: fl.Expr) -> fl.Expr:
    """Start of the six UTC hours that it is in."""
    return time_hour.dt.truncate("6h")


@fl.feature(version=1, tags=["time"])
def days_into_2013(time_hour: fl.Expr) -> fl.Expr:
    """Whole days since the year began in UTC."""
    return (time_hour - FIRST_HOUR).dt.total_days()


@fl.feature(version=1, tags=["time"])
def month_days_left(time_hour: fl.Expr) -> fl.Expr:
    """Days left of the month in New York."""
    local = time_hour.dt.convert_time_zone(NEW_YORK)
    return local.dt.days_in_month() - local.dt.day()


@fl.feature(version=1, tags=["time"])
def block_minutes(sched_dep_time: fl.Expr, sched_arr_time: fl.Expr) -> fl.Expr:
    """Minutes from gate to gate by the clocks on the walls (HHMM), over midnight too."""
    leaves = sched_dep_time // 100 * 60 + sched_dep_time % 100
    arrives = sched_arr_time // 100 * 60 + sched_arr_time % 100
    return (arrives - leaves) % 1440


@fl.feature(version=1, tags=["time"])
def is_on_the_hour(minute: fl.Expr) -> fl.Expr:
    """Whether it should leave at a full hour."""
    return minute == 0


TIME_FEATURES = (
    *(local_hour, leaves_at_rush_hour, hour_sin, hour_cos, local_weekday, is_weekend),
    *(utc_day_of_year, quarter, hours_since_midnight, local_week, quarter_day),
    *(days_into_2013, month_days_left, block_minutes, is_on_the_hour),
)

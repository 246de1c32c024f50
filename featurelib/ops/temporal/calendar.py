"""The proleptic Gregorian calendar as kernel functions over days since the epoch.

Years are counted from the first of March of year 0, so that a leap day is the last of its year; all
divisions floor, so an instant before the epoch needs no case of its own. From year 0 to 9999 and
well beyond the results are right; on garbage they mean nothing, and nothing fails.
"""

from featurelib.intrinsics import (
    i64_add,
    i64_floordiv,
    i64_from_u64,
    i64_mod,
    i64_mul,
    i64_sub,
    u64_add,
    u64_div,
    u64_from_i64,
    u64_mul,
    u64_or,
    u64_shr,
    u64_sub,
)
from featurelib.op import kernel_function

DAY = 86_400_000_000
HOUR = 3_600_000_000
MINUTE = 60_000_000
SECOND = 1_000_000

MARCH_ZERO = 719_468
"""Days from 0000-03-01 to the epoch."""
CENTURIES = 146_097
"""Days in 400 years, which is quarters of a day in a century."""
YEARS = 1_461
"""Days in 4 years, which is quarters of a day in a year."""
ERAS = 1
"""400 years more than all: local time may be in year 0."""

FIRST_DAY = -719_162
LAST_DAY = 2_932_896
"""0001-01-01 and 9999-12-31."""
FIRST_INSTANT = FIRST_DAY * DAY
LAST_INSTANT = LAST_DAY * DAY + DAY - 1


@kernel_function
def day_of(t):
    """Days since the epoch of an instant in UTC."""
    return i64_floordiv(t, DAY)


@kernel_function
def march_date(days):
    """Year and day of the year (from 0) of a calendar that starts on 0000-03-01.

    Unsigned division by a constant is a multiplication, so the years are counted from ERAS times
    400 years before.
    """
    day = u64_from_i64(i64_add(days, MARCH_ZERO + ERAS * CENTURIES))
    quarters = u64_add(u64_mul(day, 4), 3)
    century = u64_div(quarters, CENTURIES)
    rest = u64_or(u64_sub(quarters, u64_mul(century, CENTURIES)), 3)
    year = u64_div(rest, YEARS)
    day_of_year = u64_shr(u64_sub(rest, u64_mul(year, YEARS)), 2)
    march_year = i64_from_u64(u64_add(u64_mul(century, 100), year))
    return i64_sub(march_year, 400 * ERAS), i64_from_u64(day_of_year)


@kernel_function
def civil(days):
    """Year, month (1 to 12) and day of the month."""
    march_year, day_of_year = march_date(days)
    # Five months from March have 153 days, and the lengths repeat.
    scaled = u64_add(u64_mul(u64_from_i64(day_of_year), 5), 2)
    march_month = u64_div(scaled, 153)
    day = i64_from_u64(u64_div(u64_sub(scaled, u64_mul(march_month, 153)), 5))
    month = i64_from_u64(march_month)
    if month < 10:
        return march_year, i64_add(month, 3), i64_add(day, 1)
    return i64_add(march_year, 1), i64_sub(month, 9), i64_add(day, 1)


@kernel_function
def is_leap(year):
    """Whether a year has 366 days."""
    if i64_mod(year, 100) == 0:
        return i64_mod(year, 400) == 0
    return i64_mod(year, 4) == 0


@kernel_function
def year_and_ordinal(days):
    """Year, and day of that year from 1."""
    march_year, day = march_date(days)
    if day >= 306:  # January and February
        return i64_add(march_year, 1), i64_sub(day, 305)
    if is_leap(march_year):
        return march_year, i64_add(day, 61)
    return march_year, i64_add(day, 60)


@kernel_function
def month_start(year, month):
    """Days to the first of a month; `month` counts from 1 and may run over into other years."""
    march = i64_sub(month, 3)
    y = i64_add(year, i64_floordiv(march, 12))
    before = i64_floordiv(i64_add(i64_mul(153, i64_mod(march, 12)), 2), 5)
    leaps = i64_add(i64_sub(i64_floordiv(y, 4), i64_floordiv(y, 100)), i64_floordiv(y, 400))
    return i64_sub(i64_add(i64_add(i64_mul(365, y), leaps), before), MARCH_ZERO)


@kernel_function
def month_length(year, month):
    """Number of days of a month."""
    if month == 2:
        return 29 if is_leap(year) else 28
    if month == 4 or month == 6 or month == 9 or month == 11:
        return 30
    return 31


@kernel_function
def weekday_number(days):
    """Monday is 1, Sunday is 7, as ISO 8601 has it."""
    return i64_add(i64_mod(i64_add(days, 3), 7), 1)


@kernel_function
def iso_week(days):
    """ISO year and week: a week belongs to the year that its Thursday is in."""
    thursday = i64_sub(i64_add(days, 4), weekday_number(days))
    year, ordinal = year_and_ordinal(thursday)
    return year, i64_add(i64_floordiv(i64_sub(ordinal, 1), 7), 1)

"""Months and holidays beside Polars and Python, on the clocks of zones; what is refused."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib import dtypes
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.evaluate import Evaluator
from featurelib.node import Node, input_node
from featurelib.program import Program
from featurelib.state import FittedState
from parity_tests.soak import examples

DAY = 86_400_000_000
EPOCH = dt.datetime(1970, 1, 1)
DATE, TIME, START, COUNT = (
    input_node(n, t, False)
    for n, t in (
        ("x", dtypes.DATE),
        ("x", dtypes.DATETIME),
        ("start", dtypes.DATE),
        ("n", dtypes.INT64),
    )
)
NEW_YORK = input_node("x", dtypes.datetime_type("America/New_York"), False)
# Polars gives no null beyond year 9999, and a leap day is near enough everywhere in between.
MOMENTS = st.datetimes(dt.datetime(1600, 1, 1), dt.datetime(2400, 1, 1))
DATES = st.dates(dt.date(1600, 1, 1), dt.date(2400, 1, 1))
OFFSETS = st.sampled_from(["1mo", "-1mo", "1y", "-7mo3d", "1q2w", "11mo1h30m", "-1d", "36h", "0mo"])


def value(node: Node, **row):
    """What the reference evaluator gives for a node on a row."""
    return Evaluator(Program({"made": node}), FittedState({})).row(row)["made"]


def micros(t: dt.datetime) -> int:
    return (t - EPOCH) // dt.timedelta(microseconds=1)


def days(d: dt.date) -> int:
    return (d - EPOCH.date()).days


@examples(60, soak=3000)
@given(MOMENTS, OFFSETS)
def test_an_offset_is_that_of_polars(t: dt.datetime, by: str) -> None:
    """Months first, clamped, then days, then the clock; both ways."""
    column = pl.Series([t], dtype=pl.Datetime("us"))
    expected = column.dt.offset_by(by).to_physical()[0]
    assert value(TIME.dt.offset_by(by), x=micros(t)) == expected
    if "h" not in by:
        expected = column.dt.date().dt.offset_by(by).to_physical()[0]
        assert value(DATE.dt.offset_by(by), x=days(t.date())) == expected


@examples(60, soak=3000)
@given(MOMENTS)
def test_the_ends_of_a_month_are_those_of_polars(t: dt.datetime) -> None:
    """The first and the last day at the same time of day, on the clocks of the zone too."""
    noon = t.replace(hour=12)  # no clock of New York jumps at noon
    column = pl.Series([noon], dtype=pl.Datetime("us")).dt
    assert value(TIME.dt.month_start(), x=micros(noon)) == column.month_start().to_physical()[0]
    assert value(TIME.dt.month_end(), x=micros(noon)) == column.month_end().to_physical()[0]
    if t.year >= 1900:
        place, utc = ZoneInfo("America/New_York"), EPOCH.replace(tzinfo=dt.UTC)
        here, first = ((w.replace(tzinfo=place) - utc) for w in (noon, noon.replace(day=1)))
        micro = dt.timedelta(microseconds=1)
        assert value(NEW_YORK.dt.month_start(), x=here // micro) == first // micro


@examples(60, soak=3000)
@given(DATES, DATES)
def test_what_passed_can_be_added_and_no_more(start: dt.date, end: dt.date) -> None:
    """So many months lead from the start towards the end, and one more leads beyond it."""
    first, last = days(start), days(end)
    months = value(DATE.dt.months_since(START), x=last, start=first)
    step = 1 if last >= first else -1
    reached, beyond = (
        value(START.dt.add_months(COUNT), start=first, n=n) for n in (months, months + step)
    )
    assert step * reached <= step * last < step * beyond
    years = value(DATE.dt.years_since(START), x=last, start=first)
    assert years == int(months / 12)
    assert value(START.dt.add_years(COUNT), start=first, n=years) == value(
        START.dt.add_months(12 * years), start=first
    )


@examples(40, soak=2000)
@given(DATES, st.sets(DATES, min_size=1, max_size=5))
def test_a_holiday_is_a_day_of_the_calendar(day: dt.date, calendar: set[dt.date]) -> None:
    """A given date is a holiday; a business day is from Monday to Friday and is none."""
    for d in (day, *calendar):
        assert value(DATE.dt.is_holiday(calendar), x=days(d)) is (d in calendar)
        is_open = d.weekday() < 5
        assert value(DATE.dt.is_business_day(), x=days(d)) is is_open
        assert value(DATE.dt.is_business_day(calendar), x=days(d)) is (
            is_open and d not in calendar
        )


def test_a_zone_is_moved_by_its_clocks_and_by_time_that_passes() -> None:
    """A day may be 23 hours; a time that never was is the jump, of one shown twice the first."""
    before = micros(dt.datetime(2024, 3, 9, 17))  # noon in New York
    assert value(NEW_YORK.dt.offset_by("1d"), x=before) == before + DAY - 3_600_000_000
    assert value(NEW_YORK.dt.offset_by("24h"), x=before) == before + DAY
    gap = micros(dt.datetime(2024, 2, 10, 7, 30))  # 2:30, which 10 March has not
    assert value(NEW_YORK.dt.add_months(1), x=gap) == micros(dt.datetime(2024, 3, 10, 7))
    fold = micros(dt.datetime(2024, 10, 3, 5, 30))  # 1:30, which 3 November has twice
    assert value(NEW_YORK.dt.offset_by("1mo"), x=fold) == micros(dt.datetime(2024, 11, 3, 5, 30))
    eve = micros(dt.datetime(2024, 12, 26, 3))  # still Christmas in New York
    assert value(NEW_YORK.dt.is_holiday([dt.date(2024, 12, 25)]), x=eve) is True


@pytest.mark.parametrize(
    "build, error, message",
    [
        (lambda: DATE.dt.offset_by("1h"), DefinitionError, "of a Date: expected days or longer"),
        (lambda: DATE.dt.offset_by("mo"), DefinitionError, "expected an offset as .* got by='mo'"),
        (lambda: DATE.dt.offset_by("3x"), DefinitionError, "got by='3x'"),
        (lambda: TIME.dt.offset_by("10001y"), DefinitionError, "less than 10,000 years"),
        (lambda: COUNT.dt.offset_by("1mo"), FeatureTypeError, "takes Date or Datetime, got Int64"),
        (lambda: DATE.dt.add_months(True), DefinitionError, "expected an integer .* got n=True"),
        (lambda: DATE.dt.add_years(1.5), DefinitionError, "got n=1.5"),
        (lambda: DATE.dt.add_months(DATE), FeatureTypeError, "takes an integer number, got Date"),
        (lambda: TIME.dt.years_since(START), FeatureTypeError, "two of one type"),
        (lambda: DATE.dt.is_holiday([]), DefinitionError, "expected at least one date"),
        (lambda: DATE.dt.is_holiday("2024-12-25"), DefinitionError, "a list of dates"),
        (lambda: DATE.dt.is_holiday([EPOCH]), DefinitionError, "expected dates, got datetime"),
    ],
)
def test_what_cannot_be_meant_is_refused(build, error, message) -> None:
    """Offsets, counts and calendars that mean nothing are errors at definition."""
    with pytest.raises(error, match=message):
        build()

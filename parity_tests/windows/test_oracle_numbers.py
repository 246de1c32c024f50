"""Rounding and calendars of the oracle, against CPython, mpmath and dates known by hand."""

from __future__ import annotations

import datetime as dt
import math
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mpmath import mp

from featurelib.evaluate import Evaluator
from featurelib.intrinsics import Arena
from featurelib.state import FittedState
from featurelib.windows import calendar
from parity_tests.windows.oracle_numbers import (
    EPOCH,
    MICROSECOND,
    first_instant,
    rounded,
    rounded_root,
    start_of,
)
from parity_tests.windows.strategies import microseconds

LARGE = (2**54 - 1) * 2**970
"""Half way between the largest float and the next power of two."""


@given(st.fractions(), st.integers(-1200, 1100))
@example(Fraction(1), -1075)
@example(Fraction(3), -1076)
@example(Fraction((1 << 53) + 1), 0)
@example(Fraction(-((1 << 54) + 3), 4), 5)
def test_rounding_is_cpythons(base, exponent) -> None:
    """CPython rounds a quotient of integers once; it refuses what is above the range."""
    exact = base * Fraction(2) ** exponent
    try:
        expected = exact.numerator / exact.denominator
    except OverflowError:
        expected = math.copysign(math.inf, base)
    assert math.copysign(1, rounded(exact)) == math.copysign(1, expected)
    assert rounded(exact) == expected


def test_rounding_at_the_end_of_the_range() -> None:
    """The midpoint after the largest float is rounded up, what is below it down."""
    assert rounded(Fraction(LARGE)) == math.inf
    assert rounded(Fraction(LARGE) - 1) == 1.7976931348623157e308
    assert rounded(-Fraction(LARGE)) == -math.inf


@given(st.fractions(min_value=0), st.integers(-2200, 2100))
def test_a_root_is_the_nearest_float(base, exponent) -> None:
    """A root of 400 bits by mpmath, rounded once, gives the same bits."""
    exact = base * Fraction(2) ** exponent
    with mp.workprec(400):
        root = mp.sqrt(mp.mpf(exact.numerator) / exact.denominator)
        sign, mantissa, power, _ = root._mpf_
    assert sign == 0
    assert rounded_root(exact) == rounded(Fraction(int(mantissa)) * Fraction(2) ** power)


@pytest.mark.parametrize(
    "day, zone, first",
    [
        ("2024-03-10", "America/New_York", "2024-03-10T05:00"),
        ("2024-03-11", "America/New_York", "2024-03-11T04:00"),
        ("2024-03-10", "America/Havana", "2024-03-10T05:00"),  # 0:00 is skipped
        ("2024-11-03", "America/Havana", "2024-11-03T04:00"),  # 0:00 is shown twice
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00"),  # 0:00 is skipped
        ("2006-10-29", "America/St_Johns", "2006-10-29T02:30"),  # 0:01 goes back to 23:01
        ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00"),  # a day that never was
        ("2011-12-31", "Pacific/Apia", "2011-12-30T10:00"),
        ("2024-07-01", "Asia/Kathmandu", "2024-06-30T18:15"),
        ("1969-12-31", "UTC", "1969-12-31T00:00"),
    ],
)
def test_a_local_day_begins_where_the_clocks_say(day, zone, first) -> None:
    """Days whose midnight is skipped, shown twice or wholly missing, by the IANA tables."""
    expected = dt.datetime.fromisoformat(first).replace(tzinfo=dt.UTC)
    assert first_instant(dt.date.fromisoformat(day), zone) == microseconds(expected)


ZONES = (
    "UTC", "America/New_York", "America/Havana", "America/Sao_Paulo", "America/St_Johns",
    "Pacific/Apia", "Asia/Kathmandu", "Europe/Dublin", "Africa/Casablanca", "Asia/Gaza",
    "Australia/Lord_Howe", "Antarctica/Troll",
)  # fmt: skip
STARTS = {(u, z): calendar(u, z).start for u in ("day", "week", "month", "year") for z in ZONES}


@settings(deadline=None, max_examples=400)
@given(
    st.sampled_from(sorted(STARTS)),
    st.datetimes(dt.datetime(1972, 1, 1), dt.datetime(2090, 1, 1)),
)
@example(("day", "America/Havana"), dt.datetime(2024, 11, 3, 4, 30))
@example(("day", "America/Havana"), dt.datetime(2024, 11, 3, 5, 30))
@example(("day", "America/Havana"), dt.datetime(2024, 3, 10, 5, 0))
@example(("day", "America/St_Johns"), dt.datetime(2006, 10, 29, 2, 30, 30))
@example(("day", "America/St_Johns"), dt.datetime(2006, 10, 29, 3, 0))
@example(("day", "Pacific/Apia"), dt.datetime(2011, 12, 30, 10, 0))
@example(("week", "Pacific/Apia"), dt.datetime(2011, 12, 31, 10, 0))
@example(("month", "Asia/Gaza"), dt.datetime(2011, 8, 15))
def test_a_calendar_starts_where_the_oracle_says(window, naive) -> None:
    """The program of a calendar window, by the reference evaluator, against zoneinfo."""
    q = (naive.replace(tzinfo=dt.UTC) - EPOCH) // MICROSECOND
    found = Evaluator(STARTS[window], FittedState({}), Arena()).row({"as_of": q})
    assert found["start"] == start_of(*window, q)

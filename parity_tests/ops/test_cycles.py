"""Cyclic encodings and weekends: what comes round again, and what Python calls a weekend."""

from __future__ import annotations

import datetime as dt
import struct

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

X = input_node("x", dtypes.INT64, False)
EPOCH = dt.date(1970, 1, 1).toordinal()


def value(node: Node, x):
    """What the reference evaluator gives for a node on one value."""
    return Evaluator(Program({"made": node}), FittedState({})).row({"x": x})["made"]


@examples(40, soak=2000)
@given(st.integers(-(2**40), 2**40), st.integers(1, 400), st.integers(-99, 99))
def test_a_whole_number_of_periods_changes_no_bit(x: int, period: int, turns: int) -> None:
    """Numbers whole periods apart are one point of the circle, below zero too."""
    for node in (X.cyclic_sin(period), X.cyclic_cos(period)):
        first, second = value(node, x), value(node, x + turns * period)
        assert struct.pack("<d", first) == struct.pack("<d", second)


def test_quarters_of_a_period_are_the_ends_of_the_axes() -> None:
    """0 is (0, 1), a quarter (1, ...), a half (..., -1), three quarters (-1, ...)."""
    sines = [value(X.cyclic_sin(24), h) for h in (0, 6, 18)]
    cosines = [value(X.cyclic_cos(24.0), h) for h in (0, 12, 24)]
    assert sines == [0.0, 1.0, -1.0]
    assert cosines == [1.0, -1.0, 1.0]


@examples(40, soak=2000)
@given(st.dates())
def test_a_weekend_is_a_saturday_or_a_sunday(day: dt.date) -> None:
    """As Python numbers the days of a week."""
    days = day.toordinal() - EPOCH
    assert value(input_node("x", dtypes.DATE, False).dt.is_weekend(), days) is (day.weekday() >= 5)


def test_a_weekend_is_told_by_the_clocks_of_the_zone() -> None:
    """Friday 23:00 UTC is Saturday in Tokyo."""
    friday = (dt.date(2024, 3, 1).toordinal() - EPOCH) * 86_400_000_000 + 23 * 3_600_000_000
    tokyo = input_node("x", dtypes.datetime_type("Asia/Tokyo"), False)
    assert value(tokyo.dt.is_weekend(), friday) is True
    assert value(input_node("x", dtypes.DATETIME, False).dt.is_weekend(), friday) is False


@pytest.mark.parametrize(
    "build, error, message",
    [
        (lambda: X.cyclic_sin(0), DefinitionError, "expected 0 < period < inf, got period=0"),
        (lambda: X.cyclic_cos(float("nan")), DefinitionError, "got period=nan"),
        (lambda: (X > 0).cyclic_sin(2), FeatureTypeError, "takes numbers, got Bool"),
        (lambda: X.dt.is_weekend(), FeatureTypeError, "got|takes"),
    ],
)
def test_what_cannot_be_meant_is_refused(build, error, message) -> None:
    """A period that is none, and a column without days, are errors at definition."""
    with pytest.raises(error, match=message):
        build()

"""Times written in a format: as Polars writes them, in every zone; what is refused."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib import dtypes
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.evaluate import Evaluator
from featurelib.intrinsics import Arena, View
from featurelib.node import Node, input_node
from featurelib.ops.text_values.strftime import strftime
from featurelib.program import Program
from featurelib.state import FittedState
from parity_tests.soak import examples

EPOCH = dt.datetime(1970, 1, 1)
DAY = input_node("d", dtypes.DATE, False)
DATE_DIRECTIVES = [
    *"YyqmbBhdejaAuwUWGgVFDnt%", "-d", "_d", "-m", "_m", "-j", "_j", "-y", "_Y", "-U", "-W", "-V",
]  # fmt: skip
CLOCK_DIRECTIVES = [
    *"HIklMSpPRTsz", ":z", "3f", "6f", "9f", ".3f", ".6f", ".9f", "-H", "_H", "-I", "-M", "_S",
]  # fmt: skip
ZONES = ["UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia"]
WORDS = st.sampled_from(["", " ", "-", "é", "日", ":"])


def formats(directives: list[str]) -> st.SearchStrategy[str]:
    """Directives with plain text between."""
    pieces = st.tuples(st.sampled_from([f"%{d}" for d in directives]), WORDS)
    return st.lists(pieces, max_size=4).map(lambda made: "".join(a + b for a, b in made))


def value(node: Node, **row) -> str:
    """What the reference evaluator gives for a node on a row."""
    made = Evaluator(Program({"made": node}), FittedState({})).row(row)["made"]
    return made.decode()


# Polars knows no summer time from 2100 on.
LOCAL = st.tuples(st.datetimes(max_value=dt.datetime(2099, 12, 31)), st.sampled_from(ZONES))
ENDS = st.tuples(
    st.sampled_from([dt.datetime.min, dt.datetime.max]),
    st.sampled_from(["UTC", "America/New_York", "Asia/Kathmandu"]),
)


@examples(150, soak=10_000)
@given(st.one_of(LOCAL, LOCAL, ENDS), formats(DATE_DIRECTIVES + CLOCK_DIRECTIVES))
def test_a_datetime_is_written_as_polars_writes_it(at: tuple[dt.datetime, str], form: str) -> None:
    """By the clocks of its zone, local mean times and years 0000 and +10000 included."""
    moment, zone = at
    column = pl.Series([moment], dtype=pl.Datetime("us", "UTC")).dt.convert_time_zone(zone)
    expected = column.dt.strftime(form).item()
    x = input_node("t", dtypes.datetime_type(zone), False)
    micros = (moment - EPOCH) // dt.timedelta(microseconds=1)
    assert value(x.dt.strftime(form), t=micros) == expected


@examples(60, soak=3000)
@given(st.dates(), formats(DATE_DIRECTIVES))
def test_a_date_is_written_as_polars_writes_it(day: dt.date, form: str) -> None:
    """All directives of a day."""
    expected = pl.Series([day]).dt.strftime(form).item()
    assert value(DAY.dt.strftime(form), d=day.toordinal() - EPOCH.toordinal()) == expected


@examples(40, soak=2000)
@given(st.datetimes(), st.sampled_from(["%Y-%m-%d %H:%M:%S.%f", "%d.%m.%Y, %H:%M:%S'%f"]))
def test_what_is_written_in_a_format_is_read_in_it(moment: dt.datetime, form: str) -> None:
    """`str.to_datetime` gives the microsecond back."""
    t = input_node("t", dtypes.DATETIME, False)
    read = t.dt.strftime(form).str.to_datetime(form)
    micros = (moment - EPOCH) // dt.timedelta(microseconds=1)
    assert Evaluator(Program({"made": read}), FittedState({})).row({"t": micros})["made"] == micros


@pytest.mark.parametrize(("form", "size"), [("%Y-%m-%d", 10), ("%A", 8), ("é%s", 3)])
def test_a_text_over_the_row_limit_is_null(form: str, size: int) -> None:
    """A text of n bytes takes a limit of n; one byte less gives null."""
    data = form.encode()
    for limit in (size, size - 1):
        made, valid = strftime(0, 0, View(data, 0, len(data)), Arena(limit))
        assert (valid, made.stop) == (limit == size, size if limit == size else 0)


@pytest.mark.parametrize(
    "build, error, message",
    [
        (lambda d, s: d.dt.strftime("%Y %Q"), DefinitionError, r"%Q at position 3 of '%Y %Q'"),
        (lambda d, s: d.dt.strftime("%c"), DefinitionError, "%c at position 0"),
        (lambda d, s: d.dt.strftime("%L"), DefinitionError, "%L at position 0"),
        (lambda d, s: d.dt.strftime("é%"), DefinitionError, "% at position 1 of 'é%'"),
        (lambda d, s: d.dt.strftime("%-A"), DefinitionError, "%-A at position 0"),
        (lambda d, s: d.dt.strftime("%-"), DefinitionError, "%- at position 0"),
        (lambda d, s: d.dt.strftime("%F %H"), DefinitionError, "%H at position 3.* a Date has"),
        (lambda d, s: d.dt.strftime("%.3f"), DefinitionError, r"%.3f at position 0.* a Date has"),
        (lambda d, s: d.dt.strftime(3), DefinitionError, "a constant text as format, got 3"),
        (lambda d, s: s.dt.strftime("%Y"), FeatureTypeError, "Date or Datetime, got String"),
    ],
)
def test_what_cannot_be_meant_is_refused(build, error, message) -> None:
    """What depends on a language, is no directive, or that a Date does not have."""
    with pytest.raises(error, match=message):
        build(DAY, input_node("s", dtypes.STRING, False))

"""Definitions of aggregates: what is refused, and what their types are."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

import featurelib as fl
from featurelib.errors import (
    DefinitionError,
    FeatureTypeError,
)
from featurelib.windows import (
    EventSource,
    Lifetime,
    calendar,
    define,
    last,
    lifetime,
    rows,
    session,
)
from parity_tests.windows.strategies import FLAG, WORD, N, Thing, U, X, source

HOUR = dt.timedelta(hours=1)
ROLES: dict[str, Any] = {"key": "user", "time": "at", "id": "id"}
THINGS = source()
WEEK = THINGS.over(last(days=7))


@pytest.mark.parametrize(
    "change, message",
    [
        ({"key": "who"}, "key='who' is no column of schema `Thing`"),
        ({"key": "x"}, "expected String or an integer as key, got column `x` of Float64"),
        ({"time": "n"}, "expected Datetime as time, got column `n` of Int64"),
        ({"id": "flag"}, "expected String or an integer as id, got column `flag` of Bool"),
        ({"id": None}, "id=None is no column"),
        ({"arrival": "word"}, "expected Datetime as arrival"),
        ({"sequence": "u"}, "expected an integer that fits Int64 as sequence"),
        ({"sequence": "n"}, "sequence=`n` may be null"),
        ({"deleted": "n"}, "expected Bool as deleted"),
        ({"max_lateness": HOUR}, "max_lateness=1:00:00 without an arrival column"),
        ({"max_ahead": HOUR}, "max_ahead=1:00:00 without an arrival column"),
        ({"arrival": "got", "max_lateness": -HOUR}, "expected a timedelta of at least 0"),
        ({"arrival": "got", "max_ahead": 3600}, "max_ahead=3600"),
        ({"max_events": 0}, "expected 1 <= max_events"),
        ({"max_events": 10.0}, "got 10.0"),
        ({"max_events": True}, "got True"),
        ({"description": 3}, "expected text, got description=3"),
    ],
)
def test_a_source_that_makes_no_sense_is_refused(change, message) -> None:
    """The error names the source, the role, the column and its type."""
    with pytest.raises(DefinitionError, match="event source `things`") as caught:
        EventSource("things", Thing, **{**ROLES, **change})
    assert message in str(caught.value)


def test_a_source_is_made_of_a_schema() -> None:
    """A dict is no schema, and a source without a name is none."""
    with pytest.raises(DefinitionError, match="`schema` is a schema"):
        EventSource("things", {"user": str}, **ROLES)  # type: ignore[arg-type]
    for name in ("", "two\nlines", 3):
        with pytest.raises(DefinitionError, match="needs a name"):
            EventSource(name, Thing, **ROLES)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: last(), "expected one length"),
        (lambda: last(HOUR, days=1), "expected one length"),
        (lambda: last(7), "expected a timedelta, got length=7"),
        (lambda: last(days=0), "above zero"),
        (lambda: last(days=-1), "above zero"),
        (lambda: last(days=4_000_000), "below 10,000 years"),
        (lambda: last(fortnights=1), "is no length"),
        (lambda: last(days=1, closed="open"), "expected closed of left, right, both, none"),
        (lambda: last(days=1, rows=0), "rows >= 1"),
        (lambda: last(days=1, resolution=7 * HOUR), "a multiple of the resolution"),
        (lambda: last(days=1, resolution=60), "expected a timedelta, got resolution=60"),
        (lambda: last(days=1, resolution=HOUR, closed="both"), 'goes with closed="left"'),
        (lambda: last(days=1, resolution=HOUR, rows=3), "without rows"),
        (lambda: last(hours=4097, resolution=HOUR), "are 4,097 tiles, above 4,096"),
        (lambda: rows(0), "rows >= 1"),
        (lambda: rows(True), "got True"),
        (lambda: rows(3, closed="now"), "got 'now'"),
        (lambda: lifetime(closed=None), "got None"),
        (lambda: session(), "expected one gap"),
        (lambda: session(minutes=0), "expected a gap above zero"),
        (lambda: session(HOUR, closed="now"), "got 'now'"),
        (lambda: session(30), "expected a timedelta, got gap=30"),
        (lambda: WEEK.approx_n_unique(X, precision=3), "4 <= precision <= 16"),
        (lambda: WEEK.approx_n_unique(X, precision=17), "got precision=17"),
        (lambda: WEEK.approx_n_unique(X, precision=12.0), "got precision=12.0"),
        (lambda: WEEK.approx_quantile(X, 0.5, precision=0), "1 <= precision <= 16"),
        (lambda: WEEK.approx_quantile(X, "half"), "approx_quantile: expected 0 <= q <= 1"),
        (lambda: WEEK.approx_quantile(X, 0.5, max_buckets=0), "1 <= max_buckets"),
        (lambda: WEEK.n_sessions(1800), "n_sessions: expected a timedelta, got gap=1800"),
        (lambda: WEEK.n_sessions(-HOUR), "n_sessions: expected a gap above zero"),
        (lambda: calendar("hour", "UTC"), "unit of day, week, month, year"),
        (lambda: calendar("day", "Mars/Base"), "IANA time zone"),
        (lambda: calendar("day", "UTC", closed="right"), "closed of left, both"),
        (lambda: THINGS.over(HOUR), "expected a window"),
        (lambda: THINGS.over(rows(9)), "only 8 events of an entity are kept"),
        (lambda: THINGS.over(last(days=1, rows=9)), "raise max_events to 9"),
        (lambda: WEEK.where(True), "takes an expression, got True"),
        (lambda: WEEK.sum("x"), "takes an expression, got 'x'"),
        (lambda: WEEK.sum(X - fl.mean(X)), "an analyzer cannot look at events"),
        (lambda: WEEK.where(fl.mean(X) < X), "an analyzer cannot look at events"),
        (lambda: WEEK.var(X, ddof=-1), "ddof >= 0"),
        (lambda: WEEK.lag(X, 0), "1 <= n"),
        (lambda: WEEK.last_k(X, 10_000), "1 <= k <= 8192"),
        (lambda: WEEK.top_k(X, 3, max_items=0), "1 <= max_items"),
        (lambda: WEEK.quantile(X, 1.5, rule="linear"), "0 <= q <= 1"),
        (lambda: WEEK.quantile(X, 0.5, rule="middle"), "expected a rule"),
        (lambda: WEEK.decayed_sum(X, 3600), "expected a timedelta"),
        (lambda: WEEK.decayed_sum(X, -HOUR), "above zero"),
        (lambda: WEEK.decayed_sum(X, HOUR, landmark=dt.datetime(2020, 1, 1)), "with a zone"),
        (lambda: WEEK.by(WORD, []), "distinct values"),
        (lambda: WEEK.by(WORD, ["a", "a"]), "distinct values"),
        (lambda: WEEK.count().on(3), "takes a field's name"),
        (lambda: define({}), "expected aggregates, got none"),
        (lambda: define({"n": WEEK}), "an Over wants a method at its end"),
        (lambda: define({"": WEEK.count()}), "needs a name"),
        (
            lambda: define({"n": WEEK.count(), "m": source(max_events=9).over(rows(1)).count()}),
            "two event sources are named `things`",
        ),
    ],
)
def test_a_window_or_aggregate_that_makes_no_sense_is_refused(make, message) -> None:
    """The error shows the value and the way out, when the definition is written."""
    with pytest.raises(DefinitionError) as caught:
        make()
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: WEEK.sum(fl.col("y")), "`y` is neither an input column"),
        (lambda: WEEK.sum(WORD), "`sum` takes a number or a truth value, got String"),
        (lambda: WEEK.mean(fl.col("at")), "got Datetime(UTC)"),
        (lambda: WEEK.max(WORD), ".hash_bucket(n)"),
        (lambda: WEEK.approx_n_unique(WORD), ".hash_bucket(n)"),
        (lambda: WEEK.approx_quantile(fl.col("at"), 0.5), "got Datetime(UTC)"),
        (lambda: WEEK.sum(WORD + 1), "`concat` takes (String, String)"),
        (lambda: WEEK.where(fl.col("x")).count(), "a filter is Bool, got Float64"),
        (lambda: WEEK.count_of(X, ["a"]), "the values are text, the column is Float64"),
    ],
)
def test_types_that_do_not_fit_are_refused_by_name_and_line(make, message) -> None:
    """The error names source, aggregate, op and the author's line."""
    with pytest.raises(FeatureTypeError, match=r"things\.wrong: ") as caught:
        define({"wrong": make()})
    assert message in str(caught.value)
    assert "test_definition.py:" in str(caught.value)


@pytest.mark.parametrize(
    "aggregate, dtype",
    [
        (WEEK.count(), "Int64"),
        (WEEK.count(WORD), "Int64"),
        (WEEK.sum(N), "Int64"),
        (WEEK.sum(U), "UInt64"),
        (WEEK.sum(FLAG), "Int64"),
        (WEEK.sum(fl.col("f")), "Float64"),
        (WEEK.mean(N), "Float64"),
        (WEEK.std(X, ddof=0), "Float64"),
        (WEEK.min(fl.col("f")), "Float32"),
        (WEEK.max(fl.col("at")), "Datetime(UTC)"),
        (WEEK.last(FLAG), "Bool"),
        (WEEK.lag(fl.col("seq"), 2), "Int32"),
        (WEEK.last_k(N, 3), "List(Int64)"),
        (WEEK.arg_min(N, by=X), "Int64"),
        (WEEK.n_unique(X), "Int64"),
        (WEEK.top_k(U, 3), "List(UInt64)"),
        (WEEK.count_of(WORD, ["a", "b"]), "Array(Int64, 2)"),
        (WEEK.mode_ratio(FLAG), "Float64"),
        (WEEK.quantile(N, 0.5, rule="linear"), "Float64"),
        (WEEK.decayed_sum(N, HOUR), "Float64"),
        (WEEK.time_since_last(), "Duration"),
        (WEEK.n_sessions(HOUR), "Int64"),
        (WEEK.approx_n_unique(fl.col("at")), "Int64"),
        (WEEK.approx_quantile(FLAG, 0.5), "Float64"),
    ],
)
def test_an_aggregate_has_the_type_of_the_page(aggregate, dtype) -> None:
    """docs/windows.md has a type for each aggregate; every one may be null."""
    (field,) = define({"made": aggregate}).fields
    assert str(field.dtype) == dtype
    assert field.nullable


def test_equal_arguments_and_filters_are_read_once() -> None:
    """A state stores each distinct argument and filter once, whoever asks for it."""
    made = define(
        {
            "a": WEEK.sum(X * 2.0),
            "b": THINGS.over(rows(3)).mean(fl.col("x") * 2.0),
            "c": WEEK.where(FLAG).max(N),
            "d": WEEK.where(FLAG).min(X),
        }
    )
    plan = made.sources["things"]
    assert (plan.arguments, plan.filters) == (3, 1)
    assert made.aggregates["a"].arguments == made.aggregates["b"].arguments


def test_a_window_has_4096_tiles_at_most() -> None:
    """The error says which resolution would do."""
    assert last(hours=4096, resolution=HOUR).has_totals
    with pytest.raises(DefinitionError, match=r"a resolution of 1:00:00\.878907 or more"):
        last(hours=4097, resolution=HOUR)


def test_totals_are_of_what_merges_over_lifetimes_and_tiles() -> None:
    """Count, sum, mean, var, std, min and max; not what looks at the events themselves."""
    tiles, day = last(hours=3, resolution=HOUR), calendar("day", "Europe/Berlin")
    for window in (tiles, lifetime(), lifetime(closed="both"), last(hours=3), rows(3), day):
        part = THINGS.over(window)
        some = {"count": part.count(X), "lag": part.lag(X, 1), "mode": part.mode_ratio(X)}
        some |= {"std": part.std(X, ddof=0), "min": part.min(X), "first": part.first(X)}
        found = {n for n, p in define(some).aggregates.items() if p.has_totals}
        has_them = window is tiles or isinstance(window, Lifetime)
        assert found == ({"count", "std", "min"} if has_them else set())


def test_a_category_is_a_filter() -> None:
    """`by` gives the same aggregates as one `where` for each value."""
    parts = {k: p.sum(X) for k, p in WEEK.by(WORD, ["a", "b"]).items()}
    wheres = {k: WEEK.where(k == WORD).sum(X) for k in ("a", "b")}
    assert define(parts).fingerprints == define(wheres).fingerprints

"""The naive oracle itself: what is known of events that are not kept, by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

from parity_tests.windows.oracle_cases import LIFE, ask, last, record


def test_a_window_that_reaches_what_is_not_kept_has_no_answer() -> None:
    """Of five events three are kept; the newest lost one is at 20."""
    records = [record(t) for t in (10, 20, 30, 40, 50)]

    def kept(window: Any, q: int = 60, **more: Any) -> Any:
        return ask(records, q, window, max_events=3, **more)

    assert kept(last(39)) == 3
    assert kept(last(40)) == "beyond_kept"
    assert kept(last(40, "none")) == 3
    assert kept(LIFE) == "beyond_kept"
    rows = {"kind": "rows", "closed": "left"}
    assert [kept(rows | {"n": n}) for n in (1, 3, 4)] == [1, 3, "beyond_kept"]
    # At 40 three events are kept: the one at 50 has not arrived.
    assert kept(last(20, "right"), 40) == 2
    assert kept(last(30, "both"), 40) == "beyond_kept"
    assert kept(last(25, "both", rows=3), 40) == 3


def test_an_event_that_is_withdrawn_still_takes_a_place() -> None:
    """So that what is kept has a bound: the event at 10 is lost, though 20 is gone."""
    records = [record(10), record(20), record(20, a=21, deleted=True), record(30)]
    assert ask(records, 40, LIFE, max_events=2) == "beyond_kept"
    assert ask(records, 40, last(29), max_events=2) == 1


def test_a_row_that_ties_with_what_is_lost_has_no_answer() -> None:
    """The order of rows is by arrival, that of keeping is by id: a tie may hide a later row."""
    records = [record(5, id=1, a=9), record(5, id=2, a=6), record(5, id=3, a=7)]
    rows = {"kind": "rows", "n": 1, "closed": "left"}
    assert ask(records, 20, rows, max_events=2) == "beyond_kept"


NUMBERS = {
    "count": 5, "sum": 15.0, "mean": 3.0, "var": 2.5, "std": math.sqrt(2.5), "min": 1.0, "max": 5.0,
}  # fmt: skip
"""Of 1, 2, 3, 4, 5: the variance is 10 / 4."""


@pytest.mark.parametrize("kind", NUMBERS)
def test_totals_reach_events_that_are_not_kept(kind) -> None:
    """Of five events two are kept; without an arrival column each is final when it leaves."""
    records = [record(10 * x, float(x)) for x in (1, 2, 3, 4, 5)]
    more: dict[str, Any] = {"ddof": 1} if kind in ("var", "std") else {}

    def made(window: Any, **other: Any) -> Any:
        return ask(records, 60, window, kind, max_events=2, args=[0], **more, **other)

    assert made(LIFE, has_arrival=False) == NUMBERS[kind]
    assert made(last(60, resolution=20), has_arrival=False) == NUMBERS[kind]
    # A record of any of them may still come if nothing bounds lateness.
    assert made(LIFE) == "beyond_kept"
    # A window without tiles has no totals, and neither has a calendar's or one of rows.
    assert made(last(60), has_arrival=False) == "beyond_kept"
    assert made({"kind": "rows", "n": 5, "closed": "left"}, has_arrival=False) == "beyond_kept"


def test_other_aggregates_have_no_totals() -> None:
    """The last value, or how many differ, is found among events that are kept, or not at all."""
    records = [record(t, float(t)) for t in (10, 20, 30)]
    more = {"max_events": 2, "has_arrival": False}
    for kind in ("last", "n_unique", "mode_ratio", "top_k"):
        found = ask(records, 40, LIFE, kind, max_items=None, k=2, **more)
        assert found == "beyond_kept"


def test_an_event_is_lost_if_it_leaves_while_a_record_of_it_could_come() -> None:
    """With two kept and 15 of lateness: 10 leaves at 25, its last moment, or at 26, after it."""

    def life(third: int, q: int = 90, **more: Any) -> Any:
        made = [record(10), record(20), record(third, **more)]
        return ask(made, q, LIFE, max_events=2, max_lateness=15)

    assert [life(25), life(26)] == ["beyond_kept", 3]
    # What counts is when the newer ones arrive: 22 comes at 26, 30 already at 24.
    assert [life(22, a=26), life(30, a=24)] == [3, "beyond_kept"]
    # Before the third has come nothing has left; at 25 it is not before the query.
    assert [life(25, q=24), life(25, q=25)] == [2, "beyond_kept"]
    # A withdrawal is a record, too: the one of 25 makes 10 leave, and counts for nothing.
    assert [life(25, deleted=True), life(26, deleted=True)] == ["beyond_kept", 2]


def test_an_event_that_comes_when_newer_ones_fill_the_places_is_lost() -> None:
    """It is in time, so another record of it could be as well: 10 comes last, 15 after its time."""
    records = [record(22), record(24), record(10, a=25)]
    assert ask(records, 24, LIFE, max_events=2, max_lateness=15) == 1
    assert ask(records, 25, LIFE, max_events=2, max_lateness=15) == "beyond_kept"
    # A window of tiles that begins after it, at 20, does not reach it.
    tiles = last(10, resolution=10)
    assert ask(records, 35, tiles, max_events=2, max_lateness=15) == 2


def test_without_an_arrival_column_only_ties_are_lost() -> None:
    """Lateness is 0: of three events at 20 with two places one leaves at 20, its own moment."""
    records = [record(10), record(20, id=1), record(20, id=2), record(20, id=3), record(30)]
    more = {"max_events": 2, "has_arrival": False}
    assert ask(records, 40, LIFE, **more) == "beyond_kept"
    tiles = last(10, resolution=10)
    assert [ask(records, q, tiles, **more) for q in (30, 40)] == ["beyond_kept", 1]
    assert ask(records[:3] + records[4:], 40, LIFE, **more) == 4


def test_an_event_in_a_total_may_be_withdrawn_in_time_only() -> None:
    """Withdrawn while it is kept it does not count; a withdrawal after its lateness is refused."""
    gone = [record(10), record(10, a=15, deleted=True), record(20), record(30), record(40)]
    more = {"max_events": 2, "max_lateness": 5}
    assert ask(gone, 50, LIFE, **more) == 3
    assert ask([*gone[:1], record(10, a=16, deleted=True), *gone[2:]], 50, LIFE, **more) == 4

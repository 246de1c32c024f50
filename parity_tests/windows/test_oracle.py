"""The naive oracle itself: cases that a reader can check by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

from parity_tests.windows import oracle
from parity_tests.windows.described import power_of_two
from parity_tests.windows.oracle_numbers import bits


def record(at: int, x: Any = None, **more: Any) -> dict[str, Any]:
    """A record of the entity "e" whose arrival is its time and whose id is its time."""
    base = {"key": "e", "t": at, "a": at, "s": 0, "id": at, "deleted": False}
    return base | {"args": [x], "filters": [True]} | more


def ask(records: list[Any], at: int, window: Any, kind: str = "count", **params: Any) -> Any:
    """One aggregate of the entity "e" at a time: its value, or the reason of its null."""
    bounds = ("max_lateness", "max_ahead", "has_arrival")
    rules = {k: params.pop(k) for k in bounds if k in params}
    spec = {"max_events": params.pop("max_events", 100), **rules}
    args = [] if kind in ("count", "time_since_last") else [0]
    about = {"kind": kind, "args": params.pop("args", args), "filter": params.pop("filter", None)}
    spec["aggregates"] = {"made": about | {"window": window, "type": "Float64"} | params}
    ((value, reason),) = oracle.answers(records, [("e", at)], spec, power_of_two)[0].values()
    return value if reason is None else reason


def last(length: int, closed: str = "left", **more: Any) -> dict[str, Any]:
    """A window of time."""
    return {"kind": "last", "length": length, "closed": closed} | more


LIFE = {"kind": "lifetime", "closed": "left"}


@pytest.mark.parametrize(
    "window, seen",
    [
        (last(10), [90, 95, 99]),
        (last(10, "right"), [95, 99, 100]),
        (last(10, "both"), [90, 95, 99, 100]),
        (last(10, "none"), [95, 99]),
        (last(10, rows=2), [95, 99]),
        (last(20, resolution=10), [80, 89, 90, 95, 99]),
        ({"kind": "rows", "n": 2, "closed": "left"}, [95, 99]),
        ({"kind": "rows", "n": 2, "closed": "right"}, [99, 100]),
        (LIFE, [1, 80, 89, 90, 95, 99]),
        ({"kind": "lifetime", "closed": "both"}, [1, 80, 89, 90, 95, 99, 100]),
        ({"kind": "session", "gap": 5, "closed": "left"}, [89, 90, 95, 99]),
        ({"kind": "session", "gap": 9, "closed": "right"}, [80, 89, 90, 95, 99, 100]),
        ({"kind": "session", "gap": 4, "closed": "left"}, [95, 99]),
        ({"kind": "session", "gap": 1, "closed": "both"}, [99, 100]),
    ],
)
def test_a_window_holds_the_events_of_the_page(window, seen) -> None:
    """At q = 100, of events at these times; each edge by hand."""
    records = [record(t, float(t)) for t in (1, 80, 89, 90, 95, 99, 100, 101)]
    found = ask(records, 100, window, "last_k", k=100, distinct=False)
    assert found == tuple(map(float, seen))


def test_tiles_begin_at_multiples_of_the_resolution() -> None:
    """At q = 104 and tiles of 10 a window of 20 begins at 80, before 1970 as well."""
    records = [record(t, float(t)) for t in (79, 80, 103, 104)]
    tiles = last(20, resolution=10)
    assert ask(records, 104, tiles, "last_k", k=9, distinct=False) == (80.0, 103.0)
    early = [record(t, float(t)) for t in (-31, -30, -1)]
    assert ask(early, -1, tiles, "last_k", k=9, distinct=False) == (-30.0,)


def test_a_session_runs_on_whatever_a_filter_says() -> None:
    """Events that do not pass hold it together; one that is withdrawn, or late, does not."""
    session = {"kind": "session", "gap": 10, "closed": "left"}
    records = [record(t, filters=[t != 20]) for t in (10, 20, 30)]
    assert ask(records, 40, session, filter=0) == 2
    assert ask(records, 41, session) == 0
    gone = [*records, record(20, a=35, deleted=True)]
    assert [ask(gone, q, session) for q in (34, 35)] == [3, 1]
    assert [ask([*records[::2], record(20, a=36)], q, session) for q in (35, 36)] == [1, 3]


def test_a_session_that_reaches_what_is_not_kept_has_no_answer() -> None:
    """Two events are kept; the newest lost one is at 20, the session reaches back to 30 - gap."""
    records = [record(t) for t in (10, 20, 30, 35)]
    session = {"kind": "session", "closed": "left"}
    found = [ask(records, 40, session | {"gap": gap}, max_events=2) for gap in (4, 9, 10)]
    assert found == [0, 2, "beyond_kept"]


def test_ties_stand_by_sequence_then_arrival_then_id() -> None:
    """Events of one time: the smaller sequence first, then what came first, then the id."""
    records = [
        record(5, 1.0, s=1, id=1),
        record(5, 2.0, s=0, id=9, a=7),
        record(5, 3.0, s=0, id=8, a=8),
        record(5, 4.0, s=0, id=7, a=8),
    ]
    assert ask(records, 9, LIFE, "last_k", k=9, distinct=False) == (2.0, 4.0, 3.0, 1.0)


def test_a_text_id_stands_by_its_hash() -> None:
    """XXH64 of "a" is 0xd24ec4f1a98c6e5b, of "b" 0x37fb2e70c6d9ba9a: b comes first."""
    records = [record(5, 1.0, id="a"), record(5, 2.0, id="b")]
    assert ask(records, 9, LIFE, "first") == 2.0


def test_what_arrives_later_than_the_query_is_not_seen() -> None:
    """An event of time 5 that came at 20 is there at 20 and not at 19."""
    records = [record(5, a=20)]
    assert [ask(records, q, LIFE) for q in (19, 20)] == [0, 1]


def test_duplicates_are_one_event_of_the_first_arrival() -> None:
    """Values are those that came first; of one arrival the smallest of each argument by bits."""
    later = [record(5, 2.0, a=9), record(5, 1.0, a=7), record(5, 3.0, a=8)]
    assert ask(later, 99, LIFE, "sum") == 1.0
    assert ask([record(5, -1.0), record(5, 1.0)], 99, LIFE, "sum") == 1.0  # the sign is a bit
    assert ask([record(5, None), record(5, 1.0)], 99, LIFE, "count", args=[0]) == 0
    no = record(5, 1.0, filters=[False])
    assert ask([no, record(5, 1.0)], 99, LIFE, filter=0) == 0
    assert ask([record(5), record(5, id=6)], 99, LIFE) == 2


def test_a_withdrawal_takes_its_event_away_for_good() -> None:
    """From its arrival on, whether it was delivered before or after the event."""
    records = [record(5, a=6, deleted=True), record(5, a=5), record(5, a=8)]
    for shown in (records, records[::-1]):
        assert [ask(shown, q, LIFE) for q in (6, 9)] == [0, 0]
    assert ask([record(5, a=9, deleted=True), record(5, a=5)], 8, LIFE) == 1


def test_records_are_refused_by_themselves() -> None:
    """The first reason of the page's table counts; bounds belong to what is allowed."""
    spec = {"max_lateness": 3, "max_ahead": 2}
    cases = {
        "null_key": record(5, key=None, t=None),
        "null_time": record(5, t=None, id=None),
        "null_id": record(5, id=None, a=None),
        "null_arrival": record(5, a=None, bad=True),
        "bad_value": record(5, a=50, bad=True),
        "late": record(5, a=9),
        "ahead": record(5, a=2),
    }
    assert {n: oracle.refusal(r, spec) for n, r in cases.items()} == {n: n for n in cases}
    assert [oracle.refusal(record(5, a=a), spec) for a in (8, 3)] == [None, None]
    assert oracle.refusals(list(cases.values()), spec) == dict.fromkeys(cases, 1)


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


INF, NAN = math.inf, math.nan
REGISTERS = {"precision": 4, "log": math.log}
HASHED = [
    ([], 0),
    ([0.0], 1),  # 16 log(16 / 15) is 1.03
    ([0.0, -0.0, 0.0, None], 1),
    ([NAN, -NAN], 1),
    ([0], 1),  # the word of 0 is that of 0.0
]
BUCKETS = {"precision": 1, "q": "1/2", "max_buckets": 9}
BUCKETED = [
    ("1/2", [], "no_events"),
    ("1/2", [1.0, 1.49, 1.5, 2.0], 1.25),  # rank 1; from 1 to 1.5 is one bucket
    ("2/3", [1.0, 1.49, 1.5, 2.0], 1.75),
    ("0", [-1.0, 1.0], -1.25),
    ("1", [True, False], 1.25),
    ("0", [True, False], 0.0),
    ("1", [-0.0, 1e-320], 0.0),  # below 2**-1023 is the bucket of 0.0
    ("1", [2**53 + 1], 1.25 * 2**53),
    ("1", [1.0, INF, -INF], INF),
    ("0", [1.0, INF, -INF], -INF),
    ("1", [INF, NAN], NAN),
]


@pytest.mark.parametrize(
    "kind, params, values, expected",
    [
        ("count", {"args": [0]}, [1.0, None, 2.0], 2),
        ("sum", {}, [1e16, 1.0, -1e16], 1.0),
        ("sum", {}, [], 0.0),
        ("sum", {}, [-0.0], 0.0),
        ("sum", {}, [1e308, 1e308], INF),
        ("sum", {}, [INF, 1.0], INF),
        ("sum", {}, [INF, -INF], NAN),
        ("sum", {"type": "Int64"}, [(1 << 63) - 1, 1], -(1 << 63)),
        ("sum", {"type": "UInt64"}, [(1 << 64) - 1, 2], 1),
        ("mean", {}, [1e308, 1e308], 1e308),
        ("mean", {}, [5e-324, 0.0], 0.0),
        ("mean", {}, [None], "no_events"),
        ("var", {"ddof": 1}, [1.0, 2.0, 4.0], 7 / 3),
        ("var", {"ddof": 1}, [1.0], "no_events"),
        ("var", {"ddof": 0}, [1.0, INF], NAN),
        ("std", {"ddof": 0}, [1.0, 3.0], 1.0),
        ("std", {"ddof": 1}, [1.0, 3.0], math.sqrt(2.0)),
        ("min", {}, [NAN, 0.0, -0.0], -0.0),
        ("max", {}, [-0.0, 0.0], 0.0),
        ("max", {}, [0.0, -0.0], 0.0),
        ("max", {}, [INF, NAN], NAN),
        ("min", {}, [], "no_events"),
        ("first", {}, [None, 2.0, 3.0], 2.0),
        ("last", {}, [2.0, 3.0, None], 3.0),
        ("lag", {"n": 2}, [2.0, 3.0, None], 2.0),
        ("lag", {"n": 3}, [2.0, 3.0], "no_events"),
        ("first_k", {"k": 2, "distinct": False}, [1.0, 1.0, 2.0], (1.0, 1.0)),
        ("first_k", {"k": 2, "distinct": True}, [1.0, 1.0, 2.0, 3.0], (1.0, 2.0)),
        ("last_k", {"k": 2, "distinct": True}, [2.0, 1.0, 3.0, 1.0], (3.0, 1.0)),
        ("last_k", {"k": 2, "distinct": False}, [], ()),
        ("n_unique", {"max_items": None}, [0.0, -0.0, NAN, NAN], 2),
        ("n_unique", {"max_items": 1}, [0.0, NAN], "too_many"),
        ("top_k", {"k": 2, "max_items": None}, [3.0, 3.0, NAN, 2.0, -0.0], (3.0, 0.0)),
        ("mode_ratio", {"max_items": None}, [3.0, 3.0, 1.0], 2 / 3),
        ("mode_ratio", {"max_items": None}, [], "no_events"),
        ("count_of", {"size": 3}, [0, 2, 2, None], (1, 0, 2)),
        ("quantile", {"q": "1/2", "rule": "linear", "max_items": None}, [1.0, 4.0], 2.5),
        ("quantile", {"q": "1/2", "rule": "linear", "max_items": None}, [1.0, INF], INF),
        ("quantile", {"q": "1/2", "rule": "linear", "max_items": None}, [-INF, INF], NAN),
        ("quantile", {"q": "1/2", "rule": "lower", "max_items": None}, [NAN, 1.0], 1.0),
        ("quantile", {"q": "1/2", "rule": "nearest", "max_items": None}, [1.0, 4.0], 1.0),
        ("quantile", {"q": "1/2", "rule": "equiprobable", "max_items": None}, [1.0, 4.0], 1.0),
        ("quantile", {"q": "0", "rule": "linear", "max_items": 1}, [1.0, 4.0], "too_many"),
        *(("approx_n_unique", REGISTERS, values, n) for values, n in HASHED),
        *(("approx_quantile", BUCKETS | {"q": q}, values, v) for q, values, v in BUCKETED),
        ("approx_quantile", BUCKETS | {"max_buckets": 1}, [1.0, 1.49], 1.25),
        ("approx_quantile", BUCKETS | {"max_buckets": 1}, [1.0, 2.0], "too_many"),
        ("n_sessions", {"gap": 1}, [1.0, 1.0, None, 1.0], 2),
        ("n_sessions", {"gap": 2}, [1.0, 1.0, None, 1.0], 1),
        ("n_sessions", {"gap": 1}, [], 0),
        ("time_since_last", {}, [1.0], 999),
        ("time_since_last", {}, [], "no_events"),
        # Half lives of 1,000 from 1,000 on: the events weigh 1, 1/2 and 1/4 as they age.
        ("decayed_sum", {"half_life": 1000, "landmark": 1}, [8.0], 8 * 2 ** (-999 / 1000)),
        ("decayed_sum", {"half_life": 1, "landmark": 1}, [2.0**1000], 2.0),
        ("decayed_sum", {"half_life": 1000, "landmark": 0}, [], 0.0),
        ("decayed_sum", {"half_life": 1000, "landmark": 0}, [INF], INF),
        ("decayed_sum", {"half_life": 1000, "landmark": -500}, [1.7e308], "out_of_range"),
    ],
)
def test_an_aggregate_gives_the_value_of_the_page(kind, params, values, expected) -> None:
    """At 1,000, of events at 1, 2, ...: each worked out by hand. Zeros differ by their sign."""
    records = [record(t, v) for t, v in enumerate(values, start=1)]
    found = ask(records, 1000, LIFE, kind, **params)
    if isinstance(expected, float):
        # The half lives of a fraction go by featurelib's pow, within an ulp of the true power.
        is_power = kind == "decayed_sum" and math.frexp(expected)[0] != 0.5
        assert bits(found) == bits(expected) or (is_power and math.isclose(found, expected))
    else:
        assert found == expected


def test_the_extreme_of_one_column_is_looked_up_in_another() -> None:
    """Events with a null in either are skipped; of equals the first in order is taken."""
    pairs = [(1.0, None), (2.0, 5), (3.0, 1), (4.0, 1), (None, 0), (6.0, 5)]
    records = [record(t, args=list(p)) for t, p in enumerate(pairs)]
    found = [ask(records, 99, LIFE, k, args=[0, 1]) for k in ("arg_min", "arg_max")]
    assert found == [3.0, 2.0]

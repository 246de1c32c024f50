"""The naive oracle itself: which events a window holds, in cases to be checked by hand."""

from __future__ import annotations

import pytest

from parity_tests.windows import oracle
from parity_tests.windows.oracle_cases import LIFE, ask, last, record


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

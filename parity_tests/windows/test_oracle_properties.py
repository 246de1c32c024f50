"""Properties of the page, held by the naive oracle; and that the strategies look for trouble."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from parity_tests.soak import examples
from parity_tests.windows import oracle, strategies
from parity_tests.windows.described import oracle_records, power_of_two, spec_of
from parity_tests.windows.oracle_numbers import bits


def _answers(asked: strategies.Asked, rows: Any, queries: Any, **more: Any) -> Any:
    made = asked.definition
    spec = spec_of(made, "things") | more
    keys = [(k.encode(), strategies.microseconds(q)) for k, q in queries]
    found = oracle.answers(rows, keys, spec, power_of_two)
    return [{n: _bits(a) for n, a in row.items()} for row in found]


def _bits(answer: Any) -> Any:
    value, reason = answer
    if isinstance(value, tuple):
        return tuple(map(bits, value)), reason
    return None if value is None else bits(value), reason


@examples(10, soak=600)
@given(strategies.asked(), strategies.records(), strategies.queries(), st.integers(0, 99))
def test_no_order_of_delivery_shows(asked, rows, queries, seed) -> None:
    """Records shuffled, and delivered once more in part, give the same bits."""
    records = oracle_records(asked.definition.sources["things"], rows)
    chance = random.Random(seed)
    again = records + [r for r in records if chance.random() < 0.5]
    chance.shuffle(again)
    assert _answers(asked, again, queries) == _answers(asked, records, queries)


@examples(10, soak=600)
@given(strategies.asked(), strategies.records(), strategies.queries(1))
def test_what_has_not_arrived_cannot_show(asked, rows, queries) -> None:
    """Records whose arrival is after the query can be left out: there is no look ahead."""
    records = oracle_records(asked.definition.sources["things"], rows)
    q = strategies.microseconds(queries[0][1])
    known = [r for r in records if r["a"] is None or r["a"] <= q]
    assert _answers(asked, known, queries) == _answers(asked, records, queries)


@examples(10, soak=600)
@given(strategies.asked(), strategies.records(), strategies.queries())
def test_keeping_more_only_answers_more(asked, rows, queries) -> None:
    """With all events kept an answer is the same, or was null with `beyond_kept`."""
    records = oracle_records(asked.definition.sources["things"], rows)
    few, all_ = (_answers(asked, records, queries, max_events=n) for n in (asked.max_events, 999))
    for some, every in zip(few, all_, strict=True):
        for name, answer in some.items():
            assert answer == every[name] or answer[1] == "beyond_kept"


LOOK = settings(deadline=None, derandomize=True, database=None)


def test_strategies_reach_every_reason_of_a_null() -> None:
    """Every reason of a null turns up, or the properties would prove little."""
    found: set[str | None] = set()
    # Only this family has all reasons, and only large numbers leave the range.
    counted = strategies.asked().map(lambda a: a._replace(family="counted", argument="x"))

    @settings(LOOK, max_examples=60)
    @given(counted, strategies.records(), strategies.queries())
    def look(asked: Any, rows: Any, queries: Any) -> None:
        records = oracle_records(asked.definition.sources["things"], rows)
        for row in _answers(asked, records, queries):
            found.update(reason for _, reason in row.values())

    look()
    assert found == {None, "no_events", "beyond_kept", "too_many", "out_of_range"}


def test_strategies_reach_every_reason_of_a_refusal() -> None:
    """Records are refused for all that they lack, and for being late or ahead."""
    found: set[str] = set()
    made = strategies.definition(strategies.numbers_over, names=["left"])

    @settings(LOOK, max_examples=60)
    @given(strategies.records())
    def look(rows: Any) -> None:
        records = oracle_records(made.sources["things"], rows)
        found.update(oracle.refusals(records, spec_of(made, "things")))

    look()
    assert found == {"null_key", "null_time", "null_id", "null_arrival", "late", "ahead"}

"""The parity check of aggregates fails on what is wrong, and says which records show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from featurelib.parity import check
from featurelib.parity.event_engines import (
    Answered,
    EventEngine,
    Events,
    Offline,
    keeping_fewer,
)
from featurelib.parity.generate_events import generate_events
from featurelib.parity.report import EventSection
from featurelib.parity.report_html import render
from featurelib.parity.run_events import check_events
from featurelib.parity.stream_engines import STREAM_ENGINES
from featurelib.parity.values import Rows, Values
from featurelib.windows import Definition
from parity_tests.parity.trades import SET

BUNDLE = SET.bind()
DEFINITION = SET.aggregates
ONLINE = STREAM_ENGINES[0]


@dataclass(frozen=True)
class WrongOfOne:
    """An engine that is wrong about `trades_1d` alone: one difference is shrunk, and not eight."""

    before: Callable[[Definition, Events], Events]
    name: str = "wrong"

    def answer(self, definition: Definition, events: Events) -> Answered:
        """The right answers, but for one column."""
        made = Offline().answer(definition, events)
        if "trades_1d" not in definition.aggregates:
            return made
        wrong = Offline().answer(definition, self.before(definition, events))
        return Answered(
            made.values | {"trades_1d": wrong.values["trades_1d"]},
            made.reasons | {"trades_1d": wrong.reasons["trades_1d"]},
            made.refused,
        )


@dataclass(frozen=True)
class Wrong:
    """An engine that changes what it is asked, or what it answers."""

    before: Callable[[Definition, Events], Events] = lambda _, events: events
    after: Callable[[Answered], Answered] = lambda made: made
    name: str = "wrong"

    def answer(self, definition: Definition, events: Events) -> Answered:
        """The answers of the right engine."""
        return self.after(Offline().answer(definition, self.before(definition, events)))


def checked(engine: EventEngine, seed: int = 1) -> EventSection:
    """The engine beside two right ones, on generated events."""
    assert DEFINITION is not None
    events = generate_events(DEFINITION, 400, 120, seed)
    return check_events(DEFINITION, events, [Offline(), engine, ONLINE], "generated queries")


def column(rows: Rows, name: str, change: Callable[[Values], Values]) -> Rows:
    """The rows with one column changed."""
    return Rows(rows.schema, {**rows.columns, name: change(rows.columns[name])}, rows.size)


def test_right_engines_pass() -> None:
    """Every way to compute aggregates gives the same bits, reasons and counts of refusals."""
    assert DEFINITION is not None
    events = generate_events(DEFINITION, 600, 120, seed=3)
    found = check_events(DEFINITION, events)
    assert found.passed, "\n".join(found.lines())
    assert len(found.runs) == 8


def test_generated_events_are_worth_it() -> None:
    """They meet every reason of a refusal and of a null, many values; a seed gives them again."""
    assert DEFINITION is not None
    events = generate_events(DEFINITION, 2000, 400, seed=3)
    made = Offline().answer(DEFINITION, events)
    assert set(made.refused["trades"]) == {
        "null_key", "null_time", "null_id", "null_arrival", "bad_value", "late", "ahead",
    }  # fmt: skip
    assert set(made.reasons["median_1d"]) == {"", "no_events", "beyond_kept"}
    for name in DEFINITION.aggregates:
        values = made.values[name]
        assert len({str(values.canonical(i)) for i in range(400)}) > 4, name
    again = generate_events(DEFINITION, 2000, 400, seed=3)
    for name, rows in events.records.items():
        for field, values in rows.columns.items():
            assert not values.differs(again.records[name].columns[field]).any()


def shifted(definition: Definition, events: Events) -> Events:
    """Every query a microsecond later: the window's ends are off by one."""

    def later(times: Values) -> Values:
        return replace(times, data=times.data + 1)

    return Events(events.records, column(events.queries, definition.as_of, later))


def test_a_window_that_is_off_by_one_is_shrunk_to_one_record() -> None:
    """An end that is a microsecond off shows at one event, and the query that stands on it."""
    found = checked(WrongOfOne(before=shifted))
    assert not found.passed
    (mismatch,) = found.mismatches
    assert mismatch.about == "aggregate `trades_1d`"
    assert mismatch.engines == ("wrong",)
    (record,) = mismatch.records["trades"]
    edge = f"{record['at']}"
    assert mismatch.as_of == edge or mismatch.as_of > edge
    assert mismatch.answers["offline"] == mismatch.answers["online, event by event"]
    assert mismatch.answers["wrong"] != mismatch.answers["offline"]
    text = "\n".join(mismatch.lines())
    assert "count() of `trades` over last 1 day, 0:00:00, closed left" in text
    assert "records of `trades`, shrunk: 1" in text
    assert "0x0000000000000001  1" in text


def test_a_withdrawal_that_is_missed_is_shrunk_to_an_event_and_its_withdrawal() -> None:
    """Who reads no `deleted` column is told with the two records that show it."""

    def alive(definition: Definition, events: Events) -> Events:
        trades = column(
            events.records["trades"], "gone", lambda v: replace(v, data=np.zeros_like(v.data))
        )
        return Events({**events.records, "trades": trades}, events.queries)

    (counted,) = checked(WrongOfOne(before=alive), seed=2).mismatches
    assert counted.about == "aggregate `trades_1d`"
    assert 1 <= len(counted.records["trades"]) <= 2
    assert any(r["gone"] for r in counted.records["trades"])


def test_a_wrong_reason_is_a_difference() -> None:
    """A null with another reason is told, and needs no record where there is none."""

    def renamed(made: Answered) -> Answered:
        reasons = {
            n: np.where(r == "no_events", "too_many", r) if n == "median_1d" else r
            for n, r in made.reasons.items()
        }
        return Answered(made.values, reasons, made.refused)

    found = checked(Wrong(after=renamed))
    (mismatch,) = found.mismatches
    assert mismatch.about == "aggregate `median_1d`"
    assert mismatch.answers["offline"] == "null, no_events"
    assert mismatch.answers["wrong"] == "null, too_many"
    assert mismatch.records == {"trades": ()}


def test_a_wrong_count_of_refused_records_is_a_difference() -> None:
    """An engine that forgets late records is told with the record that it forgot."""

    def forgotten(made: Answered) -> Answered:
        counts = {s: {r: n for r, n in by.items() if r != "late"} for s, by in made.refused.items()}
        return Answered(made.values, made.reasons, counts)

    found = checked(Wrong(after=forgotten))
    (mismatch,) = found.mismatches
    assert mismatch.about == "the count of refused records of `trades`"
    (record,) = mismatch.records["trades"]
    assert record["received"] - record["at"] > SET.aggregates.sources["trades"].source.max_lateness
    assert mismatch.answers["offline"] == "{'late': 1}"
    assert mismatch.answers["wrong"] == "none refused"


def test_an_engine_that_raises_is_a_difference() -> None:
    """What is raised is told, with the records that it needs."""

    def picky(_: Definition, events: Events) -> Events:
        trades = events.records.get("trades")
        if trades is not None and (trades.columns["units"].data > 0).any():
            raise ValueError("some units")
        return events

    found = checked(Wrong(before=picky))
    (mismatch,) = found.mismatches
    assert mismatch.error == "ValueError: some units"
    (record,) = mismatch.records["trades"]
    assert record["units"] == 1


@pytest.fixture(scope="module")
def report() -> object:
    """A whole check with an engine that is off by one."""
    engines = [Offline(), WrongOfOne(before=shifted)]
    return check(BUNDLE, rows=300, seed=1, event_engines=engines, reference_rows=50)


def test_a_report_shows_the_records(report: object) -> None:
    """Text and page name aggregate, query, both answers as bits, and the records."""
    text = "\n".join(report.lines())
    page = render(report)
    assert not report.passed
    for said in ("aggregate `trades_1d`", "records of `trades`, shrunk: 1", "off by"):
        assert (said in text) == (said != "off by")
    assert "trades_1d" in page and "0x0000000000000001" in page and "shrunk: 1" in page


def test_where_aggregates_agree_the_features_of_joined_rows_are_compared() -> None:
    """Rows with real answers go through every engine, and through those that join themselves."""
    found = check(BUNDLE, rows=300, seed=5)
    assert found.passed, "\n".join(found.lines())
    joined = found.sections[0]
    assert joined.where == "generated queries, joined"
    names = [r.engine for r in joined.runs]
    assert names[-2:] == ["transform, events joined", "served with states"]
    assert all(r.rows == joined.rows for r in joined.runs if "joined" in r.engine)


def test_a_source_that_keeps_more_than_is_generated_is_checked_with_fewer() -> None:
    """What is not kept is compared in any case: with the definition, but fewer events kept."""
    few = keeping_fewer(DEFINITION, 60)
    assert few is not None
    assert {n: p.source.max_events for n, p in few.sources.items()} == {"trades": 3, "logins": 3}
    assert keeping_fewer(DEFINITION, 80) is None
    found = check(BUNDLE, rows=60, seed=2, event_engines=[Offline(), ONLINE])
    assert found.passed, "\n".join(found.lines())
    assert [e.where for e in found.events] == ["queries, few events kept", "generated queries"]
    reasons = found.events[0].expected.reasons
    assert any("beyond_kept" in r for r in reasons.values())

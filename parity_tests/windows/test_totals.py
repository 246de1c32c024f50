"""Totals: what leaves the kept events still counts, exactly, in memory that does not grow."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections import deque
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import featurelib as fl
from featurelib.errors import StateError, StateMergeError, StateVersionError
from featurelib.windows import EventSource, define, last, lifetime
from featurelib_online import stream
from parity_tests.soak import examples
from parity_tests.windows import ordered, strategies
from parity_tests.windows.ordered import Row
from parity_tests.windows.strategies import MICROSECOND
from parity_tests.windows.streamed import Told, compiled, long_history, plain, stream_of

HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)
START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


class Reading(fl.Schema):
    """One number at a time."""

    sensor: str
    at: fl.Datetime
    id: int
    x: float | None


def readings(tiles: int = 5, kept: int = 16, **rules: Any) -> stream.Stream:
    """Sums and ends over the lifetime and over a few hours in tiles of one."""
    source = EventSource(
        "readings", Reading, key="sensor", time="at", id="id", max_events=kept, **rules
    )
    x, made = fl.col("x"), {}
    windows = {"life": lifetime(), "hours": last(tiles * HOUR, resolution=HOUR)}
    for name, window in windows.items():
        part = source.over(window)
        made |= {
            f"{name}_count": part.count(), f"{name}_sum": part.sum(x),
            f"{name}_var": part.var(x, ddof=0), f"{name}_min": part.min(x),
            f"{name}_max": part.max(x),
        }  # fmt: skip
    return stream.compile(define(made))


def reading(i: int, at: dt.datetime, x: float | None) -> Row:
    """A record."""
    return {"sensor": "a", "at": at, "id": i, "x": x}


def expected(values: list[float]) -> list[Any]:
    """Count, sum, variance, least and greatest value of plain finite floats, rounded once."""
    if not values:
        return [0, 0.0, None, None, None]
    exact = [Fraction(x) for x in values]
    mean = sum(exact, Fraction(0)) / len(exact)
    spread = sum(((x - mean) ** 2 for x in exact), Fraction(0)) / len(exact)
    return [len(values), math.fsum(values), float(spread), min(values), max(values)]


@pytest.mark.parametrize("low, high", [(0, 0), (-6, 6), (-300, 150)])
def test_thousands_of_events_of_which_sixteen_are_kept(low, high) -> None:
    """Every sum is that of exact fractions of all events, whatever range the values span.

    There are pauses longer than the window, and stretches in which tiles are long past.
    """
    made, random_ = readings(), random.Random(high)
    state, now, rows = made.new(), START, []
    for i in range(3_000):
        pause = random_.choice([1] * 60 + [90, 400, 2_000]) * MINUTE
        now += pause * random_.random()
        now -= dt.timedelta(microseconds=now.microsecond)
        x = random_.gauss(0.0, 1.0) * 10.0 ** random_.randint(low, high)
        rows.append((now, x))
        made.apply(state, reading(i, now, x))
        if i % 300 == 299:
            moment = now + random_.choice([1, 60, 200]) * MINUTE
            begin = moment.replace(minute=0, second=0, microsecond=0) - 5 * HOUR
            found = list(made.query(state, moment).values())
            assert found[:5] == expected([x for _, x in rows])
            assert found[5:] == expected([x for t, x in rows if t >= begin])
            assert made.load(state.vector) == state
    about = made.describe(state)
    assert about["events"] == 16 and about["in_totals"] == 3_000 - 16
    assert about["newest_lost"] is None and about["bytes"] <= about["max_bytes"]


def test_values_that_are_not_finite_stay_in_the_totals() -> None:
    """An infinity, then one of the other sign, then NaN; null values count as events."""
    made = readings(kept=2)
    state, sums = made.new(), []
    for i, x in enumerate([1.0, math.inf, None, -math.inf, math.nan, 2.0, 3.0, 4.0]):
        made.apply(state, reading(i, START + i * MINUTE, x))
        found = made.query(state, START + 30 * MINUTE)
        sums.append(found["life_sum"])
    assert [plain(x) for x in sums[:4]] == [plain(x) for x in (1.0, math.inf, math.inf, math.nan)]
    assert math.isnan(found["life_sum"]) and math.isnan(found["hours_var"])
    assert found["life_count"] == 8 and found["life_min"] == -math.inf
    assert math.isnan(found["life_max"])


@examples(25, soak=800)
@given(ordered.asked(), strategies.records(), st.integers(0, 99), st.lists(
    strategies.moments(-9, 13), max_size=3
))  # fmt: skip
def test_answers_are_the_oracles_over_all_events(asked, rows, seed, times) -> None:
    """In the order of arrival, ties in any order, some delivered again; also for the past."""
    made = stream_of(asked)
    told, state = Told(made.definition), made.new()
    mine = [row for row in rows if row["user"] in ("ann", None)]
    for row in ordered.by_arrival(mine, asked.arrival, seed, again=3):
        told.hear(row)
        made.apply(state, row)
    newest = told.newest_arrival
    told.check(made, state, [newest, newest + 1, *map(strategies.microseconds, times)])
    assert made.load(bytes(state)) == state


def test_ties_of_arrival_in_any_order_give_the_same_bytes() -> None:
    """What is in totals, what is lost and how they lie does not depend on it."""
    made = compiled("numbers", "x", ("life", "tiles_long"), 8, True, 1, 2)
    rows = long_history(10, 300, True)
    states = []
    for seed in range(4):
        state = made.new()
        for row in ordered.by_arrival(rows, True, seed, again=5 * seed):
            made.apply(state, row)
        states.append(made.compact(state))
    assert made.describe(states[0])["in_totals"] > 100
    assert all(state == states[0] for state in states)


def test_a_record_of_an_event_in_the_totals_is_told_and_not_counted() -> None:
    """It cannot be told from one that is delivered again."""
    made = readings(kept=2)
    state = made.new()
    rows = [reading(i, START + i * MINUTE, 1.0) for i in range(10)]
    assert [made.apply(state, row) for row in rows] == ["taken"] * 10
    assert made.apply(state, rows[3]) == "beyond_kept" and made.refused["beyond_kept"] == 1
    assert made.apply(state, reading(99, rows[2]["at"], 1.0)) == "beyond_kept"
    assert made.query(state, START + HOUR)["life_count"] == 10


def test_an_event_that_must_leave_while_it_may_change_is_lost() -> None:
    """With three events within the lateness of one hour and room for two, a total is null.

    A window of tiles that begins after the lost event has its total.
    """
    made = readings(kept=2, arrival="at", max_lateness=HOUR)
    state = made.new()
    for i in range(3):
        made.apply(state, reading(i, START + i * MINUTE, 1.0))
    found = made.query(state, START + 10 * MINUTE)
    assert found.reasons["life_count"] == found.reasons["hours_count"] == "beyond_kept"
    assert made.describe(state)["newest_lost"] == START
    for i in range(3, 20):
        made.apply(state, reading(i, START + i * HOUR, 1.0))
    found = made.query(state, START + 20 * HOUR)
    assert found.reasons["life_count"] == "beyond_kept" and found["hours_count"] == 5
    assert made.describe(state)["in_totals"] == 17


def test_without_a_bound_of_lateness_all_that_leaves_is_lost() -> None:
    """And a state has no memory of totals."""
    made = readings(kept=2, arrival="at")
    state = made.new()
    for i in range(3):
        made.apply(state, reading(i, START + i * HOUR, 1.0))
    assert made.query(state, START + 4 * HOUR).reasons["life_sum"] == "beyond_kept"
    assert made.describe(state)["bytes_of_totals"] == 0


def test_a_query_of_the_past_does_not_guess() -> None:
    """An event in the totals was not there yet, so the answer is null and not another number."""
    made = readings(kept=2)
    state = made.new()
    for i in range(6):
        made.apply(state, reading(i, START + i * MINUTE, 1.0))
    assert made.query(state, START + 3 * MINUTE).reasons["life_count"] == "beyond_kept"
    assert made.query(state, START + 3 * MINUTE + MICROSECOND)["life_count"] == 4


def test_a_snapshot_and_a_tail_have_the_totals_of_the_whole_stream() -> None:
    """The tail overlaps; the state is that of the whole stream, byte for byte."""
    made, rows = readings(kept=50), []
    random_, now = random.Random(8), START
    for i in range(400):
        now += random_.choice([0, 1, 7]) * MINUTE
        rows.append(reading(i, now, random_.gauss(0, 1)))
    for cut in (60, 200, 371):
        snapshot, tail, whole = made.new(), made.new(), made.new()
        for i, row in enumerate(rows[: cut + 30]):
            made.apply(whole, row)
            if i < cut:
                made.apply(snapshot, row)
            if i >= cut - 15:
                made.apply(tail, row)
        merged = made.merge(snapshot, tail)
        assert made.load(bytes(merged)) == merged
        assert made.compact(merged) == made.compact(made.merge(tail, snapshot))
        assert made.compact(merged) == made.compact(whole)


def test_two_states_with_totals_are_not_merged() -> None:
    """The error says how many each has counted, and the way out."""
    made = readings(kept=2)
    one, other = made.new(), made.new()
    for i in range(9):
        made.apply(one, reading(i, START + i * MINUTE, 1.0))
    for i in range(5):
        made.apply(other, reading(i, START + i * MINUTE, 1.0))
    with pytest.raises(StateMergeError, match=r"readings: .*\(7 and 3\).*\n.*apply the records"):
        made.merge(one, other)


def filled(tiles: int = 5) -> tuple[stream.Stream, stream.State]:
    """A stream and a state with twenty tiles' events, most of them in totals."""
    made = readings(tiles, kept=3)
    state = made.new()
    for i in range(40):
        made.apply(state, reading(i, START + i * HOUR / 2, float(i)))
    return made, state


def test_every_flipped_byte_is_refused_in_totals_too() -> None:
    """In their head, in leaves, in nodes above, in leaves that are not used yet."""
    made, state = filled()
    whole = bytearray(state.vector)
    for at in range(len(whole)):
        damaged = whole.copy()
        damaged[at] ^= 1 << (at % 8)
        with pytest.raises(StateError):
            made.load(damaged)


def test_totals_grow_as_they_are_needed_and_stay_within_their_bound() -> None:
    """None at first; twice as many tiles, or more words, where an event wants them."""
    made, sizes = readings(100, kept=2), []
    state, random_, kept = made.new(), random.Random(2), deque(maxlen=102)
    for i in range(400):
        x = random_.random() * 10.0 ** (i % 200 - 100 if i > 300 else 0)
        kept.append(x)
        made.apply(state, reading(i, START + i * HOUR, x))
        if i % 20 == 19:
            about = made.describe(state)
            sizes.append(about["bytes_of_totals"])
            assert made.load(state.vector) == state and about["bytes"] <= about["max_bytes"]
            found = made.query(state, START + (i + 1) * HOUR)
            assert found["hours_sum"] == math.fsum(list(kept)[-100:])
    assert sizes == sorted(sizes) and len(set(sizes)) > 5


def test_a_longer_window_of_tiles_says_what_it_does_not_know() -> None:
    """It reads the same state; tiles that were given up are `beyond_kept` until it is full."""
    made, state = filled(5)
    longer = readings(12, kept=3)
    state = longer.load(bytes(state))
    assert longer.query(state, START + 20 * HOUR).reasons["hours_count"] == "beyond_kept"
    for i in range(40, 60):
        longer.apply(state, reading(i, START + i * HOUR / 2, float(i)))
    assert longer.query(state, START + 30 * HOUR)["hours_count"] == 24
    assert made.load(bytes(state)) == state  # and a shorter one reads that


def test_a_state_of_the_layout_before_is_refused_by_its_version() -> None:
    """It is a state, so the message is not that it is none."""
    made, state = filled()
    old = bytes(state).replace(b"FLSTATE2", b"FLSTATE1", 1)
    with pytest.raises(StateVersionError, match=r"FLSTATE1.*\n.*a new one"):
        made.load(old)

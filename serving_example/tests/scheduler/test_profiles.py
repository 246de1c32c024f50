"""Latency profiles: what was seen, what was told, the line between, and drift."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity_tests.soak import examples
from serving_example.scheduler import Drift, Profiles, SchedulerError
from serving_example.scheduler.curve import fit_line
from serving_example.scheduler.rates import Rate


def profiles(**rules: float) -> Profiles:
    made = Profiles(**rules)
    made.know("a", "cpu")
    made.know("b", "cpu")
    return made


def test_the_nearest_knowledge_answers() -> None:
    """Seen here, then told here, then seen or told of the kind, then a line, then the guess."""
    made = profiles(guess_s=0.5)
    assert made.seconds("m", "a", 4) == 0.5
    made.tell("m", "cpu", {4: 0.4, 8: 0.8})
    assert (made.seconds("m", "a", 4), made.seconds("m", "cpu", 8)) == (0.4, 0.8)
    assert made.seconds("m", "a", 16) == pytest.approx(1.6)
    made.tell("m", "a", {4: 0.3})
    assert made.seconds("m", "a", 4) == 0.3
    made.observe("m", "a", 4, 0.2)
    assert made.seconds("m", "a", 4) == 0.2
    assert made.seconds("m", "b", 4) == 0.2, "another of its kind was seen"
    assert made.seconds("other", "a", 4) == 0.5


def test_a_high_quantile_of_the_last_batches_stands_for_a_size() -> None:
    """The 0.9 quantile of 64: the 58th in order; older batches are forgotten."""
    made = profiles(quantile=0.9)
    for at in range(64):
        made.observe("m", "a", 4, 1.0 + at)
    assert made.seconds("m", "a", 4) == 58.0
    for _ in range(64):
        made.observe("m", "a", 4, 0.5)
    assert made.seconds("m", "a", 4) == 0.5


@pytest.mark.parametrize("is_told", [False, True])
def test_a_size_that_one_stall_made_slow_is_believed_to_be_fast_again(is_told: bool) -> None:
    """It is not chosen for being slow; others that run show within ten seconds that it is not."""
    made = profiles()
    for size in (8, 32):
        if is_told:
            made.tell("m", "a", {size: 0.8})
        else:
            made.observe("m", "a", size, 0.8)
    news = sum(made.observe("m", "a", 16, 0.01) for _ in range(1_500))
    assert made.table("m", "a", (8, 16, 32)) == (0.01, 0.01, 0.02), "padded, and in two parts"
    assert news < 1_500 / 8 + 30
    made.observe("m", "a", 32, 0.8)
    assert made.seconds("m", "a", 32) == 0.8, "what is seen is believed again"


@given(st.lists(st.tuples(st.sampled_from((4, 8, 16)), st.integers(1, 66)), max_size=6))
def test_any_batch_may_be_the_first_of_its_size(runs: list[tuple[int, int]]) -> None:
    """All sizes that ran take what they took, also if the 64th batch is the first of its size.

    At each 64th what did not run fades; that one ended its device's thread.
    """
    made = Profiles()
    for size, count in [(4, 63), (8, 1), *runs]:
        for _ in range(count):
            made.observe("m", "a", size, size / 1000)
            assert made.seconds("m", "a", size) == size / 1000


def test_what_is_faster_than_sizes_that_run_does_not_fade() -> None:
    """A stall of what runs is no news of what does not."""
    made = profiles()
    made.observe("m", "a", 32, 0.015)
    made.tell("m", "a", {64: 0.03})
    for _ in range(1_000):
        made.observe("m", "a", 16, 0.01)
    assert made.table("m", "a", (16, 32, 64)) == (0.01, 0.015, 0.03)


@given(st.dictionaries(st.integers(1, 1024), st.floats(1e-4, 1.0), min_size=2, max_size=8))
@examples(60, soak=2000)
def test_the_line_is_numpys_where_its_slope_can_be(points: dict[int, float]) -> None:
    """Least squares as numpy computes them, unless the slope is negative or the start is below 0.

    Comparison with another library: both round, so to 1e-9 of the values.
    """
    slope, start = fit_line(points)
    sizes, seconds = np.array(list(points)), np.array(list(points.values()))
    expected = np.polyfit(sizes, seconds, 1)
    if expected[0] >= 0.0 and expected[1] >= 0.0:
        np.testing.assert_allclose([slope, start], expected, rtol=1e-6, atol=1e-9)
    assert slope >= 0.0 and start >= -1e-12


def test_a_table_never_falls() -> None:
    """A larger size that looks faster than a smaller one takes as long: rows may be padded."""
    made = profiles()
    made.tell("m", "a", {1: 0.3, 2: 0.2, 4: 0.5})
    assert made.table("m", "a", (1, 2, 4)) == (0.3, 0.3, 0.5)


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_times_that_are_none_are_not_learned(seconds: float) -> None:
    """A clock that was set back gives them; to tell them is an error."""
    made = profiles(guess_s=0.5)
    assert not made.observe("m", "a", 4, seconds)
    assert made.seconds("m", "a", 4) == 0.5
    with pytest.raises(SchedulerError, match="seconds above 0"):
        made.tell("m", "a", {4: seconds})


def test_drift_is_an_alarm() -> None:
    """Sixteen batches that take 1.6 times as long as was told; one size of one model."""
    made = profiles()
    made.tell("m", "cpu", {4: 0.1, 8: 0.2})
    made.tell("other", "cpu", {4: 0.1})
    for _ in range(16):
        made.observe("m", "a", 4, 0.16)
        made.observe("m", "a", 8, 0.25)
        made.observe("other", "b", 4, 0.1)
    assert made.drifts() == [Drift("m", "a", 4, 0.1, 0.16)]


def test_profiles_are_stored() -> None:
    """What was seen is what a later process is told; it sees drift against that."""
    made = profiles()
    made.tell("m", "cpu", {4: 0.4, 8: 0.8})
    made.observe("m", "a", 4, 0.3)
    again = profiles()
    again.read_json(made.to_json())
    assert [again.seconds("m", "a", size) for size in (4, 8)] == [0.3, 0.8]
    assert again.to_json() == made.to_json()


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[1]", json.dumps({"format": 2, "profiles": []}),
     json.dumps({"format": 1, "profiles": [{"model": "m", "device": "a", "seconds": {"4": -1}}]})],
)  # fmt: skip
def test_a_file_that_is_none_is_refused(text: str) -> None:
    """Nothing of it is told, and the message says that it can be removed."""
    with pytest.raises(SchedulerError, match="learned again"):
        profiles().read_json(text)


def test_one_slow_device_does_not_make_the_others_look_slow() -> None:
    """By hand: of 10 ms told and 30 and 12 seen the lower median is 12; of 10 and 30 it is 10."""
    profiles = Profiles()
    for device in "abc":
        profiles.know(device, "gpu")
    profiles.tell("m", "gpu", {8: 0.010})
    profiles.observe("m", "a", 8, 0.030)
    assert profiles.seconds("m", "c", 8) == 0.010
    profiles.observe("m", "b", 8, 0.012)
    assert profiles.seconds("m", "c", 8) == 0.012
    assert profiles.seconds("m", "a", 8) == 0.030


def test_a_rate_is_what_arrives_in_a_second() -> None:
    """From the first seconds on, for a steady stream; and it forgets with its time constant."""
    rate = Rate(10.0, 0.0)
    for at in range(1, 41):
        assert rate.per_s(5 * at, at) == pytest.approx(5.0)
    assert rate.per_s(200, 50.0) == pytest.approx(5.0 * np.exp(-1.0), rel=0.02)


def test_a_rate_stands_still_while_a_clock_is_behind() -> None:
    """Set back by an hour, it gives what it gave, and goes on from there."""
    rate = Rate(1.0, 3_600.0)
    for at in range(10):
        rate.per_s(3 * at, 3_600.0 + at)
    before = rate.per_s(30, 3_610.0)
    assert rate.per_s(30, 10.0) == before
    assert 0.0 < rate.per_s(33, 11.0) <= 2.0 * before


DEVICES = st.sampled_from(["a", "b", "c"])
CHANGES = st.one_of(
    st.tuples(st.just("know"), DEVICES, st.sampled_from(["cpu", "cuda"])),
    st.tuples(st.just("tell"), st.sampled_from(["a", "cpu", "cuda"]), st.sampled_from([1, 4])),
    st.tuples(st.just("observe"), DEVICES, st.sampled_from([1, 4, 16]), st.integers(1, 9)),
    st.tuples(st.just("doubt"), DEVICES, st.integers(0, 5)),
    st.tuples(st.just("forget")),
)


@given(st.lists(CHANGES, max_size=60))
@examples(100, 5000)
def test_asking_changes_no_answer(changes: Any) -> None:
    """Who is asked after every change says in the end what one says who was never asked."""
    asked, silent = profiles(), profiles()
    for made in (asked, silent):
        for kind, *what in changes:
            if kind == "know":
                made.know(*what)
            elif kind == "tell":
                made.tell("m", what[0], {what[1]: 0.5})
            elif kind == "observe":
                made.observe("m", what[0], what[1], what[2] / 10)
            elif kind == "doubt":
                made.doubt("m", what[0], float(what[1]))
            else:
                made.forget("m")
            if made is asked:
                answers(made)
    assert answers(asked) == answers(silent)


def answers(made: Profiles) -> list[float]:
    return [made.seconds("m", device, size) for device in "abc" for size in (1, 4, 16, 32)]


def test_a_doubt_of_one_device_is_heard_by_its_kind() -> None:
    """The slow one of two batches of `a` is forgotten: `b`, which ran none, is asked before."""
    made = profiles()
    made.observe("m", "a", 4, 0.4)
    made.observe("m", "a", 4, 0.1)
    assert made.seconds("m", "b", 4) == 0.4
    assert not made.doubt("m", "a", 0.0)
    assert made.doubt("m", "a", 1.0)
    assert made.seconds("m", "b", 4) == made.seconds("m", "a", 4) == 0.1

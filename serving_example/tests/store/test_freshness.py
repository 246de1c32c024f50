"""Freshness: what is counted of what is served, and whether the promise is kept."""

from __future__ import annotations

import threading

import pytest

from serving_example.store import Lag
from serving_example.store.freshness import AGE_BOUNDS_S, Freshness, Objective

OBJECTIVES = [
    Objective("user_state", "lag", 2.0),
    Objective("profile", "age", 60.0, share=0.5),
]


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000_000

    def __call__(self) -> int:
        return self.now


def test_an_age_is_measured_when_a_vector_is_served() -> None:
    """In seconds, in a histogram whose buckets add up, and never below zero."""
    clock = Clock()
    fresh = Freshness(OBJECTIVES, clock=clock)
    ages = [0.0, 0.05, 0.1, 0.2, 60.0, 60.5, 3_000_000.0, -5.0]
    for age in ages:
        found = fresh.observe("profile", clock.now - round(age * 1e6))
        assert found == max(age, 0.0)
    report = fresh.report()[1]
    counted = [sum(max(age, 0.0) <= bound for age in ages) for bound in AGE_BOUNDS_S]
    assert list(report.ages) == [*counted, len(ages)]
    assert report.age_sum_s == pytest.approx(sum(max(age, 0.0) for age in ages))
    assert (report.served, report.kept, report.is_met) == (8, 6, True)


def test_a_state_is_as_fresh_as_the_store() -> None:
    """An old state of a quiet user keeps its objective, as long as the store follows the log."""
    clock = Clock()
    fresh = Freshness(OBJECTIVES, clock=clock)
    fresh.observe("user_state", 0)
    fresh.tell_lag(Lag(3, 2.5))
    fresh.observe("user_state", clock.now)
    fresh.tell_lag(Lag(0, 0.0))
    fresh.observe("user_state", None)
    report = fresh.report()[0]
    assert (report.served, report.kept, report.missing, report.is_met) == (3, 2, 1, False)


def test_a_lag_that_nobody_tells_any_more_grows() -> None:
    """Silence is no freshness: after a while it counts as if nothing had been applied."""
    clock = Clock()
    fresh = Freshness(OBJECTIVES, clock=clock, lag_valid_s=5)
    fresh.tell_lag(Lag(1, 0.5))
    clock.now += 5_000_000
    assert fresh.lag == Lag(1, 0.5)
    clock.now += 1_000_000
    assert fresh.lag == Lag(1, 6.5)
    fresh.observe("user_state", clock.now)
    assert fresh.report()[0].kept == 0


def test_stale_and_missing_answers_are_counted_apart() -> None:
    """A stale answer keeps no objective; a missing one none of age."""
    clock = Clock()
    fresh = Freshness(OBJECTIVES, clock=clock)
    fresh.observe("profile", clock.now, is_stale=True)
    fresh.observe("profile", None, is_stale=True)
    fresh.observe("profile", None)
    report = fresh.report()[1]
    assert (report.served, report.kept, report.missing, report.stale) == (3, 0, 2, 2)
    assert not report.is_met


def test_nothing_served_is_nothing_broken() -> None:
    """A fresh process keeps its promises."""
    assert all(report.is_met for report in Freshness(OBJECTIVES).report())


def test_threads_count_together() -> None:
    """No observation is lost."""
    clock = Clock()
    fresh = Freshness(OBJECTIVES, clock=clock)

    def serve() -> None:
        for _ in range(500):
            fresh.observe("profile", clock.now)

    threads = [threading.Thread(target=serve) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fresh.report()[1].served == fresh.report()[1].ages[0] == 2000


def test_an_objective_is_checked() -> None:
    """Bounds, shares and names that make no sense are refused; a view has one objective."""
    for wrong in (("age", 0.0, 0.9), ("age", 1.0, 0.0), ("age", 1.0, 1.1), ("mood", 1.0, 0.9)):
        with pytest.raises(ValueError, match="expected lag or age"):
            Objective("profile", *wrong)
    with pytest.raises(ValueError, match="one objective for each view"):
        Freshness([OBJECTIVES[0], OBJECTIVES[0]])

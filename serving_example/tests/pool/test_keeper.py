"""What time alone makes due in a pool, and a policy or a front end that is slow or fails."""

from collections.abc import Sequence

import pytest

from serving_example.pool.lag import HALF_LIFE_S, Lag
from serving_example.scheduler import Choice, Offer, Policy, Refusal, Wait, make_policy
from serving_example.scheduler.policies.tfserving import TfServing
from serving_example.tests.pool.world import Clock, Gate, program, running, until


def test_a_window_closes_in_time_though_no_job_comes() -> None:
    """A policy that waits for company is asked again when it said, on an idle pool."""
    model = program()
    with running(model, policy=TfServing(timeout_s=0.01)) as (pool, asked):
        for _ in range(3):
            job = asked.answer(model)
            waited = job.started - job.entered
            assert waited >= 0.01 and job.error is None
        assert pool.stats().counts.batches == {"window": 3} and pool.policy == "tfserving"


def test_a_window_that_opens_when_a_batch_ends_closes_in_time() -> None:
    """The device's thread knows of it, and has the keeper wake."""
    model = program(Gate())
    with running(model, policy=TfServing(timeout_s=0.05)) as (pool, asked):
        model.module.shut()
        full = [asked.job(model, 256), asked.job(model, 128)]
        assert model.module.entered.wait(10)
        model.module.go.set()
        assert all(asked.wait(job).error is None for job in full)
        assert pool.stats().counts.batches == {"full": 1, "window": 1}


class Failing:
    """The first come, first served, while it does not fail."""

    def __init__(self) -> None:
        self._policy: Policy = make_policy("fifo")
        self.name, self.order, self.fails = "failing", self._policy.order, True

    def choose(self, now: float, device: str, offers: Sequence[Offer]) -> Choice | Wait:
        if self.fails:
            raise ZeroDivisionError("a policy of the test")
        return self._policy.choose(now, device, offers)


def test_a_policy_that_fails_is_asked_again() -> None:
    """Nothing is lost by it: what waits is answered when it has recovered."""
    clock, model, policy = Clock(), program(), Failing()
    with running(model, policy=policy, clock=clock) as (pool, asked):
        jobs = [asked.job(model), asked.job(model)]
        assert {job.state for job in jobs} == {"waiting"}
        policy.fails = False
        clock.now += 0.2
        until(lambda: all(job.state == "done" for job in jobs), pool)
        assert asked.answer(model).error is None


def test_a_late_delivery_is_counted_on_for_a_moment() -> None:
    """The most of what was seen counts, and by half after each tenth of a second."""
    lag = Lag()
    assert lag.expected_s(1.0) == 0.0
    assert lag.tell(0.08, 0.0) == 0.08 and lag.tell(0.01, 0.0) == 0.08
    assert lag.expected_s(HALF_LIFE_S) == 0.04
    assert lag.tell(0.05, HALF_LIFE_S) == 0.05
    assert lag.expected_s(0.0) == 0.05, "a clock that was set back"


def test_admission_forgets_a_stall() -> None:
    """A job that the lag would make late is refused, and taken when the stall is forgotten."""
    clock, model = Clock(), program()
    with running(model, clock=clock, admission=None) as (pool, asked):
        pool.lagged(1.0)
        assert isinstance(asked.offer(model, within_s=0.5), Refusal)
        clock.now += 20 * HALF_LIFE_S
        pool.wake()
        job = asked.offer(model, within_s=0.5)
        assert not isinstance(job, Refusal) and asked.wait(job).error is None


@pytest.mark.parametrize("within_s", [0.01, 0.03])
def test_what_expires_is_told_close_to_its_deadline(within_s: float) -> None:
    """The pool's thread wakes for it, though it slept for longer when the job came."""
    model = program(Gate())
    with running(model) as (_, asked):
        model.module.shut()
        asked.job(model)
        assert model.module.entered.wait(10)
        late = asked.wait(asked.job(model, within_s=within_s))
        assert late.state == "expired" and late.finished >= late.deadline
        model.module.go.set()

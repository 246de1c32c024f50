"""Runs whose every time is worked out by hand, and what holds of any run."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity_tests.soak import amount, examples
from serving_example.scheduler import POLICIES
from serving_example.simulate import Linear, Model, Outcome, Pool, Trace, simulate
from serving_example.simulate.outcome import DROPPED, GOOD, LATE, REFUSED, WAITING
from serving_example.simulate.setting import Setting
from serving_example.simulate.trace_bound import most_good

ONE = Pool((Model("a", Linear(1.0, 2.0), (1, 2, 4)),))
"""l(b) = b + 2 seconds."""


def trace_of(requests: Any, models: Any = ("a",), tenants: Any = None) -> Trace:
    """From (arrival, deadline, model)."""
    times, deadlines, picked = (np.array(column) for column in zip(*requests, strict=True))
    count = len(requests)
    return Trace(
        times.astype(float), picked.astype(np.int64), np.ones(count, np.int64),
        deadlines.astype(float), np.zeros(count, np.int64), models,
    )  # fmt: skip


def batches(outcome: Outcome) -> Any:
    return [(b.requests, b.size, b.reason, b.start, b.end) for b in outcome.batches]


def test_two_requests_on_one_device() -> None:
    """The first runs at once, 3 s; the second came meanwhile and runs from 3 to 6."""
    outcome = simulate(trace_of([(0, 10, 0), (1, 10, 0)]), ONE, "fifo")
    assert batches(outcome) == [(1, 1, "free", 0.0, 3.0), (1, 1, "free", 3.0, 6.0)]
    assert outcome.finished.tolist() == [3.0, 6.0]
    assert outcome.fates.tolist() == [GOOD, GOOD]


def test_those_who_wait_together_run_together() -> None:
    """Three come while the first runs; they run at size 4, from 3 to 9, and one of them is late."""
    requests = [(0, 10, 0), (1, 10, 0), (1, 8, 0), (2, 10, 0)]
    outcome = simulate(trace_of(requests), ONE, "fifo", admits_all=True)
    assert batches(outcome) == [(1, 1, "free", 0.0, 3.0), (3, 4, "free", 3.0, 9.0)]
    assert outcome.fates.tolist() == [GOOD, GOOD, LATE, GOOD]


def test_a_deadline_that_passes_while_waiting() -> None:
    """It is dropped at 2.5, while the device runs until 3; it never ran."""
    outcome = simulate(trace_of([(0, 10, 0), (1, 2.5, 0)]), ONE, "fifo", admits_all=True)
    assert outcome.fates.tolist() == [GOOD, DROPPED]
    assert outcome.finished.tolist() == [3.0, 2.5]
    assert outcome.unanswered == {"expired": 1}
    assert batches(outcome) == [(1, 1, "free", 0.0, 3.0)]


def test_what_will_be_late_is_refused_at_once() -> None:
    """With admission: at 1 the device is busy until 3, an answer would come at 6."""
    outcome = simulate(trace_of([(0, 10, 0), (1, 5, 0)]), ONE, "fifo")
    assert outcome.fates.tolist() == [GOOD, REFUSED]
    assert (outcome.finished[1], outcome.unanswered) == (1.0, {"predicted_late": 1})


def test_two_devices_take_from_one_queue() -> None:
    """The second request goes to the other device, the third to the one that is free first."""
    pool = Pool(ONE.models, devices=2)
    outcome = simulate(trace_of([(0, 20, 0), (1, 20, 0), (2, 20, 0)]), pool, "fifo")
    assert outcome.finished.tolist() == [3.0, 4.0, 6.0]
    assert outcome.batches[0].device == outcome.batches[2].device != outcome.batches[1].device


def test_a_load_takes_the_device() -> None:
    """It starts with the run and ends at 5; a request that can wait is answered at 8."""
    pool = Pool((Model("a", Linear(1.0, 2.0), (1, 2), load_s=5.0),))
    outcome = simulate(trace_of([(0, 100, 0), (1, 7, 0)]), pool, "fifo")
    assert [(x.model, x.start, x.end) for x in outcome.loads] == [("a", 0.0, 5.0)]
    assert outcome.finished[0] == 8.0
    assert outcome.fates.tolist() == [GOOD, REFUSED]
    assert outcome.unanswered == {"cold": 1}


def test_noise_only_makes_it_longer_and_a_seed_repeats_it() -> None:
    """Batches take at least their profile; the same seed gives the same times, another does not."""
    setting = Setting(requests=200, noise=0.2)
    trace, pool = setting.trace(1), setting.pool()
    first, again, other = (
        simulate(trace, pool, "fifo", seed=s, lead_s=2 * setting.lead_s) for s in (1, 1, 2)
    )
    assert batches(first) == batches(again) != batches(other)
    assert np.array_equal(first.finished, again.finished, equal_nan=True)
    took = [(b.end - b.start) / pool.models[0].latency.seconds(b.size) for b in first.batches]
    assert min(took) >= 1.0 - 1e-9 and np.mean(took) == pytest.approx(1.2, abs=0.1)


def test_after_an_overload_it_takes_two_objectives() -> None:
    """Load 0.5, then 3, then 0.5: who comes 2 * 100 ms behind the step or later is in time.

    Within the step no less is answered than nine tenths of what the devices can do.
    """
    setting = Setting(devices=1, models=2, load=0.5, step=3.0, requests=amount(2_000, soak=60_000))
    trace = setting.trace(0)
    outcome = simulate(trace, setting.pool(), lead_s=setting.lead_s)
    third = (setting.requests / (setting.load * setting.top_rate)) / 3
    begins, ends = setting.warm_s + third, setting.warm_s + 2 * third
    behind = trace.times >= ends + 2 * setting.slo_s
    assert behind.sum() > 300
    assert outcome.attainment_where(behind) == 1.0
    inside = (outcome.fates == GOOD) & (trace.times >= begins) & (trace.times < ends)
    assert inside.sum() > 0.9 * setting.top_rate * third


def test_a_noisy_neighbour_costs_the_others_less_than_one_percent() -> None:
    """Four tenants at 0.8 of their part, then the first at three times that: load 1.2 in all."""
    others = {}
    for times in (1.0, 3.0):
        setting = Setting(
            devices=2, models=4, load=0.8, tenants=4, neighbour=times,
            requests=amount(3_000, soak=40_000),
        )  # fmt: skip
        trace = setting.trace(0)
        outcome = simulate(trace, setting.pool(), lead_s=setting.lead_s).after(setting.warm_s)
        others[times] = outcome.attainment_where(outcome.trace.tenants > 0)
    assert others[1.0] == 1.0
    assert others[3.0] > 0.99


MODELS = (
    Model("a", Linear(1.0, 2.0), (1, 2, 4), memory_bytes=2, load_s=1.0),
    Model("b", Linear(0.5, 1.0), (2, 4), memory_bytes=1, load_s=2.0),
    Model("c", Linear(2.0, 0.5), (1, 2), memory_bytes=2, load_s=0.5),
)
requests = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 20), st.integers(0, 2)), min_size=1, max_size=40
)


@pytest.mark.parametrize("policy", sorted(POLICIES))
@given(requests, st.integers(1, 3), st.integers(2, 5), st.booleans())
@examples(15, 1000)
def test_every_request_has_one_end(
    policy: str, requests: Any, devices: int, memory: int, admits_all: bool
) -> None:
    """Nothing is lost or run twice, no device does two things at once, no batch is too large.

    And what ran had not passed its deadline when it began, is of the batch's model, and no more
    was in time than the bound allows.
    """
    requests = sorted((t / 2, t / 2 + d / 2, m) for t, d, m in requests)
    trace = trace_of(requests, ("a", "b", "c"))
    pool = Pool(MODELS, devices, memory)
    outcome = simulate(trace, pool, policy, admits_all=admits_all)
    assert WAITING not in outcome.fates
    ran = sum(batch.requests for batch in outcome.batches)
    assert ran == int(np.isin(outcome.fates, (GOOD, LATE)).sum())
    assert outcome.good <= most_good(trace, pool) + 1e-9
    ends: dict[str, float] = {}
    used = [(b.start, b.end, b.device) for b in outcome.batches]
    used += [(x.start, x.end, x.device) for x in outcome.loads]
    for start, end, device in sorted(used):
        assert start >= ends.get(device, 0.0)
        ends[device] = end
    for batch in outcome.batches:
        assert batch.rows <= batch.size

"""Trouble in simulated time: every request has an end, and attainment is back within seconds."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib.errors import DefinitionError
from parity_tests.soak import examples
from serving_example.simulate import Linear, Model, Pool, Trace, simulate
from serving_example.simulate.drills import DRILLS, Course, drilled
from serving_example.simulate.faults import Fault
from serving_example.simulate.outcome import DROPPED, GOOD, LATE, WAITING
from serving_example.simulate.setting import Setting

SETTING = Setting(a_s=0.005, c_s=0.02, slo_s=0.5, models=4)
"""Batches and objectives are longer than in the studies, so requests are fewer."""


def course(name: str) -> Course:
    return drilled(DRILLS[name], SETTING, ["hybrid"], 0)["hybrid"]


def trace_of(requests: Any) -> Trace:
    """From (arrival, deadline), of one model."""
    times, deadlines = (np.array(column, float) for column in zip(*requests, strict=True))
    nothing, ones = np.zeros(len(times), np.int64), np.ones(len(times), np.int64)
    return Trace(times, nothing, ones, deadlines, nothing, ("a",))


ONE = Pool((Model("a", Linear(1.0, 2.0), (1, 2, 4)),))
"""l(b) = b + 2 seconds, 3 for one."""


def test_a_slow_device_takes_as_many_times_as_long() -> None:
    """What begins in the spell takes 9 s, and after it 3 again."""
    trace = trace_of([(0, 50), (1, 50), (13, 50)])
    outcome = simulate(trace, ONE, "fifo", faults=[Fault("slow", 0, 2.0, 5.0)])
    assert [(b.start, b.end) for b in outcome.batches] == [(0.0, 3.0), (3.0, 12.0), (13.0, 16.0)]


def test_a_device_that_hangs_for_a_moment_ends_late() -> None:
    """A batch that would end at 3 ends at 8, with the hang; it is not lost, for that takes 60 s."""
    outcome = simulate(trace_of([(0, 7), (1, 20)]), ONE, "fifo", faults=[Fault("hang", 0, 2, 6)])
    assert outcome.finished.tolist() == [8.0, 11.0]
    assert outcome.fates.tolist() == [LATE, GOOD]


def test_a_device_that_hangs_is_lost_and_comes_back() -> None:
    """By hand: the first batch would end at 3, and hangs from 2 on; 60 s later it is lost.

    Its work is tried once more when the device is back, at 100: it ends at 103. A work that came
    meanwhile and could not wait is dropped at its deadline.
    """
    trace = trace_of([(0, 200), (30, 40)])
    outcome = simulate(trace, ONE, "fifo", faults=[Fault("hang", 0, 2, 98)], admits_all=True)
    assert outcome.finished.tolist() == [103.0, 40.0]
    assert outcome.fates.tolist() == [GOOD, DROPPED]


def test_a_device_that_dies_gives_its_work_to_another() -> None:
    """At 1 of 3 seconds: the other device begins at once and ends at 4."""
    pool = Pool(ONE.models, devices=2)
    outcome = simulate(trace_of([(0, 9)]), pool, "fifo", faults=[Fault("kill", 0, 1, 5)])
    assert [(b.device, b.start) for b in outcome.batches] == [("device-0", 0.0), ("device-1", 1.0)]
    assert outcome.finished.tolist() == [4.0]


def test_a_step_of_overload_is_over_within_two_objectives() -> None:
    """Load 0.5, 3, 0.5: nobody is late who comes later than that behind the step."""
    found = course("step")
    assert found.before == 1.0 and found.during < 0.5
    assert found.behind_s <= 2 * SETTING.slo_s
    assert found.longest_s <= SETTING.slo_s + 1e-9


@pytest.mark.parametrize(("name", "during"), [("slow", 0.97), ("hang", 0.94), ("kill", 0.97)])
def test_a_device_in_trouble_costs_seconds(name: str, during: float) -> None:
    """Of four devices at load 0.7 one is slow, hangs, or dies: the others do its work.

    Attainment is back at the latest 3 s after the device, which loads its four models first. Every
    request has an end, at the latest when it is seen that the device hangs.
    """
    found = course(name)
    assert found.before > 0.99 and found.during > during and found.after > 0.97
    assert found.back_s <= DRILLS[name].seconds + 3.0
    assert found.longest_s <= (5.5 if name == "hang" else 2 * SETTING.slo_s)


FAULTS = st.builds(
    Fault, st.sampled_from(["slow", "hang", "kill"]), st.integers(0, 1),
    st.integers(0, 60).map(float), st.sampled_from([0.5, 7.0, 90.0]),
)  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 200)), min_size=1, max_size=20),
       st.lists(FAULTS, max_size=4))  # fmt: skip
@examples(30, 2000)
def test_whatever_befalls_devices_every_request_has_one_end(requests: Any, faults: Any) -> None:
    """None runs after its deadline, and no device does two things at once."""
    trace = trace_of(sorted((float(t), float(t + d)) for t, d in requests))
    pool = Pool((Model("a", Linear(1.0, 2.0), (1, 2, 4), load_s=1.0),), 2)
    outcome = simulate(trace, pool, faults=faults)
    assert WAITING not in outcome.fates
    assert all(b.start <= trace.deadlines.max() for b in outcome.batches)


def test_a_fault_that_cannot_be_is_refused() -> None:
    """The message has the fault."""
    with pytest.raises(DefinitionError, match="factor above 0, got Fault"):
        Fault("slow", 0, 1.0, 1.0, factor=0.0)

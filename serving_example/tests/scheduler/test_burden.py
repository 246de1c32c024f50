"""What devices are asked for under a placement: by hand, and by what holds of water."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity_tests.soak import examples
from serving_example.scheduler.burden import FULL, Burden, strain
from serving_example.scheduler.queues import Station
from serving_example.scheduler.specs import DeviceSpec
from serving_example.tests.scheduler.manual import World


def test_a_model_of_two_devices_fills_them_up() -> None:
    """By hand: a has 0.5 that only it can do, so of p's 0.9 it gets 0.2 and b 0.7."""
    burden = Burden({"p": ["a", "b"], "q": ["a"]}, {"p": 0.9, "q": 0.5}, ["a", "b", "c"])
    assert burden.asked == pytest.approx({"a": 0.7, "b": 0.7, "c": 0.0})


def test_what_a_third_device_relieves() -> None:
    """By hand: 1.0 on one device loses (1 - 0.8)^2 / 0.8; on two of them, 0.5 each, nothing."""
    burden = Burden({"p": ["a"]}, {"p": 1.0}, ["a", "b"])
    assert burden.relief("p", ["a", "b"]) == pytest.approx(0.05)
    assert burden.relief("p", ["b"]) == 0.0
    assert Burden({"p": ["a", "b"]}, {"p": 1.0}, ["a", "b"]).relief("p", ["b"]) == pytest.approx(
        -0.05
    )


@given(st.floats(0.0, 5.0), st.floats(0.0, 5.0))
@examples(50, 2000)
def test_more_is_lost_the_more_is_asked(one: float, other: float) -> None:
    """Never less than what is above all of a device's time, nor more than what is above `FULL`.

    And of two devices as much is lost at least as if both had the mean.
    """
    assert max(0.0, one - 1.0) <= strain(one) <= max(0.0, one - FULL)
    assert (strain(one) - strain(other)) * (one - other) >= 0.0
    assert strain(one) + strain(other) >= 2.0 * strain((one + other) / 2.0) - 1e-9


@given(
    st.lists(
        st.tuples(st.sets(st.sampled_from("abc"), min_size=1), st.floats(0.0, 2.0)), min_size=1
    ),
    st.data(),
)
@examples(40, 1000)
def test_nothing_is_lost_from_what_is_asked(
    models: list[tuple[set[str], float]], data: st.DataObject
) -> None:
    """Devices are asked for the sum of all demand.

    To pour a model again never makes it worse, and neither does one more device.
    """
    holders = {str(k): sorted(found) for k, (found, _) in enumerate(models)}
    demand = {str(k): asked for k, (_, asked) in enumerate(models)}
    burden = Burden(holders, demand, "abc")
    assert sum(burden.asked.values()) == pytest.approx(sum(demand.values()))
    model = data.draw(st.sampled_from(sorted(holders)))
    assert burden.relief(model, sorted({*holders[model], "a", "b", "c"})) >= 0.0
    assert burden.relief(model, holders[model]) >= 0.0


def test_rows_that_come_rarely_cost_more() -> None:
    """By hand, deadlines of 100 ms: in 70 ms gather 0.7, 7 and 70 of 10, 100 and 1,000 rows/s.

    They run at 1, 4 and 8 rows a batch: 10 ms, 16 / 4 and 24 / 8 ms a row.
    """
    made = World()
    for _ in range(2):
        made.submit(made.work(made.hands.now + 0.1))
    queue = made.scheduler._queues["m"]
    assert queue.takes_per_s(0.0) == 0.0
    assert queue.takes_per_s(10.0) == pytest.approx(0.10)
    assert queue.takes_per_s(100.0) == pytest.approx(0.40)
    assert queue.takes_per_s(1000.0) == pytest.approx(3.0)


def test_a_device_that_stands_still_for_a_load_is_not_free() -> None:
    """It is busy until the load is expected to end, then for as long again as that is over.

    By hand: 2 s from 10.0 on. A clock that was set back does not make the load longer; a device
    that loads beside batches is free.
    """
    blocked = Station(DeviceSpec("d", "cpu", 1, is_blocked_by_loads=True))
    blocked.begin_load("m", 2.0, 10.0)
    assert [blocked.busy_for(now) for now in (10.5, 12.0, 13.0, 5.0)] == [1.5, 0.0, 1.0, 2.0]
    beside = Station(DeviceSpec("d", "cpu", 1))
    beside.begin_load("m", 2.0, 10.0)
    assert beside.is_free and beside.busy_for(10.5) == 0.0

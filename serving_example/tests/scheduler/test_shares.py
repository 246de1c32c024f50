"""Admission over several devices, and what tenants may have, worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity_tests.soak import examples
from serving_example.scheduler import Admission, SchedulerError, Shares, Work
from serving_example.scheduler.admission import filled_by
from serving_example.tests.scheduler.manual import SIZES, World

TIMES = st.floats(0.0, 10.0)


@given(busy_s=st.lists(TIMES, min_size=1, max_size=5), work_s=TIMES)
@examples(80, soak=3000)
def test_work_fills_devices_like_water(busy_s: list[float], work_s: float) -> None:
    """At the level t the devices have done the work: the sum of max(0, t - busy) is it.

    Floats are added in another order here, so to 1e-9 of seconds.
    """
    level = filled_by(list(busy_s), work_s)
    assert level >= min(busy_s)
    assert sum(max(0.0, level - busy) for busy in busy_s) == pytest.approx(work_s, abs=1e-9)


def test_the_prediction_looks_at_the_devices_of_the_model() -> None:
    """Two devices run 10 ms each; ten rows wait: 8 in 24 ms and 2 in 12, of which work joins.

    24 ms spread over two devices after their 10 ms is 22; a batch of 4 is 16 more: 38 ms.
    """
    world = World(devices={"a": 9, "b": 9})
    world.submit(*(world.work() for _ in range(12)))
    refused = world.scheduler.submit(world.work(0.0379))
    assert refused is not None and refused.reason == "predicted_late"
    world.submit(world.work(0.0381))


def test_what_waits_for_other_models_of_a_device_counts() -> None:
    """10 ms run, then eight of n in 24 ms, then a batch of one: 44 ms."""
    world = World(models={"m": SIZES, "n": SIZES})
    world.submit(world.work(), *(world.work(model="n") for _ in range(8)))
    assert world.scheduler.submit(world.work(0.0439)) is not None
    world.submit(world.work(0.0441))


def test_the_way_to_the_wire_counts() -> None:
    """Ten milliseconds for the batch and five for its answers."""
    world = World(admission=Admission(lag_s=0.005))
    assert world.scheduler.submit(world.work(0.0149)) is not None
    world.submit(world.work(0.0151))


def test_a_device_that_is_over_its_time_looks_longer_and_longer() -> None:
    """A batch of 10 ms that has run for 40 is taken to need 30 more: 40 to 50 ms is refused."""
    world = World()
    world.submit(world.work())
    world.hands.now = 0.040
    assert world.scheduler.submit(world.work(0.0799)) is not None
    world.submit(world.work(0.0801))


def test_a_flood_leaves_room_for_whoever_comes() -> None:
    """With alpha 2 a tenant who floods fills two thirds of what may wait, if another is about."""
    world = World(shares=Shares(alpha=2.0))
    world.submit(world.work(tenant="quiet"))  # 10 ms run
    reasons = [world.scheduler.submit(world.work(0.310, tenant="loud")) for _ in range(200)]
    refused = [refusal for refusal in reasons if refusal is not None]
    assert {refusal.reason for refusal in refused} == {"tenant_over_share"}
    taken_s = (200 - len(refused)) * 0.003  # 300 ms may wait, at 3 ms a row in full batches
    assert taken_s == pytest.approx(0.200, abs=0.015)
    world.submit(*(world.work(0.310, tenant="quiet") for _ in range(20)))


def test_a_tenant_alone_has_all_the_room() -> None:
    """The same flood with nobody about fills the 300 ms; a tenant is forgotten after 10 s."""
    world = World(shares=Shares(alpha=2.0))
    world.submit(world.work(100.0, tenant="quiet"))
    world.finish()
    world.hands.now = 10.5
    reasons = [world.scheduler.submit(world.work(10.81, tenant="loud")) for _ in range(200)]
    refused = [refusal for refusal in reasons if refusal is not None]
    assert {refusal.reason for refusal in refused} == {"predicted_late"}
    assert (200 - len(refused)) * 0.003 == pytest.approx(0.300, abs=0.030)


def test_turns_go_by_weight() -> None:
    """Of device time in the end, three parts to one, while both wait."""
    world = World(
        "fifo", models={"a": (1,), "b": (1,)}, shares=Shares({"a": 3.0}, quantum_s=0.0),
        admission=Admission(is_on=False),
    )  # fmt: skip
    for tenant in ("b", "a"):
        world.submit(*(world.work(model=tenant, tenant=tenant) for _ in range(60)))
    for _ in range(40):
        world.finish()
    ran = [batch.works[0].tenant for batch in world.hands.batches[1:41]]
    assert abs(ran.count("a") - 30) <= 1, "a turn that was begun is finished"


def test_who_was_away_saves_nothing_up() -> None:
    """A tenant who comes after a second of another's begins beside him, and they take turns."""
    world = World(
        "fifo", models={"a": (1,), "b": (1,)}, shares=Shares(quantum_s=0.0),
        admission=Admission(is_on=False),
    )  # fmt: skip
    world.submit(*(world.work(model="a", tenant="a") for _ in range(200)))
    for _ in range(100):
        world.finish()
    world.submit(*(world.work(model="b", tenant="b") for _ in range(50)))
    begun = len(world.hands.batches)
    for _ in range(20):
        world.finish()
    ran = [batch.works[0].tenant for batch in world.hands.batches[begun:]]
    assert abs(ran.count("a") - ran.count("b")) <= 1


def test_a_turn_idles_no_device_while_its_batch_is_held() -> None:
    """One work of a tenant who is behind is held for company; the other's full batch runs.

    By hand: the loud one is given 24 ms, more than the 20 of a turn, while the quiet one waits.
    """
    world = World("symphony", models={"m": SIZES, "n": SIZES}, admission=Admission(is_on=False))
    world.submit(held := world.work(9.0, "m", tenant="quiet"))
    world.submit(*(world.work(9.0, "n", tenant="loud") for _ in range(24)))
    assert (world.last.model, world.last.reason) == ("n", "full")
    world.hands.now = 0.024
    world.finish()
    assert world.scheduler.shares.behind() == ["quiet"]
    assert (world.last.model, world.last.reason, len(world.hands.batches)) == ("n", "full", 2)
    assert held.state == "waiting"


@pytest.mark.parametrize("bad", [{"weights": {"a": 0.0}}, {"alpha": 0.0}, {"quantum_s": -1.0}])
def test_shares_are_above_nothing(bad: dict[str, object]) -> None:
    """A weight of 0 would be a tenant who never gets a turn."""
    with pytest.raises(SchedulerError, match="above 0"):
        Shares(**bad)  # type: ignore[arg-type]


def test_tenants_that_are_gone_are_forgotten() -> None:
    """A million of them, one after the other, leave no trace but the last few hundred."""
    shares = Shares()
    for at in range(2_000):
        work = Work("m", 1, 9.0, f"tenant {at}", cost_s=0.01)
        shares.add(work)
        shares.served([work], 0.01)
        shares.remove([work])
    assert len(shares._served) <= 300
    assert shares.waiting_s() == {}

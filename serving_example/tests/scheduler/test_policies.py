"""Which batches each policy makes, worked out by hand from its rule.

Batches of 1, 2, 4 and 8 rows take 10, 12, 16 and 24 ms, unless a test says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from serving_example.scheduler import (
    Admission,
    Choice,
    ModelSpec,
    Offer,
    Policy,
    SchedulerError,
    Work,
    make_policy,
)
from serving_example.scheduler.line import Order
from serving_example.scheduler.policies import Triton
from serving_example.tests.scheduler.manual import SECONDS, SIZES, World

ALL = Admission(is_on=False)


def world(policy: Policy | str) -> World:
    """A device that is busy until `World.finish`: what is submitted waits."""
    made = World(policy, models={"busy": (1,), "m": SIZES, "n": SIZES}, admission=ALL)
    made.submit(made.work(model="busy"))
    made.pass_s(0.0 if made.hands.running else 0.002)  # Triton waited for company
    return made


def waiting(made: World, *works: tuple[str, float] | tuple[str, float, int]) -> list[Work]:
    """Works of a model, with a deadline and rows."""
    found = [Work(work[0], work[2] if len(work) > 2 else 1, work[1]) for work in works]
    made.submit(*found)
    return found


def test_fifo_takes_the_model_that_waited_longest() -> None:
    """Then all that waits for it, whatever deadlines are near elsewhere."""
    made = world("fifo")
    m0, n0, m1 = waiting(made, ("m", 9.0), ("n", 0.02), ("m", 9.0))
    made.finish()
    assert (made.last.works, made.last.reason) == ([m0, m1], "free")
    made.finish()
    assert (made.last.works, made.last.reason) == ([n0], "free")


def test_triton_sends_a_preferred_size_at_once() -> None:
    """Four are preferred: with five waiting, four go; the fifth waits for company."""
    made = world(Triton(0.002, preferred=(2, 4)))
    works = waiting(made, *[("m", 9.0)] * 5)
    made.finish()
    assert (made.last.works, made.last.reason) == (works[:4], "preferred")
    made.finish()
    assert not made.hands.running
    assert made.scheduler.due() == 0.004, "it came at 2 ms"


def test_triton_waits_for_company_and_no_longer() -> None:
    """Three do not make eight: the device idles until the first has waited for 2 ms."""
    made = World(Triton(0.002), admission=ALL)
    (first,) = waiting(made, ("m", 9.0))
    assert (made.scheduler.due(), made.hands.running) == (0.002, {})
    made.hands.now = 0.001
    others = waiting(made, ("m", 9.0), ("m", 9.0))
    assert made.pass_s(0.0009) == pytest.approx(0.002)
    assert not made.hands.running
    made.pass_s(0.0001)
    assert (made.last.works, made.last.reason) == ([first, *others], "window")


def test_triton_takes_heavy_work_first() -> None:
    """Its priority is the weight; within a weight, the order of arrival."""
    made = world(Triton(0.0))
    works = [made.work(weight=weight) for weight in (1.0, 2.0, 1.0, 2.0)]
    made.submit(*works)
    made.finish()
    assert made.last.works == [works[1], works[3], works[0], works[2]]


def test_nexus_drops_heads_that_a_planned_window_would_miss() -> None:
    """Five wait, and their plan is four: 16 ms. The head has 15 left, so it goes for the others.

    The plan: at 400 rows a second and an SLO of 30 ms, 3 more rows come in 7.5 ms and run for 16;
    7 come in 17.5 and run for 24, which is too long. The rate is that of the five works here over
    12.5 ms.
    """
    made = world("nexus")
    made.hands.now = 0.0125
    late, *others = waiting(made, ("m", 0.0275), *[("m", 0.0425 + 0.01 * k) for k in range(4)])
    for queue in made.scheduler._queues.values():
        queue.slo_s = 0.030
    made.finish()
    assert made.hands.dropped == [(late, "late")]
    assert (made.last.works, made.last.reason) == (others, "free")


def test_nexus_serves_models_in_turn() -> None:
    """Whichever has more or older work. The rate of 9 rows in 9 ms lets it plan batches of 8."""
    made = world("nexus")
    made.hands.now = 0.009
    waiting(made, *[("n", 9.0)] * 9, *[("m", 9.0)] * 9)
    models = []
    for _ in range(4):
        made.finish()
        models.append((made.last.model, len(made.last.works)))
    assert models == [("m", 8), ("n", 8), ("m", 1), ("n", 1)]


def test_clockwork_runs_the_batch_that_must_start_first() -> None:
    """Latest starts, now being 0: m alone 30 - 10 = 20; n: one of 31 - 10, two of 31 - 12 = 19.

    So the two of n run. A batch of four needs four works.
    """
    made = world("clockwork")
    _, *pair = waiting(made, ("m", 0.030), ("n", 0.031), ("n", 0.040))
    made.finish()
    assert (made.last.works, made.last.reason) == (pair, "latest_start")


def test_clockwork_passes_over_what_a_batch_would_miss() -> None:
    """The first has 11 ms and must start within 1; two from the second on within 3: it runs alone.

    10 ms later the second has 5 ms left, too few for any batch: it is dropped, and the third runs.
    """
    made = world("clockwork")
    first, *pair = waiting(made, ("m", 0.011), ("m", 0.015), ("m", 0.030))
    made.finish()
    assert made.last.works == [first]
    made.hands.now = 0.010
    made.finish()
    assert made.hands.dropped == [(pair[0], "late")]
    assert made.last.works == [pair[1]]


def test_tfserving_takes_models_in_turn_when_they_are_ready() -> None:
    """Eight are full at once; one waits 2 ms for company, though the device is free."""
    made = world("tfserving")
    (lonely,) = waiting(made, ("m", 9.0))
    full = waiting(made, *[("n", 9.0)] * 8)
    made.finish()
    assert (made.last.works, made.last.reason) == (full, "full")
    made.hands.now = 0.0015
    made.finish()
    assert not made.hands.running
    made.pass_s(0.0006)
    assert (made.last.works, made.last.reason) == ([lonely], "window")


def test_symphony_holds_a_batch_until_it_could_not_grow() -> None:
    """One work with 50 ms: with a second it would take 12, so it is held for 38 ms.

    The second comes at 20: the two may become four, 16 ms, until 34. Then they run.
    """
    made = World("symphony", admission=ALL)
    (first,) = waiting(made, ("m", 0.050))
    assert made.scheduler.due() == pytest.approx(0.038)
    made.pass_s(0.020)
    (second,) = waiting(made, ("m", 0.090))
    assert made.scheduler.due() == pytest.approx(0.034)
    assert not made.hands.running
    made.pass_s(0.0141)
    assert (made.last.works, made.last.reason) == ([first, second], "closed")
    made.finish()
    full = waiting(made, *[("m", 9.0)] * 8)
    assert (made.last.works, made.last.reason) == (full, "full")


def test_hybrid_takes_the_urgent_of_equal_batches() -> None:
    """One of each model: as efficient as each other, so the deadline decides, not the arrival."""
    made = world("hybrid")
    later, sooner = waiting(made, ("m", 0.090), ("n", 0.060))
    made.finish()
    assert (made.last.works, made.last.reason) == ([sooner], "free")
    made.finish()
    assert made.last.works == [later]


def test_a_size_that_is_slow_makes_no_smaller_one_look_good() -> None:
    """The largest size of m takes 3 s: works of m and n are as efficient, so the urgent one goes.

    Beside that size m's batch of one would be worth forty of its time.
    """
    made = World("hybrid", models={"n": SIZES}, admission=ALL)
    made.profiles.tell("m", "cpu", {**SECONDS, 8: 3.0})
    made.scheduler.add_model(ModelSpec("m", SIZES, 1, load_s=1.0))
    made.load_all()
    waiting(made, ("n", 9.0))
    _, sooner = waiting(made, ("m", 0.090), ("n", 0.060))
    made.finish()
    assert made.last.works == [sooner]


@pytest.mark.parametrize("policy", ["clockwork", "hybrid", "symphony"])
def test_a_slow_device_leaves_to_a_faster_one_what_it_would_answer_late(policy: str) -> None:
    """A work with 50 ms left, where the free device takes 100 ms and the busy one 10.

    The free one waits; the other runs it when it is free, after 38.5 ms.
    """
    made = World(policy, devices={"fast": 1, "slow": 1}, models={}, admission=ALL)
    made.profiles.tell("m", "slow", dict.fromkeys(SIZES, 0.100))
    made.profiles.tell("m", "fast", SECONDS)
    made.scheduler.add_model(ModelSpec("m", SIZES, 1, load_s=1.0))
    made.load_all()
    waiting(made, ("m", 9.0, 8))
    (work,) = waiting(made, ("m", 0.050))
    assert list(made.hands.running) == ["fast"] and work.state == "waiting"
    made.hands.now = 0.0385
    made.finish("fast")
    assert made.hands.running["fast"].works == [work]


def test_hybrid_takes_the_full_of_equally_urgent_batches() -> None:
    """Eight rows in 24 ms are 3 ms a row, the least; one row in 10 ms has an efficiency of 0.3."""
    made = world("hybrid")
    waiting(made, ("m", 0.100), *[("n", 0.114)] * 9)
    made.finish()
    assert (made.last.model, made.last.rows, made.last.reason) == ("n", 8, "full")


@pytest.mark.parametrize(
    "rest_s, taken, reason", [(0.100, slice(0, 4), "full"), (0.026, slice(1, 9), "efficient")]
)
def test_hybrid_weighs_a_late_head_against_a_full_batch(
    rest_s: float, taken: slice, reason: str
) -> None:
    """A head with 17 ms left allows a batch of four at most, 16 ms; eight others wait behind it.

    It and three others take 16 ms, where four rows could take 12: 0.75, and slack 1 of 100 ms makes
    0.74. The eight without it make 1.0. With slack 76 ms that is 0.57, so the head is saved; with
    slack 2 ms it is 0.98, and the head is passed over. It is not given up: another device may
    be free in time.
    """
    made = world("hybrid")
    works = waiting(made, ("m", 0.017), *[("m", rest_s)] * 8)
    for queue in made.scheduler._queues.values():
        queue.slo_s = 0.100
    made.finish()
    assert made.last.works == works[taken]
    assert (made.last.reason, made.hands.dropped) == (reason, [])


def test_hybrid_counts_rows_by_weight() -> None:
    """Four light works against two heavy ones of another model: 4 x 0.25 against 2 x 1."""
    made = world("hybrid")
    made.submit(*(made.work(0.1, "m", weight=0.25) for _ in range(4)))
    made.submit(*(heavy := [made.work(0.1, "n", weight=1.0) for _ in range(2)]))
    made.finish()
    assert made.last.works == heavy


def test_hybrid_gives_up_what_is_late_alone() -> None:
    """Nine milliseconds are too few for a batch of one; the scheduler tells who waits at once."""
    made = world("hybrid")
    late, fine = waiting(made, ("m", 0.009), ("n", 0.05))
    made.finish()
    assert made.hands.dropped == [(late, "late")]
    assert made.last.works == [fine]


def test_policies_are_known_by_name() -> None:
    """Another name is told which there are; each call makes a new one."""
    assert make_policy("nexus") is not make_policy("nexus")
    with pytest.raises(
        SchedulerError, match="one of clockwork, fifo, hybrid, nexus, symphony, tfserving, triton"
    ):
        make_policy("best")


def test_a_policy_of_another_house_is_held_to_its_word() -> None:
    """Works that do not fit, or that do not wait, are its mistake and run nowhere."""

    class Greedy:
        name = "greedy"
        order: Order = "arrival"

        def choose(self, now: float, device: str, offers: Sequence[Offer]) -> Choice:
            return Choice("m", list(offers[0].line), "all")

    made = World(Greedy(), admission=ALL)
    waiting(made, *[("m", 9.0)] * 10)
    with pytest.raises(SchedulerError, match="do not fit"):
        made.finish()

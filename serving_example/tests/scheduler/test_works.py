"""Work from submission to its one answer, on devices that are moved by hand."""

from __future__ import annotations

import gc
import math

import pytest

from serving_example.scheduler import Admission, ModelSpec, SchedulerError, Work
from serving_example.tests.scheduler.manual import SIZES, World


def test_works_that_wait_run_together() -> None:
    """The first runs alone and at once; those that come meanwhile are the next batch."""
    world = World()
    first, *others = works = [world.work() for _ in range(4)]
    world.submit(*works)
    assert world.last.works == [first]
    assert (world.last.size, world.last.reason) == (1, "free")
    world.hands.now = 0.010
    assert world.finish() == [first]
    assert world.last.works == others
    assert (world.last.rows, world.last.size, world.last.expected_s) == (3, 4, 0.016)
    assert [work.state for work in works] == ["done", *["running"] * 3]


def test_a_batch_is_no_larger_than_the_ladder() -> None:
    """What does not fit waits, and no small work overtakes a large one."""
    world = World()
    world.submit(world.work(), large := world.work(rows=5), wide := world.work(rows=4))
    world.submit(small := world.work())
    world.finish()
    assert world.last.works == [large]
    assert world.last.reason == "full"
    world.finish()
    assert world.last.works == [wide, small]


def test_expired_work_never_runs() -> None:
    """Work whose deadline comes while it waits is dropped, by `wake` or before the next batch."""
    world = World(admission=Admission(is_on=False))
    world.submit(world.work(), soon := world.work(0.005), later := world.work(0.012))
    assert world.scheduler.due() == 0.005
    assert world.pass_s(0.005) == 0.012
    assert world.hands.dropped == [(soon, "expired")]
    world.hands.now = 0.012
    world.finish()
    assert world.hands.dropped == [(soon, "expired"), (later, "expired")]
    assert (soon.state, later.state, len(world.hands.batches)) == ("expired", "expired", 1)


def test_cancelled_work_never_runs() -> None:
    """Cancelled while it waits, it leaves its place; while it runs, its answer is not given out."""
    world = World()
    world.submit(runs := world.work(), waits := world.work(), stays := world.work())
    assert world.scheduler.cancel(runs) and world.scheduler.cancel(waits)
    assert not world.scheduler.cancel(waits)
    assert world.finish() == []
    assert world.last.works == [stays]
    assert world.finish() == [stays]
    assert not world.scheduler.cancel(stays)


def test_a_failed_batch_fails_its_works_and_no_others() -> None:
    """The device goes on with the next batch."""
    world = World()
    world.submit(first := world.work(), second := world.work())
    assert world.finish(error=ValueError("bad rows")) == [first]
    assert (first.state, second.state) == ("failed", "running")
    assert world.finish() == [second]


def test_work_that_would_be_late_is_refused_at_once() -> None:
    """The batch that runs, all that waits, and its own batch must end before its deadline.

    By hand: one row runs for 10 ms, four wait for 16 ms; a fifth makes theirs a batch of 8, 24 ms.
    """
    world = World()
    world.submit(*(world.work() for _ in range(5)))
    refused = world.scheduler.submit(world.work(0.031))
    assert refused is not None and refused.reason == "predicted_late"
    assert refused.retry_after_s == pytest.approx(0.003)
    world.submit(world.work(0.0341))


@pytest.mark.parametrize("is_seen", [True, False])
def test_a_belief_that_only_refuses_does_not_last(is_seen: bool) -> None:
    """While batches took 200 ms nothing is taken that has 50; some time later it is tried again.

    What was told by a file fades, and so does what was seen; the fast ones are then seen again.
    """
    slow = dict.fromkeys(SIZES, 0.2)
    world = World("hybrid", seconds=slow)
    for _ in range(64 if is_seen else 0):
        world.submit(world.work(world.hands.now + 1.0))
        world.hands.now += 0.2
        world.finish()
    refused_for = 0.0
    while (refusal := world.scheduler.submit(world.work(world.hands.now + 0.05))) is not None:
        assert refusal.reason == "predicted_late" and refused_for < 2.0
        world.hands.now += 0.001
        refused_for += 0.001
    assert refused_for > 1.0  # not at the first look
    for _ in range(100):
        world.hands.now += 0.01
        world.finish()
        world.submit(world.work(world.hands.now + 0.05))


def test_a_belief_is_doubted_only_where_a_device_idles() -> None:
    """Behind a batch that runs, or before a deadline that no batch has ever met, it stays."""
    world = World()
    for _ in range(64):
        world.submit(world.work(world.hands.now + 1.0))
        world.hands.now += 0.01
        world.finish()
    known = [world.profiles.seconds("m", "d", size) for size in SIZES]
    world.submit(world.work(world.hands.now + 1.0))
    for _ in range(1_000):
        world.hands.now += 1e-5
        assert world.scheduler.submit(world.work(world.hands.now + 0.004)) is not None
    assert [world.profiles.seconds("m", "d", size) for size in SIZES] == known
    world.finish()
    for _ in range(1_000):  # nobody can be served in 4 ms: the guess is the floor
        world.hands.now += 0.01
        assert world.scheduler.submit(world.work(world.hands.now + 0.004)) is not None
    assert world.profiles.seconds("m", "d", 1) == pytest.approx(0.005)


def test_a_device_that_stalled_once_is_asked_again_beside_one_that_is_full() -> None:
    """Its only batch took 200 ms, works have 50: others keep a queue, and it is not left out."""
    world = World("hybrid", devices={"a": 1, "b": 1})
    world.submit(world.work(), world.work())
    stalled, busy = world.hands.running
    world.hands.now = 0.01
    world.finish(busy)
    world.hands.now = 0.2
    world.finish(stalled)
    ends = {busy: math.inf, stalled: math.inf}
    batches = 0
    for _ in range(2_000):
        world.hands.now += 0.001
        world.scheduler.submit(world.work(world.hands.now + 0.05, rows=8))
        for device in ends:
            if device in world.hands.running and ends[device] == math.inf:
                ends[device] = world.hands.now + 0.024
            elif ends[device] <= world.hands.now:
                ends[device], batches = math.inf, batches + (device == stalled)
                world.finish(device)
    assert batches > 20


@pytest.mark.parametrize(
    "rows, waits, expected_s",
    [(8, 1, 0.010 + 0.024 + 0.010), (7, 1, 0.010 + 0.024), (9, 2, 0.010 + 0.024 + 0.016)],
)
def test_the_prediction_fills_batches(rows: int, waits: int, expected_s: float) -> None:
    """Rows that wait run in full batches, the last of which the work joins if it has room.

    The last case: 8 rows, then a batch of 1 + 2 rows at size 4.
    """
    world = World()
    world.submit(*(world.work() for _ in range(1 + rows)))
    late = world.work(expected_s - 1e-6, rows=waits)
    refusal = world.scheduler.submit(late)
    assert refusal is not None and refusal.reason == "predicted_late"
    world.submit(world.work(expected_s + 1e-6, rows=waits))


def test_light_work_is_refused_first() -> None:
    """Work of half the weight is taken while the wait is at most half of what it has."""
    world = World()
    world.submit(*(world.work() for _ in range(2)))  # now 10 ms, and 12 for the two that wait
    refusal = world.scheduler.submit(world.work(0.043, weight=0.5))
    assert refusal is not None and refusal.reason == "predicted_late"
    world.submit(world.work(0.043, weight=1.0))


def test_refusals_say_what_is_wrong() -> None:
    """A model that is not known; rows above the bound; a deadline that has passed or is no time."""
    world = World(admission=Admission(max_rows=2))
    world.submit(*(world.work() for _ in range(3)))
    cases = [
        (world.work(model="other"), "unknown_model"),
        (world.work(), "queue_full"),
        (world.work(0.0), "predicted_late"),
        (world.work(math.nan), "predicted_late"),
    ]
    for work, reason in cases:
        refusal = world.scheduler.submit(work)
        assert refusal is not None and refusal.reason == reason
        assert work.state == "refused"


@pytest.mark.parametrize("rows", [0, 9])
def test_rows_that_no_batch_holds_are_the_callers_mistake(rows: int) -> None:
    """It is told, rather than refused for now."""
    with pytest.raises(SchedulerError, match="runs 1 to 8 rows"):
        World().scheduler.submit(Work("m", rows, 1.0))


def test_work_is_submitted_once() -> None:
    """The same object a second time is a mistake, not another request."""
    world = World()
    world.submit(work := world.work())
    with pytest.raises(SchedulerError, match="submitted before"):
        world.scheduler.submit(work)


def test_a_free_device_takes_work_that_any_device_could() -> None:
    """Devices are bound late: whoever is free first gets what has waited."""
    world = World(devices={"a": 9, "b": 9})
    world.submit(one := world.work(), two := world.work(), three := world.work())
    assert {d: b.works for d, b in world.hands.running.items()} == {"a": [one], "b": [two]}
    world.finish("b")
    assert world.hands.running["b"].works == [three]


def test_the_works_of_a_lost_device_are_tried_once_more() -> None:
    """On another device, if their deadlines allow; what the lost one answers is not given out."""
    world = World(devices={"a": 9, "b": 9})
    world.submit(kept := world.work(), world.work(), late := world.work(0.05))
    assert world.finish("a") == [kept]
    assert world.hands.running["a"].works == [late]
    world.hands.now = 0.045
    lost = [world.hands.running.pop("a"), world.hands.running.pop("b")]
    world.scheduler.lose("a")
    assert world.hands.dropped == [(late, "device_lost")]
    world.scheduler.lose("b")
    assert [world.scheduler.finished(batch) for batch in lost] == [[], []]
    again = lost[1].works[0]
    assert (again.state, kept.state) == ("waiting", "done")
    refusal = world.scheduler.submit(world.work())
    assert refusal is not None and refusal.reason == "no_device"
    world.hands.held = {"a": set(), "b": set()}
    world.scheduler.regain("a")
    world.end_load("a")
    assert world.last.works == [again]
    world.hands.running.pop("a")
    world.scheduler.lose("a")
    assert world.hands.dropped[-1] == (again, "device_lost")  # a third try might kill the third


def test_a_removed_model_leaves_when_it_has_run() -> None:
    """What waits for it is dropped, what runs is answered, and then it is unloaded."""
    world = World(models={"m": SIZES, "n": SIZES})
    world.submit(runs := world.work(), waits := world.work())
    world.scheduler.remove_model("m")
    assert world.hands.dropped == [(waits, "model_removed")]
    assert world.hands.held["d"] == {"m", "n"}
    assert world.finish() == [runs]
    assert world.hands.held["d"] == {"n"}
    refusal = world.scheduler.submit(world.work())
    assert refusal is not None and refusal.reason == "unknown_model"


def test_models_that_came_and_went_leave_nothing_behind() -> None:
    """Fifty models, each loaded, run and removed: as many objects of the scheduler as after one."""

    def count() -> int:
        gc.collect()
        modules = [str(type(one).__module__) for one in gc.get_objects()]
        return sum(module.startswith("serving_example.scheduler") for module in modules)

    world, counts = World(models={}), []
    for at in range(51):
        world.scheduler.add_model(ModelSpec(f"m{at}", SIZES, 900, load_s=1.0))
        world.load_all()
        world.submit(world.work(world.hands.now + 1.0, f"m{at}"))
        world.finish()
        world.scheduler.remove_model(f"m{at}")
        world.pass_s(1.0)
        world.hands.batches.clear()
        counts += [count()] if at in (0, 50) else []
    assert counts[0] == counts[1]


def test_a_clock_that_is_set_back_stops_nothing() -> None:
    """Batches go on, the prediction is no longer than it was, and nothing is learned of it."""
    world = World()
    world.hands.now = 1_000.0
    world.submit(world.work(2_000.0), second := world.work(2_000.0))
    world.hands.now = 10.0
    world.submit(world.work(10.0 + 0.010 + 0.012 + 1e-6))
    world.finish()
    assert world.last.works[0] is second
    assert world.profiles.seconds("m", "d", 1) == 0.010


def test_a_clock_that_jumps_ahead_expires_what_waits() -> None:
    """Every work that waited is answered, and the device that is free takes the next."""
    world = World()
    works = [world.work() for _ in range(3)]
    world.submit(*works)
    world.pass_s(1e6)
    assert [work for work, _ in world.hands.dropped] == works[1:]
    world.finish()
    world.submit(after := world.work(2e6))
    assert world.last.works == [after]

"""Which models lie where: memory, pins, demand, budget, failures, and requests for cold models."""

from __future__ import annotations

import pytest

from serving_example.scheduler import (
    LoadRules,
    ModelSpec,
    Refusal,
    Residency,
    SchedulerError,
    Work,
)
from serving_example.scheduler.demand import Demand
from serving_example.scheduler.shelf import Shelf
from serving_example.scheduler.specs import DeviceSpec
from serving_example.tests.scheduler.manual import SIZES, World

MODELS = dict.fromkeys("pqrs", SIZES)


def world(rules: LoadRules | None = None, **more: object) -> World:
    """One device with room for two of four models, of one byte each; p and q lie there."""
    return World(
        devices={"d": 2}, models=MODELS, residency=Residency(rules or LoadRules()),
        **more,  # type: ignore[arg-type]
    )  # fmt: skip


def ask(made: World, model: str, times: int, *, deadline_s: float = 0.1) -> list[Refusal | None]:
    """Requests for a model, a millisecond apart; what runs is answered."""
    answers = []
    for _ in range(times):
        made.hands.now += 0.001
        answers.append(made.scheduler.submit(Work(model, 1, made.hands.now + deadline_s)))
        if "d" in made.hands.running:
            made.finish()
    return answers


def test_free_memory_is_filled() -> None:
    """Models are loaded one after the other, while they fit, before anybody asks."""
    made = world(is_loaded=False)
    assert made.hands.loading == {"d": "p"}
    made.load_all()
    assert made.hands.held == {"d": {"p", "q"}}


def test_what_few_devices_hold_comes_first() -> None:
    """Two devices with room for three each: every model once, then what is left of the memory."""
    made = World(devices={"a": 3, "b": 3}, models=MODELS)
    assert len(made.hands.held["a"]) == len(made.hands.held["b"]) == 3
    assert made.hands.held["a"] | made.hands.held["b"] == set("pqrs")


def test_a_cold_model_is_refused_and_loaded_all_the_same() -> None:
    """A load of 1 s does not fit 100 ms; the refusal says when to come again: then it is there."""
    made = world()
    ask(made, "p", 20)
    made.pass_s(6.0)
    (refusal,) = ask(made, "r", 1)
    assert refusal is not None and refusal.reason == "cold"
    assert refusal.retry_after_s == pytest.approx(1.0)
    assert made.hands.loading == {"d": "r"}
    assert made.hands.held == {"d": {"p"}}, "q, which nobody asked for, made room"
    made.hands.now += 1.0
    made.end_load("d")
    assert ask(made, "r", 1) == [None]


def test_a_request_that_can_wait_for_the_load_is_taken() -> None:
    """Load and run fit its deadline: it waits, and runs as soon as the model is warm."""
    made = world()
    made.pass_s(6.0)
    work = made.work(8.0, "r")
    made.submit(work)
    assert work.state == "waiting"
    made.hands.now += 1.0
    made.end_load("d")
    assert made.last.works == [work]


def test_a_model_in_demand_takes_the_place_of_one_that_is_not() -> None:
    """And not of one that is asked for as much: near equals would change places for ever."""
    made = world()
    for _ in range(40):
        ask(made, "p", 3)
        ask(made, "q", 1)
        ask(made, "r", 1)
        made.pass_s(0.25)
    assert (made.hands.held, made.hands.loading) == ({"d": {"p", "q"}}, {})
    for _ in range(40):
        ask(made, "p", 3)
        ask(made, "r", 3)
        made.pass_s(0.25)
    assert (made.hands.held, made.hands.loading) == ({"d": {"p"}}, {"d": "r"})


def test_what_was_loaded_stays_for_a_while() -> None:
    """Whatever is asked for: nothing leaves in its first seconds."""
    made = world(LoadRules(min_residence_s=3.0))
    refusals = ask(made, "r", 20)
    assert all(refusal is not None and refusal.reason == "cold" for refusal in refusals)
    assert made.hands.loading == {}
    made.pass_s(3.0)
    assert made.hands.loading == {"d": "r"}


def test_loads_have_a_budget() -> None:
    """One per cent of a minute pays for 0.6 s of loads: the next one must be saved for.

    The first load may begin with a full budget, though it takes 1 s; that leaves -0.4. The next
    needs 0.6 again, so it waits for 1.0 / 0.01 = 100 s, less the 10 that pass here.
    """
    made = world(LoadRules(load_share=0.01, min_residence_s=0.0))
    ask(made, "r", 1)
    assert made.hands.loading == {"d": "r"}
    made.hands.now += 1.0
    made.end_load("d")
    ask(made, "r", 20)
    made.pass_s(9.0)
    (refusal,) = ask(made, "s", 1)
    assert made.hands.loading == {}
    assert refusal is not None and refusal.retry_after_s == pytest.approx(91.0, abs=0.1)


def test_a_load_that_fails_is_tried_again_after_a_while() -> None:
    """Once: if that probe fails too, twice as late; if it does not, the model is there."""
    made = World(devices={"d": 1}, models={"p": SIZES}, is_loaded=False)
    made.end_load("d", OSError("torn"))
    refusal = made.scheduler.submit(made.work(model="p"))
    assert refusal is not None and refusal.reason == "cold"
    assert refusal.retry_after_s == pytest.approx(2.0), "1 s to cool down, 1 s to load"
    made.pass_s(0.9)
    assert made.hands.loading == {}
    made.pass_s(0.3)
    made.end_load("d", OSError("torn"))
    made.pass_s(1.5)
    assert made.hands.loading == {}
    made.pass_s(0.6)
    made.end_load("d")
    made.submit(made.work(model="p"))


def test_pinned_models_are_never_evicted() -> None:
    """They lie on every device that has room, whatever is asked for; others take turns."""
    made = World(devices={"d": 2}, models={"p": SIZES, "q": SIZES})
    made.scheduler.add_model(ModelSpec("fixed", SIZES, 1, 1.0, is_pinned=True))
    made.pass_s(6.0)
    made.load_all()
    assert "fixed" in made.hands.held["d"]
    for _ in range(10):
        ask(made, "p", 5)
        ask(made, "q", 5)
        made.pass_s(6.0)
        made.load_all()
        assert "fixed" in made.hands.held["d"]


def test_a_model_whose_works_wait_stays() -> None:
    """What was promised is kept: works that wait for the only device that holds it will run."""
    made = world(LoadRules(min_residence_s=0.0))
    made.submit(made.work(model="p"), kept := made.work(9.0, "q"))
    for _ in range(50):
        made.hands.now += 0.001
        made.scheduler.submit(made.work(0.06, "r"))
    assert made.hands.held == {"d": {"p", "q"}}
    made.finish()
    assert made.last.works == [kept]


def test_a_busy_device_is_relieved() -> None:
    """Its model is loaded where there is room, in place of one that is asked for less."""
    made = World(devices={"a": 1, "b": 1}, models={"p": SIZES, "q": SIZES})
    assert made.hands.held == {"a": {"p"}, "b": {"q"}}
    for _ in range(400):
        made.hands.now += 0.02
        for _ in range(10):
            made.scheduler.submit(made.work(made.hands.now + 0.1, "p"))
        for device in list(made.hands.running):
            made.finish(device)
        made.scheduler.wake()
        made.load_all()
    assert made.hands.held == {"a": {"p"}, "b": {"p"}}


def test_a_silence_before_the_first_request_is_not_counted() -> None:
    """A pool that waited for ten minutes relieves a device as soon as one that has just begun."""
    found = []
    for silence_s in (0.0, 600.0):
        made = World(devices={"a": 1, "b": 1}, models={"p": SIZES, "q": SIZES})
        made.pass_s(6.0)  # what lies there may leave
        for _ in range(int(4 * silence_s)):
            made.pass_s(0.25)
        begins = made.hands.now
        while not made.hands.loading:
            made.hands.now += 0.02
            for _ in range(10):
                made.scheduler.submit(made.work(made.hands.now + 0.1, "p"))
            for device in list(made.hands.running):
                made.finish(device)
            made.scheduler.wake()
        found.append(made.hands.now - begins)
    assert found[1] == pytest.approx(found[0], abs=0.3)
    assert found[0] < 5.0


def test_models_that_fit_nowhere_are_refused() -> None:
    """By themselves, or beside what is pinned; and a model is added once."""
    made = World(devices={"d": 2}, models={})
    with pytest.raises(SchedulerError, match="needs 3 bytes"):
        made.scheduler.add_model(ModelSpec("p", SIZES, 3, 1.0))
    made.scheduler.add_model(ModelSpec("p", SIZES, 1, 1.0, is_pinned=True))
    with pytest.raises(SchedulerError, match="needs 2 bytes beside 1"):
        made.scheduler.add_model(ModelSpec("q", SIZES, 2, 1.0, is_pinned=True))
    with pytest.raises(SchedulerError, match="known already"):
        made.scheduler.add_model(ModelSpec("p", SIZES, 1, 1.0))


def test_a_shelf_keeps_its_books() -> None:
    """It begins no load that does not fit, or beside another."""
    shelf = Shelf(DeviceSpec("d", "cpu", 3), LoadRules(), 0.0)
    shelf.begin(ModelSpec("p", (1,), 2, 1.0), 0.0, load_s=0.0)
    with pytest.raises(SchedulerError, match="cannot load"):
        shelf.begin(ModelSpec("q", (1,), 1, 1.0), 0.0, load_s=0.0)
    shelf.ended(1.0, is_loaded=True)
    with pytest.raises(SchedulerError, match="has 1 bytes left"):
        shelf.begin(ModelSpec("q", (1,), 2, 1.0), 1.0, load_s=0.0)


def test_demand_remembers_the_hour_of_the_day() -> None:
    """A model asked for from 9 to 10 each day is in demand on the next day six minutes before.

    By hand: 36,000 rows in that hour are 10 a second.
    """
    demand, total = Demand(0.0), 0
    for minute in range(24 * 60):
        demand.per_s(total, minute * 60.0)
        if 9 * 60 <= minute < 10 * 60:
            total += 600
    day = 24 * 3600.0
    assert demand.per_s(total, day + 8.8 * 3600.0) == pytest.approx(0.0, abs=1e-9)
    assert demand.per_s(total, day + 8.95 * 3600.0) == pytest.approx(10.0, rel=0.02)
    assert demand.per_s(total, day + 9.5 * 3600.0) == pytest.approx(10.0, rel=0.02)
    assert demand.per_s(total, day + 10.0 * 3600.0) == pytest.approx(0.0, abs=1e-9)

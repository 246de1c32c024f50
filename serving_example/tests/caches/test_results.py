"""What the cache of results promises: one by one, with work that a test ends by hand."""

from __future__ import annotations

import asyncio
import gc
import math
from collections.abc import Callable
from typing import Any

import pytest

from serving_example.caches import BreakEven, Made, Policy, ResultCache, Waiter
from serving_example.tests.caches.asking import ask


class World:
    """A cache, its clock, and the work that it has begun."""

    def __init__(self, **options: Any) -> None:
        self.now = 0.0
        policy = {"soft_s": 10.0, "hard_s": 30.0, **options.pop("policy", {})}
        self.cache: ResultCache[str] = ResultCache(
            clock=lambda: self.now, policy=Policy(**policy), **options
        )
        self.begun: list[Callable[[Any], None]] = []
        self.cancelled = 0

    def work(self, deadline: float, done: Callable[[Any], None]) -> Callable[[], None]:
        self.begun.append(done)

        def cancel() -> None:
            self.cancelled += 1

        return cancel

    def ask(self, key: bytes = b"k", entity: int = 1, deadline: float = math.inf) -> Any:
        got: list[Any] = []
        waiter: Waiter[Made[str]] = Waiter(got.append, deadline)
        hit = ask(self.cache, key, entity, self.work, waiter)
        return (hit and hit.value), got, waiter

    def fill(self, value: str = "v", took: float = 0.0, **made: Any) -> None:
        self.ask()
        self.now += took
        self.begun.pop()(Made(value, 1, **made))


def test_five_thousand_waiters_on_an_expired_key_give_one_compute() -> None:
    """All are told by the one answer; after it the key is a hit."""
    world = World()
    world.fill("old")
    world.now = 31.0
    asked = [world.ask() for _ in range(5_000)]
    assert len(world.begun) == 1 and all(hit is None for hit, _, _ in asked)
    world.begun[0](Made("new", 1))
    assert all([made.value for made in got] == ["new"] for _, got, _ in asked)
    assert world.ask()[0] == "new" and len(world.begun) == 1
    assert world.cache.counts.joined == 4_999 and world.cache.counts.expired == 1


def test_the_same_on_an_event_loop() -> None:
    """Five thousand tasks of one loop, a third of which is cancelled meanwhile: one compute."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        cache: ResultCache[str] = ResultCache(clock=loop.time)
        begun = 0

        def work(deadline: float, done: Any) -> Any:
            nonlocal begun
            begun += 1
            return loop.call_later(0.02, done, Made("made", 1)).cancel

        async def client() -> str:
            future = loop.create_future()
            waiter: Waiter[Made[str]] = Waiter(future.set_result, math.inf)
            hit = ask(cache, b"k", 1, work, waiter)
            try:
                value: str = hit.value if hit else (await future).value
                return value
            except asyncio.CancelledError:
                waiter.leave()
                raise

        tasks = [asyncio.ensure_future(client()) for _ in range(5_000)]
        await asyncio.sleep(0)
        for task in tasks[::3]:
            task.cancel()
        got = await asyncio.gather(*tasks, return_exceptions=True)
        assert begun == 1 and got.count("made") == 5_000 - len(tasks[::3])

    asyncio.run(run())


def test_a_waiter_that_leaves_cancels_nothing_that_others_wait_for() -> None:
    """The first one may leave; the last one's leaving ends the work, and the next begins anew."""
    world = World()
    (_, first, one), (_, second, two) = world.ask(), world.ask()
    one.leave()
    one.leave()
    assert world.cancelled == 0
    world.begun[0](Made("v", 1))
    assert first == [] and [made.value for made in second] == ["v"]
    two.leave()
    world.now = 100.0
    _, got, three = world.ask()
    three.leave()
    assert world.cancelled == 1 and world.cache.in_flight == 0
    world.begun[1](Made("late", 1))
    assert got == [], "who left is told nothing"


def test_a_failure_is_told_to_those_who_waited_and_to_nobody_after() -> None:
    """The next request begins anew; an error that is raised at once is told the same way."""
    world = World()
    _, got, _ = world.ask()
    world.begun[0](ValueError("no"))
    assert isinstance(got[0], ValueError)
    hit, got, _ = world.ask()
    assert hit is None and not got and len(world.begun) == 2

    def raises(deadline: float, done: Any) -> Any:
        raise OSError("at once")

    ask(world.cache, b"other", 1, raises, Waiter(got.append, math.inf))
    assert isinstance(got[0], OSError) and world.cache.in_flight == 1


def test_the_deadline_of_one_is_not_that_of_others() -> None:
    """Work that ended with the deadline of who began it is begun again for who has more time."""
    world = World()
    _, impatient, _ = world.ask(deadline=1.0)
    _, patient, _ = world.ask(deadline=9.0)
    world.now = 1.5
    world.begun[0](TimeoutError("too late"))
    assert isinstance(impatient[0], TimeoutError) and patient == []
    world.begun[1](Made("v", 1))
    assert [made.value for made in patient] == ["v"]


def test_a_change_while_work_is_under_way_makes_it_old() -> None:
    """Who asked before the change gets it, nobody else: it is not kept, and not joined."""
    world = World()
    _, before, _ = world.ask()
    world.cache.bump(1)
    _, after, _ = world.ask()
    assert len(world.begun) == 2
    world.begun[0](Made("old", 1))
    assert [made.value for made in before] == ["old"] and after == []
    world.begun[1](Made("new", 1))
    assert world.ask()[0] == "new"
    world.cache.bump(2)
    assert world.ask()[0] == "new", "another entity's change is none of its business"


@pytest.mark.parametrize("made, until", [({"fresh_for_s": 5.0}, 7.0), ({}, 30.0)])
def test_an_answer_never_outlives_its_features(made: Any, until: float) -> None:
    """The hard TTL runs from the beginning of the work, that of a feature from its end."""
    world = World(policy={"soft_s": 30.0})
    world.fill(took=2.0, **made)
    world.now = until - 0.001
    assert world.ask()[0] == "v"
    world.now = until
    assert world.ask()[0] is None


def test_degraded_answers_are_given_and_not_kept() -> None:
    """Nor is one whose features have expired while it was made."""
    world = World()
    world.fill(is_keepable=False)
    assert world.ask()[0] is None
    world.begun.pop()(Made("v", 1, fresh_for_s=0.0))
    assert world.ask()[0] is None and world.cache.counts.uncacheable == 2


def test_past_the_soft_ttl_an_answer_is_served_and_renewed_once() -> None:
    """One renewal at a time; one that fails leaves the answer, and is not tried with each hit."""
    world = World()
    world.fill("old")
    world.now = 10.0
    assert [world.ask()[0] for _ in range(100)] == ["old"] * 100
    assert len(world.begun) == 1
    world.begun.pop()(OSError("away"))
    assert [world.ask()[0] for _ in range(100)] == ["old"] * 100 and not world.begun
    world.now = 11.5
    assert world.ask()[0] == "old" and len(world.begun) == 1
    world.begun.pop()(Made("new", 1))
    assert world.ask()[0] == "new"
    _, got, _ = world.ask()
    assert got == [] and world.cache.counts.renewals == 2


def test_early_refresh_comes_with_the_chance_of_xfetch() -> None:
    """So long before the TTL as the work takes, times an exponential draw: by the definition."""
    for draw, left in ((math.exp(-3.0), 6.0), (math.exp(-0.5), 1.0)):
        world = World(draw=lambda draw=draw: draw)
        world.fill(took=2.0)
        world.now = 10.0 - left - 0.001  # 2 s of work times -ln(draw) is `left`
        assert world.ask()[0] == "v" and not world.begun
        world.now = 10.0 - left + 0.001
        assert world.ask()[0] == "v" and len(world.begun) == 1


def test_an_audit_drops_what_has_other_bits() -> None:
    """Of every second hit the answer is made again; what cannot be compared is not counted."""
    told: list[Any] = []

    def audit(value: str, tell: Any) -> None:
        told.append(tell)

    world = World(policy={"audit_share": 0.5}, audit=audit)
    world.fill()
    for verdict in (True, None, False):
        assert [world.ask()[0], world.ask()[0]] == ["v", "v"]
        told.pop()(verdict)
    assert world.ask()[0] is None
    counts = world.cache.counts
    assert (counts.audits, counts.mismatches) == (2, 1)


def test_audits_drop_the_entry_that_they_looked_at_and_no_newer_one() -> None:
    """Between the hit and the verdict the answer was replaced: the new one stays."""
    told: list[Any] = []
    world = World(policy={"audit_share": 1.0}, audit=lambda value, tell: told.append(tell))
    world.fill("old")
    world.ask()
    world.now = 31.0
    world.fill("new")
    told[0](False)
    assert world.ask()[0] == "new"


def test_work_may_answer_at_once() -> None:
    """The waiter is told before `ask` returns; nothing is left under way."""
    world = World()
    got: list[Any] = []

    def at_once(deadline: float, done: Any) -> Any:
        done(Made("v", 1))
        return lambda: pytest.fail("it is over")

    waiter: Waiter[Made[str]] = Waiter(got.append, math.inf)
    assert ask(world.cache, b"k", 1, at_once, waiter) is None
    assert got[0].value == "v" and world.cache.in_flight == 0
    waiter.leave()
    assert world.ask()[0] == "v"


def test_hits_that_do_not_pay_are_not_looked_for() -> None:
    """Below the break-even share of hits the cache is passed by, and found again when it pays."""
    rule = BreakEven(look_s=5e-6, work_s=100e-6, window=100, probe=10)
    world = World(break_even=rule)
    for number in range(100):
        assert world.cache.looks()
        world.ask(key=b"%d" % number)
    assert sum(world.cache.looks() for _ in range(100)) == 10 and world.cache.counts.bypassed == 90
    world.fill()
    for _ in range(2_000):
        if world.cache.looks():
            assert world.ask()[0] == "v"
        if rule.is_open:
            break
    assert rule.is_open


@pytest.mark.parametrize(
    "wrong", [{"soft_s": 0.0}, {"soft_s": 40.0}, {"early": -1.0}, {"audit_share": 1.5}]
)
def test_a_policy_that_means_nothing_is_refused(wrong: Any) -> None:
    """The error shows the policy."""
    with pytest.raises(ValueError, match="soft_s"):
        Policy(**{"soft_s": 10.0, "hard_s": 30.0, **wrong})


def test_an_answer_leaves_no_garbage_to_be_found() -> None:
    """Made, waited for, told, kept, left and failed: what is not kept is gone without a search."""
    begun: list[Any] = []

    def work(deadline: float, done: Any) -> Any:
        begun.append(done)
        return lambda: done  # as a real one does: it ends what would tell of the end

    gc.collect()
    gc.disable()
    try:
        cache: ResultCache[str] = ResultCache(clock=lambda: 0.0)
        for number in range(20):
            waiters = [Waiter[Made[str]](lambda result: None, math.inf) for _ in range(2)]
            for waiter in waiters:
                ask(cache, b"%d" % number, 1, work, waiter)
            done = begun.pop()
            if number % 3 == 0:
                for waiter in waiters:
                    waiter.leave()
            else:
                done(Made("v", 1) if number % 3 == 1 else OSError("away"))
        del waiters, waiter, done
        assert not begun and len(cache) and gc.collect() == 0
    finally:
        gc.enable()

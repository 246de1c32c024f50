"""Batches that run on the event loop, in turns with requests: a real loop on another thread."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import pytest

from serving_example.app.delivery import ENOUGH, GATHER_S, LOOK_S, LoopDelivery
from serving_example.pool import Job, Pool
from serving_example.tests.pool.world import (
    SOON_S,
    Asked,
    Clock,
    Gate,
    Held,
    bits,
    program,
    running,
    until,
)


class Loop:
    """An event loop that runs until it is told to end, with a delivery that is bound to it.

    Attributes:
        delivery: From the pool.
        thread: What the loop runs on.
    """

    def __init__(self) -> None:
        self.delivery = LoopDelivery(time.monotonic)
        self._started, self._end = threading.Event(), asyncio.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._live()))
        self.thread.start()
        assert self._started.wait(SOON_S)

    def call(self, function: Callable[[], Any]) -> Any:
        """What a function gives on the loop."""
        made: Future[Any] = Future()
        self.loop.call_soon_threadsafe(lambda: made.set_result(function()))
        return made.result(SOON_S)

    def end(self) -> None:
        """The loop ends, as that of a server does; once."""
        if self.thread.is_alive():
            self.loop.call_soon_threadsafe(self._end.set)
            self.thread.join(SOON_S)
        assert not self.thread.is_alive()

    async def _live(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.delivery.bind(self.loop)
        self._started.set()
        await self._end.wait()
        self.delivery.unbind()


@contextmanager
def in_turns(*programs: Any, device: Held | None = None, **more: Any) -> Iterator[tuple[Any, ...]]:
    """A loop, and a pool whose batches run on it."""
    loop = Loop()
    try:
        turns = {"turns": loop.delivery.turns, "deliver": loop.delivery}
        with running(*programs, devices=[device or Held()], **turns, **more) as (pool, asked):
            yield loop, pool, asked
    finally:
        loop.end()


def watched(job: Job, told: list[threading.Thread]) -> Job:
    """A job that was just submitted, on the loop; where it is delivered is noted."""
    done = job.on_done

    def on_done(job: Job) -> None:
        told.append(threading.current_thread())
        done(job)

    job.on_done = on_done
    return job


def test_batches_run_and_are_delivered_on_the_loop() -> None:
    """The bits are those of a plain call; the loads before were the device's thread's."""
    where: list[threading.Thread] = []

    class Seen(Gate):
        def forward(self, tensors: Any) -> Any:
            where.append(threading.current_thread())
            return super().forward(tensors)

    model = program(Seen())
    with in_turns(model) as (loop, _, asked):
        told: list[threading.Thread] = []
        loads = len(where)
        job = loop.call(lambda: watched(asked.job(model, 3, seed=1), told))
        assert asked.wait(job).answer.tobytes() == bits(model.module, 3, seed=1)
        assert {thread.name for thread in where[:loads]} == {"device cpu-0"}
        assert where[loads:] == [loop.thread] == told


def test_the_loop_does_other_things_between_two_batches() -> None:
    """What was asked of the loop while the first batch ran comes before the second."""
    order: list[str] = []

    class Noted(Gate):
        def forward(self, tensors: Any) -> Any:
            order.append("batch")
            return super().forward(tensors)

    model = program(Noted(), sizes=(128,))
    with in_turns(model) as (loop, _, asked):
        order.clear()

        def submit() -> list[Job]:
            made = [asked.job(model, 128, seed=n) for n in range(2)]
            loop.loop.call_soon(order.append, "other")
            return made

        for job in loop.call(submit):
            asked.wait(job)
        assert order == ["batch", "other", "batch"]


def test_what_is_asked_before_a_turn_is_one_batch() -> None:
    """The batch is chosen when it begins: the first request does not go alone."""
    model = program()
    with in_turns(model) as (loop, pool, asked):
        before = sum(pool.stats().counts.batches.values())
        jobs = loop.call(lambda: [asked.job(model, 3, seed=n) for n in range(9)])
        for n, job in enumerate(jobs):
            assert asked.wait(job).answer.tobytes() == bits(model.module, 3, seed=n)
        assert sum(pool.stats().counts.batches.values()) == before + 1


def test_on_a_busy_loop_requests_gather_until_a_batch_is_worth_its_cost() -> None:
    """So long after one batch has begun what comes is one batch; after a large one it waits not."""
    model = program()
    with in_turns(model) as (loop, pool, asked):
        delivery = loop.delivery

        def begun() -> int:
            return sum(pool.stats().counts.batches.values())

        def ask(count: int) -> list[Job]:
            delivery.gather_s = 3600.0  # what was measured of this loop is that it is idle
            return [asked.job(model, 1, seed=n) for n in range(count)]

        asked.wait(loop.call(lambda: ask(1))[0])  # the first comes after nothing
        before = begun()
        waiting = loop.call(lambda: ask(1))[0]
        assert begun() == before and waiting.answer is None
        many = loop.call(lambda: ask(ENOUGH))
        loop.call(delivery._take_turn)  # as the timer would
        for job in (waiting, *many):
            asked.wait(job)
        assert begun() == before + 1
        asked.wait(loop.call(lambda: ask(1))[0])


@pytest.mark.parametrize(("share", "gathers"), [(0.3, 0.0), (0.6, 0.5), (1.0, 1.0)])
def test_the_busier_the_loop_is_the_longer_requests_gather(share: float, gathers: float) -> None:
    """An idle loop saves nobody anything by letting a request wait, and does not."""
    now, loop = [100.0], asyncio.new_event_loop()
    delivery = LoopDelivery(lambda: now[0], lambda: share * (now[0] - 100.0))
    delivery.bind(loop)
    now[0] += LOOK_S
    delivery._look(now[0])
    assert delivery.gather_s == pytest.approx(gathers * GATHER_S)
    delivery.unbind()
    loop.close()


def test_a_model_is_loaded_beside_the_batches_of_another() -> None:
    """A load that takes long is the thread's: the loop answers meanwhile."""
    model, slow = program(), program(Gate(1), "e")
    with in_turns(model) as (_, pool, asked):
        slow.module.shut()
        pool.add(slow)
        assert slow.module.entered.wait(SOON_S)
        assert asked.answer(model, 3).error is None
        slow.module.go.set()
        assert pool.ready(slow, SOON_S)


@pytest.mark.parametrize("asked_after", [False, True])
def test_jobs_are_answered_when_the_loop_has_ended(asked_after: bool) -> None:
    """What waits for its turn has it when the loop ends; what comes later is the thread's."""
    model = program()
    with in_turns(model) as (loop, _, asked):
        if asked_after:
            loop.end()
            job = asked.job(model, 3, seed=1)
        else:
            loop.loop.call_soon_threadsafe(loop._end.set)
            job = asked.job(model, 3, seed=1)
        assert asked.wait(job).answer.tobytes() == bits(model.module, 3, seed=1)


def test_a_batch_that_holds_the_loop_up_is_lost_and_its_jobs_run_again() -> None:
    """The device is back when the batch has ended, not before; each job is answered once."""
    clock, device, model = Clock(), Held(), program()
    with in_turns(model, device=device, clock=clock) as (_, pool, asked):
        device.hang()
        job = asked.job(model, 3, seed=1)
        assert device.entered.wait(SOON_S)
        clock.now += 5.1
        until(lambda: not pool.stats().devices[0].is_alive, pool)
        assert pool.health().devices[0].is_stuck
        device.go.set()
        assert asked.wait(job).attempts == 2
        assert job.answer.tobytes() == bits(model.module, 3, seed=1)


def test_a_device_that_cannot_be_entered_on_the_loop_fails_its_batch_alone() -> None:
    """The next batch tries again."""
    device, model = Held(), program()
    with in_turns(model, device=device) as (_, _, asked):
        device.fails["enter"] = RuntimeError("no driver")
        assert str(asked.answer(model).error) == "no driver"
        device.fails.clear()
        assert asked.answer(model).error is None


def test_many_threads_ask_while_the_loop_ends() -> None:
    """None is forgotten, whoever runs it."""
    model = program()
    with in_turns(model) as (loop, pool, asked):
        each: list[Asked] = [Asked(pool) for _ in range(4)]

        def ask(mine: Asked) -> None:
            for n in range(50):
                mine.job(model, 1, seed=n)

        threads = [threading.Thread(target=ask, args=(mine,)) for mine in each]
        for thread in threads:
            thread.start()
        asked.answer(model)
        loop.end()
        for thread in threads:
            thread.join(SOON_S)
        assert all(mine.each_once() and len(mine.done) == 50 for mine in each)


def test_a_pool_stops_while_its_loop_lives() -> None:
    """As a drill does: what was taken is done first, by the loop."""
    model = program()
    loop = Loop()
    try:
        pool = Pool([Held()], turns=loop.delivery.turns, deliver=loop.delivery).start()
        pool.add(model)
        assert pool.ready(model, SOON_S)
        asked = Asked(pool)
        for n in range(20):
            asked.job(model, 1, seed=n)
        assert pool.stop(SOON_S)
        assert asked.each_once() and all(job.error is None for job in asked.done)
    finally:
        loop.end()

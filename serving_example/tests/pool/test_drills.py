"""Devices that hang, die, slow down and fail, under jobs that wait: time is moved by hand."""

from collections.abc import Sequence
from typing import Any

import pytest

from featurelib.errors import DeviceMemoryError
from serving_example.devices import PacedDevice, Recording, cpu_device
from serving_example.pool import DroppedError, Job, RefusedError
from serving_example.scheduler import Admission, Profiles, Refusal
from serving_example.tests.pool.world import Clock, Gate, Held, bits, program, running, until


def alive(pool: Any) -> list[bool]:
    """What the scheduler believes, a moment after a thread has died."""
    return [device.is_alive for device in pool.stats().devices]


def hosts(pool: Any, model: Any) -> int:
    return len(pool.stats().models[model.model].devices)


def test_jobs_of_a_device_that_hangs_are_answered_by_another() -> None:
    """It is lost after its time, what it still answers is ignored, and when it is back it works."""
    clock, devices, model = Clock(), [Held(0), Held(1)], program()
    with running(model, devices=devices, clock=clock) as (pool, asked):
        until(lambda: hosts(pool, model) == 2)
        for device in devices:
            device.hang()
        first, second = asked.job(model, 3, seed=1), asked.job(model, 3, seed=2)
        assert devices[0].entered.wait(10) and devices[1].entered.wait(10)
        devices[1].go.set()
        assert asked.wait(second).device == "cpu-1"
        pool.wake()
        assert alive(pool) == [True, True], "its time has not passed"
        clock.now += 5.1
        done = asked.wait(first)  # no call but that of the pool's own thread
        assert (done.device, done.attempts) == ("cpu-1", 2)
        assert done.answer.tobytes() == bits(model.module, 3, seed=1)
        health = pool.health().devices[0]
        assert (health.is_alive, health.is_stuck) == (False, True) and health.busy_s > 5.0
        assert pool.health().is_ready
        devices[0].go.set()
        until(lambda: hosts(pool, model) == 2)
        assert alive(pool) == [True, True]
        devices[1].hang()
        jobs = [asked.job(model) for _ in range(2)]
        until(lambda: any(job.device == "cpu-0" for job in jobs))


@pytest.mark.parametrize("count", [1, 2])
def test_a_thread_that_dies_is_replaced(count: int) -> None:
    """Its batch is tried again, on another device or when a new thread has loaded the model."""
    clock, model = Clock(), program()
    devices = [Held(n) for n in range(count)]
    with running(model, devices=devices, clock=clock) as (pool, asked):
        until(lambda: hosts(pool, model) == count)
        devices[0].fails["run"] = SystemExit()
        job = asked.job(model, 3)
        until(lambda: alive(pool)[0] is False)
        devices[0].fails.clear()
        if count == 1:
            with pytest.raises(RefusedError, match="no_device"):
                asked.job(model)
            assert not pool.health().is_ready and job.state == "waiting"
            clock.now += 1.1
        done = asked.wait(job)
        assert (done.error, done.attempts) == (None, 2)
        assert done.answer.tobytes() == bits(model.module, 3)
        clock.now += 1.1
        until(lambda: hosts(pool, model) == count)


def test_a_job_that_kills_two_threads_is_given_up() -> None:
    """It is likely to be the cause; the device is back all the same, later the second time."""
    clock, device, model = Clock(), Held(), program()
    with running(model, devices=[device], clock=clock) as (pool, asked):
        device.fails["run"] = SystemExit()
        job = asked.job(model)
        until(lambda: not alive(pool)[0])
        clock.now += 1.1
        done = asked.wait(job)
        assert isinstance(done.error, DroppedError) and done.error.why == "device_lost"
        until(lambda: not alive(pool)[0])
        device.fails.clear()
        clock.now += 1.1
        pool.wake()
        assert alive(pool) == [False], "the second time it waits for twice as long"
        clock.now += 1.0
        until(lambda: hosts(pool, model) == 1)
        assert asked.answer(model).error is None


def test_all_devices_are_lost_and_come_back() -> None:
    """New work is refused at once, what was taken waits for them, and then all is as before."""
    clock, devices, model = Clock(), [Held(0), Held(1)], program()
    with running(model, devices=devices, clock=clock) as (pool, asked):
        until(lambda: hosts(pool, model) == 2)
        for device in devices:
            device.hang()
        jobs = [asked.job(model, seed=n) for n in range(6)]
        brief = asked.job(model, within_s=7.0)
        assert devices[0].entered.wait(10) and devices[1].entered.wait(10)
        clock.now += 5.1
        until(lambda: alive(pool) == [False, False])
        with pytest.raises(RefusedError, match="no_device"):
            asked.job(model)
        assert not pool.health().is_ready
        clock.now += 2.0
        late = asked.wait(brief)
        assert isinstance(late.error, DroppedError) and late.error.why == "expired"
        for device in devices:
            device.go.set()
        for n, job in enumerate(jobs):
            assert asked.wait(job).answer.tobytes() == bits(model.module, 1, seed=n)
        until(lambda: hosts(pool, model) == 2)
        assert pool.health().is_ready


def test_a_load_that_hangs_is_void_when_its_device_comes_back() -> None:
    """The device is emptied and loads again; its memory is counted once."""
    clock, device, model = Clock(), Held(), program()
    with running(devices=[device], clock=clock) as (pool, asked):
        device.hang()
        pool.add(model)
        assert device.entered.wait(10)
        clock.now += 100.0  # 20 times what a load was guessed to take is 10 s
        until(lambda: pool.health().devices[0].is_stuck)
        assert not pool.ready(model, 100.0)
        device.go.set()
        until(lambda: hosts(pool, model) == 1)
        assert asked.answer(model).error is None
        assert device.used_bytes == model.needs(device) == device.most_bytes


def test_a_load_that_fails_cools_down_and_is_probed() -> None:
    """One try after 1 s, the next after 2 more; what it had put on the device is gone each time."""
    clock, device = Clock(), Held()
    model = program(Gate())
    model.module.fails = DeviceMemoryError("full", needed=1)
    with running(devices=[device], clock=clock) as (pool, asked):
        pool.add(model)
        assert not pool.ready(model, 20.0) and device.used_bytes == 0

        def tries() -> int:
            return pool.stats().devices[0].loads

        def fail_s(seconds: float) -> None:
            clock.now += seconds
            pool.wake()
            until(lambda: pool.stats().devices[0].loading is None)

        with pytest.raises(RefusedError, match="cold") as raised:
            asked.job(model)
        again_s = raised.value.refusal.retry_after_s
        assert tries() == 1 and again_s is not None and again_s >= 1.0
        fail_s(0.7)
        assert tries() == 1
        fail_s(0.4)
        assert tries() == 2 and device.used_bytes == 0
        fail_s(1.5)
        assert tries() == 2, "the second wait is twice as long"
        model.module.fails = None
        clock.now += 0.6
        pool.wake()
        assert pool.ready(model, 20.0) and pool.failure(model) is None
        assert asked.answer(model).error is None and tries() == 3


def test_a_device_that_cannot_be_entered_is_tried_ever_more_rarely() -> None:
    """After 1 s, then 2, then 4: not as often as a thread can start; then one finds it well."""
    clock, device, model = Clock(), Held(), program()
    device.fails["enter"] = RuntimeError("no driver")
    with running(devices=[device], clock=clock) as (pool, asked):
        pool.add(model)
        for tries, wait_s in ((1, 1.0), (2, 2.0), (3, 4.0)):
            until(lambda wait_s=wait_s: pool.wake() == pytest.approx(clock.now + wait_s))  # type: ignore[misc]
            assert device.entries == tries
            clock.now += wait_s
        device.fails.clear()
        until(lambda: pool.ready(model, 20.0), pool)
        assert asked.answer(model).error is None


def test_an_unload_that_fails_keeps_no_device_from_its_work() -> None:
    """It is logged; jobs of other programs are answered."""
    device, kept, left = Held(), program(), program(name="e")
    with running(kept, left, devices=[device]) as (pool, asked):
        device.fails["unload"] = RuntimeError("stuck to it")
        pool.retire(left)
        until(lambda: left.model not in pool.stats().models)
        assert asked.answer(kept).error is None and alive(pool) == [True]


def test_jobs_are_delivered_though_one_delivery_fails() -> None:
    """Whoever delivers has failed with these jobs; the next batch is delivered."""
    model, calls = program(), list[int]()

    def deliver(jobs: Sequence[Job]) -> None:
        for job in jobs:
            job.on_done(job)
        calls.append(len(jobs))
        raise ValueError("the loop is closed")

    with running(model, deliver=deliver) as (_, asked):
        assert asked.answer(model).error is None and asked.answer(model).error is None
    assert calls == [1, 1]


class Forgetful(Profiles):
    """Learns of a batch only while it may.

    Attributes:
        may: Whether it may; else it fails, as a defect of the scheduler would.
    """

    may = True

    def observe(self, model: str, device: str, size: int, seconds: float) -> bool:
        if not self.may:
            raise KeyError(size)
        return super().observe(model, device, size, seconds)


def test_a_scheduler_that_fails_at_the_end_of_a_batch_costs_no_answer() -> None:
    """Who waited for the batch has its answer, and the device goes on with what waits."""
    model, profiles = program(Gate()), Forgetful()
    with running(model, devices=[Held()], profiles=profiles) as (pool, asked):
        model.module.shut()
        first = asked.job(model, 3, seed=1)
        assert model.module.entered.wait(10)
        left, second = asked.job(model, 128), asked.job(model, 256)
        profiles.may = False
        assert pool.cancel(left)
        model.module.go.set()
        assert asked.wait(first).answer.tobytes() == bits(model.module, 3, seed=1)
        assert asked.wait(second).error is None and not pool.cancel(first)
        profiles.may = True
        assert asked.answer(model).error is None and alive(pool) == [True]


def test_a_device_that_is_three_times_slower_is_given_what_it_can_do() -> None:
    """Within a few batches no job is taken that would be late, and it is seen as a drift."""
    clock, model = Clock(), program(sizes=(128,))
    slowness = [1.0]

    def sleep(seconds: float) -> None:
        clock.now += seconds * slowness[0]

    recording = Recording("a device of the test", {128: 0.02}, 0.0, 400, 1000)
    device = PacedDevice(cpu_device(), recording, clock=clock, sleep=sleep)
    profiles = Profiles()
    profiles.tell(model.model, "paced", {128: 0.02})
    options: dict[str, Any] = {"clock": clock, "profiles": profiles, "admission": Admission()}
    with running(model, devices=[device], **options) as (pool, asked):

        def attained(jobs: int) -> float:
            """The part of jobs with 50 ms each that were in time, of those that were taken."""
            taken = in_time = 0
            for _ in range(jobs):
                job = asked.offer(model, within_s=0.05)
                if isinstance(job, Refusal):
                    assert job.reason == "predicted_late"
                    clock.now += job.retry_after_s or 0.0
                else:
                    asked.wait(job)
                    taken, in_time = taken + 1, in_time + (job.finished <= job.deadline)
            return in_time / taken if taken else 1.0

        assert attained(20) == 1.0 and not pool.drifts()
        slowness[0] = 3.0
        attained(10)
        assert attained(10) == 1.0
        assert asked.answer(model, within_s=0.1).error is None
        for _ in range(16):
            asked.answer(model)
        (drift,) = pool.drifts()
        assert drift.told_s == 0.02
        assert drift.seen_s == pytest.approx(0.06)  # a difference of two times of the clock

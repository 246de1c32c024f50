"""Jobs through the live pool: their bits, their batches, and how they end."""

from time import monotonic
from typing import Any

import pytest

from featurelib.errors import DeviceMemoryError
from serving_example.devices import cpu_device
from serving_example.pool import DroppedError, Job, Pool, PoolDownError, RefusedError
from serving_example.scheduler import Admission, Batch, SchedulerError
from serving_example.tests.devices.models import Ranker, rows_of
from serving_example.tests.pool.world import Asked, Gate, bits, program, running, until


def test_jobs_of_one_batch_have_the_bits_that_each_has_alone() -> None:
    """They wait while a batch runs, then run together; each gets its own rows."""
    model = program(Gate())
    seen: list[tuple[Batch, float]] = []
    with running(model, observe=lambda batch, s: seen.append((batch, s))) as (_, asked):
        model.module.shut()
        first = asked.job(model)
        assert model.module.entered.wait(10)
        jobs = [asked.job(model, n, seed=n) for n in (1, 50, 77)]
        model.module.go.set()
        asked.wait(first)
        for job in jobs:
            done = asked.wait(job)
            assert (done.error, done.size, done.device) == (None, 128, "cpu-0")
            assert done.answer.tobytes() == bits(model.module, done.rows, seed=done.rows)
            assert done.entered <= done.started <= done.finished
        until(lambda: len(seen) == 2)
        batch, seconds = seen[1]
        assert (batch.works, batch.rows, batch.size) == (jobs, 128, 128) and seconds > 0.0


def test_a_batch_that_fails_fails_its_jobs_only() -> None:
    """The device goes on: the next job is answered."""
    model = program(Gate())
    with running(model) as (pool, asked):
        model.module.fails = ValueError("poison")
        done = asked.answer(model, 3)
        assert str(done.error) == "poison" and done.answer is None
        model.module.fails = None
        assert asked.answer(model, 3).error is None
        assert pool.health().is_ready and pool.stats().counts.failed == 1


def test_a_cancelled_job_is_delivered_with_an_error_and_never_computed() -> None:
    """It does not wait any more; one that runs is told at once, and its answer is not given out."""
    model = program(Gate())
    with running(model) as (pool, asked):
        model.module.shut()
        runs = asked.job(model)
        assert model.module.entered.wait(10)
        waits = asked.job(model)
        for job in (runs, waits):
            assert pool.cancel(job) and not pool.cancel(job)
            done = asked.wait(job)
            assert isinstance(done.error, DroppedError) and done.error.why == "cancelled"
        model.module.go.set()
        assert asked.answer(model).error is None
        assert (runs.answer, waits.answer, waits.attempts) == (None, None, 0)


def test_a_job_whose_deadline_passes_while_it_waits_is_told_so() -> None:
    """By the pool's own thread: no other job has to come for it."""
    model = program(Gate())
    with running(model) as (_, asked):
        model.module.shut()
        runs = asked.job(model)
        assert model.module.entered.wait(10)
        late = asked.wait(asked.job(model, within_s=0.02))
        assert isinstance(late.error, DroppedError) and late.error.why == "expired"
        assert late.attempts == 0 and late.finished >= late.deadline
        model.module.go.set()
        assert asked.wait(runs).error is None


def test_what_would_be_late_is_refused_and_nothing_is_remembered() -> None:
    """The error carries the scheduler's refusal: its reason, and when to come again."""
    model = program(Gate())
    with running(model, admission=Admission()) as (pool, asked):
        with pytest.raises(RefusedError, match="refused: predicted_late") as raised:
            asked.job(model, within_s=-1.0)
        assert raised.value.refusal.reason == "predicted_late"
        pool.lagged(5.0)
        with pytest.raises(RefusedError) as raised:
            asked.job(model, within_s=1.0)
        again_s = raised.value.refusal.retry_after_s
        assert again_s is not None and 0.0 < again_s < 5.0
        with pytest.raises(RefusedError, match="unknown_model"):
            asked.job(program(name="e"))
        with pytest.raises(SchedulerError, match="runs 1 to 256 rows, got 257"):
            asked.job(model, 257)
        assert pool.stats().counts.taken == 0


def test_a_retired_program_answers_its_jobs_and_then_leaves() -> None:
    """It takes no more, its memory is free when the last one is done, and it may come again."""
    model, device = program(Gate()), cpu_device()
    with running(model, devices=[device]) as (pool, asked):
        model.module.shut()
        runs = asked.job(model)
        assert model.module.entered.wait(10)
        waits = asked.job(model)
        pool.retire(model)
        with pytest.raises(RefusedError, match="unknown_model"):
            asked.job(model)
        model.module.go.set()
        assert asked.wait(runs).error is None and asked.wait(waits).error is None
        until(lambda: device.used_bytes == 0)
        assert not pool.stats().models
        pool.add(model)
        assert pool.ready(model, 10) and asked.answer(model).error is None


def test_a_program_that_comes_back_while_it_retires_stays() -> None:
    """Its jobs that wait are answered, and no load is needed for those that come."""
    model = program(Gate())
    with running(model) as (pool, asked):
        model.module.shut()
        runs = asked.job(model)
        assert model.module.entered.wait(10)
        pool.retire(model)
        pool.add(model)
        waits = asked.job(model)
        model.module.go.set()
        assert asked.wait(runs).error is None and asked.wait(waits).error is None
        assert [device.loads for device in pool.stats().devices] == [1]
        with pytest.raises(SchedulerError, match="is in the pool already"):
            pool.add(model)


def test_there_is_no_waiting_for_a_program_without_room_or_whose_load_fails() -> None:
    """`ready` says so at once; why a load failed is kept."""
    small = program(sizes=(128,))
    needs = small.needs(cpu_device())
    with running(small, devices=[cpu_device(memory_bytes=needs + 8)]) as (pool, _):
        with pytest.raises(SchedulerError, match="the largest device has"):
            pool.add(program(name="e"))
        second = program(name="f", sizes=(128,))
        pool.add(second)
        assert not pool.ready(second, 1e9) and pool.failure(second) is None
        assert not pool.ready(program(name="g"), 1e9)
    broken = program(Gate())
    broken.module.fails = DeviceMemoryError("no room after all", needed=1)
    with running() as (pool, _):
        pool.add(broken)
        assert not pool.ready(broken, 20.0)
        assert isinstance(pool.failure(broken), DeviceMemoryError)


def test_stopping_does_what_was_taken_and_takes_no_more() -> None:
    """Jobs that wait are answered; later ones, and programs, are refused."""
    model, device = program(), cpu_device()
    pool = Pool([device], admission=Admission(is_on=False)).start()
    asked = Asked(pool)
    pool.add(model)
    assert pool.ready(model, 10)
    jobs = [asked.job(model, 100, seed=n) for n in range(20)]
    assert pool.stop(10) and pool.stop(0.0)
    assert asked.each_once() and all(job.error is None for job in jobs)
    with pytest.raises(PoolDownError):
        asked.job(model)
    with pytest.raises(PoolDownError):
        pool.add(program(name="e"))
    assert not pool.health().is_ready and device.used_bytes == 0


def test_stopping_a_device_that_hangs_fails_what_cannot_be_done() -> None:
    """What runs and what waits is delivered once, with an error, and nothing comes after it."""
    model = program(Gate())
    pool = Pool([cpu_device()], admission=Admission(is_on=False)).start()
    asked = Asked(pool)
    pool.add(model)
    assert pool.ready(model, 10)
    model.module.shut()
    jobs = [asked.job(model) for _ in range(3)]
    assert model.module.entered.wait(10)
    assert not pool.stop(0.01)
    assert asked.each_once() and all(isinstance(job.error, PoolDownError) for job in jobs)
    model.module.go.set()
    assert pool.stop(10) and asked.each_once() and not jobs[0].answer


def test_the_scores_are_those_of_torch_on_every_device_of_a_pool() -> None:
    """Two devices share the module; every job has the bits of a plain call."""
    model = program(Ranker())
    devices: list[Any] = [cpu_device(0), cpu_device(1)]
    with running(model, devices=devices) as (pool, asked):
        until(lambda: all(device.models for device in pool.stats().devices))
        jobs = [asked.job(model, 128, seed=n) for n in range(40)]
        for n, job in enumerate(jobs):
            assert asked.wait(job).answer.tobytes() == bits(model.module, 128, seed=n)


def test_a_job_is_submitted_once() -> None:
    """A job that was taken cannot be taken again."""
    model = program()
    with running(model) as (pool, asked):
        job = asked.answer(model)
        with pytest.raises(SchedulerError, match="submitted before"):
            pool.submit(job)
        later = Job(model, rows_of(1), 1, monotonic() + 60.0, asked.done.append)
        assert not pool.cancel(later)

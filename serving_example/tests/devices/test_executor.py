"""The thread that owns a device."""

import threading
import time
from collections import deque
from concurrent.futures import Future
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib.errors import DeviceError
from serving_example.devices import Executor, Gather, Job, Ladder, Program, cpu_device
from serving_example.devices.executor import DeadlineError, ExecutorDownError, QueueFullError
from serving_example.tests.devices.models import LAYOUT, Ranker, rows_of

FAR = 1e12


class Gate(Ranker):
    """A model that waits until it is let go, and fails where told."""

    def __init__(self) -> None:
        super().__init__()
        self.go, self.entered = threading.Event(), threading.Event()
        self.fails: Exception | None = None

    def forward(self, tensors: Any) -> Any:
        self.entered.set()
        assert self.go.wait(10)
        if self.fails:
            raise self.fails
        return super().forward(tensors)


@pytest.fixture
def started() -> Any:
    """Makes executors, and stops them."""
    made = []

    def start(**options: Any) -> Any:
        made.append(Executor(cpu_device(), **options).start())
        return made[-1]

    yield start
    for executor in made:
        executor.stop()


def load(executor: Any, module: Any = None, sizes: Any = (128, 256)) -> Any:
    return executor.call(
        lambda: executor.device.load("d" * 64, module or Ranker(), LAYOUT, Ladder(sizes))
    ).result(10)


def job_of(loaded: Any, rows: Any, done: Any = None, deadline: Any = FAR, seed: Any = 0) -> Any:
    future: Any = Future()
    job = Job(loaded, rows_of(rows, seed), rows, deadline, future.set_result)
    return job, future


def test_each_job_gets_its_rows(started: Any) -> None:
    """Jobs that ran in one batch have the bits that each has alone."""
    executor = started()
    module = Gate()
    module.go.set()
    loaded = load(executor, module)
    wanted = []
    for n in (1, 50, 77):
        job, future = job_of(loaded, n, seed=n)
        executor.submit(job)
        wanted.append(future.result(10).scores)
    module.go.clear()
    module.entered.clear()
    blocker, first = job_of(loaded, 1)
    executor.submit(blocker)
    assert module.entered.wait(10)
    jobs = [job_of(loaded, n, seed=n) for n in (1, 50, 77)]
    for job, _ in jobs:
        executor.submit(job)
    assert executor.health().queued_rows == 128
    module.go.set()
    first.result(10)
    for (_, future), scores in zip(jobs, wanted, strict=True):
        job = future.result(10)
        assert job.error is None and job.size == 128 and job.scores.tobytes() == scores.tobytes()


def test_a_batch_that_fails_fails_its_jobs_only(started: Any) -> None:
    """The thread goes on, and the next job is answered."""
    executor, module = started(), Gate()
    module.go.set()
    loaded = load(executor, module)
    module.fails = ValueError("poison")
    job, future = job_of(loaded, 3)
    executor.submit(job)
    assert str(future.result(10).error) == "poison" and job.scores is None
    module.fails = None
    job, future = job_of(loaded, 3)
    executor.submit(job)
    assert future.result(10).error is None and executor.health().is_ready


def test_work_that_nobody_wants_never_runs(started: Any) -> None:
    """A cancelled job and one past its deadline are answered with an error, not computed."""
    now = [0.0]
    executor, module = started(clock=lambda: now[0]), Gate()
    loaded = load(executor, module)
    running, ran = job_of(loaded, 1)
    executor.submit(running)
    assert module.entered.wait(10)
    late, late_done = job_of(loaded, 1, deadline=1.0)
    left, left_done = job_of(loaded, 1)
    kept, kept_done = job_of(loaded, 1)
    for job in (late, left, kept):
        executor.submit(job)
    now[0], left.is_cancelled = 1.0, True
    module.go.set()
    assert ran.result(10).error is None and kept_done.result(10).error is None
    for done in (late_done, left_done):
        assert isinstance(done.result(10).error, DeadlineError) and done.result().size == 0


def test_a_full_queue_refuses_at_once(started: Any) -> None:
    """Rows are counted, and a finished batch makes room."""
    executor, module = started(max_queued_rows=10), Gate()
    loaded = load(executor, module)
    executor.submit(job_of(loaded, 1)[0])
    assert module.entered.wait(10)
    job, done = job_of(loaded, 10)
    executor.submit(job)
    with pytest.raises(QueueFullError, match="10 of 10 rows wait"):
        executor.submit(job_of(loaded, 1)[0])
    module.go.set()
    assert done.result(10).error is None and executor.health().queued_rows == 0


def test_a_batch_that_does_not_end_makes_the_device_stuck(started: Any) -> None:
    """It is seen by the clock, and refuses new work until the batch ends."""
    now = [0.0]
    executor, module = started(clock=lambda: now[0], stuck_after_s=2.0), Gate()
    loaded = load(executor, module)
    job, done = job_of(loaded, 1)
    executor.submit(job)
    assert module.entered.wait(10)
    now[0] = 2.5
    assert executor.health().is_stuck and not executor.health().is_ready
    with pytest.raises(ExecutorDownError):
        executor.submit(job_of(loaded, 1)[0])
    module.go.set()
    done.result(10)
    deadline = time.monotonic() + 10
    while executor.health().is_stuck and time.monotonic() < deadline:
        time.sleep(0.001)
    assert executor.health().is_ready


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_fails_what_waits(started: Any) -> None:
    """What delivers raised: the executor is not alive, and every waiting job has its error."""

    def deliver(jobs: Any) -> None:
        for job in jobs:
            job.on_done(job)
        if jobs[0].error is None:
            raise SystemExit

    executor, module = started(deliver=deliver), Gate()
    loaded = load(executor, module)
    first, first_done = job_of(loaded, 1)
    executor.submit(first)
    assert module.entered.wait(10)
    waiting, waiting_done = job_of(loaded, 1)
    executor.submit(waiting)
    module.go.set()
    assert first_done.result(10).error is None
    assert isinstance(waiting_done.result(10).error, ExecutorDownError)
    executor.stop()
    assert not executor.health().is_alive
    with pytest.raises(ExecutorDownError):
        executor.call(int)


def test_stopping_finishes_what_waits(started: Any) -> None:
    """Jobs that were taken are answered; later ones are refused."""
    executor = started()
    loaded = load(executor)
    jobs = [job_of(loaded, 100, seed=n) for n in range(20)]
    for job, _ in jobs:
        executor.submit(job)
    assert executor.stop()
    assert all(future.result(0).error is None for _, future in jobs)
    with pytest.raises(ExecutorDownError):
        executor.submit(job_of(loaded, 1)[0])


def test_a_retired_model_answers_its_jobs_and_is_then_unloaded(started: Any) -> None:
    """Its memory is free when the last of its jobs is done; a task sees it gone."""
    executor, module = started(), Gate()
    loaded = load(executor, module)
    executor.submit(job_of(loaded, 1)[0])
    assert module.entered.wait(10)
    job, done = job_of(loaded, 1)
    executor.submit(job)
    executor.retire(loaded)
    module.go.set()
    assert done.result(10).error is None
    assert executor.call(lambda: executor.device.used_bytes).result(10) == 0


class Sums(Program):
    """Adds up what its model says of a job's rows; a job without rows is refused alone."""

    part = "sum"

    def __init__(self, loaded: Any) -> None:
        self.loaded, self.digest, self.ladder = loaded, loaded.digest, loaded.ladder
        self.batches: list[int] = []

    @property
    def uses(self) -> Any:
        return (self.loaded,)

    def run(self, device: Any, given: Any) -> Any:
        self.batches.append(len(given))
        return [
            float(device.run(self.loaded, [rows]).sum()) if len(rows["ids"]) else ValueError("none")
            for rows in given
        ]


def test_a_program_answers_its_jobs_together_and_fails_one_alone(started: Any) -> None:
    """Jobs that waited run in one batch; the one that has no answer has its own error."""
    executor, module = started(), Gate()
    loaded = load(executor, module)
    program = Sums(loaded)
    executor.submit(job_of(loaded, 1)[0])
    assert module.entered.wait(10)
    jobs = [job_of(program, n, seed=n) for n in (3, 0, 5)]
    for job, _ in jobs:
        executor.submit(job)
    module.go.set()
    first, none, last = (future.result(10) for _, future in jobs)
    assert program.batches == [3] and str(none.error) == "none" and none.answer is None
    for job, rows in ((first, 3), (last, 5)):
        wanted = executor.call(lambda n=rows: executor.device.run(loaded, [rows_of(n, n)]))
        assert job.error is None and job.answer == float(wanted.result(10).sum())


def test_a_model_is_unloaded_after_the_program_that_uses_it(started: Any) -> None:
    """A program that waits keeps its models where they are."""
    executor, module = started(), Gate()
    loaded = load(executor, module)
    executor.submit(job_of(loaded, 1)[0])
    assert module.entered.wait(10)
    job, done = job_of(Sums(loaded), 2)
    executor.submit(job)
    executor.retire(loaded)
    module.go.set()
    assert done.result(10).error is None
    assert executor.call(lambda: executor.device.used_bytes).result(10) == 0


def test_a_task_that_fails_fails_its_caller(started: Any) -> None:
    """An error of a load reaches who loads, and the thread goes on."""
    executor = started()

    def task() -> None:
        raise DeviceError("no")

    with pytest.raises(DeviceError, match="no"):
        executor.call(task).result(10)
    assert executor.health().is_ready


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 256)), min_size=1, max_size=40))
def test_batches_are_of_one_model_in_order_and_within_its_size(arrivals: Any) -> None:
    """Nothing is lost or taken twice; jobs of one model leave in the order in which they came."""
    device = cpu_device()
    models = [device.load(f"{n}" * 64, Ranker(n), LAYOUT, Ladder((128, 256))) for n in range(3)]
    empty: dict[str, np.ndarray] = {}
    jobs = [Job(models[m], empty, rows, FAR, lambda job: None) for m, rows in arrivals]
    queue, left = deque(jobs), []
    while queue:
        head = queue[0]
        batch, reason = Gather().take(0.0, queue)
        assert batch[0] is head and reason in ("full", "free")
        assert len({id(job.loaded) for job in batch}) == 1
        assert sum(job.rows for job in batch) <= 256
        left += batch
    assert sorted(map(id, left)) == sorted(map(id, jobs))
    for model in models:
        assert [j for j in left if j.loaded is model] == [j for j in jobs if j.loaded is model]

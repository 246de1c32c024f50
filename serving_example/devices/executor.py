"""One thread that owns a device: a queue of jobs in, answers out."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from featurelib.errors import DeviceError
from serving_example.devices.batcher import Batcher, Gather
from serving_example.devices.job import Job
from serving_example.devices.program import Program
from serving_example.devices.protocol import Device, Loaded

__all__ = ["DeadlineError", "Executor", "ExecutorDownError", "Health", "QueueFullError"]

T = TypeVar("T")
Deliver = Callable[[Sequence[Job]], None]
Observe = Callable[[str, str, int, int, float], None]


class QueueFullError(DeviceError):
    """The queue holds as many rows as it may."""


class ExecutorDownError(DeviceError):
    """The device's thread is stopping, dead or stuck."""


class DeadlineError(DeviceError):
    """The deadline passed, or nobody waits any more: the job did not run."""


@dataclass(frozen=True, slots=True)
class Health:
    """How an executor is.

    Attributes:
        is_alive: Its thread runs.
        is_stuck: One batch runs for longer than it may.
        queued_rows: Rows that wait.
        busy_s: For how long the batch that runs now has run; 0.0 if none does.
    """

    is_alive: bool
    is_stuck: bool
    queued_rows: int
    busy_s: float

    @property
    def is_ready(self) -> bool:
        return self.is_alive and not self.is_stuck


def deliver_here(jobs: Sequence[Job]) -> None:
    """Delivers on the device's own thread."""
    for job in jobs:
        job.on_done(job)


class Executor:
    """Runs jobs on one device, from one thread.

    A batch that fails fails its own jobs; the thread goes on. A job that is cancelled or past its
    deadline never reaches the device.

    Args:
        device: The device.
        batcher: The policy.
        clock: Monotonic seconds, the same that deadlines are of.
        deliver: Given the jobs of a batch when they are done, on the device's thread, once for
            each batch; it calls their `on_done` where that belongs.
        observe: Told of each batch: device, why it ran, rows, size, seconds.
        max_queued_rows: More rows are refused.
        stuck_after_s: A batch that takes longer is stuck; so is the device.
    """

    def __init__(
        self,
        device: Device,
        batcher: Batcher | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        deliver: Deliver = deliver_here,
        observe: Observe | None = None,
        max_queued_rows: int = 65_536,
        stuck_after_s: float = 5.0,
    ) -> None:
        self.device = device
        self._batcher = batcher or Gather()
        self._clock, self._deliver, self._observe = clock, deliver, observe
        self._max_queued_rows, self._stuck_after_s = max_queued_rows, stuck_after_s
        self._queue: deque[Job] = deque()
        self._tasks: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._retired: list[Loaded] = []
        self._rows = 0
        self._busy_since: float | None = None
        self._is_stopping = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=f"device {device.name}", daemon=True)

    def start(self) -> Executor:
        """Starts the thread, and gives itself."""
        self._thread.start()
        return self

    def submit(self, job: Job) -> None:
        """Queues a job.

        Raises:
            QueueFullError: There is no room for its rows.
            ExecutorDownError: The thread is stopping, dead or stuck.
        """
        with self._changed:
            now = self._clock()
            health = self._health(now)
            if self._is_stopping or not health.is_ready:
                raise ExecutorDownError(f"device {self.device.name} does not run: {health}")
            if self._rows + job.rows > self._max_queued_rows:
                raise QueueFullError(
                    f"device {self.device.name}: {self._rows} of {self._max_queued_rows} rows "
                    f"wait, there is no room for {job.rows} more"
                )
            job.entered = now
            self._queue.append(job)
            self._rows += job.rows
            self._changed.notify()

    def call(self, task: Callable[[], T]) -> Future[T]:
        """Runs a function on the device's thread, between two batches: loading, warming.

        Raises:
            ExecutorDownError: The thread is stopping or dead.
        """
        made: Future[T] = Future()
        with self._changed:
            if self._is_stopping or not self._thread.is_alive():
                raise ExecutorDownError(f"device {self.device.name} does not run")
            self._tasks.append((made, task))
            self._changed.notify()
        return made

    def retire(self, loaded: Loaded) -> None:
        """Unloads a model as soon as no job that waits wants it."""
        with self._changed:
            self._retired.append(loaded)
            self._changed.notify()

    def health(self) -> Health:
        """How it is now."""
        with self._changed:
            return self._health(self._clock())

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Takes no more jobs, finishes those that wait, and ends the thread.

        Returns:
            Whether the thread ended in time; if not, the jobs that wait have failed.
        """
        with self._changed:
            self._is_stopping = True
            self._changed.notify()
        self._thread.join(timeout_s)
        is_ended = not self._thread.is_alive()
        if not is_ended:
            self._fail_all(ExecutorDownError(f"device {self.device.name} was stopped while stuck"))
        return is_ended

    def _health(self, now: float) -> Health:
        busy = now - self._busy_since if self._busy_since is not None else 0.0
        alive = self._thread.is_alive()
        return Health(alive, alive and busy > self._stuck_after_s, self._rows, busy)

    def _run(self) -> None:
        try:
            self.device.enter()
            while self._step():
                pass
        finally:
            with self._changed:
                self._is_stopping = True
            self._fail_all(ExecutorDownError(f"device {self.device.name}: its thread has ended"))

    def _step(self) -> bool:
        """One task or one batch; False when there is nothing left to do for ever."""
        with self._changed:
            while not (self._queue or self._tasks or self._retired):
                if self._is_stopping:
                    return False
                self._changed.wait()
            task = self._tasks.popleft() if self._tasks else None
            now = self._clock()
            unloaded = self._take_retired()  # before the queue is touched: it knows who is wanted
            dead, batch, reason = ([], [], "") if task else self._take(now)
            self._busy_since = now
        for loaded in unloaded:  # first: a task may need the memory
            self.device.unload(loaded)
        if task is not None:
            _run_task(*task)
        for job in dead:
            _finish(job, now, DeadlineError("the deadline passed while it waited, or nobody waits"))
        if batch:
            self._run_batch(batch, now, reason)
        with self._changed:
            self._busy_since = None
        if dead or batch:
            self._deliver([*dead, *batch])
        return True

    def _take(self, now: float) -> tuple[list[Job], list[Job], str]:
        """Jobs that nobody wants any more, and the next batch of the others."""
        dead = [job for job in self._queue if job.is_cancelled or job.deadline <= now]
        if dead:
            gone = set(map(id, dead))
            self._queue = deque(job for job in self._queue if id(job) not in gone)
        batch, reason = self._batcher.take(now, self._queue) if self._queue else ([], "")
        self._rows -= sum(job.rows for job in dead) + sum(job.rows for job in batch)
        return dead, batch, reason

    def _take_retired(self) -> list[Loaded]:
        if not self._retired:
            return []
        wanted = {id(one) for job in self._queue for one in _uses(job)}
        free = [loaded for loaded in self._retired if id(loaded) not in wanted]
        self._retired = [loaded for loaded in self._retired if id(loaded) in wanted]
        return free

    def _run_batch(self, batch: list[Job], started: float, reason: str) -> None:
        loaded, rows = batch[0].loaded, sum(job.rows for job in batch)
        try:
            size = loaded.ladder.size_for(rows)
            errors = self._run_all(loaded, batch, size)
        except Exception as error:
            for job in batch:
                _finish(job, self._clock(), error, started)
            return
        finished = self._clock()
        for job, why in zip(batch, errors, strict=True):
            _finish(job, finished, why, started)
        if self._observe is not None:
            self._observe(self.device.name, reason, rows, size, finished - started)

    def _run_all(
        self, loaded: Loaded | Program, batch: list[Job], size: int
    ) -> Sequence[Exception | None]:
        """Gives each job what it asked for, or says why not."""
        given = [job.given for job in batch]
        errors: list[Exception | None] = [None] * len(batch)
        if isinstance(loaded, Program):
            for i, (job, made) in enumerate(
                zip(batch, loaded.run(self.device, given), strict=True)
            ):
                if isinstance(made, Exception):
                    errors[i] = made
                else:
                    job.answer, job.size = made, size
            return errors
        scores, at = self.device.run(loaded, given), 0
        for job in batch:
            job.scores, job.size = scores[at : at + job.rows], size
            at += job.rows
        return errors

    def _fail_all(self, error: Exception) -> None:
        with self._changed:
            waiting, self._queue, self._rows = list(self._queue), deque(), 0
            tasks, self._tasks = list(self._tasks), deque()
        for made, _ in tasks:
            if made.set_running_or_notify_cancel():
                made.set_exception(error)
        now = self._clock()
        for job in waiting:
            _finish(job, now, error)
        if waiting:
            self._deliver(waiting)


def _uses(job: Job) -> tuple[Loaded, ...]:
    """The functions that a job needs on the device."""
    loaded = job.loaded
    return loaded.uses if isinstance(loaded, Program) else (loaded,)


def _run_task(made: Future[Any], task: Callable[[], Any]) -> None:
    if made.set_running_or_notify_cancel():
        try:
            made.set_result(task())
        except Exception as error:
            made.set_exception(error)


def _finish(job: Job, now: float, error: Exception | None, started: float | None = None) -> None:
    job.error, job.finished = error, now
    job.started = now if started is None else started

"""From a request to jobs of the pool, and back to its response, on the event loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from featurelib.errors import DeviceError, InputError
from serving_example.app.http import Pending, Request, Response
from serving_example.pool import Door, Job, Pool, Program, RefusedError
from serving_example.scheduler import Refusal

__all__ = ["SERVICE", "Background", "Running", "done_before", "run_jobs", "told"]

SERVICE = ":service"
"""The tenant of the service's own work; no API key can have this name."""


class Running(Pending):
    """Jobs of one request that devices run; the response is made when all are done.

    Abandoned, it cancels them.

    Args:
        door: The way to the devices.
        request: Its deadline, tenant and weight are those of the jobs; their times are added to its
            timings.
        finish: Given the request and its jobs, none of which failed.
        count: How many jobs there will be.
    """

    __slots__ = ("_door", "_finish", "_jobs", "_left", "_request")

    def __init__(
        self,
        door: Door,
        request: Request,
        finish: Callable[[Request, list[Job]], Response],
        count: int = 1,
    ) -> None:
        super().__init__()
        self._door, self._request, self._finish, self._left = door, request, finish, count
        self._jobs: list[Job] = []

    def offer(self, program: Program, given: Any, rows: int) -> Refusal | None:
        """Submits a job; gives why it is not taken.

        Raises:
            DeviceError: The pool takes no jobs now.
        """
        door, request = self._door, self._request
        deadline, tenant, weight = request.deadline, request.tenant, request.weight
        refusal = door.refusal(program.model, rows, tenant, weight, deadline)
        if refusal is not None:
            return refusal
        job = Job(program, given, rows, deadline, self._done, tenant, weight)
        self._jobs.append(job)
        try:
            refusal = door.offer(job)
        except DeviceError:
            self._jobs.pop()
            raise
        if refusal is not None:
            self._jobs.pop()
        return refusal

    def _done(self, job: Job) -> None:
        self._left -= 1
        job.on_done = done_before
        if self.result is not None:
            return
        if job.error is not None:
            self.set(told(job.error))
        elif not self._left:
            _add_timings(self._request, self._jobs)
            try:
                self.set(self._finish(self._request, self._jobs))
            except Exception as error:
                self.set(error)

    def left(self) -> None:
        """See `Pending.left`."""
        for job in self._jobs:
            self._door.cancel(job)


def run_jobs(
    door: Door,
    work: Sequence[tuple[Program, Any, int]],
    request: Request,
    finish: Callable[[Request, list[Job]], Response],
) -> Pending:
    """Runs jobs for a request, all or none. See `Running`.

    Args:
        door: The way to the devices.
        work: For each job the program, what it takes, and how many rows.
        request: Whose they are.
        finish: Makes the response.

    Raises:
        DeviceError: The pool takes no such job now.
    """
    running = Running(door, request, finish, len(work))
    try:
        for program, given, rows in work:
            refusal = running.offer(program, given, rows)
            if refusal is not None:
                raise RefusedError(program.model, refusal)
    except DeviceError as error:
        running.abandon(error)
        raise
    return running


class Background:
    """Work that the service does for itself: whoever asks for it waits, in a thread of his own.

    It is a tenant beside those who ask, so that neither starves the other.

    Args:
        pool: Runs it.
        clock: Monotonic seconds, those of the pool.
        timeout_s: For one job.
    """

    def __init__(self, pool: Pool, clock: Callable[[], float], timeout_s: float = 10.0) -> None:
        self._pool, self._clock, self._timeout_s = pool, clock, timeout_s

    def run(self, program: Program, given: Any, rows: int) -> Any:
        """What a program answers.

        Raises:
            DeviceError: The pool does not take the job, it fails, or there is no answer in time.
        """
        done: Future[Job] = Future()
        deadline = self._clock() + self._timeout_s
        job = Job(program, given, rows, deadline, done.set_result, SERVICE)
        self._pool.submit(job)
        try:
            done.result(self._timeout_s)
        except TimeoutError:
            self._pool.cancel(job)
            raise DeviceError(f"{program.model}: no answer in {self._timeout_s:g} s") from None
        if job.error is not None:
            raise DeviceError(f"{program.model}: {job.error}") from job.error
        return job.answer


def done_before(job: Job) -> None:
    """Takes the place of a job's `on_done`, which holds what holds the job: it is done once."""


def told(error: Exception) -> Exception:
    """Why a job has no answer, as the one who asked is told.

    What tensors a device refuses was checked when they were read: it is our fault, not his.
    """
    return DeviceError(str(error)) if isinstance(error, InputError) else error


def _add_timings(request: Request, jobs: list[Job]) -> None:
    first = jobs[0]
    entered, started, finished = first.entered, first.started, first.finished
    for job in jobs[1:]:
        entered, started = min(entered, job.entered), min(started, job.started)
        finished = max(finished, job.finished)
    request.timings += ("queue", started - entered), ("model", finished - started)

"""From a request to jobs of the pool, and back to its response, on the event loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from featurelib.errors import DeviceError, InputError
from serving_example.app.http import Pending, Request, Response
from serving_example.pool import Job, Pool, Program

__all__ = ["SERVICE", "Background", "run_jobs"]

SERVICE = ":service"
"""The tenant of the service's own work; no API key can have this name."""


def run_jobs(
    pool: Pool,
    work: Sequence[tuple[Program, Any, int]],
    request: Request,
    finish: Callable[[list[Job]], Response],
) -> Pending:
    """Runs jobs for a request; when all are done, `finish` makes the response of them.

    Args:
        pool: Runs them.
        work: For each job the program, what it takes, and how many rows.
        request: Its deadline, tenant and weight are those of the jobs; their times are added to its
            timings.
        finish: Given the jobs, none of which failed.

    Returns:
        What the response will be. Abandoned, it cancels the jobs.

    Raises:
        DeviceError: The pool takes no such job now.
    """
    jobs: list[Job] = []
    left = len(work)

    def cancel() -> None:
        for job in jobs:
            pool.cancel(job)

    pending = Pending(cancel)

    def on_done(job: Job) -> None:
        nonlocal left
        left -= 1
        job.on_done = _told_before  # it holds what holds the jobs: garbage that is to be searched
        if pending.result is not None:
            return
        if job.error is not None:
            pending.set(_told(job.error))
        elif not left:
            _add_timings(request, jobs)
            try:
                pending.set(finish(jobs))
            except Exception as error:
                pending.set(error)

    try:
        for program, given, rows in work:
            job = Job(
                program, given, rows, request.deadline, on_done, request.tenant, request.weight
            )
            pool.submit(job)
            jobs.append(job)
    except DeviceError:
        cancel()
        raise
    return pending


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


def _told_before(job: Job) -> None:
    """A job is done once."""


def _told(error: Exception) -> Exception:
    """What tensors a device refuses was checked when they were read: it is our fault, not his."""
    return DeviceError(str(error)) if isinstance(error, InputError) else error


def _add_timings(request: Request, jobs: list[Job]) -> None:
    first = jobs[0]
    entered, started, finished = first.entered, first.started, first.finished
    for job in jobs[1:]:
        entered, started = min(entered, job.entered), min(started, job.started)
        finished = max(finished, job.finished)
    request.timings += ("queue", started - entered), ("model", finished - started)

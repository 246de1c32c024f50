"""From a request to jobs of a device, and back to its response, on the event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from featurelib.errors import DeviceError, InputError
from serving_example.app.http import Pending, Request, Response
from serving_example.devices.executor import Executor
from serving_example.devices.job import Job
from serving_example.devices.program import Program
from serving_example.devices.protocol import Loaded

__all__ = ["LoopDelivery", "run_jobs"]

log = logging.getLogger("serving_example")


class LoopDelivery:
    """Brings the jobs of a batch to the event loop, with one wake-up for all of them.

    Before `bind` and after `unbind` they are delivered on the device's thread: nothing is lost
    when a server starts or ends.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Delivers on this loop from now on."""
        self._loop = loop

    def unbind(self) -> None:
        """The loop ends."""
        self._loop = None

    def __call__(self, jobs: Sequence[Job]) -> None:
        """Delivers jobs that are done; called on the device's thread."""
        loop = self._loop
        if loop is not None:
            try:
                loop.call_soon_threadsafe(_finish, jobs)
                return
            except RuntimeError:
                pass  # it was closed between the two lines
        _finish(jobs)


def _finish(jobs: Sequence[Job]) -> None:
    for job in jobs:
        try:
            job.on_done(job)
        except Exception:
            log.exception("what waited for a job failed")  # and the next job still has its answer


def run_jobs(
    executor: Executor,
    work: Sequence[tuple[Loaded | Program, Any, int]],
    request: Request,
    finish: Callable[[list[Job]], Response],
) -> Pending:
    """Runs jobs for a request; when all are done, `finish` makes the response of them.

    Args:
        executor: Of the device.
        work: For each job the model's function and its tensors, or a program and what it takes;
            and how many rows.
        request: Its deadline is that of the jobs; their times are added to its timings.
        finish: Given the jobs, none of which failed.

    Returns:
        What the response will be. Abandoned, it cancels the jobs.

    Raises:
        DeviceError: The device takes no jobs.
    """
    jobs: list[Job] = []
    left = len(work)

    def cancel() -> None:
        for job in jobs:
            job.is_cancelled = True

    pending = Pending(cancel)

    def on_done(job: Job) -> None:
        nonlocal left
        left -= 1
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
        for loaded, given, rows in work:
            job = Job(loaded, given, rows, request.deadline, on_done)
            jobs.append(job)
            executor.submit(job)
    except DeviceError:
        cancel()
        raise
    return pending


def _told(error: Exception) -> Exception:
    """What tensors a device refuses was checked when they were read: it is our fault, not his."""
    return DeviceError(str(error)) if isinstance(error, InputError) else error


def _add_timings(request: Request, jobs: list[Job]) -> None:
    started = min(job.started for job in jobs)
    request.timings.append(("queue", started - min(job.entered for job in jobs)))
    request.timings.append(("model", max(job.finished for job in jobs) - started))

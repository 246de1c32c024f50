"""What the scheduler commands, handed to the devices' threads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from serving_example.pool.errors import DroppedError, PoolDownError
from serving_example.pool.job import Job
from serving_example.pool.program import Program
from serving_example.pool.worker import Worker
from serving_example.scheduler import Batch, Clock, DropReason, Work

__all__ = ["Entry", "Hands"]


@dataclass(slots=True, eq=False)
class Entry:
    """A program of the pool.

    Attributes:
        program: The program.
        jobs: How many of its jobs were taken and are not done.
        failure: Why its last load failed; None if it did not.
    """

    program: Program
    jobs: int = 0
    failure: Exception | None = None


class Hands:
    """The scheduler's executor. See `scheduler.Executor`; called under the pool's lock.

    Args:
        workers: The devices' threads, by device.
        clock: Seconds.

    Attributes:
        entries: The programs by the names of their models.
        retiring: The models that take no more jobs.
        dropped: Jobs that were dropped, to be delivered when the lock is free.
        is_down: What is dropped is dropped because the pool was stopped.
    """

    def __init__(self, workers: Mapping[str, Worker], clock: Clock) -> None:
        self._workers, self._clock = workers, clock
        self.entries: dict[str, Entry] = {}
        self.retiring: set[str] = set()
        self.dropped: list[Job] = []
        self.is_down = False

    def takes(self, device: str) -> bool:
        """See `Executor.takes`."""
        return self._workers[device].takes()

    def run(self, batch: Batch) -> None:
        """See `Executor.run`."""
        self._workers[batch.device].run(batch)

    def load(self, device: str, model: str) -> None:
        """See `Executor.load`."""
        self._workers[device].load(self.entries[model].program)

    def unload(self, device: str, model: str) -> None:
        """See `Executor.unload`."""
        self._workers[device].unload(model)

    def drop(self, work: Work, why: DropReason) -> None:
        """See `Executor.drop`."""
        job = cast(Job, work)
        if self.is_down:
            job.error = PoolDownError(f"model {job.model}: the pool was stopped before it ran")
        else:
            job.error = DroppedError(job.model, why)
        self.give(job)

    def give(self, job: Job) -> None:
        """A job that was taken is done without having run."""
        self.entries[job.model].jobs -= 1
        job.started = job.finished = self._clock()
        self.dropped.append(job)

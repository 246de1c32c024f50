"""Which waiting jobs run together next."""

from __future__ import annotations

from collections import deque
from typing import Protocol

from serving_example.devices.job import Job

__all__ = ["Batcher", "Gather"]


class Batcher(Protocol):
    """A policy: a pure function of the clock and the queue, but for what it remembers itself."""

    def take(self, now: float, queue: deque[Job]) -> tuple[list[Job], str]:
        """Takes the jobs of the next batch out of a queue that is not empty.

        The jobs are of one model and fit its largest size. None may wait for more to come only
        if the policy is sure to be asked again.

        Returns:
            The jobs, and in one word why they run now.
        """
        ...


class Gather:
    """The oldest job, and all that wait for the same model, as long as they fit.

    No job waits for company: a batch grows while the one before it runs.
    """

    def take(self, now: float, queue: deque[Job]) -> tuple[list[Job], str]:
        """See `Batcher.take`; the reason is ``full``, or ``free`` if the device waited."""
        first = queue.popleft()
        batch, rows, room = [first], first.rows, first.loaded.ladder.largest
        left: list[Job] = []
        while queue:
            job = queue.popleft()
            if job.loaded is not first.loaded:
                left.append(job)
            elif rows + job.rows > room:
                left.append(job)
                break  # in order of arrival: a small job does not overtake a large one
            else:
                batch.append(job)
                rows += job.rows
        is_full = bool(queue) or any(job.loaded is first.loaded for job in left)
        queue.extendleft(reversed(left))
        return batch, "full" if is_full else "free"

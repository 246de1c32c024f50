"""One request's work for a device of the pool."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from serving_example.pool.program import Program
from serving_example.scheduler import Work

__all__ = ["Deliver", "Job", "deliver_here"]


class Job(Work):
    """Rows of one request that want one program; it is done exactly once.

    Args:
        program: What answers it.
        given: What the program takes for it.
        rows: How many rows it takes in a batch.
        deadline: Time of the pool's clock after which nobody wants the answer.
        on_done: Called once with the job, where the pool delivers, if it was taken.
        tenant: Who asks.
        weight: What an answer is worth. See `Work`.

    Attributes:
        answer: What the program made, when it is done and did not fail.
        error: Why there is no answer, else None.
        started, finished: Times of the pool's clock; of a job that never ran they are equal.
        size: The size of the ladder at which it ran, 0 if it did not.
        device: Where it ran; empty if it did not.
    """

    __slots__ = (
        "answer", "device", "error", "finished", "given", "on_done", "program", "size", "started",
    )  # fmt: skip

    def __init__(
        self,
        program: Program,
        given: Any,
        rows: int,
        deadline: float,
        on_done: Callable[[Job], None],
        tenant: str = "",
        weight: float = 1.0,
    ) -> None:
        super().__init__(program.model, rows, deadline, tenant, weight)
        self.program, self.given, self.on_done = program, given, on_done
        self.answer: Any = None
        self.error: Exception | None = None
        self.started = self.finished = 0.0
        self.size, self.device = 0, ""


Deliver = Callable[[Sequence[Job]], None]


def deliver_here(jobs: Sequence[Job]) -> None:
    """Delivers on the thread that is done with the jobs."""
    for job in jobs:
        job.on_done(job)

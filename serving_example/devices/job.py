"""One request's work for a device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from serving_example.devices.program import Program
from serving_example.devices.protocol import Array, Loaded

__all__ = ["Job"]


@dataclass(slots=True, eq=False)
class Job:
    """Rows of one request that want one model or program; it is done exactly once.

    Attributes:
        loaded: The model's function, or the program.
        given: The tensors of the rows, or what the program takes.
        rows: How many.
        deadline: Time of the executor's clock after which nobody wants the answer.
        on_done: Called once with the job, where the executor delivers.
        scores: What the model gave, when it is done and did not fail.
        answer: What the program made.
        error: Why it failed, else None.
        is_cancelled: Set by whoever asked, when he no longer wants it.
        entered, started, finished: Times of the executor's clock; of a job that never ran
            `started` is `finished`.
        size: The size of the ladder at which it ran, 0 if it did not.
    """

    loaded: Loaded | Program
    given: Any
    rows: int
    deadline: float
    on_done: Callable[[Job], None]
    scores: Array | None = None
    answer: Any = None
    error: Exception | None = None
    is_cancelled: bool = False
    entered: float = field(default=0.0)
    started: float = field(default=0.0)
    finished: float = field(default=0.0)
    size: int = 0

"""What is scheduled: one request's work, the batch in which it runs, and the answer no."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Batch", "Refusal", "RefusalReason", "State", "Work"]

State = Literal[
    "new", "waiting", "running", "done", "failed", "expired", "cancelled", "refused"
]  # fmt: skip
"""Where work is. It moves to the right, and stays where nothing follows: the last five are ends."""

RefusalReason = Literal[
    "predicted_late", "queue_full", "tenant_over_share", "cold", "unknown_model", "no_device"
]


@dataclass(slots=True, eq=False)
class Work:
    """Rows of one request that want one model, until they are answered once.

    Attributes:
        model: The model, by any name that the caller gives it.
        rows: How many rows it takes in a batch.
        deadline: Time of the scheduler's clock after which nobody wants the answer.
        tenant: Who asks; tenants share the devices fairly.
        weight: What an answer is worth. Below 1.0 it is refused earlier when the queue grows;
            in overload the default policy counts works by their weight.
        payload: The caller's; the scheduler never looks at it.
        state: Where it is.
        entered: When it was submitted.
        order: Its place among all works that were submitted.
        attempts: How often it was given to a device.
        cost_s: Device time that it was taken to cost when it was submitted.
    """

    model: str
    rows: int
    deadline: float
    tenant: str = ""
    weight: float = 1.0
    payload: Any = None
    state: State = "new"
    entered: float = 0.0
    order: int = 0
    attempts: int = 0
    cost_s: float = 0.0


@dataclass(slots=True, eq=False)
class Batch:
    """Works of one model that run together on one device.

    Attributes:
        device: The device's name.
        model: The model.
        works: The works, in the order of their rows.
        rows: Rows of all works.
        size: The size of the model's ladder that holds the rows.
        reason: In one word why it runs now; each policy has its own words.
        started: When the executor was given it.
        expected_s: How long it is expected to run.
    """

    device: str
    model: str
    works: list[Work]
    rows: int
    size: int
    reason: str
    started: float
    expected_s: float = field(default=0.0)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Work is not taken; nothing is remembered of it.

    Attributes:
        reason: Why, for machines.
        retry_after_s: After how many seconds the same work may be taken; None if time alone
            does not help.
    """

    reason: RefusalReason
    retry_after_s: float | None

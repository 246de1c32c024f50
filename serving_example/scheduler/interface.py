"""What a scheduler and its policy, and a scheduler and its executor, say to each other."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from serving_example.scheduler.line import Line, Order
from serving_example.scheduler.work import Batch, Work

__all__ = ["Choice", "Clock", "DropReason", "Executor", "Offer", "Policy", "Wait"]

Clock = Callable[[], float]
"""Seconds, of whatever origin the deadlines of works have."""

DropReason = Literal["expired", "late", "device_lost", "model_removed"]
"""Why work that was taken will not run: its deadline passed; it would miss it; its device was
lost with no time left for another; its model was removed."""


class Executor(Protocol):
    """What a scheduler commands.

    Every method returns at once and raises nothing; the answer comes later, by `finished` and
    `loaded` of the scheduler, never from inside the call. For one device the calls are in order:
    an unload comes before the load that needs its memory.
    """

    def takes(self, device: str) -> bool:
        """Whether a batch would begin at once on a free device.

        If not, nothing is chosen for it yet, so that what comes meanwhile is in the batch too; the
        executor calls `Scheduler.serve` when it would.
        """
        ...

    def run(self, batch: Batch) -> None:
        """Runs a batch; `Scheduler.finished(batch)` answers."""
        ...

    def load(self, device: str, model: str) -> None:
        """Loads a model and runs it once at each of its sizes; `Scheduler.loaded` answers.

        Not for a load that went on when the device was lost.
        """
        ...

    def unload(self, device: str, model: str) -> None:
        """Frees what a model takes; no batch of it runs there. Nothing answers."""
        ...

    def drop(self, work: Work, why: DropReason) -> None:
        """Work that was taken will not run: whoever waits for it is told."""
        ...


@dataclass(slots=True, eq=False)
class Offer:
    """What a device could run of one model.

    Attributes:
        model: The model.
        line: The works that wait for it, at least one, in the policy's order. A policy only
            reads it.
        sizes: The rows of a batch, rising.
        seconds: How long each size takes on the device; never falling.
        least: How long it takes on the fastest device that holds the model, this one included.
        slo_s: What deadlines leave a work when it arrives, of late.
        queued_s: The device's part of the time that all works of the model will take.
        rows_per_s: What arrives in a second, of late, at a time.
    """

    model: str
    line: Line
    sizes: tuple[int, ...]
    seconds: tuple[float, ...]
    least: tuple[float, ...]
    slo_s: float
    queued_s: float
    rows_per_s: Callable[[float], float]

    def seconds_for(self, rows: int) -> float:
        """How long a batch of so many rows takes."""
        return self.seconds[bisect_left(self.sizes, rows)]


@dataclass(frozen=True, slots=True)
class Choice:
    """The next batch of a device, and works that no batch can serve in time.

    Attributes:
        model: The model; an empty name if there is nothing to run and only works to drop.
        works: Works of that model's line which fit its largest size together.
        reason: In one word why they run now.
        dropped: Works of any offer, none of them in `works`, that the policy gives up.
    """

    model: str
    works: Sequence[Work]
    reason: str
    dropped: Sequence[Work] = ()


@dataclass(frozen=True, slots=True)
class Wait:
    """The device stays idle though works wait, so that a batch may grow.

    Attributes:
        until: When the policy wants to be asked again, if no work arrives before.
        dropped: As in `Choice`.
    """

    until: float
    dropped: Sequence[Work] = ()


class Policy(Protocol):
    """Which works a free device runs next.

    It is asked each time that a device is free and something may have changed; what it returns
    is done at once. A policy is a function of its arguments and of what it remembers itself.

    Attributes:
        name: By which it is registered.
        order: The order of the lines that it is offered.
    """

    name: str
    order: Order

    def choose(self, now: float, device: str, offers: Sequence[Offer]) -> Choice | Wait:
        """Chooses for a free device.

        Args:
            now: The clock's time; every deadline in the lines is later.
            device: The device.
            offers: One for each model that the device holds and that works wait for, at least
                one, in an order that does not change while models stay.
        """
        ...

"""Triton's dynamic batcher, from its documented rule."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from serving_example.scheduler.errors import SchedulerError
from serving_example.scheduler.interface import Choice, Offer, Wait
from serving_example.scheduler.line import Order

__all__ = ["Triton"]


class Triton:
    """A preferred size at once, else all that fits when the first work has waited long enough.

    Each model's works are in order of their priority, which is their weight here, and then of
    arrival. Several batches that could go compete for the device: the one whose first work came
    first wins. Triton starts what its queue policy allows without looking at deadlines that a batch
    would miss, and so does this.

    Args:
        max_queue_delay_s: How long the first work may wait for company.
        preferred: The sizes that go at once; None for the largest of each model.
    """

    name = "triton"
    order: Order = "weight"

    def __init__(
        self, max_queue_delay_s: float = 0.002, preferred: Collection[int] | None = None
    ) -> None:
        if not max_queue_delay_s >= 0.0:
            raise SchedulerError(f"expected max_queue_delay_s >= 0, got {max_queue_delay_s}")
        self._delay_s, self._preferred = max_queue_delay_s, preferred

    def choose(self, now: float, device: str, offers: Sequence[Offer]) -> Choice | Wait:
        """See `Policy.choose`; the reasons are ``preferred`` and ``window``."""
        until = float("inf")
        ready: tuple[int, Offer, int, str] | None = None
        for offer in offers:
            first, largest = offer.line.first(), offer.sizes[-1]
            preferred = (largest,) if self._preferred is None else self._preferred
            room = max((size for size in preferred if size <= offer.line.rows), default=0)
            closes = first.entered + self._delay_s
            if room:
                found = (first.order, offer, min(room, largest), "preferred")
            elif not first.entered <= now < closes:  # a clock that was set back waits for nothing
                found = (first.order, offer, largest, "window")
            else:
                until = min(until, closes)
                continue
            if ready is None or found[0] < ready[0]:
                ready = found
        if ready is None:
            return Wait(until)
        _, offer, room, reason = ready
        return Choice(offer.model, offer.line.fitting(room), reason)

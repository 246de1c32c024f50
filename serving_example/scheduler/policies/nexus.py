"""Nexus' batching and early drop, from its published rule."""

from __future__ import annotations

from collections.abc import Sequence

from serving_example.scheduler.interface import Choice, Offer
from serving_example.scheduler.line import Order
from serving_example.scheduler.policies.turns import Turns
from serving_example.scheduler.work import Work

__all__ = ["Nexus"]


class Nexus:
    """A planned size for each model, models in turn, and no batch made small by a late head.

    The plan is the largest size b with (b - 1) / rate + l(b) <= SLO: the first row of a batch waits
    for the others to arrive and then for all of them to run. When a model's turn comes, a window
    of b rows slides over its queue; a work at its head that would be late if the window ran now
    is dropped, instead of shrinking the batch to save it.

    The published system also packs models onto devices by their plans. Here residency does that.
    """

    name = "nexus"
    order: Order = "arrival"

    def __init__(self) -> None:
        self._turns = Turns()

    def choose(self, now: float, device: str, offers: Sequence[Offer]) -> Choice:
        """See `Policy.choose`; the reasons are ``planned`` and ``free``."""
        dropped: list[Work] = []
        for offer in self._turns.of(device, offers):
            size = planned_size(offer, now)
            skip = 0
            window = offer.line.fitting(size)
            while window and now + _seconds(offer, window) > window[0].deadline:
                dropped.append(window[0])
                skip += 1
                window = offer.line.fitting(size, skip)
            if window:
                self._turns.served(device, offer.model)
                is_all = len(window) + skip == offer.line.count
                return Choice(offer.model, window, "free" if is_all else "planned", dropped)
        return Choice("", (), "", dropped)


def planned_size(offer: Offer, now: float) -> int:
    """The largest size b with (b - 1) / rate + l(b) <= SLO; the smallest if there is none."""
    rate = offer.rows_per_s(now)
    planned = offer.sizes[0]
    for size, seconds in zip(offer.sizes, offer.seconds, strict=True):
        if (size - 1) + seconds * rate <= offer.slo_s * rate:
            planned = size
    # A window must hold any single work, or a large one would never run.
    return max(planned, offer.line.first().rows)


def _seconds(offer: Offer, works: list[Work]) -> float:
    return offer.seconds_for(sum(work.rows for work in works))

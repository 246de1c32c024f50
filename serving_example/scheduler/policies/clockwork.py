"""Clockwork's choice of the next batch, from its published rule."""

from __future__ import annotations

from collections.abc import Sequence

from serving_example.scheduler.interface import Choice, Offer, Wait
from serving_example.scheduler.line import Order
from serving_example.scheduler.policies.hopeless import hopeless, nothing
from serving_example.scheduler.work import Work

__all__ = ["Clockwork"]


class Clockwork:
    """Each work stands for one batch of each size; the one that must start first goes.

    A batch of size b that begins with some work must start by that work's deadline less l(b). A
    free device takes the batch with the earliest latest start that has not passed, and only
    batches that the waiting works fill. Works that no batch can answer in time are dropped.

    Clockwork gives a device up to 10 ms of work ahead, because its controller is a network away.
    Here the device asks when it is free, so nothing is decided ahead.
    """

    name = "clockwork"
    order: Order = "deadline"

    def choose(self, now: float, device: str, offers: Sequence[Offer]) -> Choice | Wait:
        """See `Policy.choose`; the reason is ``latest_start``."""
        dropped: list[Work] = []
        best: tuple[float, Offer, list[Work]] | None = None
        for offer in offers:
            first = hopeless(now, offer, dropped)
            for size, seconds in zip(offer.sizes, offer.seconds, strict=True):
                skip = max(first, offer.line.count_before(now + seconds))
                works = offer.line.fitting(size, skip)
                if not works or not _is_filled(offer, works, size, skip):
                    continue
                latest = works[0].deadline - seconds
                if best is None or latest < best[0]:
                    best = (latest, offer, works)
        if best is None:
            return nothing(offers, dropped)
        return Choice(best[1].model, best[2], "latest_start", dropped)


def _is_filled(offer: Offer, works: list[Work], size: int, skip: int) -> bool:
    """Whether nothing more fits; or one work alone needs this size."""
    rows = sum(work.rows for work in works)
    if rows == size or skip + len(works) < offer.line.count:
        return True
    return offer.seconds_for(works[0].rows) == offer.seconds_for(size)

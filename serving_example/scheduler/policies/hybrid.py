"""The default: by deadlines while there is time, by efficiency while there is not."""

from __future__ import annotations

from collections.abc import Sequence

from serving_example.scheduler.errors import SchedulerError
from serving_example.scheduler.interface import Choice, Offer
from serving_example.scheduler.line import Order
from serving_example.scheduler.policies.hopeless import hopeless
from serving_example.scheduler.work import Work

__all__ = ["Hybrid"]


class Hybrid:
    """Earliest latest start below capacity, most weight for device time above it.

    The *pressure* on a device is the time that the works waiting for it will take, each by what its
    deadline left it when it came: 0.75 means that a work which arrives now would wait for three
    quarters of its time. Up to `high` the device takes the batch that must start first, as large
    as the deadline of its first work allows. Above it, until the pressure falls to `low`, it takes
    the batch with the most weight for its time and gives up the works before it in its line:
    only a small batch could still have met their deadlines, and small batches are what makes
    a queue longer. Works that even a batch of their own would answer late are always given up.

    Args:
        high: The pressure above which efficiency counts.
        low: The pressure at which deadlines count again.
    """

    name = "hybrid"
    order: Order = "deadline"

    def __init__(self, high: float = 0.75, low: float = 0.5) -> None:
        if not 0.0 <= low <= high:
            raise SchedulerError(f"expected 0 <= low <= high, got low={low}, high={high}")
        self._high, self._low = high, low
        self._pressed: set[str] = set()

    def choose(self, now: float, device: str, offers: Sequence[Offer]) -> Choice:
        """See `Policy.choose`.

        The reasons are ``full`` (no more fits), ``free`` (all that waits for the model),
        ``deadline`` (more would make the first work late) and ``efficient``.
        """
        dropped: list[Work] = []
        skips = [hopeless(now, offer, dropped) for offer in offers]
        left = [
            (offer, skip) for offer, skip in zip(offers, skips, strict=True)
            if skip < offer.line.count
        ]  # fmt: skip
        if not left:
            return Choice("", (), "", dropped)
        if self._is_pressed(device, offers):
            return self._efficient(now, left, dropped)
        return self._urgent(now, left, dropped)

    def _is_pressed(self, device: str, offers: Sequence[Offer]) -> bool:
        pressure = sum(offer.queued_s / offer.slo_s for offer in offers if offer.slo_s > 0.0)
        if pressure > self._high:
            self._pressed.add(device)
        elif pressure <= self._low:
            self._pressed.discard(device)
        return device in self._pressed

    def _urgent(self, now: float, left: list[tuple[Offer, int]], dropped: list[Work]) -> Choice:
        best: tuple[float, Offer, list[Work], str] | None = None
        for offer, skip in left:
            works, reason = _for_the_first(now, offer, skip)
            latest = works[0].deadline - offer.seconds_for(sum(work.rows for work in works))
            if best is None or latest < best[0]:
                best = (latest, offer, works, reason)
        assert best is not None
        return Choice(best[1].model, best[2], best[3], dropped)

    def _efficient(self, now: float, left: list[tuple[Offer, int]], dropped: list[Work]) -> Choice:
        best: tuple[float, Offer, int, list[Work]] | None = None
        for offer, first in left:
            line = offer.line
            for size, seconds in zip(reversed(offer.sizes), reversed(offer.seconds), strict=True):
                skip = max(first, line.count_before(now + seconds))
                works = line.fitting(size, skip)
                if not works:
                    continue
                rows = sum(work.rows for work in works)
                score = sum(work.weight for work in works) / offer.seconds_for(rows)
                if best is None or score > best[0]:
                    best = (score, offer, skip, works)
                if skip == first and len(works) + skip == line.count:
                    break  # a smaller batch would be a part of this one
        assert best is not None  # the smallest size holds the first work that is not hopeless
        _, offer, skip, works = best
        first = next(skip for one, skip in left if one is offer)
        given_up = offer.line.between(first, skip)
        return Choice(offer.model, works, "efficient", [*dropped, *given_up])


def _for_the_first(now: float, offer: Offer, skip: int) -> tuple[list[Work], str]:
    """The largest batch that answers its first work in time, and why it is not larger."""
    line = offer.line
    works = line.fitting(offer.sizes[-1], skip)
    reason = "free" if len(works) + skip == line.count else "full"
    rows = sum(work.rows for work in works)
    while now + offer.seconds_for(rows) > works[0].deadline:
        rows -= works.pop().rows
        reason = "deadline"
    return works, reason

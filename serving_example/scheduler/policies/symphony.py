"""Symphony's deferred batches, from the published abstract."""

from __future__ import annotations

from collections.abc import Sequence

from serving_example.scheduler.interface import Choice, Offer, Wait
from serving_example.scheduler.line import Order
from serving_example.scheduler.policies.hopeless import hopeless, nothing
from serving_example.scheduler.work import Work

__all__ = ["Symphony"]


class Symphony:
    """A batch is held until its window closes: the last moment at which it could have grown.

    A batch as large as its first work's deadline allows is held while that deadline also allows one
    row more, for works may come to fill it. It goes when it is full or when that moment has come,
    the one that must start first before the others. So batches are large and few devices are busy
    when there is little to do; what is lost is the time that was held. The abstract does not say
    what is given up in overload: here the first work's deadline is kept, and its batch made small.
    """

    name = "symphony"
    order: Order = "deadline"

    def choose(self, now: float, device: str, offers: Sequence[Offer]) -> Choice | Wait:
        """See `Policy.choose`; the reasons are ``full`` and ``closed``."""
        dropped: list[Work] = []
        until = float("inf")
        best: tuple[float, Offer, list[Work], str] | None = None
        for offer in offers:
            skip = hopeless(now, offer, dropped)
            if skip == offer.line.count:
                continue
            deadline = next(offer.line.walk(skip)).deadline
            at = max(i for i, s in enumerate(offer.seconds) if now + s <= deadline)
            works = offer.line.fitting(offer.sizes[at], skip)
            rows = sum(work.rows for work in works)
            is_all = skip + len(works) == offer.line.count
            closes = _closes(offer, rows, deadline)
            is_growing = is_all and rows < offer.sizes[-1]
            if is_growing and now < closes:
                until = min(until, closes)
                continue
            latest = deadline - offer.seconds_for(rows)
            if best is None or latest < best[0]:
                best = (latest, offer, works, "closed" if is_growing else "full")
        if best is not None:
            return Choice(best[1].model, best[2], best[3], dropped)
        return Wait(until, dropped) if until < float("inf") else nothing(offers, dropped)


def _closes(offer: Offer, rows: int, deadline: float) -> float:
    """Until when a batch of one row more would still be in time."""
    if rows >= offer.sizes[-1]:
        return float("-inf")
    return deadline - offer.seconds_for(rows + 1)

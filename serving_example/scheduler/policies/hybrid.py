"""The default: how well a batch uses its time, by how urgent it is."""

from __future__ import annotations

from collections.abc import Sequence
from operator import truediv

from serving_example.scheduler.interface import Choice, Offer, Wait
from serving_example.scheduler.line import Order
from serving_example.scheduler.policies.hopeless import hopeless, nothing
from serving_example.scheduler.work import Work

__all__ = ["Hybrid"]


class Hybrid:
    """The batch with the highest product of efficiency and urgency.

    For each model and each size, the works whose deadlines a batch of that size would still meet,
    the earliest first. Its *efficiency* is the least device time that its rows could take, at the
    size that is best for that, over the time that it takes; each row counts by its work's
    weight. Its *urgency* is 1 / (1 + slack / SLO), where the slack is how much later it could
    start: 1 if it must start now, 1/2 if its works have just come.

    Below capacity batches are about as small as each other and the urgent one goes. As the queue
    grows, the urgency of all goes to 1, and the best filled one goes: a late head is passed over
    when a batch small enough to save it would waste more time than it is worth. So no threshold
    says when overload begins. Nor does one say when to pad: 23 rows run as 16 and then 7 if that is
    the better use of time. A work that even a batch of its own would answer late is given up.
    """

    name = "hybrid"
    order: Order = "deadline"

    def choose(self, now: float, device: str, offers: Sequence[Offer]) -> Choice | Wait:
        """See `Policy.choose`.

        The reasons are ``full`` (no more fits), ``free`` (all that waits for the model) and
        ``efficient`` (works with earlier deadlines than it could meet were passed over).
        """
        dropped: list[Work] = []
        best: tuple[float, Offer, list[Work], str] | None = None
        for offer in offers:
            line, first = offer.line, hopeless(now, offer, dropped)
            if first == line.count:
                continue
            row_s = min(map(truediv, offer.seconds, offer.sizes))
            rows, takes_s, skip = 0, 0.0, -1
            for at in range(len(offer.sizes) - 1, -1, -1):
                size, seconds = offer.sizes[at], offer.seconds[at]
                if skip != first or rows > size:  # else the same works, whose score is known
                    skip = max(first, line.count_before(now + seconds))
                    works = line.fitting(size, skip)
                    if not works:
                        skip = -1
                        continue
                    rows = sum([work.rows for work in works])
                    takes_s = offer.seconds_for(rows)
                    least_s = row_s * sum([work.rows * work.weight for work in works])
                    slack = max(0.0, works[0].deadline - now - takes_s) / offer.slo_s
                    score = least_s / takes_s / (1.0 + slack)
                    is_all = skip + len(works) == line.count
                    if best is None or score > best[0]:
                        reason = "efficient" if skip > first else "free" if is_all else "full"
                        best = (score, offer, works, reason)
                if (
                    skip == first
                    and at
                    and rows * offer.seconds[at - 1] >= offer.sizes[at - 1] * takes_s
                ):
                    break  # even a full batch of the next smaller size takes more time for a row
        if best is None:
            return nothing(offers, dropped)
        return Choice(best[1].model, best[2], best[3], dropped)

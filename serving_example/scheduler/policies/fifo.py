"""First come, first served."""

from __future__ import annotations

from collections.abc import Sequence

from serving_example.scheduler.interface import Choice, Offer
from serving_example.scheduler.line import Order

__all__ = ["Fifo"]


class Fifo:
    """The model whose first work came first, with all that fits behind that work.

    Nothing waits for company and nothing is given up before its deadline. So in overload works run
    that are answered too late, which is what this baseline shows.
    """

    name = "fifo"
    order: Order = "arrival"

    def choose(self, now: float, device: str, offers: Sequence[Offer]) -> Choice:
        """See `Policy.choose`; the reasons are ``full`` and ``free``."""
        offer = min(offers, key=_arrival)
        works = offer.line.fitting(offer.sizes[-1])
        return Choice(offer.model, works, "full" if len(works) < offer.line.count else "free")


def _arrival(offer: Offer) -> int:
    return offer.line.first().order

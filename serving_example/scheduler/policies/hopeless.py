"""Works that no batch can answer in time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from serving_example.scheduler.interface import Choice, Offer, Wait
from serving_example.scheduler.work import Work

__all__ = ["hopeless", "nothing"]


def nothing(offers: Sequence[Offer], dropped: list[Work]) -> Choice | Wait:
    """What a device does that can answer none of the works in time.

    Args:
        offers: What waits, for other devices too.
        dropped: What is given up. If there is any, the policy is asked again.
    """
    if dropped:
        return Choice("", (), "", dropped)
    return Wait(min(offer.line.first().deadline for offer in offers))


def hopeless(now: float, offer: Offer, dropped: list[Work]) -> int:
    """Counts the works at the head of a line that a batch of their own would answer late here.

    Those that it would answer late on every device that holds the model are given up. A device
    that is slow leaves the others to faster ones.

    Args:
        now: The time.
        offer: What a device could run.
        dropped: The works that are given up are added to it.
    """
    count = 0
    for work in offer.line.walk():
        at = bisect_left(offer.sizes, work.rows)
        if now + offer.seconds[at] <= work.deadline:
            break
        if now + offer.least[at] > work.deadline:
            dropped.append(work)
        count += 1
    return count

"""Works that no batch can answer in time."""

from __future__ import annotations

from serving_example.scheduler.interface import Offer
from serving_example.scheduler.work import Work

__all__ = ["hopeless"]


def hopeless(now: float, offer: Offer, dropped: list[Work]) -> int:
    """Counts the works at the head of a line that even a batch of their own would answer late.

    Args:
        now: The time.
        offer: What a device could run.
        dropped: The works are added to it.
    """
    count = 0
    for work in offer.line.walk():
        if now + offer.seconds_for(work.rows) <= work.deadline:
            break
        dropped.append(work)
        count += 1
    return count

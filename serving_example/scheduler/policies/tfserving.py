"""TensorFlow Serving's batch scheduler, from its documented rule."""

from __future__ import annotations

from collections.abc import Sequence

from serving_example.scheduler.errors import SchedulerError
from serving_example.scheduler.interface import Choice, Offer, Wait
from serving_example.scheduler.line import Order
from serving_example.scheduler.policies.turns import Turns

__all__ = ["TfServing"]


class TfServing:
    """Models in turn; a batch is ready when it is full, or when its first work has waited enough.

    The bounded queue of the original, which refuses at once, is `Admission.max_rows` here.

    Args:
        timeout_s: How long the first work may wait for company.
    """

    name = "tfserving"
    order: Order = "arrival"

    def __init__(self, timeout_s: float = 0.002) -> None:
        if not timeout_s >= 0.0:
            raise SchedulerError(f"expected timeout_s >= 0, got {timeout_s}")
        self._timeout_s, self._turns = timeout_s, Turns()

    def choose(self, now: float, device: str, offers: Sequence[Offer]) -> Choice | Wait:
        """See `Policy.choose`; the reasons are ``full`` and ``window``."""
        until = float("inf")
        for offer in self._turns.of(device, offers):
            entered, is_full = offer.line.first().entered, offer.line.rows >= offer.sizes[-1]
            closes = entered + self._timeout_s
            if (
                is_full or not entered <= now < closes
            ):  # a clock that was set back waits for nothing
                self._turns.served(device, offer.model)
                works = offer.line.fitting(offer.sizes[-1])
                return Choice(offer.model, works, "full" if is_full else "window")
            until = min(until, closes)
        return Wait(until)

"""Whose turn it is, model after model."""

from __future__ import annotations

from collections.abc import Sequence

from serving_example.scheduler.interface import Offer

__all__ = ["Turns"]


class Turns:
    """Round robin over the models of each device; a model without work has no turn."""

    def __init__(self) -> None:
        self._served: dict[str, str] = {}

    def of(self, device: str, offers: Sequence[Offer]) -> list[Offer]:
        """The offers, those first that come after the model which was served last."""
        models = [offer.model for offer in offers]
        last = self._served.get(device)
        at = models.index(last) + 1 if last in models else 0
        return [*offers[at:], *offers[:at]]

    def served(self, device: str, model: str) -> None:
        """A model had its turn."""
        self._served[device] = model

"""When a policy that waits for company wants to be asked again."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from serving_example.scheduler import Choice, Offer, Policy, Wait

__all__ = ["NEVER", "Windows"]

log = logging.getLogger("serving_example")

NEVER = float("inf")

AGAIN_S = 0.1
"""A policy that failed is asked again after so long."""


class Windows:
    """A policy, watched: a window that it opens must be closed in time, by whoever sleeps.

    One that fails makes its device wait; the thread that asked has other things to do too.

    Args:
        policy: What chooses.

    Attributes:
        name, order: The policy's.
        until: When the first window closes of those opened since this was last set to `NEVER`.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.name, self.order = policy.name, policy.order
        self.until = NEVER

    def choose(self, now: float, device: str, offers: Sequence[Offer]) -> Choice | Wait:
        """See `Policy.choose`."""
        try:
            chosen = self._policy.choose(now, device, offers)
        except Exception:
            log.exception("policy %s failed", self.name)
            chosen = Wait(now + AGAIN_S)
        if isinstance(chosen, Wait) and chosen.until < self.until:
            self.until = chosen.until
        return chosen

"""Policies by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from serving_example.scheduler.errors import SchedulerError
from serving_example.scheduler.interface import Policy
from serving_example.scheduler.policies.clockwork import Clockwork
from serving_example.scheduler.policies.fifo import Fifo
from serving_example.scheduler.policies.hybrid import Hybrid
from serving_example.scheduler.policies.nexus import Nexus
from serving_example.scheduler.policies.symphony import Symphony
from serving_example.scheduler.policies.tfserving import TfServing
from serving_example.scheduler.policies.triton import Triton

__all__ = ["DEFAULT_POLICY", "POLICIES", "make_policy"]

POLICIES: Mapping[str, Callable[[], Policy]] = {
    "clockwork": Clockwork,
    "fifo": Fifo,
    "hybrid": Hybrid,
    "nexus": Nexus,
    "symphony": Symphony,
    "tfserving": TfServing,
    "triton": Triton,
}
"""Each makes a policy with its default options; a policy is of one scheduler."""

DEFAULT_POLICY = "hybrid"


def make_policy(name: str = DEFAULT_POLICY) -> Policy:
    """A new policy of that name.

    Raises:
        SchedulerError: There is none.
    """
    if name not in POLICIES:
        raise SchedulerError(
            f"there is no policy {name!r}", hint=f"one of {', '.join(sorted(POLICIES))}"
        )
    return POLICIES[name]()

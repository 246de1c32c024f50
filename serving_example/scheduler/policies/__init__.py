"""Which works a free device runs next: a file for each policy."""

from serving_example.scheduler.policies.clockwork import Clockwork
from serving_example.scheduler.policies.fifo import Fifo
from serving_example.scheduler.policies.hybrid import Hybrid
from serving_example.scheduler.policies.nexus import Nexus
from serving_example.scheduler.policies.registry import DEFAULT_POLICY, POLICIES, make_policy
from serving_example.scheduler.policies.symphony import Symphony
from serving_example.scheduler.policies.tfserving import TfServing
from serving_example.scheduler.policies.triton import Triton

__all__ = [
    "DEFAULT_POLICY",
    "POLICIES",
    "Clockwork",
    "Fifo",
    "Hybrid",
    "Nexus",
    "Symphony",
    "TfServing",
    "Triton",
    "make_policy",
]

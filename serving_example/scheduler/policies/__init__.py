"""Which works a free device runs next: a file for each policy."""

from serving_example.scheduler.policies.fifo import Fifo
from serving_example.scheduler.policies.hybrid import Hybrid
from serving_example.scheduler.policies.registry import POLICIES, make_policy

__all__ = ["POLICIES", "Fifo", "Hybrid", "make_policy"]

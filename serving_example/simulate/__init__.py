"""The scheduler of the service in simulated time, beside the most that any policy could get."""

from serving_example.simulate.latency import Linear, Model, Pool
from serving_example.simulate.outcome import Outcome
from serving_example.simulate.run import simulate
from serving_example.simulate.trace import Trace, merged, read, write

__all__ = ["Linear", "Model", "Outcome", "Pool", "Trace", "merged", "read", "simulate", "write"]

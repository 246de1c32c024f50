"""One trace in both: how many requests are in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from serving_example.load.replay import Replayed, post, replay
from serving_example.simulate.latency import Model, Pool, Table
from serving_example.simulate.outcome import Outcome
from serving_example.simulate.paced.server import Asked, Setup, batches
from serving_example.simulate.run import simulate
from serving_example.simulate.trace import Trace

__all__ = ["Compared", "compared", "means", "overhead_s", "sent"]

Batches = Mapping[int, tuple[float, float]]

ALONE = 20
ALONE_EVERY_S = 0.2
"""Requests that come alone, to see what the server needs beside the device."""


@dataclass(frozen=True, eq=False)
class Compared:
    """A trace in a server and in the simulator.

    Attributes:
        trace: What arrived.
        replayed: What the server made of it.
        took: Mean seconds of the server's batches, by size.
        as_recorded: What the simulator made of it, with the recorded latencies.
        outcome: The same with the latencies that the server's batches had.
    """

    trace: Trace
    replayed: Replayed
    took: Mapping[int, float]
    as_recorded: Outcome
    outcome: Outcome

    @property
    def served(self) -> float:
        """Share of the requests that the server answered in time."""
        good = self.replayed.in_time(self.trace.deadlines - self.trace.times)
        return float(good.mean()) if len(good) else 1.0

    @property
    def simulated(self) -> float:
        """Share of the requests that were in time in the simulator."""
        return self.outcome.attainment

    @property
    def points(self) -> float:
        """By how many points of a hundred the simulator says more."""
        return 100.0 * (self.simulated - self.served)


def sent(url: str, trace: Trace, routes: Mapping[str, Asked], grace_s: float = 5.0) -> Replayed:
    """Sends a trace to a server, each request with its deadline.

    Args:
        url: Of the server.
        trace: Requests of models that have a route.
        routes: How each model is asked.
        grace_s: After the last request, for answers that are still to come.

    Raises:
        OSError: The server takes no connections.
    """
    left_ms = np.maximum(1, (1000 * (trace.deadlines - trace.times)).astype(np.int64))
    made: dict[tuple[int, int], bytes] = {}
    requests = []
    for key in zip(trace.models.tolist(), left_ms.tolist(), strict=True):
        if key not in made:
            route = routes[trace.model_names[key[0]]]
            headers = (*route.headers, f"X-Timeout-Ms: {key[1]}")
            made[key] = post(url, route.path, headers, route.body)
        requests.append(made[key])
    first = trace.times[0] if len(trace) else 0.0
    return replay(url, trace.times - first, requests, grace_s=grace_s)


def overhead_s(url: str, model: str, routes: Mapping[str, Asked], setup: Setup, rows: int) -> float:
    """What a request that comes alone takes beside its batch: HTTP, queue, wake-ups; the median.

    Raises:
        OSError: The server takes no connections.
    """
    times = np.arange(ALONE) * ALONE_EVERY_S
    nothing = np.zeros(ALONE, np.int64)
    trace = Trace(times, nothing, nothing + rows, times + 5.0, nothing, (model,))
    took = float(np.median(sent(url, trace, routes).latency_s))
    return max(0.0, took - min(s for size, s in setup.recording.run_s.items() if size >= rows))


def compared(
    url: str, trace: Trace, routes: Mapping[str, Asked], setup: Setup, lost_s: float
) -> Compared:
    """Sends a trace to a server, and runs it through the simulator.

    A paced batch ends when this machine wakes its thread, and a machine that does much else does
    so late: the simulator is told how long the server's batches took, and, for comparison, how
    long they should have taken.

    Args:
        url: Of the server.
        trace: Requests of models that have a route.
        routes: How each model is asked.
        setup: What is served.
        lost_s: What a request takes beside its batch; the simulator's requests have as much less
            time.

    Raises:
        OSError: The server takes no connections.
    """
    before = batches(url)
    replayed = sent(url, trace, routes)
    took = means(before, batches(url), setup.recording.run_s)
    shorter = replace(trace, deadlines=np.maximum(trace.times, trace.deadlines - lost_s))
    outcomes = [
        simulate(shorter, _pool(setup, trace.model_names, seconds), setup.policy)
        for seconds in (setup.recording.run_s, took)
    ]
    return Compared(trace, replayed, took, outcomes[0], outcomes[1])


def means(before: Batches, after: Batches, recorded: Mapping[int, float]) -> dict[int, float]:
    """Mean seconds of the batches between two looks, by size.

    A size that did not run is taken to be as much longer than it was recorded as those that did.

    Args:
        before: Seconds and number by size, at the first look.
        after: The same at the second.
        recorded: Seconds by size.
    """
    made: dict[int, float] = {}
    for size in recorded:
        had, has = before.get(size, (0.0, 0.0)), after.get(size, (0.0, 0.0))
        if has[1] > had[1]:
            made[size] = (has[0] - had[0]) / (has[1] - had[1])
    more = np.mean([made[size] / recorded[size] for size in made]) if made else 1.0
    return {size: made.get(size, float(more) * seconds) for size, seconds in recorded.items()}


def _pool(setup: Setup, models: Sequence[str], seconds: Mapping[int, float]) -> Pool:
    latency, sizes = Table(seconds), tuple(sorted(seconds))
    made = (Model(name, latency, sizes, is_pinned=True) for name in models)
    return Pool(tuple(made), setup.devices, len(models))

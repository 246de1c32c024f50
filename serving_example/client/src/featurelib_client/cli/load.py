"""Calls for some time, and what came of them.

An open loop sends at random times, whether the last call was answered or not, and a latency counts
from the time at which the call was to be sent: a server that stands still is not spared the calls
that would have come meanwhile. A closed loop has workers that ask one after the other; it tells
what a few callers get, and hides a server that stands still.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from featurelib_client.errors import CallError
from featurelib_client.wire import About, Clock

__all__ = ["Bounds", "Result", "closed", "opened", "percentile"]

Ask = Callable[[], Awaitable[About]]
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Bounds:
    """When no more calls begin: whichever is first.

    Attributes:
        seconds: After the first.
        count: Calls.
    """

    seconds: float
    count: int


@dataclass(slots=True)
class Result:
    """What came of all calls.

    Attributes:
        sent: How many.
        latencies_s: Of those that were answered.
        failures: How many of each kind: the error's class and its reason.
        attempts: How often something was sent for them.
        kept: How many were answered from the client's own cache.
        late_s: By how much a call was sent late at most: this machine was too busy.
        elapsed_s: From the first call to the last answer.
    """

    sent: int = 0
    latencies_s: list[float] = field(default_factory=list)
    failures: Counter[tuple[str, str]] = field(default_factory=Counter)
    attempts: int = 0
    kept: int = 0
    late_s: float = 0.0
    elapsed_s: float = 0.0

    async def add(self, ask: Ask, due: float, clock: Clock) -> None:
        """One call, whose latency counts from `due`."""
        self.sent += 1
        self.late_s = max(self.late_s, clock() - due)
        try:
            about = await ask()
        except CallError as error:
            self.failures[type(error).__name__, error.reason] += 1
            self.attempts += error.attempts
            return
        self.latencies_s.append(clock() - due)
        self.attempts += about.attempts
        self.kept += about.attempts == 0


async def closed(made: Result, ask: Ask, workers: int, bounds: Bounds, clock: Clock) -> None:
    """Workers that ask one after the other. `made` is filled as they go on."""
    began = clock()

    async def work() -> None:
        while made.sent < bounds.count and (now := clock()) - began < bounds.seconds:
            await made.add(ask, now, clock)
            await asyncio.sleep(0)  # an answer from the cache waits for nobody

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(work())
    finally:
        made.elapsed_s = clock() - began


async def opened(
    made: Result, ask: Ask, rate: float, bounds: Bounds, random: Random, clock: Clock, sleep: Sleep
) -> None:
    """Arrivals at random times, `rate` of them a second. `made` is filled as they come."""
    began = due = clock()
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(bounds.count):
                due += random.expovariate(rate)
                if due - began >= bounds.seconds:
                    break
                # Also where it is late: those that were sent get their turn.
                await sleep(max(0.0, due - clock()))
                group.create_task(made.add(ask, due, clock))
    finally:
        made.elapsed_s = clock() - began


def percentile(values: Sequence[float], share: float) -> float:
    """The least value that so large a share of them does not exceed.

    Args:
        values: In rising order; at least one.
        share: Above 0.0, at most 1.0.
    """
    return values[max(0, math.ceil(share * len(values) - 1e-9) - 1)]

"""One trace through the scheduler, in simulated time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from serving_example.scheduler import (
    DEFAULT_POLICY,
    Admission,
    DeviceSpec,
    ModelSpec,
    Profiles,
    Scheduler,
    Work,
    make_policy,
)
from serving_example.simulate.engine import Engine
from serving_example.simulate.executor import Ended, SimulatedDevices
from serving_example.simulate.faults import Fault, befall
from serving_example.simulate.latency import Pool
from serving_example.simulate.outcome import REFUSED, WAITING, Outcome
from serving_example.simulate.trace import Array, Trace

__all__ = ["KIND", "World", "simulate"]

KIND = "simulated"
"""Of devices that are times only."""


class World:
    """A pool of simulated devices under one scheduler, and the time in which they live.

    The scheduler starts with all models known and none loaded, and is told their profiles.

    Args:
        pool: Devices, models and their times.
        policy: The name of the scheduler's policy.
        start: The first moment.
        ended: Told once of each work that was taken: what became of it, and why.
        seed: Of the noise.
        admits_all: Nothing is refused for being late by prediction.
        stuck_after_s: See `SimulatedDevices`.

    Attributes:
        engine: The clock and the events.
        devices: Who runs batches.
        scheduler: The scheduler of the service.

    Raises:
        SchedulerError: There is no such policy, or a model fits no device.
    """

    def __init__(
        self,
        pool: Pool,
        policy: str,
        start: float,
        ended: Ended,
        *,
        seed: int = 0,
        admits_all: bool = False,
        stuck_after_s: float = 5.0,
    ) -> None:
        self.engine = Engine(start)
        self.devices = SimulatedDevices(
            self.engine, pool, np.random.default_rng(seed), ended, stuck_after_s=stuck_after_s
        )
        profiles = Profiles()
        for model in pool.models:
            profiles.tell(model.name, KIND, {s: model.latency.seconds(s) for s in model.sizes})
        self.scheduler = Scheduler(
            [
                DeviceSpec(f"device-{k}", KIND, pool.memory_bytes, is_blocked_by_loads=True)
                for k in range(pool.devices)
            ],
            policy=make_policy(policy),
            profiles=profiles,
            executor=self.devices,
            clock=self.engine.clock,
            admission=Admission(is_on=not admits_all),
        )
        self.devices.bind(self.scheduler)
        for model in pool.models:
            spec = ModelSpec(
                model.name, model.sizes, model.memory_bytes, model.load_s, model.is_pinned
            )
            self.scheduler.add_model(spec)

    def live(self, goes_on: Callable[[], bool]) -> None:
        """Lets events happen while something goes on, and wakes the scheduler when it asked."""
        engine, scheduler = self.engine, self.scheduler
        next_wake = float("inf")

        def wake(when: float) -> None:
            nonlocal next_wake
            if when == next_wake:  # else an earlier one was asked for meanwhile, and it has come
                next_wake = float("inf")
                scheduler.wake()

        while goes_on():
            due = scheduler.due()
            if due is not None and due < next_wake:
                next_wake = due
                engine.at(due, lambda when=due: wake(when))  # type: ignore[misc]
            if not engine.step():
                return  # what still waits was lost by the scheduler: the outcome shows it


def simulate(
    trace: Trace, pool: Pool, policy: str = DEFAULT_POLICY, *, seed: int = 0,
    admits_all: bool = False, lead_s: float = 0.0, faults: Sequence[Fault] = (),
    stuck_after_s: float = 5.0,
) -> Outcome:  # fmt: skip
    """Runs a trace to its end: until the last request is answered, refused or dropped.

    Args:
        trace: What arrives.
        pool: Devices, models and their times.
        policy: The name of the scheduler's policy.
        seed: Of the noise; the same gives the same run.
        admits_all: Nothing is refused for being late by prediction.
        lead_s: Seconds before the first request in which models are loaded already.
        faults: What befalls devices, in times of the trace.
        stuck_after_s: See `SimulatedDevices`.

    Returns:
        What became of each request.

    Raises:
        SchedulerError: There is no such policy, or a model fits no device.
    """
    count = len(trace)
    fates: Array = np.full(count, WAITING, np.int8)
    finished: Array = np.full(count, np.nan)
    whys, left = [""] * count, count

    def ended(work: Work, fate: int, why: str) -> None:
        nonlocal left
        fates[work.payload], whys[work.payload] = fate, why
        finished[work.payload] = world.engine.now
        left -= 1

    start = (float(trace.times[0]) if count else 0.0) - lead_s
    world = World(
        pool, policy, start, ended, seed=seed, admits_all=admits_all, stuck_after_s=stuck_after_s
    )
    befall(faults, world.engine, world.devices)
    _arrive(world, trace, ended)
    world.live(lambda: left > 0)
    return Outcome(
        policy, trace, fates, finished, whys, world.devices.batches, world.devices.loads,
        pool.devices, world.engine.happened,
    )  # fmt: skip


def _arrive(world: World, trace: Trace, ended: Ended) -> None:
    """Submits each request at its time; the payload of a work is the request's place."""
    times, deadlines = trace.times.tolist(), trace.deadlines.tolist()
    rows, models = trace.rows.tolist(), trace.models.tolist()
    tenants = trace.tenants.tolist()

    def arrive(place: int) -> None:
        if place + 1 < len(times):
            world.engine.at(times[place + 1], lambda: arrive(place + 1))
        work = Work(
            trace.model_names[models[place]], rows[place], deadlines[place],
            trace.tenant_names[tenants[place]], payload=place,
        )  # fmt: skip
        refusal = world.scheduler.submit(work)
        if refusal is not None:
            ended(work, REFUSED, refusal.reason)

    if times:
        world.engine.at(times[0], lambda: arrive(0))

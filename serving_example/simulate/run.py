"""One trace through the scheduler, in simulated time."""

from __future__ import annotations

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
from serving_example.simulate.executor import SimulatedDevices
from serving_example.simulate.latency import Pool
from serving_example.simulate.outcome import Outcome
from serving_example.simulate.trace import Trace

__all__ = ["KIND", "simulate"]

KIND = "simulated"
"""Of devices that are times only."""


def simulate(
    trace: Trace, pool: Pool, policy: str = DEFAULT_POLICY, *, seed: int = 0,
    admits_all: bool = False, lead_s: float = 0.0,
) -> Outcome:  # fmt: skip
    """Runs a trace to its end: until the last request is answered, refused or dropped.

    The scheduler starts with all models known and none loaded, and is told their profiles.

    Args:
        trace: What arrives.
        pool: Devices, models and their times.
        policy: The name of the scheduler's policy.
        seed: Of the noise; the same gives the same run.
        admits_all: Nothing is refused for being late by prediction.
        lead_s: Seconds before the first request in which models are loaded already.

    Returns:
        What became of each request.

    Raises:
        SchedulerError: There is no such policy, or a model fits no device.
    """
    engine = Engine((float(trace.times[0]) if len(trace) else 0.0) - lead_s)
    devices = SimulatedDevices(engine, pool, np.random.default_rng(seed), len(trace))
    profiles = Profiles()
    for model in pool.models:
        profiles.tell(model.name, KIND, {s: model.latency.seconds(s) for s in model.sizes})
    scheduler = Scheduler(
        [
            DeviceSpec(f"device-{k}", KIND, pool.memory_bytes, is_blocked_by_loads=True)
            for k in range(pool.devices)
        ],
        policy=make_policy(policy),
        profiles=profiles,
        executor=devices,
        clock=engine.clock,
        admission=Admission(is_on=not admits_all),
    )
    devices.bind(scheduler)
    for model in pool.models:
        scheduler.add_model(
            ModelSpec(model.name, model.sizes, model.memory_bytes, model.load_s, model.is_pinned)
        )
    _drive(engine, scheduler, devices, trace)
    return Outcome(
        policy, trace, devices.fates, devices.finished, devices.whys, devices.batches,
        devices.loads, pool.devices,
    )  # fmt: skip


def _drive(engine: Engine, scheduler: Scheduler, devices: SimulatedDevices, trace: Trace) -> None:
    """Submits each request at its time, and wakes the scheduler when it asked for that."""
    times, deadlines = trace.times.tolist(), trace.deadlines.tolist()
    rows, models = trace.rows.tolist(), trace.models.tolist()
    tenants = trace.tenants.tolist()
    next_wake = float("inf")

    def arrive(place: int) -> None:
        if place + 1 < len(times):
            engine.at(times[place + 1], lambda: arrive(place + 1))
        work = Work(
            trace.model_names[models[place]], rows[place], deadlines[place],
            trace.tenant_names[tenants[place]], payload=place,
        )  # fmt: skip
        refusal = scheduler.submit(work)
        if refusal is not None:
            devices.refuse(work, refusal.reason)

    def wake(when: float) -> None:
        nonlocal next_wake
        if when == next_wake:  # else an earlier one was asked for meanwhile, and it has come
            next_wake = float("inf")
            scheduler.wake()

    if times:
        engine.at(times[0], lambda: arrive(0))
    while devices.left:
        due = scheduler.due()
        if due is not None and due < next_wake:
            next_wake = due
            engine.at(due, lambda when=due: wake(when))  # type: ignore[misc]
        if not engine.step():
            return  # what still waits was lost by the scheduler: the outcome shows it

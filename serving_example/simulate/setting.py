"""One point of a study: a pool, its traffic, and the most that any policy could get there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from serving_example.simulate import arrivals, bounds
from serving_example.simulate.latency import POWERS, Linear, Model, Pool
from serving_example.simulate.trace import Array, Trace, merged
from serving_example.simulate.trace_bound import most_good

__all__ = ["Setting"]


@dataclass(frozen=True)
class Setting:
    """Numbers that a study varies one at a time; requests that are drawn are of one row.

    Attributes:
        load: Requests offered, as a share of what the devices could do with nothing but the
            largest batches that are in time (`bounds.device_rate`).
        devices: Equal devices.
        models: Equal models, asked for by Zipf shares.
        zipf: The exponent of the shares; 0 is even.
        slots: Models that a device has memory for; None for all, which are then pinned.
        load_s: Seconds of loading a model.
        slo_s: Seconds from arrival to deadline.
        cv: Deviation of the gaps between arrivals over their mean; 0 for spells and silences.
        spell_s: Mean length of a spell of arrivals, and of the silence behind it, if `cv` is 0.
        a_s: Seconds a row.
        c_s: Seconds a batch.
        sizes: Rows at which batches run.
        noise: See `Pool.noise`.
        requests: About how many arrive behind the warm-up.
        warm_s: Seconds at the start that are not counted: queues fill in them.
        step: If above 0, the load in the middle third of the counted time.
        tenants: Who asks, each with an equal share of the devices and of `load`.
        neighbour: How many times its part of `load` the first tenant offers.
    """

    load: float = 0.7
    devices: int = 4
    models: int = 8
    zipf: float = 0.0
    slots: int | None = None
    load_s: float = 0.5
    slo_s: float = 0.1
    cv: float = 1.0
    spell_s: float = 1.0
    a_s: float = 0.0005
    c_s: float = 0.002
    sizes: tuple[int, ...] = POWERS
    noise: float = 0.0
    requests: int = 20_000
    warm_s: float = 0.5
    step: float = 0.0
    tenants: int = 1
    neighbour: float = 1.0

    @property
    def top_rate(self) -> float:
        """Requests per second at load 1."""
        return self.devices * bounds.device_rate(self.pool().models[0], self.slo_s)

    @property
    def lead_s(self) -> float:
        """How long the pool needs before the first request, to load what it has memory for."""
        return self.load_s * (self.slots or self.models) * (1 + self.noise) + 1.0

    @property
    def shares(self) -> Array:
        """How the models are asked for."""
        return arrivals.zipf(self.models, self.zipf)

    def pool(self, names: Sequence[str] | None = None) -> Pool:
        """The devices and models; these may be named by a recorded trace."""
        if names is None:
            names = [f"model-{k:02}" for k in range(self.models)]
        latency, is_pinned = Linear(self.a_s, self.c_s), self.slots is None
        models = tuple(
            Model(name, latency, self.sizes, 1, self.load_s, is_pinned) for name in names
        )
        return Pool(models, self.devices, self.slots or len(models), self.noise)

    def trace(self, seed: int) -> Trace:
        """The requests; the same seed gives the same."""
        generator = np.random.default_rng(seed)
        part = self.load * self.top_rate / self.tenants
        seconds = self.warm_s + self.requests / (part * (self.tenants - 1 + self.neighbour))
        rates = [part * self.neighbour] + [part] * (self.tenants - 1)
        return merged([
            self._of_tenant(f"tenant-{k}", rate, seconds, generator) for k, rate in enumerate(rates)
        ])  # fmt: skip

    def _of_tenant(
        self, tenant: str, rate: float, seconds: float, generator: np.random.Generator
    ) -> Trace:
        if self.step:
            third = (seconds - self.warm_s) / 3
            high = rate * self.step / self.load
            plan = [(rate, self.warm_s + third), (high, third), (rate, third)]
            times = arrivals.steps(plan, generator)
        elif self.cv == 0:
            times = arrivals.on_off(rate, seconds, self.spell_s, self.spell_s, generator)
        elif self.cv == 1:
            times = arrivals.poisson(rate, seconds, generator)
        else:
            times = arrivals.gamma(rate, seconds, self.cv, generator)
        names = [model.name for model in self.pool().models]
        return arrivals.drawn(
            times, generator, models=names, shares=self.shares, slo_s=self.slo_s, tenant=tenant
        )

    def bounds(self, trace: Trace) -> tuple[float, float]:
        """The most requests of a trace in time: by rates alone, and the lower of that and its own.

        See `serving_example.simulate.bounds` and `serving_example.simulate.trace_bound`.
        """
        pool = self.pool(trace.model_names)
        by_rates = bounds.of_trace(trace, pool, with_memory=self.slots is not None)
        return by_rates, min(by_rates, most_good(trace, pool))

"""Devices that exist as times only: what a scheduler commands in a simulation."""

from __future__ import annotations

import numpy as np

from serving_example.scheduler import Batch, DropReason, Scheduler, Work
from serving_example.simulate.engine import Engine
from serving_example.simulate.latency import Pool
from serving_example.simulate.outcome import DROPPED, GOOD, LATE, REFUSED, WAITING, Load, Ran
from serving_example.simulate.trace import Array

__all__ = ["SimulatedDevices"]


class SimulatedDevices:
    """An `Executor` of a scheduler: a batch ends after the seconds of its profile, and noise.

    A device does one thing at a time, in the order in which it was asked. The payload of a work is
    the place of its request in the trace.

    Args:
        engine: The clock and the events.
        pool: Devices and models.
        generator: Of the noise.
        requests: How many there are.

    Attributes:
        fates: Of each request, see `Outcome`.
        finished: When each was answered or dropped.
        whys: Why each was refused or dropped, or an empty text.
        batches: In the order of their start.
        loads: In the order of their start.
        left: Requests that have no fate yet.
    """

    def __init__(
        self, engine: Engine, pool: Pool, generator: np.random.Generator, requests: int
    ) -> None:
        self.fates: Array = np.full(requests, WAITING, np.int8)
        self.finished: Array = np.full(requests, np.nan)
        self.whys = [""] * requests
        self.batches: list[Ran] = []
        self.loads: list[Load] = []
        self.left = requests
        self._engine, self._generator, self._noise = engine, generator, pool.noise
        self._models = {model.name: model for model in pool.models}
        self._free_at: dict[str, float] = {}
        self._scheduler: Scheduler | None = None

    def bind(self, scheduler: Scheduler) -> None:
        """Tells whom to answer; once, before anything runs."""
        self._scheduler = scheduler

    def run(self, batch: Batch) -> None:
        """See `Executor.run` of the scheduler."""
        start, end = self._occupy(
            batch.device, self._models[batch.model].latency.seconds(batch.size)
        )
        self.batches.append(
            Ran(batch.device, batch.model, len(batch.works), batch.rows, batch.size, batch.reason,
                start, end)
        )  # fmt: skip

        def ended() -> None:
            for work in self._told.finished(batch):
                self._end(work, GOOD if end <= work.deadline else LATE)

        self._engine.at(end, ended)

    def load(self, device: str, model: str) -> None:
        """See `Executor.load` of the scheduler."""
        start, end = self._occupy(device, self._models[model].load_s)
        self.loads.append(Load(device, model, start, end))
        self._engine.at(end, lambda: self._told.loaded(device, model))

    def unload(self, device: str, model: str) -> None:
        """See `Executor.unload` of the scheduler; it takes no time."""

    def drop(self, work: Work, why: DropReason) -> None:
        """See `Executor.drop` of the scheduler."""
        self.whys[work.payload] = why
        self._end(work, DROPPED)

    def refuse(self, work: Work, why: str) -> None:
        """The scheduler did not take a work."""
        self.whys[work.payload] = why
        self._end(work, REFUSED)

    @property
    def _told(self) -> Scheduler:
        assert self._scheduler is not None
        return self._scheduler

    def _occupy(self, device: str, seconds: float) -> tuple[float, float]:
        """When a device that was asked now starts and ends what takes so long."""
        if self._noise:
            seconds *= 1.0 + float(self._generator.exponential(self._noise))
        start = max(self._engine.now, self._free_at.get(device, self._engine.now))
        self._free_at[device] = start + seconds
        return start, start + seconds

    def _end(self, work: Work, fate: int) -> None:
        self.fates[work.payload] = fate
        self.finished[work.payload] = self._engine.now
        self.left -= 1

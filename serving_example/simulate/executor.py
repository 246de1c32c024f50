"""Devices that exist as times only: what a scheduler commands in a simulation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from serving_example.scheduler import Batch, DropReason, Scheduler, Work
from serving_example.simulate.engine import Engine
from serving_example.simulate.latency import Pool
from serving_example.simulate.outcome import DROPPED, GOOD, LATE, Load, Ran

__all__ = ["Ended", "SimulatedDevices"]

Ended = Callable[[Work, int, str], None]
"""Told once of each work that was taken: what became of it, see `Outcome`, and why."""

TIMES_EXPECTED = 20.0
"""What takes so many times as long as expected, and longer than `stuck_after_s`, hangs: the rule of
the live pool (`serving_example.pool.worker`)."""


@dataclass(slots=True, eq=False)
class _Task:
    """What a device was told to do.

    Attributes:
        seconds: How long it takes a device that is well.
        began: Told when it begins and when it would end.
        then: Done when it has ended.
        is_over: Its time has passed.
        is_void: The device was lost.
    """

    seconds: float
    began: Callable[[float, float], None]
    then: Callable[[], None]
    is_over: bool = False
    is_void: bool = False


class SimulatedDevices:
    """An `Executor` of a scheduler: a batch ends after the seconds of its profile, and noise.

    A device does one thing at a time, in the order in which it was asked. It may be slow, hang, or
    die; what hangs for too long is lost, as in the live pool.

    Args:
        engine: The clock and the events.
        pool: Devices and models.
        generator: Of the noise.
        ended: Told of works.
        stuck_after_s: What takes longer, and `TIMES_EXPECTED` times as long as expected, hangs.

    Attributes:
        batches: In the order of their start.
        loads: In the order of their start.
        lost: When devices were lost, in order.
    """

    def __init__(
        self,
        engine: Engine,
        pool: Pool,
        generator: np.random.Generator,
        ended: Ended,
        *,
        stuck_after_s: float = 5.0,
    ) -> None:
        self.batches: list[Ran] = []
        self.loads: list[Load] = []
        self.lost: list[float] = []
        self._engine, self._generator, self._noise = engine, generator, pool.noise
        self._ended, self._stuck_after_s = ended, stuck_after_s
        self._models = {model.name: model for model in pool.models}
        self._tasks: dict[str, list[_Task]] = {f"device-{k}": [] for k in range(pool.devices)}
        self._factor = dict.fromkeys(self._tasks, 1.0)
        self._hung: set[str] = set()
        self._away: set[str] = set()
        self._scheduler: Scheduler | None = None

    def bind(self, scheduler: Scheduler) -> None:
        """Tells whom to answer; once, before anything runs."""
        self._scheduler = scheduler

    def takes(self, device: str) -> bool:
        """See `Executor.takes`."""
        return True

    def run(self, batch: Batch) -> None:
        """See `Executor.run` of the scheduler."""

        def began(start: float, end: float) -> None:
            self.batches.append(
                Ran(batch.device, batch.model, len(batch.works), batch.rows, batch.size,
                    batch.reason, start, end)
            )  # fmt: skip

        def ended() -> None:
            for work in self._told.finished(batch):
                self._ended(work, GOOD if self._engine.now <= work.deadline else LATE, "")

        took = self._models[batch.model].latency.seconds(batch.size)
        self._do(batch.device, _Task(took, began, ended))

    def load(self, device: str, model: str) -> None:
        """See `Executor.load` of the scheduler."""
        self._do(
            device,
            _Task(
                self._models[model].load_s,
                lambda start, end: self.loads.append(Load(device, model, start, end)),
                lambda: self._told.loaded(device, model),
            ),
        )

    def unload(self, device: str, model: str) -> None:
        """See `Executor.unload` of the scheduler; it takes no time."""

    def drop(self, work: Work, why: DropReason) -> None:
        """See `Executor.drop` of the scheduler."""
        self._ended(work, DROPPED, why)

    def slow(self, device: str, factor: float) -> None:
        """What begins from now on takes so many times as long; 1.0 as long as it should."""
        self._factor[device] = factor

    def hang(self, device: str) -> None:
        """Nothing ends any more; what does not end for too long is seen."""
        self._hung.add(device)
        if self._tasks[device]:
            self._watch(device, self._tasks[device][0])

    def kill(self, device: str) -> None:
        """Its thread has died, which is seen at once."""
        if device not in self._away:
            self._lose(device)

    def come_back(self, device: str) -> None:
        """It does not hang any more, or has a thread again; if it was lost, it is empty."""
        self._hung.discard(device)
        tasks = self._tasks[device]
        if device in self._away:
            self._away.remove(device)
            self._told.regain(device)
        elif tasks and tasks[0].is_over:
            self._end(device, tasks[0])

    @property
    def _told(self) -> Scheduler:
        assert self._scheduler is not None
        return self._scheduler

    def _do(self, device: str, task: _Task) -> None:
        tasks = self._tasks[device]
        tasks.append(task)
        if len(tasks) == 1:
            self._begin(device, task)

    def _begin(self, device: str, task: _Task) -> None:
        seconds = task.seconds * self._factor[device]
        if self._noise:
            seconds *= 1.0 + float(self._generator.exponential(self._noise))
        end = self._engine.now + seconds
        task.began(self._engine.now, end)
        self._engine.at(end, lambda: self._end(device, task))
        if device in self._hung:
            self._watch(device, task)

    def _end(self, device: str, task: _Task) -> None:
        task.is_over = True
        if task.is_void or device in self._hung:
            return
        tasks = self._tasks[device]
        del tasks[0]
        if tasks:
            self._begin(device, tasks[0])
        task.then()

    def _watch(self, device: str, task: _Task) -> None:
        """Loses a device that still hangs over the same task when it should have ended long ago."""
        patience_s = max(self._stuck_after_s, TIMES_EXPECTED * task.seconds)

        def look() -> None:
            if device in self._hung and task in self._tasks[device]:
                self._lose(device)

        self._engine.at(self._engine.now + patience_s, look)

    def _lose(self, device: str) -> None:
        for task in self._tasks[device]:
            task.is_void = True
        self._tasks[device] = []
        self._away.add(device)
        self.lost.append(self._engine.now)
        self._told.lose(device)

"""The scheduler under its lock, and what the devices' threads and time do to it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any, cast

from serving_example.devices.protocol import Device
from serving_example.pool.hands import Hands
from serving_example.pool.job import Deliver, Job
from serving_example.pool.keeper import Keeper
from serving_example.pool.lag import Lag
from serving_example.pool.program import Program
from serving_example.pool.windows import NEVER, Windows
from serving_example.pool.worker import Turns, Worker
from serving_example.scheduler import (
    Admission,
    Batch,
    Clock,
    DeviceSpec,
    Policy,
    Profiles,
    Residency,
    Scheduler,
    Shares,
)

__all__ = ["Core", "Observe"]

log = logging.getLogger("serving_example")

Observe = Callable[[Batch, float], None]

PERIOD_S = 0.25
"""So often threads that hang or have died are looked for."""


class Core:
    """What a pool is made of. It is the `Owner` of the devices' threads.

    Whoever has the lock calls the scheduler, then `leave`; whoever has freed it calls `tell`.

    Args:
        devices: The devices.
        clock: Seconds.
        deliver: Given jobs that are done.
        observe: Told of each batch that ran, and its seconds.
        policy, profiles, admission, residency, shares: The scheduler's.
        stuck_after_s, regain_after_s, turns: The workers'.

    Attributes:
        lock: Of the scheduler and all that it commands.
        changed: Told when a load has ended, a device is back, or, once the pool stops, a job is
            done.
        scheduler, workers, hands, keeper, windows: The parts.
        admission, lag: What is refused, and what a delivery is expected to take.
        is_stopping: No more jobs are taken.
        is_stopped: Nothing is due any more.
    """

    def __init__(
        self,
        devices: Sequence[Device],
        clock: Clock,
        deliver: Deliver,
        observe: Observe | None,
        policy: Policy,
        profiles: Profiles | None,
        admission: Admission | None,
        residency: Residency | None,
        shares: Shares | None,
        stuck_after_s: float,
        regain_after_s: float,
        turns: Turns | None,
    ) -> None:
        self._clock, self._deliver, self._observe = clock, deliver, observe
        self.workers = {
            device.name: Worker(device, self, clock, stuck_after_s, regain_after_s, turns)
            for device in devices
        }
        self.hands, self.windows = Hands(self.workers, clock), Windows(policy)
        self.admission, self.lag = admission or Admission(), Lag()
        self.scheduler = Scheduler(
            [DeviceSpec(d.name, d.kind, d.memory_bytes) for d in devices],
            executor=self.hands, clock=clock, policy=self.windows, profiles=profiles,
            admission=self.admission, residency=residency, shares=shares,
        )  # fmt: skip
        self.lock = threading.Lock()
        self.changed = threading.Condition(self.lock)
        self.keeper = Keeper(self.wake, clock, min(PERIOD_S, stuck_after_s / 4.0))
        self.is_stopping = self.is_stopped = False

    def leave(self) -> list[Job]:
        """Ends what is done under the lock; gives the jobs to deliver when it is free."""
        hands = self.hands
        if hands.retiring:
            for model in [m for m in hands.retiring if not hands.entries[m].jobs]:
                hands.retiring.remove(model)
                del hands.entries[model]
                self.scheduler.remove_model(model)
        if self.is_stopping:
            self.changed.notify_all()
        dropped, hands.dropped = hands.dropped, []
        return dropped

    def tell(self, jobs: Sequence[Job]) -> None:
        """Delivers jobs that are done, and has the keeper look in time."""
        if jobs:
            try:
                self._deliver(jobs)
            except Exception:
                log.exception("jobs that are done could not be delivered")
        if self.windows.until < self.keeper.until:
            self.keeper.poke()

    def wake(self) -> float | None:
        """Does what time alone has made due.

        Returns:
            When to call it again, if nothing happens before.
        """
        with self.lock:
            if self.is_stopped:
                return None
            now = self._clock()
            for worker in self.workers.values():
                if not worker.is_lost and (worker.has_ended or worker.hangs(now)):
                    self.lose(worker, now)
                if worker.has_ended and worker.restarts_at is None:
                    worker.back_off(now)
            self.admission.lag_s = self.lag.expected_s(now)
            self.windows.until = NEVER
            due = self.scheduler.wake()
            dropped = self.leave()
            for worker in self.workers.values():
                at = worker.restarts_at
                if at is not None and at <= now:
                    worker.start()  # it waits for this lock before it says that it is back
                elif at is not None and (due is None or at < due):
                    due = at
        self.tell(dropped)
        return due

    def lose(self, worker: Worker, now: float) -> None:
        """A device hangs or its thread has died: its jobs go elsewhere; the lock is held."""
        log.error("device %s is lost: %s", worker.device.name, worker.health(now))
        worker.lose()
        self.scheduler.lose(worker.device.name)

    def ran(
        self, batch: Batch, answers: list[Any], error: Exception | None, started: float
    ) -> None:
        """See `Owner.ran`."""
        with self.lock:
            now = self._clock()
            try:
                jobs = cast(list[Job], self.scheduler.finished(batch, error))
            except Exception:  # a defect of the scheduler's costs nobody the answer that is here
                log.exception("the scheduler failed at the end of a batch of %s", batch.model)
                jobs = [job for job in cast(list[Job], batch.works) if job.state != "cancelled"]
                for job in jobs:
                    job.state = "done" if error is None else "failed"
                self.keeper.poke()  # the device has nothing to do until the scheduler is asked
            if jobs:
                self.hands.entries[batch.model].jobs -= len(jobs)
            dropped = self.leave()
        _fill(batch, jobs, answers, error, started, now)
        self.tell([*jobs, *dropped] if dropped else jobs)
        if self._observe is not None and error is None:
            self._observe(batch, now - started)

    def turn(self, worker: Worker) -> None:
        """See `Owner.turn`."""
        with self.lock:
            worker.turn = "here"
            try:
                self.scheduler.serve(worker.device.name)
            finally:
                worker.turn = "none"
            dropped = self.leave()
        self.tell(dropped)

    def loaded(self, device: str, program: Program, error: Exception | None) -> None:
        """See `Owner.loaded`."""
        if error is not None:
            log.error("device %s did not load model %s: %s", device, program.model, error)
        with self.lock:
            entry = self.hands.entries.get(program.model)
            if entry is not None:
                entry.failure = error
            self.scheduler.loaded(device, program.model, error)
            self.changed.notify_all()
            dropped = self.leave()
        self.tell(dropped)

    def regained(self, worker: Worker) -> None:
        """See `Owner.regained`."""
        log.warning("device %s is back", worker.device.name)
        with self.lock:
            worker.is_lost = False
            self.scheduler.regain(worker.device.name)
            self.changed.notify_all()
            dropped = self.leave()
        self.tell(dropped)

    def ended(self) -> None:
        """See `Owner.ended`."""
        self.keeper.poke()


def _fill(
    batch: Batch,
    jobs: list[Job],
    answers: list[Any],
    error: Exception | None,
    started: float,
    finished: float,
) -> None:
    """Puts answers into the jobs of a batch that nobody has cancelled."""
    if error is not None:
        for job in jobs:
            job.error = error
    else:
        wanted = {id(job) for job in jobs} if len(jobs) < len(answers) else None
        for work, answer in zip(batch.works, answers, strict=True):
            if wanted is None or id(work) in wanted:
                job = cast(Job, work)
                if isinstance(answer, Exception):
                    job.error = answer
                else:
                    job.answer = answer
    for job in jobs:
        job.started, job.finished, job.device = started, finished, batch.device
        job.size = batch.size

"""Some devices with a thread each, under one scheduler and one lock."""

from __future__ import annotations

import time
from collections.abc import Sequence

from serving_example.devices.protocol import Device
from serving_example.pool.core import Core, Observe
from serving_example.pool.errors import DroppedError, PoolDownError, RefusedError
from serving_example.pool.hands import Entry
from serving_example.pool.health import PoolHealth
from serving_example.pool.job import Deliver, Job, deliver_here
from serving_example.pool.program import Program
from serving_example.pool.worker import Turns
from serving_example.scheduler import (
    DEFAULT_POLICY,
    Admission,
    Clock,
    Drift,
    ModelSpec,
    Policy,
    Profiles,
    Refusal,
    Residency,
    SchedulerError,
    Shares,
    Stats,
    make_policy,
)

__all__ = ["Pool"]

END_S = 1.0
"""A thread that does not hang is given so long to empty its device."""


class Pool:
    """Runs jobs on some devices: the scheduler says which, where and when.

    All methods may be called from any thread. A job that was taken is delivered once, outside of
    the lock: on the thread of the device that ran it, or on whichever thread found that it will
    not run, which may be the one that submits.

    Args:
        devices: The devices; each is called by a thread of its own.
        clock: Seconds, the same that deadlines are of.
        deliver: Given the jobs of a batch when they are done; it calls their `on_done` where that
            belongs.
        observe: Told of each batch that ran, and its seconds; on the device's thread.
        policy: Which works a free device runs next, or its registered name.
        profiles: What is known of latencies; it learns.
        admission: What is refused.
        residency: Which models lie where.
        shares: How tenants share.
        stuck_after_s: A device that does one thing for longer, and for 20 times as long as
            expected, is lost until it comes back.
        regain_after_s: After so long a thread that has died is replaced.
        turns: What runs batches, on a thread that they share with others; None: each device's own
            thread does. A device that computes with the interpreter gains nothing from a thread of
            its own, and each wants the interpreter back from the other some fifty times a batch.

    Raises:
        SchedulerError: No device, two of one name, or no such policy.
    """

    def __init__(
        self,
        devices: Sequence[Device],
        *,
        clock: Clock = time.monotonic,
        deliver: Deliver = deliver_here,
        observe: Observe | None = None,
        policy: Policy | str = DEFAULT_POLICY,
        profiles: Profiles | None = None,
        admission: Admission | None = None,
        residency: Residency | None = None,
        shares: Shares | None = None,
        stuck_after_s: float = 5.0,
        regain_after_s: float = 1.0,
        turns: Turns | None = None,
    ) -> None:
        chosen = make_policy(policy) if isinstance(policy, str) else policy
        self._clock, self.policy = clock, chosen.name
        self._core = core = Core(
            devices, clock, deliver, observe, chosen, profiles, admission, residency, shares,
            stuck_after_s, regain_after_s, turns,
        )  # fmt: skip
        # The way of every job, without a step in between.
        self._lock, self._hands, self._scheduler = core.lock, core.hands, core.scheduler
        self._keeper = core.keeper

    def start(self) -> Pool:
        """Starts the threads, and gives itself."""
        for worker in self._core.workers.values():
            worker.start()
        self._keeper.start()
        return self

    def add(self, program: Program, *, is_pinned: bool = False) -> None:
        """A program that may be asked for; it is loaded where there is room.

        It may take the place of one of the same name that retires: they give the same answers.

        Args:
            program: The program.
            is_pinned: It is loaded wherever it fits, and never evicted.

        Raises:
            SchedulerError: It is there already, or no device has the memory for it.
            DefinitionError: Some device cannot run it.
            PoolDownError: The pool stops.
        """
        devices = [worker.device for worker in self._core.workers.values()]
        needs, model = max(program.needs(device) for device in devices), program.model
        with self._lock:
            self._refuse_if_down()
            entries, retiring = self._hands.entries, self._hands.retiring
            if model in retiring:
                retiring.remove(model)
                entries[model].program = program
                return
            if model in entries:
                raise SchedulerError(f"model {model} is in the pool already")
            spec = ModelSpec(model, program.ladder.sizes, needs, program.load_s, is_pinned)
            entries[model] = Entry(program)
            try:
                self._scheduler.add_model(spec)
            except SchedulerError:
                del entries[model]
                raise

    def ready(self, program: Program, timeout_s: float) -> bool:
        """Waits until a device holds a program.

        Args:
            program: The program, which was added.
            timeout_s: So long at most.

        Returns:
            Whether one does. False at once if no load is under way: there is no room for it, or
            its load has failed and cools down; see `failure`.
        """
        until, model = time.monotonic() + timeout_s, program.model
        with self._core.changed:
            while True:
                stats = self._scheduler.stats()
                found = stats.models.get(model)
                if found is not None and found.devices:
                    return True
                # The end of another program's load may be the beginning of this one's.
                is_moving = any(one.loading is not None for one in stats.devices)
                left = until - time.monotonic()
                if found is None or not is_moving or left <= 0.0:
                    return False
                self._core.changed.wait(left)

    def failure(self, program: Program) -> Exception | None:
        """Why the last load of a program failed; None if it did not."""
        entry = self._hands.entries.get(program.model)
        return None if entry is None else entry.failure

    def retire(self, program: Program) -> None:
        """Takes no more jobs of a program; it leaves the devices when the last of them is done."""
        with self._lock:
            entry = self._hands.entries.get(program.model)
            if entry is not None and entry.program is program:
                self._hands.retiring.add(program.model)
            dropped = self._core.leave()
        self._core.tell(dropped)

    def submit(self, job: Job) -> None:
        """Takes a job, or says why not.

        Raises:
            RefusedError: It would be late, there is no room, or no such program.
            PoolDownError: The pool stops.
            SchedulerError: It was submitted before, or has more rows than its program runs.
        """
        refusal = self.offer(job)
        if refusal is not None:
            raise RefusedError(job.model, refusal)

    def offer(self, job: Job) -> Refusal | None:
        """As `submit`, but gives a refusal and does not raise it: in overload most are refused.

        Raises:
            PoolDownError, SchedulerError: As there.
        """
        hands, core, dropped = self._hands, self._core, None
        with self._lock:
            if core.is_stopping:
                self._refuse_if_down()
            entry = hands.entries.get(job.model)
            if entry is None or job.model in hands.retiring:
                refusal: Refusal | None = Refusal("unknown_model", None)
            else:
                refusal = self._scheduler.submit(job)
                entry.jobs += refusal is None
                if hands.dropped:
                    dropped = core.leave()
        if dropped:
            core.tell(dropped)
        if refusal is not None:
            return refusal
        soonest = core.windows.until
        if job.state == "waiting" and job.deadline < soonest:
            soonest = job.deadline
        if soonest < self._keeper.until:
            self._keeper.poke()
        return None

    def turned_away(self, model: str, rows: int, jobs: int, refusal: Refusal) -> None:
        """Jobs of so many rows each were not even offered, because one like them was refused."""
        with self._lock:
            self._scheduler.turned_away(model, rows, jobs, refusal)

    def cancel(self, job: Job) -> bool:
        """Nobody wants the answer any more: the job is delivered with an error if it was not done.

        Returns:
            Whether that was news.
        """
        with self._lock:
            is_news = self._scheduler.cancel(job)
            if is_news:
                job.error = DroppedError(job.model, "cancelled")
                self._hands.give(job)
            dropped = self._core.leave()
        self._core.tell(dropped)
        return is_news

    def lagged(self, seconds: float) -> None:
        """So long it took from the end of a batch to its jobs' answers: admission counts on it."""
        self._core.admission.lag_s = self._core.lag.tell(seconds, self._clock())

    def health(self) -> PoolHealth:
        """How it is now."""
        now = self._clock()
        devices = tuple(worker.health(now) for worker in self._core.workers.values())
        is_ready = not self._core.is_stopping and any(device.is_alive for device in devices)
        return PoolHealth(is_ready, devices)

    def stats(self) -> Stats:
        """What the scheduler has done, and how it is now."""
        with self._lock:
            return self._scheduler.stats()

    def drifts(self) -> list[Drift]:
        """What does not take as long any more as its stored profile said."""
        with self._lock:
            return self._scheduler.profiles.drifts()

    def profiles_json(self) -> str:
        """The latency profiles, for a later process to read."""
        with self._lock:
            return self._scheduler.profiles.to_json()

    def wake(self) -> float | None:
        """Does what time alone has made due; a thread of the pool calls it in time.

        Returns:
            When to call it again, if nothing happens before; None for some time.
        """
        return self._core.wake()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Takes no more jobs, does what was taken, and ends the threads.

        What cannot be done in time fails with a `PoolDownError`.

        Returns:
            Whether all was done and all threads have ended.
        """
        core, until = self._core, time.monotonic() + timeout_s
        with core.changed:
            core.is_stopping = True
            while self._taken() and (left := until - time.monotonic()) > 0.0:
                core.changed.wait(left)
            is_done = not self._taken()
            if not is_done:
                self._give_up()
            core.is_stopped = True
            dropped = core.leave()
        core.tell(dropped)
        self._keeper.stop()
        now = self._clock()
        for worker in core.workers.values():
            worker.end()
        for worker in core.workers.values():
            left = max(0.0, until - time.monotonic())
            is_stuck = worker.health(now).is_stuck
            is_done = worker.join(left if is_stuck else max(left, END_S)) and is_done
        return is_done

    def _taken(self) -> int:
        """How many jobs were taken and are not done."""
        return sum(entry.jobs for entry in self._hands.entries.values())

    def _give_up(self) -> None:
        """All that waits or runs is dropped."""
        self._hands.is_down = True
        now = self._clock()
        self._hands.retiring.clear()
        for model in list(self._hands.entries):
            self._scheduler.remove_model(model)
        for worker in self._core.workers.values():
            self._core.lose(worker, now)

    def _refuse_if_down(self) -> None:
        if self._core.is_stopping:
            raise PoolDownError("the pool takes no more jobs: it was stopped")

"""The scheduler: one central queue for each model, and batches made when a device is free.

It has no thread, no lock and no clock of its own. The live server calls it under a lock, tests and
the simulator as they like.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from serving_example.scheduler.admission import Admission
from serving_example.scheduler.dispatch import Dispatch
from serving_example.scheduler.errors import SchedulerError
from serving_example.scheduler.hosting import Hosting
from serving_example.scheduler.interface import (
    Clock,
    Executor,
    Policy,
)
from serving_example.scheduler.policies.registry import make_policy
from serving_example.scheduler.profiles import Profiles
from serving_example.scheduler.queues import ModelQueue
from serving_example.scheduler.residency import Residency
from serving_example.scheduler.shares import Shares
from serving_example.scheduler.specs import DeviceSpec, ModelSpec
from serving_example.scheduler.statistics import (
    Stats,
    copy_counts,
    device_stats,
    model_stats,
)
from serving_example.scheduler.work import Batch, Refusal, Work

__all__ = ["Scheduler"]


class Scheduler:
    """Takes work, and says which device runs what, and when.

    Args:
        devices: The devices, all alive and empty.
        policy: Which works a free device runs next; of this scheduler alone.
        profiles: What is known of latencies; it is told of each batch.
        executor: What does it.
        clock: Seconds, the same that deadlines are of.
        admission: What is refused.
        shares: How tenants share.
        residency: Which models lie where.

    Raises:
        SchedulerError: No device, or two of one name.
    """

    def __init__(
        self,
        devices: Sequence[DeviceSpec],
        *,
        executor: Executor,
        clock: Clock,
        policy: Policy | None = None,
        profiles: Profiles | None = None,
        admission: Admission | None = None,
        shares: Shares | None = None,
        residency: Residency | None = None,
    ) -> None:
        names = [device.name for device in devices]
        if not names or len(set(names)) < len(names):
            raise SchedulerError(f"expected devices with names of their own, got {names}")
        self.policy = policy or make_policy()
        self.profiles = profiles or Profiles()
        self.admission = admission or Admission()
        self.shares = shares or Shares()
        self.residency = residency or Residency()
        self._clock = clock
        self._hosting = Hosting(devices, self.residency, self.profiles, executor, clock())
        self._stations, self._queues = self._hosting.stations, self._hosting.queues
        self._dispatch = Dispatch(self._hosting, self.policy, self.shares, executor)
        self._counts, self._order = self._dispatch.counts, 0

    def add_model(self, spec: ModelSpec) -> None:
        """A model that may be asked for; it is loaded where there is room.

        Raises:
            SchedulerError: It is known, or no device has the memory for it.
        """
        self._hosting.add(spec, self.policy.order, self._clock())

    def remove_model(self, model: str) -> None:
        """A model is not asked for any more: what waits for it is dropped, and it is unloaded.

        A batch of it that runs is answered; it leaves that device afterwards. What is known of its
        latencies is forgotten.

        Raises:
            SchedulerError: It is not known.
        """
        queue = self._queues.get(model)
        if queue is None:
            raise SchedulerError(f"model {model} is not known")
        self._dispatch.drop(queue, list(queue.line), "model_removed")
        self._hosting.remove(queue, self._clock())

    def submit(self, work: Work) -> Refusal | None:
        """Takes work, or says why not.

        Work that is taken is answered once: by `finished`, or by `drop` of the executor, unless
        it is cancelled.

        Returns:
            None if it was taken.

        Raises:
            SchedulerError: It was submitted before, or has rows that no batch of its model holds.
        """
        if work.state != "new":
            raise SchedulerError(f"work of model {work.model} was submitted before: {work.state}")
        now = self._clock()
        queue = self._queues.get(work.model)
        refusal = self._refuse(queue, work, now)
        if refusal is not None or queue is None:
            refusal = refusal or Refusal("unknown_model", None)
            work.state = "refused"
            self._counts.refused[refusal.reason] += 1
            return refusal
        self._order += 1
        work.order, work.entered = self._order, now
        work.cost_s = queue.row_s * work.rows
        self._counts.taken += 1
        self._dispatch.wait(queue, work)
        self._dispatch.serve_any(queue, now)
        return None

    def turned_away(self, model: str, rows: int, works: int, refusal: Refusal) -> None:
        """Works of so many rows each were refused for the reason of one before them: they count."""
        self._counts.refused[refusal.reason] += works
        queue = self._queues.get(model)
        if queue is not None:
            queue.asked_rows += rows * works
            queue.asked_works += works

    def cancel(self, work: Work) -> bool:
        """Nobody wants the answer any more; one that comes all the same is not given out.

        Returns:
            Whether that was news: the work waited or ran.
        """
        if work.state == "waiting":
            self._dispatch.take_out(self._queues[work.model], [work])
        elif work.state != "running":
            return False
        work.state = "cancelled"
        self._counts.cancelled += 1
        return True

    def finished(self, batch: Batch, error: BaseException | None = None) -> list[Work]:
        """A batch has run, or has failed; the device gets its next one at once.

        Args:
            batch: The batch.
            error: Why it failed.

        Returns:
            The works to answer: those that nobody has cancelled, and none at all if the device was
            lost meanwhile, for then they are answered elsewhere.
        """
        now = self._clock()
        station = self._stations[batch.device]
        if station.batch is not batch:
            return []
        station.batch = None
        queue = station.queues[batch.model]
        if error is None:
            took = now - batch.started
            station.busy_s += max(0.0, took)
            is_known = self._queues.get(batch.model) is queue
            if is_known and self.profiles.observe(batch.model, batch.device, batch.size, took):
                self._hosting.time_again(queue)
        answered = [work for work in batch.works if work.state == "running"]
        for work in answered:
            work.state = "done" if error is None else "failed"
        if error is None:
            self._counts.answered += len(answered)
        else:
            self._counts.failed += len(answered)
        if self._queues.get(batch.model) is not queue:  # removed while it ran
            self._hosting.evict(station, batch.model)
            self._hosting.place(now)
        self._dispatch.serve(station, now)
        return answered

    def loaded(self, device: str, model: str, error: BaseException | None = None) -> None:
        """A load has ended: the model is warm, or it failed and cools down."""
        now, station = self._clock(), self._stations[device]
        if station.loading == model:
            self._hosting.loaded(station, model, now, is_loaded=error is None)
            self._dispatch.serve(station, now)

    def serve(self, device: str) -> None:
        """A batch would begin at once now on a device for which that was not so. See `takes`."""
        station = self._stations[device]
        station.is_called = False
        self._dispatch.serve(station, self._clock())

    def wake(self) -> float | None:
        """Does what time alone has made due: expiry, windows that have closed, loads.

        Returns:
            When to call it again; see `due`.
        """
        now = self._clock()
        self._dispatch.expire(now)
        if self.residency.due_s(now) == 0.0:
            self._hosting.place(now)
        for station in self._stations.values():
            self._dispatch.serve(station, now)
        return self.due()

    def due(self) -> float | None:
        """When `wake` has something to do, if nothing else is called before; None for never.

        Every other call may bring it nearer.
        """
        now = self._clock()
        times = [self._dispatch.next_deadline()]
        times += [station.wait_until for station in self._stations.values() if station.is_free]
        think_s = self.residency.due_s(now)
        times.append(None if think_s is None else now + think_s)
        return min((time for time in times if time is not None), default=None)

    def lose(self, device: str) -> None:
        """A device hangs or is dead: what ran there is tried once more elsewhere, or dropped.

        What it may still answer is ignored.
        """
        now, station = self._clock(), self._stations[device]
        if not station.is_alive:
            return
        batch = self._hosting.lose(station, now)
        for work in batch.works if batch is not None else ():
            if work.state == "running":
                self._dispatch.retry(work, now)
        for other in self._stations.values():
            self._dispatch.serve(other, now)

    def regain(self, device: str) -> None:
        """A device is back, empty: models are loaded again, and then it gets work."""
        station = self._stations[device]
        if not station.is_alive:
            self._hosting.regain(station, self._clock())

    def stats(self) -> Stats:
        """What it has done, and how it is now."""
        shelves = self.residency.shelves
        return Stats(
            copy_counts(self._counts),
            tuple(
                device_stats(station, shelves[name].used_bytes, shelves[name].loads)
                for name, station in self._stations.items()
            ),
            {model: model_stats(queue) for model, queue in self._queues.items()},
            self.shares.waiting_s(),
        )

    def _refuse(self, queue: ModelQueue | None, work: Work, now: float) -> Refusal | None:
        if queue is None:
            return Refusal("unknown_model", None)
        if not 1 <= work.rows <= queue.spec.sizes[-1]:
            raise SchedulerError(
                f"model {work.model} runs 1 to {queue.spec.sizes[-1]} rows, got {work.rows}",
                hint="cut the request into several works",
            )
        queue.arrived(work, now)
        self.shares.asked(work.tenant, now)
        rows = self._dispatch.rows
        if self.admission.takes(queue, work, rows, self.shares, now):
            return None
        ready_s = 0.0
        if not queue.hosts:
            if not self._hosting.is_alive:
                return Refusal("no_device", None)
            coming = self._hosting.ready_s(work.model, now)
            if coming is None:
                return Refusal("cold", self.residency.retry_s(work.model, now))
            ready_s = coming
        refusal = self.admission.refuse(queue, work, ready_s, rows, self.shares, now)
        if refusal is not None and refusal.reason == "predicted_late":
            self._doubt(queue, work, now)
        return refusal

    def _doubt(self, queue: ModelQueue, work: Work, now: float) -> None:
        """What refuses work though a device idles is a belief about latency: it must not last.

        A device that idles though works wait is one on which they are believed to be late: after a
        stall of its own it would be left out while the others are asked for too much.
        """
        at = bisect_left(queue.spec.sizes, work.rows)
        if queue.table[at] < self.admission.lag_s:
            return
        for host in queue.hosts:
            is_passed = queue.tables[host.spec.name][at] > work.deadline - now
            if (
                host.is_free
                and (is_passed or not queue.line.count)
                and self.profiles.doubt(work.model, host.spec.name, now)
            ):
                self._hosting.time_again(queue)

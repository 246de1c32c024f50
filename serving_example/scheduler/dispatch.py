"""From works that wait to batches that run."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

from serving_example.scheduler.errors import SchedulerError
from serving_example.scheduler.expiry import Expiry
from serving_example.scheduler.hosting import Hosting
from serving_example.scheduler.interface import Choice, DropReason, Executor, Offer, Policy, Wait
from serving_example.scheduler.line import Line
from serving_example.scheduler.queues import ModelQueue, Station
from serving_example.scheduler.shares import Shares
from serving_example.scheduler.statistics import Counts
from serving_example.scheduler.work import Batch, Work

__all__ = ["Dispatch"]

MAX_ATTEMPTS = 2
"""Work whose device was lost is tried once more: a third time it is likely to be the cause."""
MIN_WAIT_S = 1e-6
"""A policy that waits for a time that has come is asked a moment later, not for ever."""


class Dispatch:
    """Puts works into their queues, takes them out, and gives free devices their batches.

    Args:
        hosting: The devices and queues.
        policy: Which works a free device runs next.
        shares: Whose turn it is.
        executor: Who runs them.

    Attributes:
        counts: What has happened.
        works: How many works wait.
        rows: Their rows.
    """

    def __init__(
        self, hosting: Hosting, policy: Policy, shares: Shares, executor: Executor
    ) -> None:
        self._hosting, self._policy, self._shares = hosting, policy, shares
        self._executor = executor
        self._expiry = Expiry()
        self.counts = Counts()
        self.works = self.rows = 0

    def wait(self, queue: ModelQueue, work: Work) -> None:
        """A work waits from now on."""
        work.state = "waiting"
        queue.add(work)
        self.works += 1
        self.rows += work.rows
        self._shares.add(work)
        self._expiry.push(work, self.works)

    def take_out(self, queue: ModelQueue, works: Sequence[Work]) -> None:
        """Works wait no more in one queue."""
        queue.remove(works)
        self.works -= len(works)
        self.rows -= sum([work.rows for work in works])
        self._shares.remove(works)

    def drop(self, queue: ModelQueue, works: Sequence[Work], why: DropReason) -> None:
        """Gives up works that wait in one queue."""
        self.take_out(queue, works)
        for work in works:
            self._give_up(work, why)

    def _give_up(self, work: Work, why: DropReason) -> None:
        work.state = "expired" if why in ("expired", "late") else "failed"
        self.counts.dropped[why] += 1
        self._executor.drop(work, why)

    def expire(self, now: float) -> None:
        """Gives up the works whose deadline has come."""
        for work in self._expiry.take(now):
            self.drop(self._hosting.queues[work.model], [work], "expired")

    def retry(self, work: Work, now: float) -> None:
        """Work whose device was lost waits again where it stood, or is given up."""
        queue = self._hosting.queues.get(work.model)
        has_time = queue is not None and work.deadline - now > queue.seconds_for(work.rows)
        if queue is None or not has_time or work.attempts >= MAX_ATTEMPTS:
            self._give_up(work, "device_lost")
            return
        self.counts.requeued += 1
        self.wait(queue, work)

    def serve(self, station: Station, now: float) -> None:
        """Gives a free device its next batch, if its policy does not wait for a better one."""
        self.expire(now)
        while station.is_free:
            station.wait_until = None
            if not any(queue.line.count for queue in station.queues.values()):
                return
            station.is_called = not self._executor.takes(station.spec.name)
            if station.is_called:
                return
            chosen = self._choose(station, now)
            if isinstance(chosen, Wait):
                station.wait_until = max(chosen.until, now + MIN_WAIT_S)
                return
            if chosen.works:
                self._run(station, chosen, now)
            elif not chosen.dropped:
                raise SchedulerError(f"policy {self._policy.name} chose nothing to run or drop")

    def _choose(self, station: Station, now: float) -> Choice | Wait:
        """What the policy does with a free device for which works wait, its drops done.

        Tenants who are behind come first. If the policy waits for theirs to grow, the device is
        everybody's meanwhile: a turn idles none.
        """
        behind = self._shares.behind()
        waits: Wait | None = None
        for tenants in (behind, None) if behind else (None,):
            offers = self._offers_of(station, tenants)
            if not offers:
                continue
            chosen = self._policy.choose(now, station.spec.name, offers)
            for work in chosen.dropped:
                self.drop(self._hosting.queues[work.model], [work], "late")
            if isinstance(chosen, Choice):
                is_part = tenants is not None and chosen.works
                return self._filled_up(station, chosen, now) if is_part else chosen
            waits = chosen if waits is None or chosen.until < waits.until else waits
        assert waits is not None  # works wait, so something was offered
        return waits

    def serve_any(self, queue: ModelQueue, now: float) -> None:
        """Lets the free devices that hold a model take from its queue, the fastest first."""
        for host in queue.hosts:
            if queue.line.count and not host.is_called and host.is_free:
                self.serve(host, now)

    def _filled_up(self, station: Station, chosen: Choice, now: float) -> Choice:
        """A batch of tenants who are behind, and as many works of others as run beside them.

        It takes the largest size that is filled and runs in half of the time that its own works
        have: what comes behind them waits for it, and then needs a batch of its own. What one
        tenant alone has waiting makes small batches, and time lost by them is lost to all.
        """
        queue, works = station.queues[chosen.model], list(chosen.works)
        sizes, seconds = queue.spec.sizes, queue.tables[station.spec.name]
        rows, soonest = sum(work.rows for work in works), min(work.deadline for work in works)
        least = bisect_left(sizes, rows)
        own = set(map(id, works))
        for at in range(len(sizes) - 1, least - 1, -1):
            ends = now + seconds[at]
            if at > least and (now + 2.0 * seconds[at] > soonest or queue.line.rows < sizes[at]):
                continue
            room, more = sizes[at] - rows, list[Work]()
            for work in queue.line:
                if not room:
                    break
                if work.rows <= room and work.deadline >= ends and id(work) not in own:
                    more.append(work)
                    room -= work.rows
            if not room or at == least:
                return replace(chosen, works=works + more)
        return chosen

    def _offers_of(self, station: Station, tenants: list[str] | None) -> list[Offer]:
        name, offers = station.spec.name, list[Offer]()
        for model, queue in station.queues.items():
            whole = queue.line
            if not whole.count:
                continue
            lines: list[Line] = [whole]
            if tenants is not None:
                lines = [lane for lane in map(queue.lane, tenants) if lane is not None]
            for line in lines:
                part_s = queue.part_s * line.rows / whole.rows
                offers.append(Offer(
                    model, line, queue.spec.sizes, queue.tables[name], queue.least, queue.slo_s,
                    part_s, queue.rows_per_s,
                ))  # fmt: skip
        return offers

    def next_deadline(self) -> float | None:
        """The next deadline of a work that waits."""
        return self._expiry.next()

    def _run(self, station: Station, chosen: Choice, now: float) -> None:
        queue, works = station.queues[chosen.model], list(chosen.works)
        rows = sum(work.rows for work in works)
        at = bisect_left(queue.spec.sizes, rows)
        if at == len(queue.spec.sizes) or any(
            work.model != chosen.model or work.state != "waiting" for work in works
        ):
            raise SchedulerError(
                f"policy {self._policy.name} chose {rows} rows of {chosen.model} that do not fit "
                f"its sizes {queue.spec.sizes}, or works that do not wait for it"
            )
        expected_s = queue.tables[station.spec.name][at]
        self.take_out(queue, works)
        for work in works:
            work.state = "running"
            work.attempts += 1
        self._shares.served(works, expected_s / rows)
        batch = Batch(
            station.spec.name, chosen.model, works, rows, queue.spec.sizes[at], chosen.reason, now,
            expected_s,
        )  # fmt: skip
        station.batch = batch
        self.counts.batches[chosen.reason] += 1
        self.counts.rows += rows
        self.counts.padded_rows += batch.size
        self._executor.run(batch)

"""Whether work is taken: only if it is predicted to be answered in time."""

from __future__ import annotations

from serving_example.scheduler.errors import SchedulerError
from serving_example.scheduler.queues import ModelQueue
from serving_example.scheduler.shares import Shares
from serving_example.scheduler.work import Refusal, Work

__all__ = ["Admission", "filled_by"]

MIN_RETRY_S = 0.001
"""Nobody is told to come back at once: what made the queue long has not gone."""


def filled_by(busy_s: list[float], work_s: float) -> float:
    """When devices that become free at different times have done so much work together.

    Args:
        busy_s: For how long each is busy, at least one.
        work_s: Device time to do.

    Returns:
        The least t with the sum of max(0, t - busy) over the devices at least `work_s`.
    """
    rising = sorted(busy_s)
    level, left = rising[0], work_s
    for count, step in enumerate(rising[1:], 1):
        if left <= (step - level) * count:
            return level + left / count
        left -= (step - level) * count
        level = step
    return level + left / len(rising)


class Admission:
    """Refuses at once what would be late, so that a client may ask elsewhere.

    The prediction: the devices that hold the model finish what runs, then all that waits for any
    of their models, then the work's own batch. What comes later and overtakes is not in it. A
    tenant whose own works need no more than his part of the devices until then is not refused for
    what others have waiting.

    Args:
        lag_s: What passes between a batch's end and its answers on the wire.
        max_rows: Rows that may wait in all, whatever their deadlines are.
        is_on: False admits whatever there is room for: what a queue without admission does.
    """

    def __init__(
        self, *, lag_s: float = 0.0, max_rows: int = 1_000_000, is_on: bool = True
    ) -> None:
        if not lag_s >= 0.0 or max_rows < 1:
            raise SchedulerError(
                f"expected lag_s >= 0 and max_rows >= 1, got {lag_s} and {max_rows}"
            )
        self.lag_s, self.max_rows, self.is_on = lag_s, max_rows, is_on

    def predict_s(self, queue: ModelQueue, rows: int, now: float) -> float:
        """In how many seconds work of so many rows would be answered; some device holds its model.

        The last batch of its queue is not full: the work joins it if it has room.
        """
        hosts = queue.hosts
        ahead = 0.0
        for host in hosts:
            ahead += host.queued_s
        size = queue.spec.sizes[-1]
        rest = queue.line.rows % size
        if rest and rest + rows <= size:
            ahead -= queue.seconds_for(rest)
            rows += rest
        if ahead < 0.0:
            ahead = 0.0  # sums of floats that should be nothing
        if len(hosts) == 1:
            wait = hosts[0].busy_for(now) + ahead
        else:
            wait = filled_by([host.busy_for(now) for host in hosts], ahead)
        return wait + queue.seconds_for(rows) + self.lag_s

    def takes(
        self, queue: ModelQueue, work: Work, waiting_rows: int, shares: Shares, now: float
    ) -> bool:
        """Whether work is taken that needs no closer look: `refuse` says nothing against it.

        That can be said of a model that one device holds. It reckons with a full batch in the place
        of the work's own. That takes no less, and each step of the sum is one of `predict_s`, so
        what comes out, rounded, is no less than there; nor is there more room for the tenant.

        Args:
            queue: Where it would wait.
            work: The work.
            waiting_rows: Rows that wait in all.
            shares: What tenants may have waiting.
            now: The time.
        """
        hosts, slack = queue.hosts, work.deadline - now
        if len(hosts) != 1 or not self.is_on or waiting_rows + work.rows > self.max_rows:
            return False
        host = hosts[0]
        ahead = host.queued_s if host.queued_s > 0.0 else 0.0
        found_s = host.busy_for(now) + ahead + queue.table[-1] + self.lag_s
        spare_s = (slack if work.weight >= 1.0 else slack * work.weight) - found_s
        cost_s = queue.row_s * work.rows
        return (
            slack > 0.0
            and spare_s >= 0.0
            and shares.has_room(work.tenant, cost_s, spare_s + cost_s, now)
        )

    def refuse(
        self,
        queue: ModelQueue,
        work: Work,
        ready_s: float,
        waiting_rows: int,
        shares: Shares,
        now: float,
    ) -> Refusal | None:
        """Why the work is not taken; None if it is.

        Args:
            queue: Where it would wait.
            work: The work.
            ready_s: In how many seconds the model will be loaded, where no device holds it yet.
            waiting_rows: Rows that wait in all.
            shares: What tenants may have waiting.
            now: The time.
        """
        slack = work.deadline - now
        if not slack > 0.0:
            return Refusal("predicted_late", None)
        if waiting_rows + work.rows > self.max_rows:
            return Refusal("queue_full", self._drained_s(queue))
        if not self.is_on:
            return None
        if not queue.hosts:
            found_s = ready_s + queue.cost_s + queue.seconds_for(work.rows) + self.lag_s
            return Refusal("cold", max(MIN_RETRY_S, ready_s)) if found_s > slack else None
        found_s = self.predict_s(queue, work.rows, now)
        spare_s = (slack if work.weight >= 1.0 else slack * work.weight) - found_s
        cost_s = queue.row_s * work.rows
        if spare_s < 0.0:
            refusal = Refusal("predicted_late", max(MIN_RETRY_S, -spare_s))
        elif not shares.has_room(work.tenant, cost_s, spare_s * len(queue.hosts) + cost_s, now):
            refusal = Refusal("tenant_over_share", max(MIN_RETRY_S, found_s))
        else:
            return None
        turn_s = shares.turn_s(work.tenant, cost_s, len(queue.hosts))
        if turn_s is None:
            return refusal
        # Others are in the way, and they give way to who is behind.
        soonest = min(host.busy_for(now) for host in queue.hosts)
        own_s = soonest + turn_s + queue.seconds_for(work.rows) + self.lag_s
        return None if own_s <= found_s + spare_s else refusal

    def _drained_s(self, queue: ModelQueue) -> float:
        count = max(1, len(queue.hosts))
        return max(MIN_RETRY_S, sum(host.queued_s for host in queue.hosts) / count)

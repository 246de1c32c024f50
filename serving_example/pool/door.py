"""Refusals of a moment ago, given again without asking the scheduler.

In overload the same question is asked thousands of times a second, and has the same answer each
time: what waits does not grow shorter in a millisecond. What asking costs would be taken from the
device, which needs the same interpreter.
"""

from __future__ import annotations

from typing import Final

from serving_example.pool.job import Job
from serving_example.pool.pool import Pool
from serving_example.scheduler import Clock, Refusal

__all__ = ["Door"]

HELD_S = 0.002
"""So long a refusal holds, and at most for `HELD_SHARE` of the time that was left: the queue that
it was about is as long as that time, so no device runs empty meanwhile."""
HELD_SHARE = 0.05
MORE_S = 0.001
"""Who has so much more time left is refused too: he came a little sooner after his request."""
_MOST: Final = 1_000
_OF_LOAD: Final = frozenset({"predicted_late", "queue_full", "tenant_over_share"})
"""Reasons that are about what waits. Others are about a model, and the scheduler acts on them."""

_Who = tuple[str, int, str, float]


class _Shut:
    """A refusal that holds, and how many were refused by it."""

    __slots__ = ("count", "left_s", "refusal", "until")

    def __init__(self, refusal: Refusal, left_s: float, until: float) -> None:
        self.refusal, self.left_s, self.until, self.count = refusal, left_s, until, 0


class Door:
    """Stands before a pool. Single-threaded: jobs are offered on one thread, an event loop's.

    Those who ask for the same are alike: the same program, as many rows, the same tenant and
    weight, and no more time left.

    Args:
        pool: Told how many were refused without it.
        clock: Seconds, those of the pool.
    """

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool, self._clock = pool, clock
        self._shut: dict[_Who, _Shut] = {}

    def refusal(
        self, model: str, rows: int, tenant: str, weight: float, deadline: float
    ) -> Refusal | None:
        """Why a job would not be taken, as one like it was not a moment ago; None: offer it."""
        if not self._shut:
            return None
        now, who = self._clock(), (model, rows, tenant, weight)
        shut = self._shut.get(who)
        if shut is None or now >= shut.until:
            self._open(now)
            return None
        if deadline - now > shut.left_s + MORE_S:
            return None
        shut.count += 1
        return shut.refusal

    def offer(self, job: Job) -> Refusal | None:
        """Offers a job to the pool, and remembers a refusal.

        Raises:
            PoolDownError, SchedulerError: See `Pool.submit`.
        """
        refusal = self._pool.offer(job)
        if refusal is not None and refusal.reason in _OF_LOAD:
            now = self._clock()
            left_s = max(0.0, job.deadline - now)
            who = (job.model, job.rows, job.tenant, job.weight)
            before = self._shut.pop(who, None)
            if before is not None:  # one who had more time left is refused as well
                self._tell(who, before)
            elif len(self._shut) >= _MOST:
                self._open(float("inf"))
            until = now + min(HELD_S, HELD_SHARE * left_s)
            self._shut[who] = _Shut(refusal, left_s, until)
        return refusal

    def cancel(self, job: Job) -> bool:
        """See `Pool.cancel`."""
        return self._pool.cancel(job)

    def _open(self, now: float) -> None:
        """Forgets the refusals whose time has passed."""
        for who in [who for who, shut in self._shut.items() if now >= shut.until]:
            self._tell(who, self._shut.pop(who))

    def _tell(self, who: _Who, shut: _Shut) -> None:
        if shut.count:
            self._pool.turned_away(who[0], who[1], shut.count, shut.refusal)

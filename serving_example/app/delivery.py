"""From the devices to the event loop: one wake-up for all jobs of a batch, or batches in turns."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from serving_example.pool import Job

__all__ = ["ENOUGH", "GATHER_S", "LOOK_S", "LoopDelivery"]

LOOK_S = 0.05
"""How often the loop's own lag is looked at: a batch that ends behind other work of the loop tells
of it too, but there may be none."""
GATHER_S = 0.008
"""From the begin of one batch to that of the next, on a loop that is as busy as `BUSY` or more: a
batch costs some 500 us whatever is in it (docs/serving-architecture.md#what-it-costs)."""
IDLE, BUSY = 0.4, 0.8
"""Shares of a core that the loop takes: up to the first nothing gathers, for nothing is saved that
anybody needs."""
ENOUGH = 16
"""Jobs of a batch after which nothing is gathered: as many may wait already."""
_LONG_AGO = float("-inf")
log = logging.getLogger("serving_example")


class LoopDelivery:
    """Brings the jobs of a batch to the event loop, and measures how late they come.

    The busier the loop is, the longer requests gather between two batches.

    Before `bind` and after `unbind` they are delivered on the device's thread: nothing is lost
    when a server starts or ends.

    Args:
        clock: Monotonic seconds, those of the pool.
        cpu: CPU seconds of the thread that calls it.

    Attributes:
        lagged: Told of each delay that was seen, in seconds; nobody before it is set.
        gather_s: From the begin of one turn to that of the next, at least.
    """

    def __init__(
        self, clock: Callable[[], float], cpu: Callable[[], float] = time.thread_time
    ) -> None:
        self._clock, self._cpu = clock, cpu
        self._looked_at = self._used_s = 0.0
        self._began = _LONG_AGO
        self.gather_s = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._turns: deque[Callable[[], None]] = deque()
        self._thread, self._is_turn = 0, False
        self.lagged: Callable[[float], None] = lambda seconds: None

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Delivers on this loop from now on; called on it."""
        self._loop, self._thread = loop, threading.get_ident()
        self._looked_at, self._used_s = self._clock(), self._cpu()
        self._look(self._looked_at)

    def unbind(self) -> None:
        """The loop ends; what still waits for its turn has it now."""
        with self._lock:
            self._loop = None
        while self._turns:
            self._take_turn()

    def turns(self, function: Callable[[], None]) -> bool:
        """Runs a function on the loop, between other things. See `pool.Turns`."""
        with self._lock:
            loop = self._loop
            if loop is None:
                return False
            self._turns.append(function)
            if threading.get_ident() == self._thread:
                self._ask_for_turn()
            else:
                loop.call_soon_threadsafe(self._ask_for_turn)
        return True

    def _ask_for_turn(self) -> None:
        loop = self._loop
        if loop is None:
            return  # `unbind` has given the turn
        left_s = self._began + self.gather_s - self._clock()
        if left_s > 0.0:
            loop.call_later(left_s, self._take_turn)
        else:
            loop.call_soon(self._take_turn)

    def _take_turn(self) -> None:
        if self._turns:
            self._is_turn, self._began = True, self._clock()
            try:
                self._turns.popleft()()
            finally:
                self._is_turn = False

    def __call__(self, jobs: Sequence[Job]) -> None:
        """Delivers jobs that are done; called on a device's thread, or in a turn."""
        loop = self._loop
        if self._is_turn and threading.get_ident() == self._thread:
            if len(jobs) >= ENOUGH:
                self._began = _LONG_AGO
            self._arrived(jobs)
            return
        if loop is not None:
            try:
                loop.call_soon_threadsafe(self._arrived, jobs)
                return
            except RuntimeError:
                pass  # it was closed between the two lines
        _finish(jobs)

    def _arrived(self, jobs: Sequence[Job]) -> None:
        _finish(jobs)
        if jobs[0].size:  # it ran: those that did not have waited long before
            self.lagged(self._clock() - jobs[0].finished)

    def _look(self, due: float) -> None:
        """Tells how much later than it was due this is called, and is called again."""
        now, loop = self._clock(), self._loop
        if loop is not None:
            self.lagged(max(0.0, now - due) + self.gather_s)
            if now > self._looked_at:
                used_s = self._cpu()
                share = (used_s - self._used_s) / (now - self._looked_at)
                self.gather_s = GATHER_S * min(max((share - IDLE) / (BUSY - IDLE), 0.0), 1.0)
                self._looked_at, self._used_s = now, used_s
            loop.call_later(LOOK_S, self._look, now + LOOK_S)


def _finish(jobs: Sequence[Job]) -> None:
    for job in jobs:
        try:
            job.on_done(job)
        except Exception:
            log.exception("what waited for a job failed")  # and the next job still has its answer

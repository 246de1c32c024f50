"""From the devices to the event loop: one wake-up for all jobs of a batch, or batches in turns."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence

from serving_example.pool import Job

__all__ = ["LoopDelivery"]

LOOK_S = 0.05
"""How often the loop's own lag is looked at: a batch that ends behind other work of the loop tells
of it too, but there may be none."""
log = logging.getLogger("serving_example")


class LoopDelivery:
    """Brings the jobs of a batch to the event loop, and measures how late they come.

    Before `bind` and after `unbind` they are delivered on the device's thread: nothing is lost
    when a server starts or ends.

    Args:
        clock: Monotonic seconds, those of the pool.

    Attributes:
        lagged: Told of each delay that was seen, in seconds; nobody before it is set.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._turns: deque[Callable[[], None]] = deque()
        self._thread, self._is_turn = 0, False
        self.lagged: Callable[[float], None] = lambda seconds: None

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Delivers on this loop from now on; called on it."""
        self._loop, self._thread = loop, threading.get_ident()
        self._look(self._clock())

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
                loop.call_soon(self._take_turn)
            else:
                loop.call_soon_threadsafe(self._take_turn)
        return True

    def _take_turn(self) -> None:
        if self._turns:
            self._is_turn = True
            try:
                self._turns.popleft()()
            finally:
                self._is_turn = False

    def __call__(self, jobs: Sequence[Job]) -> None:
        """Delivers jobs that are done; called on a device's thread, or in a turn."""
        loop = self._loop
        if self._is_turn and threading.get_ident() == self._thread:
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
            self.lagged(max(0.0, now - due))
            loop.call_later(LOOK_S, self._look, now + LOOK_S)


def _finish(jobs: Sequence[Job]) -> None:
    for job in jobs:
        try:
            job.on_done(job)
        except Exception:
            log.exception("what waited for a job failed")  # and the next job still has its answer

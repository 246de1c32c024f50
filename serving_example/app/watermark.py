"""Read your writes: a request waits until the events that it names are in what answers see."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Watermark"]


@dataclass(slots=True, eq=False)
class _Waiter:
    offset: int
    then: Callable[[bool], None]
    late: asyncio.TimerHandle | None = None


class Watermark:
    """The log's offset up to which all events are in what answers see, and who waits for more.

    The thread that keeps answers fresh tells it; requests wait on the event loop.

    Attributes:
        offset: An event at this offset or before it is applied, to its user and its film, and in
            the vectors that are in memory.
        hurry: Called where a request waits; nothing before it is set.
    """

    def __init__(self) -> None:
        self.offset = 0
        self.hurry: Callable[[], None] = lambda: None
        self._waiting: set[_Waiter] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def is_waited(self) -> bool:
        """Whether a request waits."""
        return bool(self._waiting)

    def reached(self, offset: int) -> None:
        """All events up to an offset are seen from now on; one thread calls it."""
        self.offset = max(offset, self.offset)
        if self._waiting and self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and with it who waited
                self._loop.call_soon_threadsafe(self._settle)

    def wait(self, offset: int, timeout_s: float, then: Callable[[bool], None]) -> None:
        """Calls back once. It is called on the event loop, and calls back there.

        Args:
            offset: What is waited for.
            timeout_s: How long.
            then: Given whether it was reached; at once if it was before.
        """
        if offset <= self.offset:
            then(True)
            return
        self._loop = loop = asyncio.get_running_loop()
        waiter = _Waiter(offset, then)
        waiter.late = loop.call_later(timeout_s, self._give_up, waiter)
        self._waiting.add(waiter)
        self.hurry()
        self._settle()  # it may have been reached while nobody was there to be told

    def _give_up(self, waiter: _Waiter) -> None:
        self._waiting.discard(waiter)
        waiter.then(False)

    def _settle(self) -> None:
        for waiter in [w for w in self._waiting if w.offset <= self.offset]:
            self._waiting.discard(waiter)
            if waiter.late is not None:
                waiter.late.cancel()
            waiter.then(True)

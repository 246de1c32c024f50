"""Work of a background thread that no request waits for long.

A thread that computes in Python keeps the interpreter lock until another one has waited for it for
`sys.getswitchinterval()`, five milliseconds by default: that is a request's pause. While a thread
works gently, all threads of the process take turns of a millisecond. So a request waits for less,
and where many threads compute all the time, the one in the background has its turn sooner too.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["TURN_S", "at_rest", "gently"]

TURN_S = 0.001
"""Below it threads do little but take turns."""
_REST_S = 0.0002
"""Longer than a waiting thread needs to wake up."""


class _Turns:
    """The length of turns, which is one for the whole process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._working = 0
        self._before = self._ours = 0.0

    def shorten(self) -> None:
        """Another thread works gently."""
        with self._lock:
            self._working += 1
            if self._working > 1:
                return
            self._before = sys.getswitchinterval()
            sys.setswitchinterval(min(self._before, TURN_S))
            self._ours = sys.getswitchinterval()
        # Who waits for the lock already does so for a turn of the old length: let them go first.
        time.sleep(_REST_S)

    def restore(self) -> None:
        """One has stopped; after the last one turns are as before."""
        with self._lock:
            self._working -= 1
            # What the application has set meanwhile stays.
            if not self._working and sys.getswitchinterval() == self._ours:
                sys.setswitchinterval(self._before)


_TURNS = _Turns()


@contextmanager
def gently() -> Iterator[None]:
    """Turns are short meanwhile. One call into C is one step all the same."""
    _TURNS.shorten()
    try:
        yield
    finally:
        _TURNS.restore()


@contextmanager
def at_rest() -> Iterator[None]:
    """Within `gently`: this thread waits, and turns need not be short for it."""
    _TURNS.restore()
    try:
        yield
    finally:
        _TURNS.shorten()

"""Epochs of entities: what was made before an entity's last change is not served after it.

A fixed table of counters, in which entities share places: a change of one invalidates a few others
as well, which costs work and never lets through what is old. So a million entities take no memory
of their own, and no list of keys is kept for each.
"""

from __future__ import annotations

import threading
from array import array

__all__ = ["Epochs"]


class Epochs:
    """A counter for each entity. `of` may be called by any thread, and so may `bump`.

    Args:
        places: Counters, rounded up to a power of two; each takes eight bytes.
    """

    def __init__(self, places: int = 1 << 20) -> None:
        bits = max(places - 1, 1).bit_length()
        self._mask = (1 << bits) - 1
        self._counters = array("Q", bytes(8 << bits))
        self._all = 0
        self._lock = threading.Lock()

    def of(self, entity: int) -> int:
        """The epoch of an entity now: it only grows."""
        return self._counters[entity & self._mask] + self._all

    def bump(self, entity: int) -> None:
        """An entity has changed."""
        with self._lock:
            self._counters[entity & self._mask] += 1

    def bump_all(self) -> None:
        """Any entity may have changed: nobody knows which."""
        with self._lock:
            self._all += 1

"""A map that is bounded in bytes and keeps what is asked for often: window, probation, protected.

What is new passes a small window in the order of use. Leaving it, it has to be asked for more often
than what it would push out; so what is asked for once, which is most, pushes nothing out. What is
asked for again moves from probation to the protected part, which holds four fifths of the rest.
(W-TinyLFU: see `sketch`. An entry counts its own uses; the sketch counts for keys without one.)
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Final, Generic, TypeVar

import msgspec

from serving_example.caches.interface import Counts
from serving_example.caches.sketch import MOST, Sketch

__all__ = ["Bounded"]

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
_WINDOW, _PROTECTED = 100, 5
"""A hundredth is the window, all but a fifth of the rest is protected: the paper's figures."""
_ENTRY_BYTES: Final = 512
"""An entry is at least about so large, which bounds how many the sketch must tell apart."""


class _Part(OrderedDict[Key, None]):
    """Keys, the least recently used first, and what their entries take."""

    size = 0


class _Entry(msgspec.Struct, Generic[Key, Value], gc=False, eq=False):
    """An entry, its part, and how often it was used, in the sketch's time.

    No part holds entries, so garbage collection has no business with them.
    """

    value: Value
    size: int
    uses: int
    era: int
    part: _Part[Key]


class Bounded(Generic[Key, Value]):
    """A map of bounded size. Single-threaded: give each thread its own, or hold a lock.

    Args:
        max_bytes: What all entries may take together; 0 lets nothing in.
        counts: Told of evictions and refusals.
        is_over: Whether a value is served no more: it is worth nothing, however often it was used.

    Attributes:
        max_bytes: As given.
        size: Bytes of all entries.
    """

    def __init__(
        self, max_bytes: int, counts: Counts, is_over: Callable[[Value], bool] = lambda value: False
    ) -> None:
        if max_bytes < 0:
            raise ValueError(f"expected max_bytes >= 0, got {max_bytes}")
        self.max_bytes, self.size, self._counts = max_bytes, 0, counts
        self._is_over = is_over
        self._window_bytes = max_bytes // _WINDOW
        self._rest_bytes = max_bytes - self._window_bytes
        self._protected_bytes = self._rest_bytes - self._rest_bytes // _PROTECTED
        self._sketch = Sketch(min(4 * max_bytes // _ENTRY_BYTES, 1 << 19))
        self._window: _Part[Key] = _Part()
        self._probation: _Part[Key] = _Part()
        self._protected: _Part[Key] = _Part()
        self._entries: dict[Key, _Entry[Key, Value]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __iter__(self) -> Iterator[Key]:
        return iter(self._entries)

    def get(self, key: Key) -> Value | None:
        """An entry, which is used by that. Asked for or found: both count for letting it in."""
        entry = self._entries.get(key)
        if entry is None:
            self._sketch.add(key)
            return None
        if entry.uses < MOST:
            entry.uses += 1
        part = entry.part
        if part is not self._probation:
            part.move_to_end(key)
            return entry.value
        self._move(key, entry, self._protected)
        while self._protected.size > self._protected_bytes and len(self._protected) > 1:
            oldest = next(iter(self._protected))
            self._move(oldest, self._entries[oldest], self._probation)
        return entry.value

    def peek(self, key: Key) -> Value | None:
        """An entry, as if nobody had looked."""
        entry = self._entries.get(key)
        return None if entry is None else entry.value

    def put(self, key: Key, value: Value, size: int) -> bool:
        """Takes an entry, in place of the one that is there.

        Args:
            key: Its key.
            value: What `get` gives.
            size: Its bytes.

        Returns:
            Whether it is there now.
        """
        entries, window, sketch = self._entries, self._window, self._sketch
        if key in entries:
            self.drop(key)
        if size > self._rest_bytes:
            self._counts.refused += 1
            return False
        entries[key] = _Entry(value, size, sketch.count(key), sketch.era, window)
        window[key] = None
        window.size += size
        self.size += size
        while window.size > self._window_bytes:
            oldest = next(iter(window))
            self._settle(oldest, entries[oldest])
        return key in entries

    def drop(self, key: Key) -> bool:
        """Forgets an entry, but not how often it was used; whether it was there."""
        entry = self._entries.get(key)
        if entry is None:
            return False
        self._remove(key, entry)
        self._sketch.raise_to(key, self._uses(entry))
        return True

    def clear(self) -> None:
        """Forgets all entries, and not what was asked for."""
        for part in (self._window, self._probation, self._protected):
            part.clear()
            part.size = 0
        self._entries.clear()
        self.size = 0

    def _remove(self, key: Key, entry: _Entry[Key, Value]) -> None:
        del self._entries[key], entry.part[key]
        entry.part.size -= entry.size
        self.size -= entry.size

    def _move(self, key: Key, entry: _Entry[Key, Value], part: _Part[Key]) -> None:
        del entry.part[key]
        entry.part.size -= entry.size
        entry.part = part
        part[key] = None
        part.size += entry.size

    def _uses(self, entry: _Entry[Key, Value]) -> int:
        """How often an entry was used of late: halved as often as the sketch was since."""
        era = self._sketch.era
        if entry.era != era:
            entry.uses >>= era - entry.era
            entry.era = era
        return entry.uses

    def _worth(self, entry: _Entry[Key, Value]) -> int:
        """What an entry is worth beside others."""
        return -1 if self._is_over(entry.value) else self._uses(entry)

    def _settle(self, key: Key, entry: _Entry[Key, Value]) -> None:
        """Puts what leaves the window among the rest, if it is worth what it pushes out."""
        over = self._probation.size + self._protected.size + entry.size - self._rest_bytes
        if over > 0:
            worth = self._worth(entry)
            victims: list[Key] = []
            for victim in itertools.chain(self._probation, self._protected):
                if worth <= self._worth(self._entries[victim]):
                    self.drop(key)
                    self._counts.refused += 1
                    return
                victims.append(victim)
                over -= self._entries[victim].size
                if over <= 0:
                    break
            for victim in victims:
                self.drop(victim)
            self._counts.evicted += len(victims)
        self._move(key, entry, self._probation)

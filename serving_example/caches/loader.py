"""Reads of many threads as one: what comes while a read is under way goes into the next.

So nobody waits for others to come, and a slow store is asked once at a time whatever the number of
those who ask. A read that began before a key was asked for never answers it: what it brings may be
older than what the asker knows to be written.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from serving_example.store import Vector, View

__all__ = ["Loader", "Place"]


class Place(NamedTuple):
    """A view (`View.id`, which holds its schema) and an entity."""

    view: str
    key: int


class _Batch:
    """Keys that are read together."""

    def __init__(self) -> None:
        self.keys: dict[View, dict[int, None]] = {}
        self.found: dict[Place, Vector | None] = {}
        self.error: Exception | None = None
        self.is_done = threading.Event()


class Loader:
    """Reads entities, many askers' in one call for each view. Safe to call from many threads.

    Args:
        read: Reads entities of a view: `OnlineStore.get_many`.

    Attributes:
        reads: How often it read.
    """

    def __init__(self, read: Callable[[View, Sequence[int]], list[Vector | None]]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._one = threading.Lock()
        self._next: _Batch | None = None
        self.reads = 0

    def load(self, view: View, keys: Sequence[int]) -> list[Vector | None]:
        """The vectors of some entities.

        Raises:
            StoreError: The store does not answer, or is damaged; all who asked with them are told.
        """
        with self._lock:
            batch, is_first = self._next, self._next is None
            if batch is None:
                batch = self._next = _Batch()
            batch.keys.setdefault(view, {}).update(dict.fromkeys(keys))
        if is_first:
            with self._one:
                self._run(batch)
        else:
            batch.is_done.wait()
        if batch.error is not None:
            raise batch.error
        return [batch.found[Place(view.id, key)] for key in keys]

    def _run(self, batch: _Batch) -> None:
        with self._lock:
            self._next = None  # who comes from now on is read next
        try:
            for view, keys in batch.keys.items():
                self.reads += 1
                found = self._read(view, list(keys))
                batch.found |= zip((Place(view.id, key) for key in keys), found, strict=True)
        except Exception as error:
            batch.error = error
        finally:
            batch.is_done.set()

"""Follows the store's stream of changes, and tells the caches what is not as it was.

The stream tells of every write, whichever process made it, so one way of invalidation serves one
process and many. A thread steps it, and so does who is about to show what may be newer than what
the caches hold: see `FilmTable`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from serving_example.caches.results import ResultCache
from serving_example.store import Change, OnlineStore, StoreError, StoreUnavailable, View

__all__ = ["Follower", "Invalidates", "Listener"]

_LOGGER = logging.getLogger("serving_example.caches")
_CHANGES = 4096


class Listener(Protocol):
    """Who is told of changes, one call at a time."""

    def changed(self, changes: Sequence[Change]) -> None:
        """These entities have another vector, or none any more."""
        ...

    def lost(self) -> None:
        """Changes were missed: any entity may have another vector."""
        ...

    def away(self, error: StoreUnavailable) -> None:
        """The store does not answer: what changes now is not told."""
        ...


class Invalidates:
    """A listener that bumps the entities of some views in a cache of results.

    Args:
        cache: The results.
        views: Those whose entities the answers are kept for.
    """

    def __init__(self, cache: ResultCache[Any], views: Sequence[View]) -> None:
        self._cache, self._views = cache, frozenset(view.id for view in views)

    def changed(self, changes: Sequence[Change]) -> None:
        """Bumps each entity."""
        for change in changes:
            if change.view in self._views:
                self._cache.bump(change.key)

    def lost(self) -> None:
        """Bumps all."""
        self._cache.epochs.bump_all()

    def away(self, error: StoreUnavailable) -> None:
        """Answers go on until their TTL: nothing is known to be wrong with them."""


class Follower:
    """Reads the stream of changes. Safe to call from many threads; one reads at a time.

    Args:
        store: The store.
        listeners: Who is told, in this order.
        then: Called by the thread after each look, whether it found anything or not.

    Attributes:
        seen: The last change that was told.
    """

    def __init__(
        self,
        store: OnlineStore,
        listeners: Sequence[Listener],
        then: Callable[[], object] = lambda: None,
    ) -> None:
        self._store, self._listeners, self._then = store, tuple(listeners), then
        self._one = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.seen = store.changes(0, 1).head

    def step(self) -> int:
        """Tells of all that changed until now; how many changes.

        Raises:
            StoreUnavailable: The store does not answer; the listeners know.
        """
        told = 0
        with self._one:
            while True:
                try:
                    found = self._store.changes(self.seen, _CHANGES)
                    if found.is_trimmed:
                        for listener in self._listeners:
                            listener.lost()
                        self.seen = found.head
                        return told
                    if found.changes:
                        for listener in self._listeners:
                            listener.changed(found.changes)
                        self.seen = found.changes[-1].seq
                        told += len(found.changes)
                except StoreUnavailable as error:
                    for listener in self._listeners:
                        listener.away(error)
                    raise
                if len(found.changes) < _CHANGES:
                    return told

    def start(self, pause_s: float = 0.02) -> None:
        """Steps in a thread from now on."""

        def run() -> None:
            while not self._stop.wait(pause_s):
                try:
                    self.step()
                    self._then()
                except StoreError as error:
                    _LOGGER.warning("changes are not followed: %s", error)
                    self._stop.wait(0.25)

        self._thread = threading.Thread(target=run, name="changes", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

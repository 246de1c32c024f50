"""A store that may be away: the first call without an answer says so, and nobody waits after it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from serving_example.store.errors import StoreError, StoreUnavailable
from serving_example.store.interface import Clock, OnlineStore, wall_clock

__all__ = ["Breaker"]

_LOGGER = logging.getLogger("serving_example.store")


class Breaker:
    """Knows whether a store answers. Safe to call from many threads.

    While the store is away it is asked in the background, and nowhere else.

    Args:
        store: The store.
        clock: The moment.
        probe_s: How often a store that is away is asked.
        on_leave: Called when it goes away, before anybody is told so.

    Attributes:
        absences: How often it went away.
    """

    def __init__(
        self,
        store: OnlineStore,
        *,
        clock: Clock = wall_clock,
        probe_s: float = 0.25,
        on_leave: Callable[[], None] = lambda: None,
    ) -> None:
        self._store, self._clock, self._probe_s, self._on_leave = store, clock, probe_s, on_leave
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._prober: threading.Thread | None = None
        self._away_since: int | None = None
        self.absences = 0

    @property
    def away_since(self) -> int | None:
        """Since when the store does not answer, microseconds since 1970; None while it does."""
        return self._away_since

    def leave(self, error: StoreUnavailable) -> None:
        """The store did not answer: it is away until it does."""
        with self._lock:
            if self._away_since is not None or self._closing.is_set():
                return
            self._on_leave()
            self._away_since = self._clock()
            self.absences += 1
            self._prober = threading.Thread(target=self._probe, name="store-probe", daemon=True)
            self._prober.start()
        _LOGGER.warning("answers are stale from now on: %s", error)

    def close(self) -> None:
        """Ends the asking in the background; the store stays open."""
        self._closing.set()
        if self._prober is not None:
            self._prober.join()

    def _probe(self) -> None:
        while not self._closing.wait(self._probe_s):
            try:
                self._store.offset()
            except StoreError:
                continue
            self._away_since = None
            _LOGGER.warning("the store answers again")
            return

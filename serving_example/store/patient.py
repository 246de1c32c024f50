"""Reading from a store that may be away: what was last seen, flagged as stale, and never a wait."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, NamedTuple

from serving_example.store.errors import StoreError, StoreUnavailable
from serving_example.store.interface import Clock, OnlineStore, wall_clock
from serving_example.store.vector import HEADER_BYTES, Vector, View

__all__ = ["Known", "Patient"]

_LOGGER = logging.getLogger("serving_example.store")
_OVERHEAD: Final = 300
"""Bytes that Python's objects take beside a payload, about."""


class Known(NamedTuple):
    """What is known of an entity.

    Attributes:
        vector: Its vector; None if there is none, or (of a stale answer) if nothing was ever seen.
        is_stale: The store did not answer: this is what was last seen.
    """

    vector: Vector | None
    is_stale: bool


class Patient:
    """Reads of a store, which go on while it is away. Safe to call from many threads.

    The first read without an answer opens the breaker: from then on nobody waits, and the store is
    asked in the background until it answers. Only for serving: who follows changes asks the store
    itself, because a stale vector must not pass for a new one.

    Args:
        store: The store.
        clock: What decides which vectors have expired.
        max_bytes: So much is remembered, the last used; 0 for a store in this process.
        probe_s: How often a store that is away is asked.

    Attributes:
        store: The store.
        stale_answers: Entities that were answered from memory.
        absences: How often it went away.
    """

    def __init__(
        self,
        store: OnlineStore,
        *,
        clock: Clock = wall_clock,
        max_bytes: int = 256 << 20,
        probe_s: float = 0.25,
    ) -> None:
        self.store = store
        self._clock, self._max_bytes, self._probe_s = clock, max_bytes, probe_s
        self._seen: OrderedDict[tuple[View, int], tuple[Vector | None, int]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._away_since: int | None = None
        self._closing = threading.Event()
        self._prober: threading.Thread | None = None
        self.stale_answers = self.absences = 0

    @property
    def away_since(self) -> int | None:
        """Since when the store does not answer, microseconds since 1970; None while it does."""
        return self._away_since

    @property
    def remembered_bytes(self) -> int:
        """What is remembered, about."""
        return self._bytes

    def get(self, view: View, key: int) -> Known:
        """What is known of an entity; see `OnlineStore.get`."""
        if self._away_since is None:
            try:
                vector = self.store.get(view, key)
            except StoreUnavailable as error:
                self._leave(error)
            else:
                self._remember([(view, key)], [vector])
                return Known(vector, False)
        return self._recall(view, [key])[0]

    def get_many(self, view: View, keys: Sequence[int]) -> list[Known]:
        """The same of many entities: all from the store, or all from memory."""
        if self._away_since is None:
            try:
                vectors = self.store.get_many(view, keys)
            except StoreUnavailable as error:
                self._leave(error)
            else:
                self._remember([(view, key) for key in keys], vectors)
                return [Known(vector, False) for vector in vectors]
        return self._recall(view, keys)

    def close(self) -> None:
        """Ends the asking in the background; the store stays open."""
        self._closing.set()
        if self._prober is not None:
            self._prober.join()

    def _remember(
        self, places: Sequence[tuple[View, int]], vectors: Sequence[Vector | None]
    ) -> None:
        if self._max_bytes == 0:
            return
        with self._lock:
            for place, vector in zip(places, vectors, strict=True):
                size = _OVERHEAD + HEADER_BYTES + len((vector and vector.payload) or b"")
                before = self._seen.pop(place, None)
                self._bytes += size - (0 if before is None else before[1])
                self._seen[place] = vector, size
            while self._bytes > self._max_bytes:
                _, (_, size) = self._seen.popitem(last=False)
                self._bytes -= size

    def _recall(self, view: View, keys: Sequence[int]) -> list[Known]:
        now = self._clock()
        with self._lock:
            self.stale_answers += len(keys)
            found = [self._seen.get((view, key), (None, 0))[0] for key in keys]
        return [Known(v if v is not None and v.expires_at > now else None, True) for v in found]

    def _leave(self, error: StoreUnavailable) -> None:
        """Opens the breaker, and begins to ask in the background."""
        with self._lock:
            if self._away_since is not None or self._closing.is_set():
                return
            self._away_since = self._clock()
            self.absences += 1
            self._prober = threading.Thread(target=self._probe, name="store-probe", daemon=True)
            self._prober.start()
        _LOGGER.warning("answers are stale from now on: %s", error)

    def _probe(self) -> None:
        while not self._closing.wait(self._probe_s):
            try:
                self.store.offset()
            except StoreError:
                continue
            self._away_since = None
            _LOGGER.warning("the store answers again")
            return

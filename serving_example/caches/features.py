"""Feature values: the vectors of entities in memory, before a store that costs a round trip.

The key is view, schema and entity: one vector each, whatever is asked of it. The stream of changes
keeps entries as new as the store, by newer-wins puts; TTLs repair what the stream may have lost.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence

from serving_example.caches.bounded import Bounded
from serving_example.caches.interface import Counts
from serving_example.caches.known import NOTHING, Entry, FeaturePolicy, Known, is_newer, served
from serving_example.caches.loader import Loader, Place
from serving_example.store import Change, Clock, OnlineStore, StoreUnavailable, Vector, View
from serving_example.store.breaker import Breaker
from serving_example.store.interface import wall_clock

__all__ = ["FeatureCache"]


class FeatureCache:
    """Reads of a store, from memory where that is as good. Safe to call from many threads.

    While the store is away nobody waits for it, and all answers are from memory and marked stale.
    Only for serving: who follows changes asks the store itself.

    Args:
        store: The store.
        views: The views that are read, so that changes of others are passed over.
        policy: How vectors are kept.
        clock: Microseconds since 1970: decides which vectors and entries have expired.
        draw: Uniform numbers from 0 to 1, for the jitter.
        probe_s: How often a store that is away is asked.

    Attributes:
        name: ``features``.
        counts: What has happened. Ages are those of the vectors: now less their event time.
        breaker: Whether the store answers.
        stale_answers: Entities that were answered from memory because it did not.
    """

    name = "features"

    def __init__(
        self,
        store: OnlineStore,
        views: Sequence[View],
        *,
        policy: FeaturePolicy | None = None,
        clock: Clock = wall_clock,
        draw: Callable[[], float] = random.random,
        probe_s: float = 0.25,
    ) -> None:
        self._store, self._views = store, {view.id: view for view in views}
        self._policy, self._clock, self._draw = policy or FeaturePolicy(), clock, draw
        self.counts, self.stale_answers = Counts(), 0
        self.breaker = Breaker(store, clock=clock, probe_s=probe_s, on_leave=self._lose_touch)
        self._entries: Bounded[Place, Entry] = Bounded(self._policy.max_bytes, self.counts)
        self._loader = Loader(store.get_many)
        self._lock = threading.Lock()
        self._touch = 0
        self._renewals: dict[Place, None] = {}
        self._moves = self._loads = 0
        self._moved: dict[Place, int] = {}

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def held_bytes(self) -> int:
        """What entries take, about."""
        return self._entries.size

    def get(self, view: View, key: int) -> Known:
        """What is known of an entity; see `OnlineStore.get`."""
        return self.get_many(view, (key,))[0]

    def get_many(self, view: View, keys: Sequence[int]) -> list[Known]:
        """The same of many entities; what is not in memory is read in one call.

        Raises:
            StoreError: The store has something damaged. One that does not answer is no error.
        """
        if self._policy.max_bytes == 0:
            return self._read_through(view, keys)
        now = self._clock()
        found: dict[int, Known] = {}
        missing: list[int] = []
        with self._lock:
            is_away = self.breaker.away_since is not None
            for key in keys:
                entry = self._look(Place(view.id, key), now, is_away)
                if entry is not None:
                    found[key] = served(entry.vector, now, is_away)
                elif key not in found:
                    missing.append(key)
        if missing:
            found |= self._load(view, list(dict.fromkeys(missing)), is_away)
        return [found[key] for key in keys]

    def peek(self, key: Place) -> Vector | None:
        """The vector that is kept at a place, however old."""
        with self._lock:
            entry = self._entries.peek(key)
        return None if entry is None else entry.vector

    def put(self, view: View, key: int, vector: Vector) -> bool:
        """Takes a vector, or a tombstone, if it is newer than what is known.

        An entity that is not in memory stays so: nobody has asked for it.

        Returns:
            Whether it was taken.
        """
        with self._lock:
            place = Place(view.id, key)
            self._move(place)
            entry = self._entries.peek(place)
            if entry is None or not is_newer(vector, entry.vector):
                return False
            return self._keep(place, vector, self._clock())

    def changed(self, changes: Sequence[Change]) -> None:
        """Reads what has changed and is in memory; see `follow.Listener`.

        Raises:
            StoreUnavailable: The store does not answer; what changed is not served as fresh.
        """
        wanted: dict[str, dict[int, None]] = {}
        with self._lock:
            touch = self._touch
            for change in changes:
                place = Place(change.view, change.key)
                self._move(place)
                if place in self._entries:
                    wanted.setdefault(change.view, {})[change.key] = None
        for name, keys in wanted.items():
            found = self._store.get_many(self._views[name], list(keys))
            now = self._clock()
            with self._lock:
                if touch != self._touch:
                    return  # it was away meanwhile: all is read again before it is served
                for key, vector in zip(keys, found, strict=True):
                    entry = self._entries.peek(place := Place(name, key))
                    # The store's word on a key that has changed: none is newer than any.
                    if entry is not None and (vector is None or is_newer(vector, entry.vector)):
                        self._keep(place, vector, now)

    def lost(self) -> None:
        """Changes were missed: all entries are read again before they are served."""
        self._lose_touch()

    def away(self, error: StoreUnavailable) -> None:
        """The store does not answer."""
        self.breaker.leave(error)

    def renew(self) -> int:
        """Reads again what was served after its soft TTL, in one call for each view; how many.

        Raises:
            StoreError: The store has something damaged.
        """
        with self._lock:
            wanted, self._renewals = list(self._renewals), {}
        if self.breaker.away_since is not None:
            return 0
        for name in dict.fromkeys(place.view for place in wanted):
            keys = [place.key for place in wanted if place.view == name]
            self._load(self._views[name], keys, is_away=False)
        self.counts.renewals += len(wanted)
        return len(wanted)

    def clear(self) -> None:
        """Forgets all entries."""
        with self._lock:
            self._touch += 1
            self._entries.clear()

    def close(self) -> None:
        """Ends what goes on in the background; the store stays open."""
        self.breaker.close()

    def _look(self, place: Place, now: int, is_away: bool) -> Entry | None:
        """What may be served of a place; under the lock."""
        entry = self._entries.get(place)
        if is_away:
            self.stale_answers += 1
            return entry or NOTHING
        if entry is not None:
            if entry.touch == self._touch and entry.read_at <= now < entry.hard_until:
                at = now if entry.vector is None else entry.vector.event_time
                self.counts.hit(max(now - at, 0) / 1e6)
                if now >= entry.soft_until:
                    self.counts.stale += 1
                    self._renewals[place] = None
                return entry
            self.counts.expired += 1
        self.counts.misses += 1
        return None

    def _load(self, view: View, keys: Sequence[int], is_away: bool) -> dict[int, Known]:
        """Reads entities and keeps them; what is remembered of them if the store is away."""
        with self._lock:
            began, touch = self._moves, self._touch
            self._loads += 1
        try:
            found = self._loader.load(view, keys)
        except StoreUnavailable as error:
            self.breaker.leave(error)
            return self._recall(view, keys)
        else:
            now = self._clock()
            with self._lock:
                if touch == self._touch:
                    for key, vector in zip(keys, found, strict=True):
                        place = Place(view.id, key)
                        # What changed since the read began may be newer than what it brought.
                        if self._moved.get(place, 0) <= began:
                            self._keep(place, self._newer(place, vector), now)
            return {
                key: served(vector, now, False) for key, vector in zip(keys, found, strict=True)
            }
        finally:
            with self._lock:
                self._loads -= 1
                if not self._loads:
                    self._moved.clear()

    def _newer(self, place: Place, vector: Vector | None) -> Vector | None:
        """Of what was read and what is kept the newer: a replica may be behind a put."""
        entry = self._entries.peek(place)
        if entry is None or entry.vector is None:
            return vector
        if vector is None:
            return None if entry.vector.payload is not None else entry.vector
        return entry.vector if is_newer(entry.vector, vector) else vector

    def _keep(self, place: Place, vector: Vector | None, now: int) -> bool:
        scale = 1.0 - self._policy.jitter * self._draw()
        soft, hard = (round(s * scale * 1e6) for s in (self._policy.soft_s, self._policy.hard_s))
        entry = Entry(vector, now, now + soft, now + hard, self._touch)
        return self._entries.put(place, entry, entry.size)

    def _move(self, place: Place) -> None:
        """A place has changed: reads that began before it are not kept."""
        if self._loads:
            self._moves += 1
            self._moved[place] = self._moves

    def _recall(self, view: View, keys: Sequence[int]) -> dict[int, Known]:
        now = self._clock()
        with self._lock:
            entries = {key: self._look(Place(view.id, key), now, True) for key in keys}
        return {key: served(e.vector if e else None, now, True) for key, e in entries.items()}

    def _read_through(self, view: View, keys: Sequence[int]) -> list[Known]:
        """Asks the store alone: it is in this process, and a get takes less than a look."""
        if self.breaker.away_since is None:
            try:
                if len(keys) == 1:
                    return [Known(self._store.get(view, keys[0]), False)]
                return [Known(vector, False) for vector in self._store.get_many(view, keys)]
            except StoreUnavailable as error:
                self.breaker.leave(error)
        self.stale_answers += len(keys)
        return [Known(None, True)] * len(keys)

    def _lose_touch(self) -> None:
        with self._lock:
            self._touch += 1

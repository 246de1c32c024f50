"""The cache of feature values against a store in a dict, while reads are under way too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from parity_tests.soak import examples
from serving_example.caches import FeatureCache, FeaturePolicy, Follower, Known
from serving_example.store import Change, Changes, StoreUnavailable, Vector, View

LASTING, SHORT = View("user_state", b"schema_1"), View("offer", b"schema_1", ttl_us=20_000_000)
VIEWS = (LASTING, SHORT)
KEYS = st.integers(0, 2)
SOFT_S, HARD_S = 5.0, 60.0


class DictStore:
    """What the cache asks of a store, in a dict; a test may write while it reads."""

    def __init__(self, clock: Any) -> None:
        self.clock, self.is_away = clock, False
        self.vectors: dict[tuple[str, int], Vector] = {}
        self.stream: list[Change] = []
        self.before_answer: list[Any] = []
        self.trimmed = 0

    def write(self, view: View, key: int, vector: Vector) -> bool:
        before = self.vectors.get((view.id, key))
        if before is not None and before.stamp >= vector.stamp:
            return False
        self.vectors[view.id, key] = vector
        self.stream.append(Change(len(self.stream) + 1, view.id, key))
        return True

    def live(self, view: View, key: int) -> Vector | None:
        found = self.vectors.get((view.id, key))
        gone = found is None or found.payload is None or found.expires_at <= self.clock()
        return None if gone else found

    def get(self, view: View, key: int) -> Vector | None:
        return self.get_many(view, (key,))[0]

    def get_many(self, view: View, keys: Sequence[int]) -> list[Vector | None]:
        if self.is_away:
            raise StoreUnavailable("away")
        found = [self.live(view, key) for key in keys]
        while self.before_answer:
            self.before_answer.pop()()  # what happens while the answer is on its way
        return found

    def changes(self, after: int, limit: int) -> Changes:
        if self.is_away:
            raise StoreUnavailable("away")
        if after < self.trimmed:
            return Changes([], True, len(self.stream))
        return Changes(self.stream[after : after + limit], False, len(self.stream))

    def offset(self) -> int:
        if self.is_away:
            raise StoreUnavailable("away")
        return 0


class Machine(RuleBasedStateMachine):
    """Writes, reads, followed changes, absences and clocks that jump, in any order.

    What is served without the mark `stale` was the store's value at some moment since the changes
    were last followed, or since the entry's hard TTL began; and never goes back in time.
    """

    @initialize(kept=st.sampled_from([1 << 20, 0]))
    def begin(self, kept: int) -> None:
        self.now = 1_000_000_000
        self.store = DictStore(lambda: self.now)
        self.cache = FeatureCache(
            self.store,  # type: ignore[arg-type]
            VIEWS, clock=lambda: self.now, draw=lambda: 0.0, probe_s=3600,
            policy=FeaturePolicy(max_bytes=kept, soft_s=SOFT_S, hard_s=HARD_S),
        )  # fmt: skip
        self.follower = Follower(self.store, [self.cache])  # type: ignore[arg-type]
        self.history: dict[tuple[str, int], list[tuple[int, Vector | None]]] = {}
        self.followed: dict[tuple[str, int], int] = {}
        self.version = self.ticks = 0

    def teardown(self) -> None:
        if hasattr(self, "cache"):
            self.cache.close()

    def _write(self, view: View, key: int, back: int, is_deleted: bool) -> None:
        self.version += 1
        at = self.now - back * 1_000_000
        made = view.vector(b"%d" % self.version, at, self.version)
        if is_deleted:
            made = view.tombstone(at, self.version)
        if self.store.write(view, key, made):
            self.ticks += 1
            self.history.setdefault((view.id, key), []).append((self.ticks, made))

    @rule(view=st.sampled_from(VIEWS), key=KEYS, back=st.integers(0, 3), gone=st.booleans())
    def write(self, view: View, key: int, back: int, gone: bool) -> None:
        self._write(view, key, back, gone)

    @rule(view=st.sampled_from(VIEWS), key=KEYS, is_trimmed=st.booleans())
    def write_while_a_read_is_under_way(self, view: View, key: int, is_trimmed: bool) -> None:
        """The write is followed, or lost with all others, before the read has its answer."""

        def meanwhile() -> None:
            self._write(view, key, 0, False)
            if is_trimmed:
                self.trim()
            if not self.store.is_away:
                self.follow()

        self.store.before_answer = [meanwhile]
        self.read(view, key)
        self.store.before_answer = []

    @rule()
    def follow(self) -> None:
        if self.store.is_away:
            with pytest.raises(StoreUnavailable):
                self.follower.step()
            return
        self.follower.step()
        for place, known in self.history.items():
            self.followed[place] = known[-1][0]

    @rule(view=st.sampled_from(VIEWS), key=KEYS)
    def read(self, view: View, key: int) -> None:
        least = self.followed.get((view.id, key), 0)
        got = self.cache.get(view, key)
        self._check(view, key, got, least)

    @rule(view=st.sampled_from(VIEWS), keys=st.lists(KEYS, max_size=4))
    def read_many(self, view: View, keys: list[int]) -> None:
        least = {key: self.followed.get((view.id, key), 0) for key in keys}
        for key, got in zip(keys, self.cache.get_many(view, keys), strict=True):
            self._check(view, key, got, least[key])

    def _check(self, view: View, key: int, got: Known, least: int) -> None:
        vector, is_stale = got
        if vector is not None:
            assert vector.payload is not None and vector.expires_at > self.now
        if is_stale:
            assert self.cache.breaker.away_since is not None
            return
        known = self.history.get((view.id, key), [])
        # What the store said when the changes were followed, and all that it has said since.
        said = [v for tick, v in known if tick >= least]
        if not least:
            said.append(None)
        is_live = [v and v.payload is not None and v.expires_at > self.now for v in said]
        allowed = [v if live else None for v, live in zip(said, is_live, strict=True)]
        assert vector in allowed, f"{vector} is older than what was followed: {allowed}"

    @rule()
    def renew(self) -> None:
        self.cache.renew()

    @rule(seconds=st.sampled_from([1, 6, 25, 61, 100_000, -2, -70]))
    def jump(self, seconds: int) -> None:
        self.now += seconds * 1_000_000

    @rule()
    def go_away(self) -> None:
        self.store.is_away = True

    @rule()
    def come_back(self) -> None:
        """What the prober does when the store answers."""
        self.store.is_away = False
        self.cache.breaker._away_since = None

    @rule()
    def trim(self) -> None:
        self.store.trimmed = len(self.store.stream)

    @invariant()
    def memory_is_bounded(self) -> None:
        if hasattr(self, "cache"):
            assert self.cache.held_bytes <= 1 << 20


def test_the_cache_is_never_older_than_what_was_followed() -> None:
    """Any interleaving of writes, reads under way, absences and clock jumps."""
    run_state_machine_as_test(Machine, settings=examples(40, soak=2_000))

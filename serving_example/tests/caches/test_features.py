"""What the cache of feature values promises, one by one, on a real store and by threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from serving_example.caches import FeatureCache, FeaturePolicy, Follower, Known
from serving_example.caches.loader import Loader, Place
from serving_example.store import Batch, LmdbStore, Put, Vector, View

VIEW = View("profile", b"schema_1")
POLICY = FeaturePolicy(max_bytes=1 << 20, soft_s=5.0, hard_s=60.0)


class Counted:
    """A store that counts how often it is read, and can be slow."""

    def __init__(self, store: LmdbStore) -> None:
        self._store = store
        self.reads: list[list[int]] = []
        self.gate: threading.Event | None = None

    def get_many(self, view: View, keys: Sequence[int]) -> list[Vector | None]:
        self.reads.append(list(keys))
        if self.gate is not None:
            self.gate.wait(10)
        return self._store.get_many(view, keys)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class World:
    """A store with ten entities behind a cache; the clock stands."""

    def __init__(self, folder: Path) -> None:
        self.now = 10**15
        self.lmdb = LmdbStore(folder, clock=lambda: self.now)
        self.store: Any = Counted(self.lmdb)
        self.write(dict.fromkeys(range(10), b"old"))
        self.cache = FeatureCache(
            self.store, [VIEW], policy=POLICY, clock=lambda: self.now, draw=lambda: 0.0
        )
        self.follower = Follower(self.store, [self.cache])

    def write(self, values: dict[int, bytes | None], version: int = 1) -> None:
        made = [
            Put(VIEW, key, VIEW.tombstone(self.now, version) if value is None
                else VIEW.vector(value, self.now, version))
            for key, value in values.items()
        ]  # fmt: skip
        self.lmdb.write(Batch(made))

    def payload(self, key: int) -> bytes | None:
        vector = self.cache.get(VIEW, key).vector
        return None if vector is None else vector.payload


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.cache.close()
    made.lmdb.close()


def test_an_entity_is_read_once(world: World) -> None:
    """What was read is served from memory; what is missing of many is read in one call."""
    assert world.payload(1) == b"old" == world.payload(1)
    known = world.cache.get_many(VIEW, [0, 1, 2, 0, 77])
    assert [k.vector and k.vector.payload for k in known] == [b"old"] * 4 + [None]
    assert world.cache.get(VIEW, 77) == Known(None, False), "that there is none is known too"
    assert world.store.reads == [[1], [0, 2, 77]]
    assert (world.cache.counts.hits, world.cache.counts.misses) == (3, 5)


def test_changes_are_served_when_they_are_followed(world: World) -> None:
    """New vectors and deletions; an entity that nobody has asked for is not read."""
    assert world.payload(1) == world.payload(2) == b"old"
    world.write({1: b"new", 2: None, 3: b"new"}, version=2)
    assert world.payload(1) == b"old"
    world.follower.step()
    assert (world.payload(1), world.payload(2)) == (b"new", None)
    assert world.store.reads[-1] == [1, 2] and len(world.cache) == 2


def test_a_put_is_taken_only_if_it_is_newer(world: World) -> None:
    """Versions order vectors of one time; behind a tombstone nothing older comes back."""
    world.payload(1)
    later, older = VIEW.vector(b"later", world.now, 3), VIEW.vector(b"older", world.now, 2)
    assert world.cache.put(VIEW, 1, later) and not world.cache.put(VIEW, 1, older)
    assert world.payload(1) == b"later"
    assert world.cache.put(VIEW, 1, VIEW.tombstone(world.now, 4))
    assert world.payload(1) is None and not world.cache.put(VIEW, 1, later)
    world.now += 6_000_000
    world.payload(1)
    world.cache.renew()
    assert world.payload(1) is None, "the store is behind: it has the first vector still"
    assert not world.cache.put(VIEW, 5, later), "nobody has asked for it"


def test_stale_vectors_are_served_and_read_again_in_one_call(world: World) -> None:
    """Past the soft TTL nobody waits: the next tick reads all of them together."""
    world.cache.get_many(VIEW, [1, 2, 3])
    world.write({1: b"new", 2: b"new"}, version=2)
    world.now += 5_000_000
    assert [world.payload(key) for key in (1, 2, 1)] == [b"old"] * 3
    assert world.cache.renew() == 2 and world.store.reads[-1] == [1, 2]
    assert [world.payload(key) for key in (1, 2)] == [b"new"] * 2
    assert world.cache.renew() == 0


def test_past_the_hard_ttl_the_store_is_asked(world: World) -> None:
    """The stream may have lost a change: no vector is served for longer without a look."""
    world.payload(1)
    world.write({1: b"new"}, version=2)
    world.now += 60_000_000
    assert world.payload(1) == b"new" and world.cache.counts.expired == 1


def test_ttls_differ(tmp_path: Path) -> None:
    """What was read at once does not run out at once."""
    world = World(tmp_path)
    draws = iter([0.0, 0.5, 1.0])
    cache = FeatureCache(
        world.store, [VIEW], clock=lambda: world.now, draw=lambda: next(draws),
        policy=FeaturePolicy(soft_s=10.0, jitter=0.2),
    )  # fmt: skip
    cache.get_many(VIEW, [1, 2, 3])
    stale = []
    for seconds in (8.1, 9.1, 10.1):
        world.now = 10**15 + round(seconds * 1e6)
        before = cache.counts.stale
        cache.get_many(VIEW, [1, 2, 3])
        stale.append(cache.counts.stale - before)
    assert stale == [1, 2, 3]
    cache.close()
    world.lmdb.close()


def test_threads_that_ask_while_a_read_is_under_way_share_the_next(world: World) -> None:
    """Twenty threads, two reads: that of the first, and one for all the others."""
    gate = world.store.gate = threading.Event()
    got: list[list[Known]] = []
    threads = [
        threading.Thread(target=lambda i=i: got.append(world.cache.get_many(VIEW, [i % 10])))
        for i in range(20)
    ]
    threads[0].start()
    while not world.store.reads:
        time.sleep(0.001)
    for thread in threads[1:]:
        thread.start()
    loader = world.cache._loader
    while loader._next is None or len(next(iter(loader._next.keys.values()), ())) < 10:
        time.sleep(0.001)
    world.store.gate = None
    gate.set()
    for thread in threads:
        thread.join(10)
    assert len(got) == 20 and all(k.vector is not None for known in got for k in known)
    assert len(world.store.reads) <= 3 and loader.reads == len(world.store.reads)


def test_a_read_that_fails_is_told_to_those_who_shared_it_and_nobody_after() -> None:
    """The next one reads again."""
    answers: list[Any] = [OSError("damaged"), [None]]

    def read(view: View, keys: Sequence[int]) -> list[Vector | None]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        found: list[Vector | None] = answer
        return found

    loader = Loader(read)
    with pytest.raises(OSError, match="damaged"):
        loader.load(VIEW, [1])
    assert loader.load(VIEW, [1]) == [None]


def test_memory_is_bounded_and_keeps_what_is_asked_for_often(tmp_path: Path) -> None:
    """A scan of many entities, each once, does not push out the few that are asked for."""
    world = World(tmp_path)
    world.write(dict.fromkeys(range(1000), b"x" * 500), version=2)
    cache = FeatureCache(
        world.store, [VIEW], clock=lambda: world.now, policy=FeaturePolicy(max_bytes=100_000)
    )
    for _ in range(5):
        for key in range(20):
            cache.get(VIEW, key)
    for key in range(20, 1_000):
        cache.get(VIEW, key)
        assert cache.held_bytes <= 100_000
    kept = [cache.peek(Place(VIEW.id, key)) is not None for key in range(20)]
    assert all(kept) and cache.counts.refused > 800
    cache.clear()
    assert len(cache) == cache.held_bytes == 0
    cache.close()
    world.lmdb.close()


@pytest.mark.parametrize("wrong", [{"soft_s": 70.0}, {"max_bytes": -1}, {"jitter": 1.0}])
def test_a_policy_that_means_nothing_is_refused(wrong: Any) -> None:
    """The error shows the policy."""
    with pytest.raises(ValueError, match="soft_s"):
        FeaturePolicy(**wrong)

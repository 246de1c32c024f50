"""The bounded map: its sizes add up, it keeps what is asked for often, and forgets in time."""

from __future__ import annotations

import random
from collections import Counter, OrderedDict
from typing import Any

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from parity_tests.soak import examples
from serving_example.caches import Counts
from serving_example.caches.bounded import Bounded
from serving_example.caches.sketch import MOST, Sketch

MAX = 10_000
KEYS = st.integers(0, 12)


class Machine(RuleBasedStateMachine):
    """Puts, gets and drops against a dict of all that was ever put."""

    def __init__(self) -> None:
        super().__init__()
        self.counts = Counts()
        self.map: Bounded[int, str] = Bounded(MAX, self.counts)
        self.known: dict[int, tuple[str, int]] = {}
        self.puts = self.dropped = 0

    @rule(key=KEYS, size=st.sampled_from([1, 90, 500, 3_000, 9_900, 9_901, 20_000]))
    def put(self, key: int, size: int) -> None:
        self.puts += 1
        self.dropped += key in self.map
        taken = self.map.put(key, f"value {self.puts}", size)
        assert taken == (key in self.map) and not (taken and size > MAX)
        self.known[key] = f"value {self.puts}", size

    @rule(key=KEYS)
    def get(self, key: int) -> None:
        is_there = key in self.map
        got = self.map.get(key)
        assert got == (self.known[key][0] if is_there else None) == self.map.peek(key)

    @rule(key=KEYS)
    def drop(self, key: int) -> None:
        is_there = key in self.map
        assert self.map.drop(key) == is_there and key not in self.map
        self.dropped += is_there

    @rule()
    def clear(self) -> None:
        self.dropped += len(self.map)
        self.map.clear()

    @invariant()
    def sizes_add_up(self) -> None:
        sizes = [self.known[key][1] for key in self.map]
        assert self.map.size == sum(sizes) <= MAX and len(self.map) == len(sizes)
        gone = self.counts.evicted + self.counts.refused + self.dropped
        assert self.puts == len(self.map) + gone


def test_the_map_adds_up_whatever_is_put() -> None:
    """It is never over its bytes; each put is there, was dropped, evicted or refused."""
    run_state_machine_as_test(Machine, settings=examples(40, soak=2_000))


def hits(cache: Any, keys: list[int]) -> int:
    """Hits of a cache that takes each miss."""
    found = 0
    for key in keys:
        if cache.get(key) is None:
            cache.put(key, True, 1_000)
        else:
            found += 1
    return found


class Lru(OrderedDict[int, bool]):
    """The last used hundred: what a cache without admission keeps."""

    def get(self, key: int, default: Any = None) -> Any:
        if key in self:
            self.move_to_end(key)
            return self[key]
        return None

    def put(self, key: int, value: bool, size: int) -> None:
        self[key] = value
        if len(self) > 100:
            self.popitem(last=False)


def test_one_hit_wonders_push_out_nothing() -> None:
    """Zipf draws with a scan between them: more hits than the last used, in the same room."""
    draw = random.Random(3)
    popular = draw.choices(range(5_000), [1 / rank for rank in range(1, 5_001)], k=20_000)
    keys = [k for i, key in enumerate(popular) for k in ([key, 10_000 + i] if i % 2 else [key])]
    ours = hits(Bounded(100_000, Counts()), keys)
    last_used = hits(Lru(), keys)
    assert ours > 1.4 * last_used


def test_what_was_popular_gives_way() -> None:
    """After the popular keys have changed, the new ones take the room within some thousand asks."""
    draw = random.Random(4)
    cache: Bounded[int, bool] = Bounded(20_000, Counts())
    for start in (0, 100, 200):
        hits(cache, draw.choices(range(start, start + 20), k=4_000))
        assert hits(cache, draw.choices(range(start, start + 18), k=500)) > 350


def test_the_sketch_never_counts_too_few() -> None:
    """Against a Counter; a halving takes half, and 15 is the most."""
    draw = random.Random(5)
    sketch, true = Sketch(256, sample=10**6), Counter[int]()
    for key in draw.choices(range(200), k=900):
        sketch.add(key)
        true[key] += 1
    assert all(sketch.count(key) >= min(true[key], MOST) for key in range(200))
    assert sum(sketch.count(key) - min(true[key], MOST) for key in range(200)) < 200
    small = Sketch(64, sample=20)
    for _ in range(20):
        small.add("x")
    assert small.count("x") == MOST // 2 and small.era == 1
    small.raise_to("x", 12)
    small.raise_to("x", 3)
    assert small.count("x") == 12


def test_what_is_over_makes_room_for_anything() -> None:
    """An entry that is served no more goes before what was asked for once; one that is, stays."""
    over: set[int] = set()
    cache: Bounded[int, int] = Bounded(10_000, Counts(), over.__contains__)
    for _ in range(3):
        for key in range(10):
            cache.get(key)
            cache.put(key, key, 900)
    assert {0, 1, 2} <= set(cache)
    over.update((0, 1))
    for key in range(100, 110):  # asked for once each, when all the others were asked for thrice
        cache.get(key)
        cache.put(key, key, 900)
    assert not over & set(cache) and 2 in cache

"""What the embedded store costs: `python -m serving_example.tests.store.measure`.

CPU time of the thread that calls, best of five; waits for the disk are told apart.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from featurelib_online import stream
from serving_example.caches import FeatureCache, FeaturePolicy
from serving_example.definition import feature_set
from serving_example.store import (
    Batch,
    Freshness,
    LmdbLog,
    LmdbStore,
    Objective,
    Put,
    StateView,
    Tailer,
    View,
)
from serving_example.tests.store.ratings import as_json
from serving_example.train.data import load

EVENTS, STEP = 20_000, 256
NAMES = {"ratings_by_user": "user_state", "ratings_by_film": "film_state"}


def told(what: str, call: Callable[[int], object], n: int) -> None:
    """Prints the CPU time of a call."""
    best = float("inf")
    for _ in range(5):
        began = time.thread_time()
        for i in range(n):
            call(i)
        best = min(best, time.thread_time() - began)
    print(f"{what:<44} {best / n * 1e6:8.2f} us")


def main() -> None:
    definition = feature_set().aggregates
    assert definition is not None
    views = {s: StateView.of(stream.compile(definition, s), NAMES[s]) for s in definition.sources}
    frame = load().events.sort("rated_at", "rating_id").head(EVENTS)
    records = [as_json(row) for row in frame.iter_rows(named=True)]
    with tempfile.TemporaryDirectory() as name:
        log, store = LmdbLog(Path(name) / "log"), LmdbStore(Path(name) / "store")
        cpu, wall = time.thread_time(), time.perf_counter()
        for i in range(0, EVENTS, STEP):
            log.append(records[i : i + STEP])
        told_each("an event appended, 256 together", cpu, wall)
        tailer = Tailer(log, store, views)
        cpu, wall = time.thread_time(), time.perf_counter()
        while tailer.step(STEP):
            pass
        told_each("an event applied, 256 together", cpu, wall)
        users = views["ratings_by_user"]
        found = {key: len(v.payload or b"") for key, v in store.scan(users.view)}
        keys = list(found)
        print(f"{len(found)} states of users, {sum(found.values()) // len(found)} bytes each")
        small = View("small", b"measured")
        store.write(Batch([Put(small, k, small.vector(b"x" * 200, 1, 1)) for k in range(1000)]))
        hundred = list(range(100))
        direct = FeatureCache(store, [small], policy=FeaturePolicy(max_bytes=0))
        cached = FeatureCache(store, [small])
        told("get, 200 bytes", lambda i: store.get(small, i % 1000), 5000)
        told("get_many of 100, 200 bytes each", lambda i: store.get_many(small, hundred), 100)
        told("get by a FeatureCache of no bytes", lambda i: direct.get(small, i % 1000), 5000)
        told("get by a FeatureCache, a hit", lambda i: cached.get(small, i % 1000), 5000)
        told("get and load a user's state", lambda i: users.read(store, keys[i % len(keys)]), 500)
        fresh = Freshness([Objective("small", "age", 60.0)])
        told("Freshness.observe", lambda i: fresh.observe("small", 0), 5000)
        log.close()
        store.close()


def told_each(what: str, cpu: float, wall: float) -> None:
    """Prints the CPU time of an event, and how many there were a second with the disk's waits."""
    passed, waited = time.thread_time() - cpu, time.perf_counter() - wall
    print(f"{what:<44} {passed / EVENTS * 1e6:8.2f} us, {EVENTS / waited:,.0f}/s with the disk")


if __name__ == "__main__":
    main()

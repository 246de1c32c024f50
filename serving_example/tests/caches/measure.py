"""What caches cost, how often they hit: ``python -m serving_example.tests.caches.measure``."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from serving_example.app.cached import CachedRecommender
from serving_example.app.contracts import CURRENT, Contract, Recommended
from serving_example.app.http import Request
from serving_example.app.recommender import Ask
from serving_example.caches import Made, Policy, ResultCache, Waiter, answerer, canonical
from serving_example.load.kernel import zipf
from serving_example.tests.caches.asking import ask

BODY = b"x" * 700
"""About ten films with scores, and what else an answer tells."""
RATE, EVENTS = 10_000, 0.01
USERS = 1_000_000
SETTINGS = (
    (64, 3, 1 / 3), (64, 4, 0.9), (64, 5, 0.9), (64, 30, 1 / 3), (64, 30, 0.9), (64, 120, 0.9),
    (16, 30, 0.9), (4, 30, 0.9),
)  # fmt: skip
"""MiB, TTL in seconds, and the share of it after which a hit renews."""


class _Model:
    name, digest = "ranker", "0" * 64


class _Stub:
    """A recommender whose models are there, and which is never asked."""

    ranker = towers = _Model
    model = "ranker and towers"

    def program(self, name: str | None) -> Any:
        return self


def main() -> None:
    """Prints what a hit costs, part by part, then hit rates."""
    users = list(range(10_000))
    cache: ResultCache[bytes] = ResultCache(
        clock=time.monotonic, policy=Policy(soft_s=1e6, hard_s=1e6), audit=lambda body, tell: None
    )
    stub: Any = _Stub()
    cached = CachedRecommender(stub, cache, "f" * 64, {}, time.monotonic)
    contract = Contract(CURRENT, Recommended, Recommended)
    name, waiter = answerer("a"), Waiter[Made[bytes]](print, math.inf)
    named = cached._name(stub, Ask(1, 10), contract)
    keys = [named + canonical([user, 10]) for user in users]
    for user, key in zip(users, keys, strict=True):
        ask(cache, key, user, at_once, Waiter(lambda made: None, math.inf))
    asks, request = [Ask(user, 10) for user in users], Request("GET", "/", deadline=math.inf)
    told("the canonical bytes of a request", lambda i: name + canonical([users[i], 10]))
    told("a hit in the cache of results", lambda i: ask(cache, keys[i], users[i], at_once, waiter))
    told("a hit in all, to the response", lambda i: cached.recommend(asks[i], request, contract))
    told("a change of a user", lambda i: cache.bump(users[i]))
    told("a miss, to the answer that is kept", _missing(cache))
    print(f"\nZipf(1.0) over {USERS:,} users, {RATE:,} requests/s, {EVENTS:.0%} events")
    for mib, ttl_s, soft in SETTINGS:
        hits, made = shares(mib << 20, ttl_s, soft * ttl_s)
        print(f"{mib:>4} MiB, {ttl_s:>3} s, renewed after {soft * ttl_s:5.1f} s: {hits:.1%} hits, "
              f"{made:.1%} made", flush=True)  # fmt: skip


def at_once(deadline: float, done: Callable[[Any], None]) -> Callable[[], None]:
    """Work that answers at once."""
    done(Made(BODY, len(BODY)))
    return lambda: None


def _missing(cache: ResultCache[bytes]) -> Callable[[int], object]:
    new = map(b"%d".__mod__, itertools.count())
    return lambda i: ask(cache, next(new), i, at_once, Waiter(lambda made: None, math.inf))


def told(what: str, call: Callable[[int], object], times: int = 1_000) -> None:
    """Prints the CPU time of a call: the least of ten rounds."""
    best = math.inf
    for round_ in range(10):
        first = round_ * times
        began = time.thread_time_ns()
        for i in range(first, first + times):
            call(i)
        best = min(best, (time.thread_time_ns() - began) / times)
    print(f"{what:<44} {best / 1e3:6.2f} us")


def shares(max_bytes: int, ttl_s: float, soft_s: float, seconds: float = 40.0) -> tuple[float, ...]:
    """Hits, and answers that are made, of the requests of the second half of simulated traffic."""
    now, rng = 0.0, np.random.default_rng(1)
    cache: ResultCache[bytes] = ResultCache(
        clock=lambda: now, policy=Policy(max_bytes, soft_s, ttl_s), draw=rng.random
    )
    nobody, counts = Waiter[Made[bytes]](lambda made: None, math.inf), cache.counts
    before = 0, 0, 0
    for number in range(int(RATE * seconds)):
        now += 1 / RATE
        user = zipf(rng, USERS, 1.0)
        if rng.random() < EVENTS:
            cache.bump(user)
            continue
        ask(cache, canonical([user, 10]), user, at_once, nobody)
        if number < RATE * seconds / 2:
            before = counts.hits, counts.misses, counts.renewals
    hits, misses, renewals = (
        now - then
        for now, then in zip((counts.hits, counts.misses, counts.renewals), before, strict=True)
    )
    return hits / (hits + misses), (misses + renewals) / (hits + misses)


if __name__ == "__main__":
    main()

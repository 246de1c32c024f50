"""What a request costs the event loop: ``python -m serving_example.tests.app.measure``.

Bytes are given to the protocol of a connection, and what it writes is thrown away: no sockets, no
other process, so the CPU time of the thread is that of parsing, letting in, answering and counting.
The service is the real one: models, store, log, caches, metrics.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import gc
import itertools
import queue
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from serving_example.app.caching import CacheOptions
from serving_example.app.connection import Connection
from serving_example.app.deadlines import Deadlines
from serving_example.app.keys import new_key
from serving_example.app.pace import Pace
from serving_example.app.routes import Routes
from serving_example.app.starting import YOUNG
from serving_example.caches import Policy
from serving_example.instants import instant
from serving_example.tests.app.film_world import FilmWorld
from serving_example.tests.features.worlds import FILMS
from serving_example.tests.features.worlds import USERS as PROFILES

__all__ = ["Bench"]

CONNECTIONS, USERS = 64, 640
LATE_S, HURRIED = 4.0, "X-Timeout-Ms: 100"
PLAIN = "Host: 127.0.0.1:8000"
CLIENT = "\r\n".join(
    [PLAIN, "Accept: */*", "Accept-Encoding: gzip, deflate", "Connection: keep-alive",
     "User-Agent: python-httpx/0.28.1"]
)  # fmt: skip


class Turns:
    """What stands for the event loop: calls from other threads are run when they are asked for."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[tuple[Callable[..., object], tuple[Any, ...]]]
        self._calls = queue.SimpleQueue()

    def call_soon_threadsafe(self, call: Callable[..., object], *given: Any) -> None:
        """Runs a call soon."""
        self._calls.put((call, given))

    def call_later(self, seconds: float, call: Callable[..., object], *given: Any) -> None:
        """Nothing here is late."""

    def turn(self) -> Callable[[], object]:
        """Waits for a call; what it gives is the call."""
        call, given = self._calls.get(timeout=10)
        return lambda: call(*given)


class Sink(asyncio.Transport):
    """A transport that counts what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.writes, self.last = 0, b""

    def write(self, data: Any) -> None:
        """Counts it."""
        self.writes += 1
        self.last = data

    def is_closing(self) -> bool:
        """It stays open."""
        return False


class Bench:
    """A service with connections.

    Args:
        folder: For its store, log and artifacts.
        keyed: Whether requests need an API key.
    """

    def __init__(self, folder: Path, *, keyed: bool = False) -> None:
        text, key = new_key("bench", bytes, rate=1e9, burst=1e9)
        self.bearer = f"Authorization: Bearer {text}"
        caches = CacheOptions(Policy(soft_s=1e6, hard_s=1e6, audit_share=0.0))
        self.turns = Turns()
        # The device has a thread of its own, so that its work is not counted as the loop's.
        self.world = FilmWorld(
            folder, caches=caches, keys=[key] if keyed else None, takes_turns=False
        )
        self.service = self.world.service
        self.service.delivery.bind(self.turns)  # type: ignore[arg-type]
        routes = [
            *self.service.routes(self.turns.call_soon_threadsafe),
            *self.world.films.routes(self.turns.call_soon_threadsafe),
        ]
        self.application = self.service.application(Routes(routes))
        self.application.set_date(time.time())
        self.clock = self.application.clock
        self.connections: set[Any] = set()
        self.deadlines = Deadlines(self.clock, self.turns.call_later)
        self.pace = Pace(lambda: 0.0, lambda call: None)  # nothing here is put off
        self.sinks: list[Sink] = []
        self.open: list[Connection] = []
        port: Any = self
        for _ in range(CONNECTIONS):
            made, sink = Connection(port), Sink()
            made.connection_made(sink)
            self.sinks.append(sink)
            self.open.append(made)

    def close(self) -> None:
        """Ends it."""
        self.service.delivery.unbind()
        self.world.films.close()
        self.service.close()
        self.world.store.close()
        self.world.log.close()

    @property
    def written(self) -> int:
        """Answers so far."""
        return sum(sink.writes for sink in self.sinks)

    def at_once(self, requests: list[bytes]) -> float:
        """CPU seconds of each of some requests that are answered where they are parsed."""
        receive = [one.data_received for one in self.open]
        before, n = self.written, len(receive)
        began = time.thread_time_ns()
        for i, data in enumerate(requests):
            receive[i % n](data)
        took = time.thread_time_ns() - began
        assert self.written - before == len(requests), "an answer was waited for"
        return took / 1e9 / len(requests)

    def waited(self, requests: list[bytes], together: int = 16) -> float:
        """CPU seconds on the loop of each of some requests that other threads have a part in."""
        receive, n, took = [one.data_received for one in self.open], len(self.open), 0
        for at in range(0, len(requests), together):
            wanted = self.written + len(requests[at : at + together])
            began = time.thread_time_ns()
            for i, data in enumerate(requests[at : at + together], at):
                receive[i % n](data)
            took += time.thread_time_ns() - began
            while self.written < wanted:
                call = self.turns.turn()
                began = time.thread_time_ns()
                call()
                took += time.thread_time_ns() - began
        return took / 1e9 / len(requests)

    def refused(self, requests: list[bytes]) -> float:
        """CPU seconds of each of some requests that would be late: `HURRIED` is among their lines.

        The pool is told that answers take long to reach their clients, and forgets it soon.
        """
        self.service.pool.lagged(LATE_S)
        took = self.at_once(requests)
        assert all(sink.last.startswith(b"HTTP/1.1 503 ") for sink in self.sinks)
        return took


def get(user: int, *lines: str, k: int = 10) -> bytes:
    """A request by GET."""
    head = "\r\n".join([f"GET /v1/recommend/{user}?k={k} HTTP/1.1", *(lines or (PLAIN,))])
    return (head + "\r\n\r\n").encode()


def post(path: str, body: str, *lines: str) -> bytes:
    """A request by POST."""
    lines = (*(lines or (PLAIN,)), "Content-Type: application/json")
    head = "\r\n".join([f"POST {path} HTTP/1.1", *lines, f"Content-Length: {len(body)}"])
    return f"{head}\r\n\r\n{body}".encode()


def ratings(numbers: Iterator[int], at: dt.datetime, count: int) -> list[bytes]:
    """Requests with one rating each."""
    made = []
    for number in (next(numbers) for _ in range(count)):
        event = (
            f'{{"events":[{{"rating_id":{number},"user_id":{number % PROFILES + 1},"item_id":'
            f'{100 + number % FILMS},"rating":4,"rated_at":"{at:%Y-%m-%dT%H:%M:%S.%fZ}"}}]}}'
        )
        made.append(post("/v1/events", event))
    return made


def main() -> None:
    """Prints the CPU time of requests, each the median of some rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        users = range(1, USERS + 1)
        hits = {
            "a hit by GET": [get(user) for user in users],
            "a hit by GET, a client's headers": [get(user, CLIENT) for user in users],
            "a hit by POST": [post("/v1/recommend", f'{{"user_id":{u},"k":10}}') for u in users],
        }
        bench.waited(hits["a hit by GET"])
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG)  # as the service does
        rounds: dict[str, list[float]] = {}
        ids, now = itertools.count(time.time_ns() // 1000), instant(bench.world.clock())
        for round_ in range(options.rounds):
            took = {kind: bench.at_once(requests) for kind, requests in hits.items()}
            # Each round has a k that was not asked for before.
            took["a miss"] = bench.waited([get(user, k=round_ % 90 + 11) for user in users])
            strangers = range(USERS + 1, 2 * USERS + 1)
            took["a refusal"] = bench.refused([get(user, PLAIN, HURRIED) for user in strangers])
            took["an event"] = bench.waited(ratings(ids, now, 64))
            for kind, seconds in took.items():
                rounds.setdefault(kind, []).append(seconds)
        for kind, found in rounds.items():
            print(f"{kind:<44} {statistics.median(found) * 1e6:6.2f} us", flush=True)
        bench.close()


if __name__ == "__main__":
    main()

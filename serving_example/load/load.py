"""A load: what is asked, how often, for how long; and the run of it."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from serving_example.load import requests
from serving_example.load.connections import Connections
from serving_example.load.kernel import (
    BUCKETS,
    END_AT,
    FIRST_ID,
    N_COUNTS,
    N_TIMES,
    NEXT_AT,
)
from serving_example.load.kernel import run as run_kernel
from serving_example.load.report import Report, Second
from serving_example.load.state import State

__all__ = ["Load", "churn", "run"]

_SLICE_S = 0.1
"""How long the loop runs between two looks of the interpreter."""
MAX_REQUESTS = 100_000_000


@dataclass(frozen=True, slots=True)
class Load:
    """A load of independent clients: an open loop.

    Attributes:
        url: Of the server, ``http://host:port``.
        rate: Arrivals a second; the gaps between them are exponential.
        seconds: For how long requests arrive.
        connections: Kept open.
        depth: Requests under way on one connection; above 1 they are pipelined.
        users: User keys, 1 to this. With a store that holds H histories under salted ids, the key
            ``history + H * salt`` has that history.
        zipf: A user of rank r is drawn with a weight of ``r**-zipf``.
        churn_s: Every rank has another user about once in so many seconds; 0: never.
        events: The share of requests that are ratings.
        items: Films that can be rated, 1 to this.
        path: Of a request, with ``{user}``.
        events_path: Of a rating.
        headers: More headers.
        within_ms: The objective: answers in time are counted.
        grace_s: After the last arrival, for answers that are still to come.
        tick_ms: How often sockets are looked at. Latencies are at most so much too high.
        seed: Of all draws.

    Raises:
        ValueError: A number is out of its range, or the URL is no http URL.
    """

    url: str
    rate: float = 10_000.0
    seconds: float = 60.0
    connections: int = 256
    depth: int = 1
    users: int = 1_000_000
    zipf: float = 1.0
    churn_s: float = 0.0
    events: float = 0.01
    items: int = 1_682
    path: str = "/v1/recommend/{user}?k=10"
    events_path: str = "/v1/events"
    headers: tuple[str, ...] = ()
    within_ms: float = 50.0
    grace_s: float = 10.0
    tick_ms: float = 1.0
    seed: int = 0
    pid: int = 0

    def __post_init__(self) -> None:
        positive = ("rate", "seconds", "connections", "depth", "users", "items", "within_ms",
                    "tick_ms")  # fmt: skip
        for name in positive:
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"expected {name} > 0, got {getattr(self, name)}")
        if not 0 <= self.events <= 1:
            raise ValueError(f"expected a share of events from 0 to 1, got {self.events}")
        for name in ("zipf", "churn_s", "grace_s"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"expected {name} >= 0, got {getattr(self, name)}")
        if self.rate * self.seconds > MAX_REQUESTS:
            raise ValueError(f"expected at most {MAX_REQUESTS:,} requests in all, got "
                             f"{self.rate:g}/s for {self.seconds:g} s")  # fmt: skip
        if urlsplit(self.url).scheme != "http" or not urlsplit(self.url).hostname:
            raise ValueError(f"expected http://host:port, got {self.url!r}")


def run(
    load: Load,
    progress: Callable[[Second], None] = lambda second: None,
    clock: Callable[[], float] = time.monotonic,
) -> Report:
    """Runs a load against a server.

    Args:
        load: What is asked.
        progress: Told of each second.
        clock: Of the machine: monotonic seconds, the same that the loop reads.

    Raises:
        OSError: The server takes no connections.
        ValueError: A path or a header that cannot stand in a request.
    """
    where, rng = urlsplit(load.url), np.random.default_rng(load.seed)
    state = State(
        counts=np.zeros(N_COUNTS, np.int64), times=np.zeros(N_TIMES),
        statuses=np.zeros(1000, np.int64), good=np.zeros(BUCKETS, np.int64),
        bad=np.zeros(BUCKETS, np.int64), lag=np.zeros(BUCKETS, np.int64),
        users=rng.permutation(np.arange(1, load.users + 1, dtype=np.int32)),
    )  # fmt: skip
    # Ids of ratings are unique: a run starts later than any before it, and counts from there.
    state.counts[FIRST_ID] = time.time_ns() // 1000
    settings = (load.rate, load.zipf, load.events, load.items, load.within_ms / 1000,
                load.tick_ms / 1000)  # fmt: skip
    with Connections(where.hostname or "", where.port or 80, load.connections, load.depth) as made:
        templates = _templates(load)
        run_kernel(made.sockets, state, rng, templates, *settings, 0.0)  # compiles, and ends
        made.begin(state)
        report = Report(load, state)
        begun = clock()
        end = begun + load.seconds
        state.times[NEXT_AT], state.times[END_AT] = begun + rng.exponential(1 / load.rate), end
        now, last = begun, end + load.grace_s
        while now < last and (state.times[NEXT_AT] <= end or made.sockets.waiting.any()):
            until = min(now + _SLICE_S, last)
            now = run_kernel(made.sockets, state, rng, templates, *settings, until)
            made.reopen(state, now)
            if load.churn_s:
                churn(state.users, _SLICE_S / load.churn_s, rng)
            if report.tick(now - begun, int(made.sockets.waiting.sum())):
                progress(report.seconds[-1])
                templates = _templates(load)
        unsent = _due(state, load.rate, rng)
        waiting = [now - at for at in (*made.under_way(), *unsent)]
        report.end(now - begun, waiting, len(unsent), made.reopened)
    return report


def churn(users: np.ndarray[Any, Any], share: float, rng: np.random.Generator) -> None:
    """Gives about a share of the ranks, drawn evenly, each other's users; all users stay."""
    drawn = rng.poisson(len(users) * min(share, 1.0))
    ranks = rng.permutation(np.unique(rng.integers(0, len(users), drawn)))
    users[ranks] = users[np.roll(ranks, 1)]


def _templates(load: Load) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The requests; ratings are of now."""
    host, now = urlsplit(load.url).netloc, dt.datetime.now(dt.UTC)
    query = requests.query(host, load.path, load.headers)
    return query, requests.event(host, load.events_path, load.headers, now)


def _due(state: State, rate: float, rng: np.random.Generator) -> list[float]:
    """When those were due that had no connection until the end."""
    due, at = [], float(state.times[NEXT_AT])
    while at <= state.times[END_AT]:
        due.append(at)
        at += rng.exponential(1 / rate)
    return due

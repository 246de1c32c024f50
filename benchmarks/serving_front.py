"""What HTTP itself costs: the service with a recommender that answers at once, and a bare protocol.

The service is the real one up to the recommender: limits, keys, ids, times, metrics, contracts. The
bare protocol parses with httptools and writes the same body, and does nothing else: what is between
the two is what a correct server costs. An open loop asks (`serving_example.load`), on the same
cores.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import subprocess
import sys
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httptools
import uvloop

from benchmarks.tables import Table
from serving_example.app.application import Application
from serving_example.app.contracts import Item, ModelName, Recommended, contracts
from serving_example.app.delivery import LoopDelivery
from serving_example.app.http import Pending, Response, encode
from serving_example.app.keys import Keys
from serving_example.app.limits import Limits
from serving_example.app.metrics import Metrics
from serving_example.app.recommend import Recommendations
from serving_example.app.routes import Route, Routes
from serving_example.app.server import Server, bound
from serving_example.definition import BY_USER

RATES = (2_000, 5_000, 10_000, 15_000, 20_000)
BODY = encode(
    Recommended(
        user_id=1, items=[Item(i, i / 8) for i in range(10)], model=ModelName("ranker", "a" * 64),
        retrieval=ModelName("towers", "b" * 64), fingerprint="c" * 64,
        as_of=dt.datetime(2026, 11, 23, tzinfo=dt.UTC), flags=[],
        feature_age_s={"user_state": 1.5, "film": 2.5},
    )
)  # fmt: skip


def measure(quick: bool) -> list[Table]:
    """The table of this page."""
    from serving_example.load import Load, run

    table = Table(
        "HTTP alone: a body of 600 bytes, 256 connections, open loop",
        ("who", "offered/s", "answered/s", "P50, ms", "P95, ms", "server CPU, us", "generator, us"),
    )
    for who in ("bare protocol", "service"):
        with _started(who) as (pid, port):
            for rate in RATES[:1] if quick else RATES:
                load = Load(
                    f"http://127.0.0.1:{port}", rate=rate, seconds=1 if quick else 8, events=0.0,
                    grace_s=3, pid=pid,
                )  # fmt: skip
                told = run(load).figures()
                ms = [f"{told['latency_ms'][q]:.2f}" for q in ("p50", "p95")]
                us = [f"{told[name]:.1f}" for name in ("server_us", "generator_us")]
                table.rows.append((who, f"{rate:,}", f"{told['reached_per_s']:,.0f}", *ms, *us))
    table.notes = [
        "Latency counts from the time at which a request was to be sent.",
        "The more requests come in one turn of the loop, the less each costs.",
    ]
    return [table]


@contextlib.contextmanager
def _started(who: str) -> Iterator[tuple[int, int]]:
    """A child that serves: its process and its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.serving_front", who], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield process.pid, int(process.stdout.readline())
    finally:
        process.terminate()
        process.communicate(timeout=60)


class _Instant:
    """A recommender that has its answer."""

    def recommend(self, ask: Any, request: Any, answer: Any) -> Pending:
        pending = Pending()
        pending.set(Response(body=BODY))
        return pending


class _Bare(asyncio.Protocol):
    """As little as answers."""

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        self._transport.write(head % len(BODY) + BODY)


async def _serve_bare() -> None:
    listening = bound("127.0.0.1", 0)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Bare, sock=listening, backlog=1024)
    print(listening.getsockname()[1], flush=True)
    await server.serve_forever()


def _serve() -> None:
    limits, metrics = Limits(), Metrics()
    fields = {field.name: field for field in BY_USER.schema.fields}
    asked = Recommendations(
        _Instant(), contracts(fields, limits), limits, SimpleNamespace(offset=0), time.monotonic,
        metrics,
    )  # fmt: skip
    application = Application(
        Routes([Route("GET", "/v1/recommend/{user_id}", asked.get)]), limits=limits,
        keys=Keys(None, time.monotonic), metrics=metrics, clock=time.monotonic, id_prefix="b",
    )  # fmt: skip
    listening = bound("127.0.0.1", 0)
    listening.listen(1024)
    print(listening.getsockname()[1], flush=True)
    Server([(application, listening)], LoopDelivery(time.monotonic)).run()


if __name__ == "__main__":
    if sys.argv[1] == "service":
        _serve()
    else:
        with contextlib.suppress(KeyboardInterrupt):
            uvloop.run(_serve_bare())

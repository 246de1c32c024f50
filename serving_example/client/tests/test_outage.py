"""Many clients and an outage, and many faulty calls: what they cost the server and themselves."""

import asyncio
import contextlib
import gc
import os
import random
import threading
import time
from collections.abc import Callable

from featurelib_client import AsyncClient, CallError, Client
from parity_tests.soak import amount
from serving_example.client.tests.faulty import FaultyProxy

CLIENTS = amount(10, soak=50)
OUTAGE_S = amount(0.3, soak=10.0)
CALLS = amount(60, soak=5_000)
"""Of each kind: threads and tasks."""
ASKED = amount(8, soak=100)
"""Calls of each client after the outage."""
FAULTS = ("close", "reset", "503", "503 now", "429", "malformed", "no HTTP", "slow first byte")


def until(holds: Callable[[], bool]) -> None:
    """Waits until a condition holds; a minute is more than any machine needs."""
    ends = time.monotonic() + 60.0
    while not holds():
        assert time.monotonic() < ends
        threading.Event().wait(0.005)


def test_no_storm_follows_an_outage(proxy: FaultyProxy) -> None:
    """When the server is back it sees at most 1.1 requests for each that was asked for."""
    end, lock = threading.Event(), threading.Lock()
    asked = 0

    def one(seed: int) -> None:
        nonlocal asked
        chance = random.Random(seed)
        with Client(f"http://127.0.0.1:{proxy.port}", timeout_s=2.0, breaker_open_s=0.2) as client:
            while not end.wait(chance.uniform(0.0, 0.1)):
                with lock:
                    asked += 1
                with contextlib.suppress(CallError):
                    client.recommend(seed)

    threads = [threading.Thread(target=one, args=(seed,)) for seed in range(CLIENTS)]
    for thread in threads:
        thread.start()
    until(lambda: proxy.seen >= 3 * CLIENTS)
    proxy.always = "close"
    end.wait(OUTAGE_S)
    with lock:
        proxy.always, seen, before = "pass", proxy.seen, asked
    until(lambda: asked - before >= ASKED * CLIENTS)
    with lock:
        offered, organic = proxy.seen - seen, asked - before
    end.set()
    for thread in threads:
        thread.join(10)
    # A call that was asked for before the server was back may be sent after that, once each.
    assert offered <= 1.1 * organic + CLIENTS


def test_faulty_calls_leave_nothing_behind(proxy: FaultyProxy) -> None:
    """After many calls with faults there are no more open files, threads or tasks than before."""
    chance = random.Random(7)

    def sockets() -> int:
        gc.collect()
        return len(os.listdir("/proc/self/fd"))

    def script() -> None:
        proxy.faults.clear()
        proxy.faults.extend(chance.choices(FAULTS, k=2))

    # How many files the proxy holds is not asked: its connections end with the client's.
    proxy.stop()
    before, threads = sockets(), threading.active_count()
    proxy.start()
    with Client(
        f"http://127.0.0.1:{proxy.port}", timeout_s=0.02, backoff_s=0.0, breaker_rate=2.0
    ) as client:
        for _ in range(CALLS):
            script()
            with contextlib.suppress(CallError):
                client.recommend(1)

    async def run() -> int:
        async with AsyncClient(
            f"http://127.0.0.1:{proxy.port}", timeout_s=0.02, backoff_s=0.0, breaker_rate=2.0
        ) as client:
            for _ in range(CALLS):
                script()
                with contextlib.suppress(CallError):
                    await client.recommend(1)
            return len(asyncio.all_tasks())

    assert asyncio.run(run()) == 1
    proxy.stop()
    # The last thread of the proxy may still be on its way out.
    until(lambda: sockets() <= before and threading.active_count() <= threads)

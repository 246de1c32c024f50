"""The recommender over HTTP: one process and two, a closed loop of clients on the same cores.

The service is the real one: `serving_example.train --quick`, its store filled, its command started.
Clients are threads of another process, so a rate is what service and clients reach together on the
machine; server CPU is what the service alone took for a request.
"""

from __future__ import annotations

import contextlib
import random
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import psutil

from benchmarks.serving_world import USERS, make_world
from benchmarks.tables import Table

_READY = re.compile(r"http://127\.0\.0\.1:(\d+), admin on (\d+)")
CLIENTS = (1, 16, 64, 256)


def measure(quick: bool) -> list[Table]:
    """The tables of this page."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        make_world(folder)
        return [rates(folder, quick)]


def rates(folder: Path, quick: bool) -> Table:
    """The table of a world that `make_world` made."""
    table = Table(
        "Recommendations: 100 candidates of 1,682 films, ranked; closed loop",
        (
            *("processes", "result cache", "clients", "requests/s", "P50, ms", "P95, ms"),
            *("P99, ms", "server CPU, us"),
        ),
    )
    seconds = 1.0 if quick else 8.0
    kinds = ((1, "off"),) if quick else ((1, "off"), (2, "off"), (1, "on"))
    for processes, cache in kinds:
        with contextlib.ExitStack() as stack:
            off = ("--result-cache", "0") if cache == "off" else ()
            options = [off, *[(*off, "--no-tailer")] * (processes - 1)]
            servers = [stack.enter_context(served(folder, *more)) for more in options]
            ports = [server.port for server in servers]
            _load(ports, 16, 0.5)  # the first requests of a process
            for clients in CLIENTS[:1] if quick else CLIENTS:
                before = sum(process_cpu(server.pid) for server in servers)
                taken = _load(ports, clients, seconds)
                cpu = (sum(process_cpu(server.pid) for server in servers) - before) / len(taken)
                ms = [f"{1e3 * np.quantile(taken, q):.1f}" for q in (0.5, 0.95, 0.99)]
                rate = f"{len(taken) / seconds:,.0f}"
                row = (str(processes), cache, str(clients), rate, *ms, f"{1e6 * cpu:.0f}")
                table.rows.append(row)
    table.notes = [
        "Two cores for service and clients. A client that has its answer sends the next request.",
        "Two processes share store and log, which the first applies; each has a device thread.",
        "With the cache off every answer is computed; with it on 943 users are soon all in it.",
    ]
    return table


class Served(NamedTuple):
    """A service that runs: its process, its public port, and that of its admin."""

    pid: int
    port: int
    admin: int


@contextlib.contextmanager
def served(folder: Path, *more: str, env: Mapping[str, str] | None = None) -> Iterator[Served]:
    """A service for as long as it is needed.

    Args:
        folder: What `make_world` has filled.
        more: Options.
        env: Its environment; None for that of this process.
    """
    ports = ("--port", "0", "--admin-port", "0")  # what is given twice counts the second time
    command = ["serving_example.app", "serve", "--data", str(folder), *ports, *more]
    process = subprocess.Popen(
        [sys.executable, "-m", *command], stderr=subprocess.PIPE, text=True,
        env=env,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        told = ""
        while (found := _READY.search(told)) is None:
            line = process.stderr.readline()
            if not line:
                raise RuntimeError(f"the service did not start: {told}")
            told += line
        yield Served(process.pid, int(found[1]), int(found[2]))
    finally:
        process.terminate()
        process.communicate(timeout=60)


def process_cpu(pid: int) -> float:
    """CPU seconds that a process has taken."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def _load(
    ports: list[int], clients: int, seconds: float
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """What each request took, from clients in a process of their own."""
    context = get_context("spawn")
    receive, send = context.Pipe(False)
    process = context.Process(target=_clients, args=(ports, clients, seconds, send))
    process.start()
    taken = receive.recv()
    process.join()
    return np.array(taken)


def _clients(ports: list[int], clients: int, seconds: float, send: object) -> None:
    """Keeps one request under way on each connection, with one selector."""
    import selectors

    selector, draw = selectors.DefaultSelector(), random.Random(0)
    taken: list[float] = []

    def ask(connection: socket.socket) -> float:
        user = draw.randint(1, USERS)
        connection.sendall(f"GET /v1/recommend/{user} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        return time.perf_counter()

    for i in range(clients):
        connection = socket.create_connection(("127.0.0.1", ports[i % len(ports)]))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection, selectors.EVENT_READ, [b"", ask(connection)])
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for key, _ in selector.select(0.1):
            connection = key.fileobj  # type: ignore[assignment]
            key.data[0] += connection.recv(1 << 16)
            head, found, body = key.data[0].partition(b"\r\n\r\n")
            if not found:
                continue
            length = int(re.search(rb"content-length: (\d+)", head)[1])  # type: ignore[index]
            if len(body) < length:
                continue
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"refused: {head!r} {body!r}")
            taken.append(time.perf_counter() - key.data[1])
            key.data[0], key.data[1] = b"", ask(connection)
    send.send(taken)  # type: ignore[attr-defined]

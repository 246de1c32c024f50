"""What the client costs over the HTTP library that it stands on, beside two that teams know.

All ask one server on loopback that has its answers ready. Each call is timed alone, and a figure is
a median of calls: a mean of calls in a row also counts how often another program had the core, and
a library that takes longer meets that more often. Beside the time stands the CPU time of the thread
that asks. openai is not among what the development environment has: ``pip install openai`` brings
it and the library that it stands on.
"""

from __future__ import annotations

import gc
import importlib
import json
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.awake import awake
from benchmarks.client_stub import COMPLETED, INFERRED, RECOMMENDED
from benchmarks.tables import Table, microseconds, times

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "serving_example" / "client" / "src"
CHAT = {"model": "m", "messages": [{"role": "user", "content": "42"}]}
BASES = {
    "featurelib-client, recommend": "httpcore2, the same request",
    "featurelib-client, infer": "httpcore2, the same request",
    "openai, chat.completions.create": "httpx2, the same request",
    "tritonclient[http], infer": "a socket, the same request",
}
"""What each is measured over: the library below it. tritonclient's is its own, so a socket."""
CALLS = 20
"""Of each turn."""
THREADS, CROWD = (1, 16, 64), 1_600
SLEPT = (
    "The same calls without that: a call begins, and goes on after each wait, on a core that has "
    "just woken, and whoever runs more code has more of it to fetch again."
)
Work = Callable[[], object]
Turns = tuple[list[float], list[float]]
"""Seconds of a call by turn: of time, and of CPU time."""


def measure(quick: bool) -> list[Table]:
    """The tables of this page."""
    with _server() as port, ExitStack() as opened:
        threads = _threads(port, opened, *((1, 64) if quick else (7, CROWD)))
        made: dict[str, Work] = {
            "a socket, the same request": _socket(port, opened),
            "httpcore2, the same request": _httpcore2(port, opened),
            **_ours(port, opened), **_triton(port, opened), **_openai(port, opened),
        }  # fmt: skip
        rounds = 3 if quick else 100
        with awake():
            beside = _table("The client beside others", _times(made, rounds))
        beside.notes.append("Both cores were kept awake (`benchmarks/awake.py`).")
        slept = _table("The client on cores that sleep between calls", _times(made, rounds))
        slept.notes[:] = [SLEPT]
    return [beside, slept, threads]


def _threads(port: int, opened: ExitStack, turns: int, calls: int) -> Table:
    """CPU of this process for a call, while so many threads ask at once."""
    made = {
        "httpcore2": _httpcore2(port, opened, most=max(THREADS)),
        "featurelib-client": _ours(port, opened)["featurelib-client, recommend"],
    }
    table = Table("The client in many threads", ("threads that ask at once", *made, "ratio"))
    for threads in THREADS:
        found = {name: list[float]() for name in made}
        for _ in range(turns):
            for name, work in made.items():
                found[name].append(_crowd(work, threads, calls // threads))
        bare, ours = found.values()
        ratio = statistics.median(b / a for a, b in zip(bare, ours, strict=True))
        cells = [microseconds(statistics.median(some)) for some in (bare, ours)]
        table.rows.append((str(threads), *cells, times(ratio)))
    table.notes.append(
        f"CPU time of the process for a call, the median of turns of {calls:,} calls. httpcore2's "
        "pool looks at all its connections twice a call; the client takes the one used last."
    )
    return table


def _crowd(work: Work, threads: int, each: int) -> float:
    """Seconds of CPU of a call."""

    def some() -> None:
        for _ in range(each):
            work()

    crowd = [threading.Thread(target=some) for _ in range(threads)]
    begin = time.process_time()
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    return (time.process_time() - begin) / (each * threads)


def _times(made: dict[str, Work], rounds: int) -> dict[str, Turns]:
    """Medians of the calls of each turn; the contestants take turns."""
    found: dict[str, Turns] = {name: ([], []) for name in made}
    order = list(made)
    for work in made.values():
        for _ in range(CALLS):
            work()
    gc.collect()
    gc.disable()
    try:
        for turn in range(rounds):
            shift = turn % len(order)
            for name in order[shift:] + order[:shift]:
                timed = [_time(made[name]) for _ in range(CALLS)]
                for kept, seconds in zip(found[name], zip(*timed, strict=True), strict=True):
                    kept.append(statistics.median(seconds))
    finally:
        gc.enable()
    return found


def _time(work: Work) -> tuple[float, float]:
    cpu, start = time.thread_time(), time.perf_counter()
    work()
    return time.perf_counter() - start, time.thread_time() - cpu


def _table(title: str, found: dict[str, Turns]) -> Table:
    header = (
        "a call in one thread, one connection", "time", "over what it stands on", "times as long",
        "CPU time", "CPU over what it stands on",
    )  # fmt: skip
    table = Table(title, header)
    for name in found:
        times_of, cpu = (microseconds(statistics.median(kept)) for kept in found[name])
        over = again = cpu_over = ""
        if name in BASES:
            over, cpu_over = (
                microseconds(statistics.median(a - b for a, b in zip(mine, below, strict=True)))
                for mine, below in zip(found[name], found[BASES[name]], strict=True)
            )
            pairs = zip(found[name][0], found[BASES[name]][0], strict=True)
            again = times(statistics.median(a / b for a, b in pairs))
        table.rows.append((name, times_of, over, again, cpu, cpu_over))
    table.notes.append(
        f"Medians of {CALLS} calls, and of the turns. Each checks that it got what the server "
        "sent. featurelib-client has deadline, retry budget and circuit breaker at work, and "
        "checks the answer by the contract; openai has its retries; tritonclient has neither "
        "deadline nor retries."
    )
    if "openai, chat.completions.create" not in found:
        table.notes.append("openai was not installed: `pip install openai`.")
    return table


@contextmanager
def _server() -> Iterator[int]:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.client_stub"], cwd=ROOT, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def _socket(port: int, opened: ExitStack) -> Work:
    made = opened.enter_context(socket.create_connection(("127.0.0.1", port)))
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    body = b'{"user_id":42,"k":10}'
    request = b"POST /v1/recommend HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)

    def ask() -> object:
        made.sendall(request + body)
        return made.recv(65_536)

    assert json.loads(bytes(ask()).partition(b"\r\n\r\n")[2]) == RECOMMENDED  # type: ignore[call-overload]
    return ask


def _httpcore2(port: int, opened: ExitStack, most: int = 10) -> Work:
    import httpcore2

    pool = opened.enter_context(httpcore2.ConnectionPool(max_connections=most))
    url = f"http://127.0.0.1:{port}/v1/recommend"

    def ask() -> Any:
        return pool.request("POST", url, content=b'{"user_id":42,"k":10}').content

    assert json.loads(ask()) == RECOMMENDED
    return ask


def _ours(port: int, opened: ExitStack) -> dict[str, Work]:
    if str(SOURCE) not in sys.path:
        sys.path.insert(0, str(SOURCE))
    from featurelib_client import Client, Tensor

    client = opened.enter_context(Client(f"http://127.0.0.1:{port}", timeout_s=5.0))
    inputs = {"x": Tensor("FP32", (1, 1), [0.5])}

    def recommend() -> Any:
        return client.recommend(42)

    def infer() -> Any:
        return client.infer("m", inputs)

    assert [item.item_id for item in recommend().items] == list(range(10))
    assert infer().outputs["y"].values() == INFERRED["outputs"][0]["data"]  # type: ignore[index]
    return {"featurelib-client, recommend": recommend, "featurelib-client, infer": infer}


def _triton(port: int, opened: ExitStack) -> dict[str, Work]:
    import numpy as np
    from tritonclient import http

    client = http.InferenceServerClient(f"127.0.0.1:{port}")
    opened.callback(client.close)
    values = np.array([[0.5]], np.float32)

    def ask() -> Any:
        tensor = http.InferInput("x", [1, 1], "FP32")
        tensor.set_data_from_numpy(values, binary_data=False)
        wanted = http.InferRequestedOutput("y", binary_data=False)
        return client.infer("m", [tensor], outputs=[wanted]).as_numpy("y")

    assert ask().tolist() == [[0.5]]
    return {"tritonclient[http], infer": ask}


def _openai(port: int, opened: ExitStack) -> dict[str, Work]:
    try:
        openai, httpx2 = (importlib.import_module(name) for name in ("openai", "httpx2"))
    except ImportError:
        return {}
    url = f"http://127.0.0.1:{port}/v1"
    client = opened.enter_context(openai.OpenAI(base_url=url, api_key="k"))
    bare = opened.enter_context(httpx2.Client())

    def ask() -> Any:
        return client.chat.completions.create(**CHAT)

    def below() -> Any:
        return bare.post(f"{url}/chat/completions", json=CHAT).json()

    assert ask().choices[0].message.content == "0.5" and below() == COMPLETED
    return {"httpx2, the same request": below, "openai, chat.completions.create": ask}

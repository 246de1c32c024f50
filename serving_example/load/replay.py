"""Requests that were recorded, sent at the times at which they came.

The loop of `serving_example.load.kernel` draws its arrivals and asks one route for thousands of
users a second; here every request has a time, bytes and an objective of its own, some hundreds of
them a second. It is an open loop as well: who finds no free connection has another one opened, and
a latency counts from the time at which the request was to be sent.
"""

from __future__ import annotations

import asyncio
import gc
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np

__all__ = ["NO_ANSWER", "Replayed", "post", "replay"]

Array = np.ndarray[Any, Any]

NO_ANSWER = 0
"""The status of a request that had no answer: its connection ended, or the run did."""
MAX_CONNECTIONS = 2_000
START_S = 0.05
"""The first request is sent so long after the connections are open."""
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Replayed:
    """What became of the requests, in the order of their times.

    Attributes:
        latency_s: From the time at which each was to be sent to its answer; float64, infinite
            without one.
        statuses: Of their answers, `NO_ANSWER` without one; int64.
        lag_s: How late each was sent; float64, infinite where it was not.
    """

    latency_s: Array
    statuses: Array
    lag_s: Array

    def in_time(self, within_s: Array) -> Array:
        """Which requests had an answer 2xx within so many seconds each."""
        made: Array = (self.statuses // 100 == 2) & (self.latency_s <= within_s)
        return made


def post(url: str, path: str, headers: Sequence[str], body: bytes) -> bytes:
    """The bytes of a POST."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {urlsplit(url).netloc}", *headers,
             f"Content-Length: {len(body)}", "", ""]  # fmt: skip
    return "\r\n".join(lines).encode("ascii") + body


def replay(
    url: str,
    times: Array,
    requests: Sequence[bytes],
    *,
    connections: int = 32,
    grace_s: float = 5.0,
) -> Replayed:
    """Sends requests, and waits for their answers.

    Args:
        url: Of the server, ``http://host:port``.
        times: Seconds from the first to each; rising, float64.
        requests: The bytes of each.
        connections: Opened before the first; others are when none is free.
        grace_s: After the last request, for answers that are still to come.

    Raises:
        OSError: The server takes no connections.
        ValueError: There are not as many times as requests, or they fall.
    """
    if len(times) != len(requests) or (np.diff(times) < 0.0).any():
        raise ValueError(f"expected {len(requests)} rising times, got {len(times)}")
    was_on = gc.isenabled()
    gc.disable()  # a collection of garbage would send what is due then too late
    try:
        return asyncio.run(_Run(url, times, requests).run(connections, grace_s))
    finally:
        if was_on:
            gc.enable()


class _Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self, owner: _Run) -> None:
        self._owner, self._data, self._place = owner, b"", -1
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._owner.free.append(self)

    def ask(self, place: int, request: bytes) -> None:
        self._place = place
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._data += data
        ends = self._data.find(b"\r\n\r\n")
        found = _LENGTH.search(self._data, 0, ends) if ends >= 0 else None
        if ends < 0 or (found and len(self._data) < ends + 4 + int(found[1])):
            return
        status, place = int(self._data[9:12]), self._place
        is_last = b"connection: close" in self._data[:ends].lower()
        self._data, self._place = b"", -1
        if is_last:
            self._transport.close()
        else:
            self._owner.free.append(self)
        self._owner.answered(place, status)

    def connection_lost(self, error: Exception | None) -> None:
        if self in self._owner.free:
            self._owner.free.remove(self)
        if self._place >= 0:
            self._owner.answered(self._place, NO_ANSWER)

    def close(self) -> None:
        self._place = -1
        self._transport.close()


class _Run:
    def __init__(self, url: str, times: Array, requests: Sequence[bytes]) -> None:
        where = urlsplit(url)
        self._address = where.hostname or "", where.port or 80
        self._times, self._requests = times, requests
        self._made = Replayed(
            np.full(len(times), np.inf), np.zeros(len(times), np.int64),
            np.full(len(times), np.inf),
        )  # fmt: skip
        self._all: list[_Connection] = []
        self._opening: set[asyncio.Task[None]] = set()
        self._waiting: list[int] = []
        self._left = len(times)
        self._done = asyncio.Event()
        self._begun = 0.0
        self.free: list[_Connection] = []

    async def run(self, connections: int, grace_s: float) -> Replayed:
        self._loop = asyncio.get_running_loop()
        for _ in range(connections):
            await self._open()
        self._begun = self._loop.time() + START_S
        try:
            for place, at in enumerate(self._times.tolist()):
                wait_s = self._begun + at - self._loop.time()
                if wait_s > 0.0:
                    await asyncio.sleep(wait_s)
                self._send(place)
            if self._left:
                await asyncio.wait_for(self._done.wait(), grace_s)
        except TimeoutError:
            pass  # they have no answer
        finally:
            for task in self._opening:
                task.cancel()
            for connection in self._all:
                connection.close()
        return self._made

    def answered(self, place: int, status: int) -> None:
        made = self._made
        if status != NO_ANSWER:
            made.statuses[place] = status
            made.latency_s[place] = self._now() - self._times[place]
        self._left -= 1
        if not self._left:
            self._done.set()
        while self._waiting and self.free:
            self._send(self._waiting.pop(0))

    def _now(self) -> float:
        return self._loop.time() - self._begun

    def _send(self, place: int) -> None:
        if not self.free:
            self._waiting.append(place)
            if len(self._all) + len(self._opening) < MAX_CONNECTIONS:
                task = self._loop.create_task(self._reach())
                self._opening.add(task)
                task.add_done_callback(self._opening.discard)
            return
        self._made.lag_s[place] = self._now() - self._times[place]
        self.free.pop().ask(place, self._requests[place])

    async def _reach(self) -> None:
        """Opens another connection for those who wait; if it cannot be had, they wait on."""
        try:
            await self._open()
        except OSError:
            return
        while self._waiting and self.free:
            self._send(self._waiting.pop(0))

    async def _open(self) -> None:
        made = _Connection(self)
        await self._loop.create_connection(lambda: made, *self._address)
        self._all.append(made)

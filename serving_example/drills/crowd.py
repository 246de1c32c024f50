"""Clients by the thousand: an open loop over as many connections as there are requests.

`serving_example.load` keeps a few hundred connections, so no more requests than that can wait in
the server, and an overload hides in the generator. Here a request that finds no free connection
opens one. Latency counts from the time at which a request was to be sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from typing import cast

import numpy as np

__all__ = ["Call", "Crowd", "Payload", "arrivals"]

Payload = Callable[[int, float], bytes]
"""The bytes of a request, by its number and by how many seconds late it is."""

CLOSE_S = 10.0
"""A server that does not close what its client has closed is not waited for longer."""
SHORT_S, TURN_S = 0.005, 0.1
"""Waits are counted in turns of these: a machine that stands still for a minute takes one."""
LOST = 0
"""The status of a request whose connection ended without an answer."""


class Call:
    """One request and what came of it. Times are those of `time.monotonic`.

    Attributes:
        number: Which one.
        due: When it was to be sent.
        sent: When it was.
        done: When its answer was there; 0.0 while there is none.
        left: When its client hung up; 0.0 if he did not.
        status: Of the answer; `LOST` if the connection ended before.
        answers: How many came.
        head: Of the answer, in lower case.
        body: Of the answer.
    """

    __slots__ = ("answers", "body", "done", "due", "head", "left", "number", "sent", "status")

    def __init__(self, number: int, due: float) -> None:
        self.number, self.due = number, due
        self.sent = self.done = self.left = 0.0
        self.status = self.answers = 0
        self.head = self.body = b""

    @property
    def retry_after(self) -> bool:
        """Whether the answer says when to come again."""
        return b"\r\nretry-after: " in self.head


class _Line(asyncio.Protocol):
    """A connection, which asks one thing at a time."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._call: Call | None = None
        self._got = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._crowd.open.add(self)

    def ask(self, call: Call, payload: bytes) -> None:
        self._call, call.sent = call, time.monotonic()
        self.transport.write(payload)

    def data_received(self, data: bytes) -> None:
        self._got += data
        while self._got:
            end = self._got.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._got[:end].lower()
            size = int(head.split(b"\r\ncontent-length: ", 1)[1].split(b"\r\n", 1)[0])
            if len(self._got) < end + 4 + size:
                return
            body, self._got = self._got[end + 4 : end + 4 + size], self._got[end + 4 + size :]
            self._answered(head, body)

    def _answered(self, head: bytes, body: bytes) -> None:
        call, self._call = self._call, None
        if call is None:
            self._crowd.strays += 1
            return
        call.status, call.head, call.body = int(head[9:12]), head, body
        call.done = time.monotonic()
        call.answers += 1
        self._crowd.is_done(call)
        if b"\r\nconnection: close" in head:
            self.transport.close()
        else:
            self._crowd.idle.append(self)

    def hang_up(self, call: Call) -> None:
        """The client goes, if this is still what he waits for."""
        if self._call is call:
            self._call, call.left = None, time.monotonic()
            self._crowd.is_done(call)
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.open.discard(self)
        if self in self._crowd.idle:
            self._crowd.idle.remove(self)
        call, self._call = self._call, None
        if call is not None:
            call.done = time.monotonic()
            self._crowd.is_done(call)


class Crowd:
    """Clients of one server.

    Args:
        port: Of the server, on the loopback.

    Attributes:
        open: All connections that there are.
        idle: Those that wait for nothing.
        strays: Answers that nobody had asked for, or that came a second time.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self.strays = self._waiting = 0
        self.open, self.idle = set[_Line](), list[_Line]()
        self._tasks = set[asyncio.Task[None]]()
        self._quiet = asyncio.Event()

    def is_done(self, call: Call) -> None:
        """A call has its end."""
        self._waiting -= 1
        if not self._waiting:
            self._quiet.set()

    async def gather(self, count: int) -> None:
        """Opens connections until so many are idle."""
        while len(self.idle) < count:
            more = min(200, count - len(self.idle))
            self.idle += await asyncio.gather(*(self._connect() for _ in range(more)))

    async def play(
        self,
        due_s: Sequence[float],
        payload: Payload,
        *,
        leave_s: Callable[[int], float | None] = lambda number: None,
        first: int = 0,
        grace_s: float = 30.0,
    ) -> list[Call]:
        """Sends requests when they are due, and waits for their ends.

        Args:
            due_s: In how many seconds each is to be sent, rising.
            payload: The bytes of each.
            leave_s: After how many seconds its client hangs up; None: he waits.
            first: The number of the first.
            grace_s: So long after the last was sent answers are waited for.

        Returns:
            The calls, by number.
        """
        loop, began = asyncio.get_running_loop(), time.monotonic()
        calls = [Call(first + i, began + s) for i, s in enumerate(due_s)]
        self._waiting += len(calls)
        self._quiet.clear()
        for call in calls:
            while (wait_s := call.due - time.monotonic()) > 0:
                await asyncio.sleep(wait_s)
            line = self._free()
            if line is not None:
                self._send(line, call, payload, leave_s, loop)
            else:
                task = loop.create_task(self._open_and_send(call, payload, leave_s, loop))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        if calls:
            for _ in range(round(grace_s / TURN_S)):
                if self._quiet.is_set():
                    break
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._quiet.wait(), TURN_S)
            self._waiting = 0  # those without an end tell of it themselves
        return calls

    async def close(self) -> None:
        """Closes all connections; what comes on them until then is looked at.

        The server is told, and closes them first: so it has none of them any more when this ends.
        """
        for line in list(self.open):
            if not line.transport.is_closing():
                line.transport.write_eof()
        for _ in range(round(CLOSE_S / SHORT_S)):
            if not self.open:
                return
            await asyncio.sleep(SHORT_S)
        for line in list(self.open):
            line.transport.abort()

    def _free(self) -> _Line | None:
        """A connection that is idle, and that the server has not ended."""
        while self.idle:
            line = self.idle.pop()
            if not line.transport.is_closing():
                return line
        return None

    async def _connect(self) -> _Line:
        loop = asyncio.get_running_loop()
        _, line = await loop.create_connection(lambda: _Line(self), "127.0.0.1", self._port)
        return line

    async def _open_and_send(
        self,
        call: Call,
        payload: Payload,
        leave_s: Callable[[int], float | None],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        try:
            line = await self._connect()
        except OSError:
            call.done = time.monotonic()
            self.is_done(call)
            return
        self._send(line, call, payload, leave_s, loop)

    def _send(
        self,
        line: _Line,
        call: Call,
        payload: Payload,
        leave_s: Callable[[int], float | None],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        line.ask(call, payload(call.number, time.monotonic() - call.due))
        wait_s = leave_s(call.number)
        if wait_s is not None:
            loop.call_later(wait_s, line.hang_up, call)


def arrivals(seed: int, *phases: tuple[float, float]) -> list[float]:
    """Poisson arrivals: seconds at which requests are due.

    Args:
        seed: Of the draws.
        phases: For each the arrivals a second, and for how many seconds.
    """
    draw, due, begins = np.random.default_rng(seed), list[float](), 0.0
    for rate, seconds in phases:
        count = draw.poisson(rate * seconds)
        due += [begins + float(at) for at in np.sort(draw.uniform(0.0, seconds, count))]
        begins += seconds
    return due

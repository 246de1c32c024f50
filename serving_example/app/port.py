"""One listening socket: its connections, their times, and their end."""

from __future__ import annotations

import asyncio
import socket
import time

from serving_example.app.application import Application
from serving_example.app.connection import LINGER_S, Connection
from serving_example.app.deadlines import Deadlines
from serving_example.app.pace import Pace

__all__ = ["Port"]

_BACKLOG = 2_048


class Port:
    """A socket whose connections are answered by an application.

    Args:
        application: What answers.
        listening: The socket, bound.
        loop: The event loop.

    Attributes:
        connections: Those that are open.
        deadlines: Of the requests that wait for their answers.
        pace: How many requests are taken in a turn of the loop.
    """

    def __init__(
        self, application: Application, listening: socket.socket, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.application, self._listening, self._loop = application, listening, loop
        self.clock = application.clock
        self.connections: set[Connection] = set()
        self.deadlines = Deadlines(self.clock, loop.call_later)
        self.pace = Pace(self.clock, loop.call_soon)
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Takes connections from now on."""
        self.application.set_date(time.time())
        self._server = await self._loop.create_server(
            lambda: Connection(self), sock=self._listening, backlog=_BACKLOG
        )

    async def sweep(self) -> None:
        """Looks at the times of all connections, again and again, until it is cancelled."""
        limits = self.application.limits
        pause = min(1.0, limits.head_s / 4, limits.body_s / 4, limits.write_s / 4, LINGER_S)
        while True:
            await asyncio.sleep(pause)
            self.application.set_date(time.time())
            now = self.clock()
            for connection in list(self.connections):
                connection.check_time(now)

    async def close(self, within_s: float, force: asyncio.Event) -> None:
        """Takes no more connections; requests at work are answered.

        Args:
            within_s: What is not answered by then is cut off.
            force: Set, it cuts off at once.
        """
        if self._server is not None:
            self._server.close()
            await asyncio.sleep(0)  # who was accepted before is among the connections now
        for connection in list(self.connections):
            connection.drain()
        until = self.clock() + within_s
        while self.connections and self.clock() < until and not force.is_set():
            await asyncio.sleep(0.02)
        for connection in list(self.connections):
            connection.abort()
        self._listening.close()

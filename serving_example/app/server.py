"""Two listening sockets on one event loop, from the first request to the last.

uvicorn serves both ports. Signals are ours: the first SIGTERM or SIGINT drains, so that every
request that was taken is answered; the second ends at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import threading
from collections.abc import Callable, Generator
from typing import Any

import uvicorn
import uvloop

from serving_example.app.asgi import Application
from serving_example.app.limits import Limits
from serving_example.app.protocol import GuardedProtocol, guarded
from serving_example.app.work import LoopDelivery

__all__ = ["Server", "bound"]

log = logging.getLogger("serving_example")


def bound(host: str, port: int) -> socket.socket:
    """A listening socket's address, taken; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
    except OSError:
        made.close()
        raise
    return made


class _Uvicorn(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class Server:
    """Serves applications until it is told to stop.

    Args:
        applications: Each with its socket; the first is the public one.
        limits: Of connections.
        delivery: Brings answers of devices to the loop.
        on_drain: Called when the server begins to end.
        drain_s: How long requests may take to end after a signal.
        notice_s: How long the server goes on taking requests after a signal, not ready, so that a
            load balancer sees it before it meets a closed port.

    Attributes:
        is_started: Set when all ports answer.
    """

    def __init__(
        self,
        applications: list[tuple[Application, socket.socket]],
        limits: Limits,
        delivery: LoopDelivery,
        *,
        on_drain: Callable[[], None] = lambda: None,
        drain_s: float = 20.0,
        notice_s: float = 0.0,
    ) -> None:
        self._applications, self._limits, self._delivery = applications, limits, delivery
        self._on_drain = on_drain
        self._drain_s, self._notice_s = drain_s, notice_s
        self.is_started = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._servers: list[_Uvicorn] = []

    @property
    def ports(self) -> list[int]:
        """The port of each application."""
        return [int(s.getsockname()[1]) for _, s in self._applications]

    def run(self, *, signals: bool = True) -> None:
        """Serves on this thread until it is stopped.

        Args:
            signals: Whether SIGTERM and SIGINT stop it; only the main thread may have them.
        """
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve(signals))

    def stop(self) -> None:
        """Drains; from any thread."""
        loop, stop = self._loop, self._stop
        if loop is not None and stop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended by itself
                loop.call_soon_threadsafe(stop.set)

    def on_loop(self, function: Any) -> None:
        """Runs a function on the event loop; from any thread. After the end it runs nothing."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(function)

    async def _serve(self, signals: bool) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._delivery.bind(self._loop)
        if signals:
            for number in (signal.SIGTERM, signal.SIGINT):
                self._loop.add_signal_handler(number, self._on_signal)
        self._servers = [_Uvicorn(self._config(app)) for app, _ in self._applications]
        tasks = [
            asyncio.create_task(server.serve(sockets=[s]))
            for server, (_, s) in zip(self._servers, self._applications, strict=True)
        ]
        sweeper = asyncio.create_task(self._sweep())
        try:
            while not all(server.started for server in self._servers):
                if any(task.done() for task in tasks):
                    break  # it could not start: its error comes below
                await asyncio.sleep(0.002)
            else:
                self.is_started.set()
            stopped = asyncio.create_task(self._stop.wait())
            await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            await self._drain()
            await asyncio.gather(*tasks)
        finally:
            sweeper.cancel()
            self._delivery.unbind()
            for _, listening in self._applications:
                listening.close()

    async def _drain(self) -> None:
        self._on_drain()
        for app, _ in self._applications:
            app.is_draining = True
        log.info("draining: %d requests", sum(app.in_flight for app, _ in self._applications))
        await asyncio.sleep(self._notice_s)
        for server in self._servers:
            server.should_exit = True

    def _on_signal(self) -> None:
        assert self._stop is not None
        if self._stop.is_set():
            for server in self._servers:
                server.should_exit = server.force_exit = True
        self._stop.set()

    def _config(self, app: Application) -> uvicorn.Config:
        return uvicorn.Config(
            app, http=guarded(self._limits), ws="none", lifespan="off", access_log=False,
            log_config=None, server_header=False, proxy_headers=False,
            timeout_keep_alive=int(self._limits.idle_s),
            timeout_graceful_shutdown=max(1, int(self._drain_s)),
        )  # fmt: skip

    async def _sweep(self) -> None:
        """Looks at the time of all connections: see `serving_example.app.protocol`."""
        limits = self._limits
        pause = min(1.0, limits.head_s / 4, limits.write_s / 4)
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(pause)
            for server in self._servers:
                for connection in list(server.server_state.connections):
                    if isinstance(connection, GuardedProtocol):
                        connection.check_time(loop.time())

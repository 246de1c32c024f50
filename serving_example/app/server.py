"""Two listening sockets on one event loop, from the first request to the last.

The first SIGTERM or SIGINT drains, so that every request that was taken is answered; the second
ends at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import threading
from collections.abc import Callable
from typing import Any

import uvloop

from serving_example.app.application import Application
from serving_example.app.delivery import LoopDelivery
from serving_example.app.port import Port

__all__ = ["Server", "bound"]

log = logging.getLogger("serving_example")


def bound(host: str, port: int, *, is_shared: bool = False) -> socket.socket:
    """A listening socket's address, taken; port 0 takes a free one.

    Args:
        host: The address.
        port: The port.
        is_shared: Other processes may take it too; the kernel spreads connections over them.

    Raises:
        OSError: It is taken by one that does not share it, or is no address of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind((host, port))
    except OSError:
        made.close()
        raise
    return made


class Server:
    """Serves applications until it is told to stop.

    Args:
        applications: Each with its socket; the first is the public one.
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
        delivery: LoopDelivery,
        *,
        on_drain: Callable[[], None] = lambda: None,
        drain_s: float = 20.0,
        notice_s: float = 0.0,
    ) -> None:
        self._applications, self._delivery = applications, delivery
        self._on_drain = on_drain
        self._drain_s, self._notice_s = drain_s, notice_s
        self.is_started = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._force: asyncio.Event | None = None

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
        self._loop = loop = asyncio.get_running_loop()
        self._stop, self._force = asyncio.Event(), asyncio.Event()
        self._delivery.bind(loop)
        if signals:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self._on_signal)
        ports = [Port(app, listening, loop) for app, listening in self._applications]
        sweepers: list[asyncio.Task[None]] = []
        try:
            for port in ports:
                await port.open()
                sweepers.append(loop.create_task(port.sweep()))
            self.is_started.set()
            await self._stop.wait()
            await self._drain(ports)
        finally:
            for sweeper in sweepers:
                sweeper.cancel()
            self._delivery.unbind()
            for _, listening in self._applications:
                listening.close()

    async def _drain(self, ports: list[Port]) -> None:
        assert self._force is not None
        self._on_drain()
        for app, _ in self._applications:
            app.is_draining = True
        log.info("draining: %d requests", sum(app.in_flight for app, _ in self._applications))
        if self._notice_s:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._force.wait(), self._notice_s)
        await asyncio.gather(*(port.close(self._drain_s, self._force) for port in ports))

    def _on_signal(self) -> None:
        assert self._stop is not None and self._force is not None
        if self._stop.is_set():
            self._force.set()
        self._stop.set()

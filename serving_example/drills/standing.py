"""A real service behind a port, on devices that can be made to fail; here or in a child process."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import NamedTuple

from serving_example.app.application import Application
from serving_example.app.routes import Route, Routes
from serving_example.app.server import Server, bound
from serving_example.app.service import Service
from serving_example.caches import ResultCache
from serving_example.drills.faulty import FaultyDevice, Ran

__all__ = ["TOKEN", "Standing", "Vitals"]

START_S = 300.0
"""Whoever waits for longer has met a defect, and not a machine that stood still for a minute."""
TOKEN = "admin-token-of-a-drill"
MoreRoutes = Callable[[Callable[[Callable[[], None]], None]], list[Route]]


class Vitals(NamedTuple):
    """What a process holds.

    Attributes:
        rss_mib: Resident memory.
        files: Open descriptors.
        threads: Of Python.
        tasks: Of the event loop.
    """

    rss_mib: float
    files: int
    threads: int
    tasks: int


class Standing:
    """A service and its server. Takes and gives plain values: it may stand in another process.

    Args:
        service: What is served; its models are loaded.
        devices: Its devices.
        routes: More routes, by what runs a function on the loop.
        results: What keeps answers, if there is something.
        after: Called when all has ended.
    """

    def __init__(
        self,
        service: Service,
        devices: Sequence[FaultyDevice],
        routes: MoreRoutes = lambda on_loop: [],
        results: ResultCache[bytes] | None = None,
        after: Callable[[], None] = lambda: None,
    ) -> None:
        self._service, self._devices, self._routes = service, devices, routes
        self._results, self._after = results, after
        self._port = self._admin_port = 0
        self._next: socket.socket | None = None
        self.open()

    def open(self) -> None:
        """Listens, on the same port as before."""
        public = self._next or bound("127.0.0.1", 0, is_shared=True)
        admin = bound("127.0.0.1", 0)
        self._port, self._admin_port = public.getsockname()[1], admin.getsockname()[1]
        # Held for the next time: else somebody's connection may have the port meanwhile.
        self._next = bound("127.0.0.1", self._port, is_shared=True)
        applications: list[tuple[Application, socket.socket]] = []
        made = self._server = Server(applications, self._service.delivery, drain_s=0.0)
        routes = [*self._service.routes(made.on_loop), *self._routes(made.on_loop)]
        table = Routes(routes)
        applications.append((self._service.application(table), public))
        applications.append((self._service.application(table, TOKEN), admin))
        self._thread = threading.Thread(target=made.run, kwargs={"signals": False}, daemon=True)
        self._thread.start()
        if not made.is_started.wait(START_S):
            raise TimeoutError(f"the server did not start in {START_S} s")

    def port(self) -> int:
        """Where it listens."""
        return self._port

    def admin_port(self) -> int:
        """Where it listens to those who know `TOKEN`."""
        return self._admin_port

    def shut(self) -> None:
        """Listens no more, and ends what is open; the models stay."""
        self._server.stop()
        self._thread.join(START_S)

    def hang(self, device: int) -> None:
        """See `FaultyDevice.hang`."""
        self._devices[device].hang()

    def slow(self, device: int, factor: float) -> None:
        """See `FaultyDevice.slow`."""
        self._devices[device].slow(factor)

    def kill(self, device: int) -> None:
        """See `FaultyDevice.kill`."""
        self._devices[device].kill()

    def heal(self, device: int) -> None:
        """See `FaultyDevice.heal`."""
        self._devices[device].heal()

    def ran(self, device: int, since: int = 0) -> list[Ran]:
        """The batches of a device, but for so many of the first."""
        return self._devices[device].ran[since:]

    def forget(self) -> None:
        """The batches that were run until now are not remembered any more: they would grow."""
        for device in self._devices:
            device.ran = []

    def is_alive(self, device: int) -> bool:
        """Whether the pool gives a device work."""
        return self._service.pool.health().devices[device].is_alive

    def joined(self) -> int:
        """How many requests have waited for an answer that another one had asked for."""
        return 0 if self._results is None else self._results.counts.joined

    def vitals(self) -> Vitals:
        """What this process holds now, garbage not counted."""
        gc.collect()
        tasks: Future[int] = Future()
        self._server.on_loop(lambda: tasks.set_result(len(asyncio.all_tasks())))
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        rss_mib = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
        files = len(os.listdir("/proc/self/fd"))
        return Vitals(rss_mib, files, threading.active_count(), tasks.result(START_S))

    def close(self) -> None:
        """Ends all of it."""
        for device in self._devices:
            device.heal()
        self.shut()
        if self._next is not None:
            self._next.close()
        self._service.close()
        self._after()

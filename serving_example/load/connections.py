"""Sockets that are kept open, and opened again when the server ends one."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
from types import TracebackType
from typing import Any

import numpy as np

from serving_example.load.calls import EVENT_WORDS
from serving_example.load.kernel import FREE_COUNT, FREE_HEAD, MAX_EVENTS
from serving_example.load.state import Sockets, State

__all__ = ["Connections"]

_BUFFER = 16_384
"""Bytes for what came of an answer: its head must fit, its body need not."""
_CONNECT_S = 5.0


class Connections:
    """So many connections to one server.

    Args:
        host: Of the server.
        port: Of the server.
        count: How many.
        depth: Requests that may be under way on one.

    Attributes:
        sockets: What the loop reads and writes.
        reopened: How many were opened again.

    Raises:
        OSError: The server takes none.
    """

    def __init__(self, host: str, port: int, count: int, depth: int) -> None:
        self._address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        self._epoll = select.epoll()
        self._open: list[socket.socket | None] = [None] * count
        self._coming: dict[int, socket.socket] = {}
        self._depth = depth
        self.reopened = 0
        whole = {"filled": np.int64, "skip": np.int64, "status": np.int64, "is_last": np.bool_,
                 "first": np.int64, "waiting": np.int64}  # fmt: skip
        arrays: dict[str, Any] = {name: np.zeros(count, kind) for name, kind in whole.items()}
        self.sockets = Sockets(
            epoll=self._epoll.fileno(), fds=np.full(count, -1, np.int32),
            of_fd=np.full(1, -1, np.int32), ready=np.zeros(MAX_EVENTS * EVENT_WORDS, np.uint32),
            buffers=np.empty((count, _BUFFER), np.uint8), asked=np.zeros((count, depth)),
            free=np.zeros(count * depth, np.int32), freed_at=np.zeros(count * depth), **arrays,
        )  # fmt: skip
        try:
            for i in range(count):
                made = socket.create_connection((host, port), _CONNECT_S)
                made.setblocking(False)
                self._take(i, made)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Connections:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def begin(self, state: State) -> None:
        """All may be asked: each once, then each a second time, up to the depth."""
        count = len(self._open)
        self.sockets.free[:] = np.tile(np.arange(count, dtype=np.int32), self._depth)
        state.counts[FREE_HEAD], state.counts[FREE_COUNT] = 0, count * self._depth

    def reopen(self, state: State, now: float) -> None:
        """Opens again what ended, without waiting for it."""
        for i in map(int, np.flatnonzero(self.sockets.fds < 0)):
            if i in self._coming:
                made = self._coming.pop(i)
                error = made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if not error and select.select([], [made], [], 0)[1]:
                    self._take(i, made)
                    self._offer(i, state, now)
                    self.reopened += 1
                elif error:
                    made.close()
                else:
                    self._coming[i] = made
                continue
            self._drop(i)
            made = socket.socket(self._address[0], socket.SOCK_STREAM)
            made.setblocking(False)
            code = made.connect_ex(self._address[4])
            if code in (0, errno.EINPROGRESS):
                self._coming[i] = made
            else:
                made.close()

    def under_way(self) -> list[float]:
        """When those were due that were sent and have no answer."""
        asked, first = self.sockets.asked, self.sockets.first
        return [
            float(asked[i, (first[i] + k) % self._depth])
            for i, count in enumerate(self.sockets.waiting)
            for k in range(count)
        ]

    def close(self) -> None:
        """Closes all."""
        for i in range(len(self._open)):
            self._drop(i)
        for made in self._coming.values():
            made.close()
        self._epoll.close()

    def _take(self, i: int, made: socket.socket) -> None:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._open[i], fd = made, made.fileno()
        if fd >= len(self.sockets.of_fd):
            grown = np.full(2 * fd + 1, -1, np.int32)
            grown[: len(self.sockets.of_fd)] = self.sockets.of_fd
            self.sockets = self.sockets._replace(of_fd=grown)
        self.sockets.of_fd[fd], self.sockets.fds[i] = i, fd
        self._epoll.register(fd, select.EPOLLIN)

    def _drop(self, i: int) -> None:
        made, self._open[i] = self._open[i], None
        if made is not None:
            with contextlib.suppress(OSError):
                self._epoll.unregister(made.fileno())
            made.close()

    def _offer(self, i: int, state: State, now: float) -> None:
        """Puts a connection into the ring, and what is left there of its former self out of it."""
        free, at = self.sockets.free, self.sockets.freed_at
        places = (state.counts[FREE_HEAD] + np.arange(state.counts[FREE_COUNT])) % len(free)
        places = places[free[places] != i]
        connections = np.append(free[places], np.full(self._depth, i, np.int32))
        since = np.append(at[places], np.full(self._depth, now))
        free[: len(connections)], at[: len(since)] = connections, since
        state.counts[FREE_HEAD], state.counts[FREE_COUNT] = 0, len(connections)

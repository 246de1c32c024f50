"""Connections of tasks: a request goes out in one piece, and a handshake that is given up ends.

httpcore writes head and body one after the other, so a server that waits would wake up twice. It
closes a connection whose handshake fails or takes too long by its own clock; if the task that waits
is cancelled, as by the deadline of its call, nobody would close it before it is collected.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore2

__all__ = ["TaskBackend"]


class TaskBackend(httpcore2.AnyIOBackend):
    """Makes connections for tasks."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """A connection to a host."""
        made = await super().connect_tcp(host, port, timeout, local_address, socket_options)
        return _Stream(made)

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore2.AsyncNetworkStream:
        """A connection to a unix socket."""
        return _Stream(await super().connect_unix_socket(path, timeout, socket_options))


class _Stream(httpcore2.AsyncNetworkStream):
    """A connection. What is written goes out with the next read."""

    def __init__(self, inner: httpcore2.AsyncNetworkStream) -> None:
        self._inner = inner
        self._waiting: list[bytes] = []

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._waiting:
            whole, self._waiting = b"".join(self._waiting), []
            # A server may answer and close before it has read all: what it said is read next.
            with contextlib.suppress(httpcore2.WriteError):
                await self._inner.write(whole, timeout)
        return await self._inner.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if buffer:
            self._waiting.append(buffer)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            return _Stream(await self._inner.start_tls(ssl_context, server_hostname, timeout))
        except BaseException:
            await self._inner.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)

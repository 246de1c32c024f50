"""Sockets whose every wait ends with the deadline of the request that waits.

httpcore takes a timeout for each read and each write, so a server that sends a byte now and then
could hold a call for ever. Here what is left of the deadline bounds each of them anew; names are
resolved within it too.
"""

from __future__ import annotations

import contextlib
import ipaddress
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpcore2

from featurelib_client.wire import Clock

__all__ = ["Backend", "resolve_name"]

_Address = tuple[Any, ...]
Resolver = Callable[[str, int], list[tuple[int, _Address]]]
"""From host and port to families and addresses. It raises OSError, and may block."""


def resolve_name(host: str, port: int) -> list[tuple[int, _Address]]:
    """The addresses of a host, as the system knows them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, address) for family, _, _, _, address in found]


class Backend(httpcore2.NetworkBackend):
    """Makes connections for one transport; each thread says its deadline before it sends.

    Args:
        clock: Monotonic seconds.
        connect_s: For one connection, within the deadline.
        resolve: Resolves names.

    Attributes:
        connect_s: As given.
    """

    def __init__(self, clock: Clock, connect_s: float, resolve: Resolver = resolve_name) -> None:
        self._clock, self.connect_s, self._resolve = clock, connect_s, resolve
        self._mine, self._is_closed = threading.local(), False

    def close(self) -> None:
        """Nothing is read any more; who waits already is woken by the end of its connection."""
        self._is_closed = True

    def check_open(self) -> None:
        """Asked before each read: a connection that is being made is on no list yet.

        Raises:
            ReadError: It was closed.
        """
        if self._is_closed:
            raise httpcore2.ReadError("the client was closed")

    def begin(self, until: float) -> None:
        """What this thread does from now on ends at `until`."""
        self._mine.until = until

    def left(self, error: type[Exception]) -> float:
        """Seconds that this thread may still wait.

        Raises:
            Exception: The one given: there are none.
        """
        seconds: float = self._mine.until - self._clock()
        if seconds <= 0:
            raise error("the deadline passed")
        return seconds

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """A connection to the first address of a host that takes it.

        Raises:
            ConnectError: None takes it, or the host has none.
            ConnectTimeout: None took it in time.
        """
        ends = self._clock() + min(self.connect_s, self.left(httpcore2.ConnectTimeout))
        last: Exception = httpcore2.ConnectError(f"{host} has no address")
        for family, address in self._addresses(host, port, ends):
            left = ends - self._clock()
            if left <= 0:
                raise httpcore2.ConnectTimeout(f"no connection to {host}:{port} in time")
            try:
                return self._connected(family, address, left, is_tcp=True)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                last = error
        raise last

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore2.NetworkStream:
        """A connection to a unix socket."""
        left = min(self.connect_s, self.left(httpcore2.ConnectTimeout))
        return self._connected(socket.AF_UNIX, path, left, is_tcp=False)

    def sleep(self, seconds: float) -> None:
        """Waits; httpcore asks for it between its own attempts, of which we allow none."""
        time.sleep(seconds)

    def _connected(
        self, family: int, address: Any, timeout: float, *, is_tcp: bool
    ) -> httpcore2.NetworkStream:
        made = socket.socket(family, socket.SOCK_STREAM)
        try:
            made.settimeout(timeout)
            made.connect(address)
            if is_tcp:
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except TimeoutError as error:
            made.close()
            raise httpcore2.ConnectTimeout(f"no connection to {_shown(address)} in time") from error
        except OSError as error:
            made.close()
            raise httpcore2.ConnectError(str(error.strerror or error)) from error
        return _Stream(self, made)

    def _addresses(self, host: str, port: int, ends: float) -> list[tuple[int, _Address]]:
        try:
            version = ipaddress.ip_address(host).version
            return [(socket.AF_INET if version == 4 else socket.AF_INET6, (host, port))]
        except ValueError:
            pass
        # The system's resolver has no timeout; a thread of its own is left behind with it.
        found: list[list[tuple[int, _Address]] | Exception] = []

        def look() -> None:
            try:
                found.append(self._resolve(host, port))
            except Exception as error:  # of a resolver that was given, too
                found.append(error)

        thread = threading.Thread(target=look, name="featurelib-client-resolver", daemon=True)
        thread.start()
        thread.join(max(0.0, ends - self._clock()))
        if not found:
            raise httpcore2.ConnectTimeout(f"the name {host} was not resolved in time")
        if isinstance(found[0], Exception):
            try:
                raise found[0]
            except Exception as error:
                raise httpcore2.ConnectError(str(error) or type(error).__name__) from error
        return found[0]


def _shown(address: Any) -> str:
    return address if isinstance(address, str) else f"{address[0]}:{address[1]}"


class _Stream(httpcore2.NetworkStream):
    """A socket. What is written goes out with the next read: head and body in one packet."""

    def __init__(self, backend: Backend, made: socket.socket) -> None:
        self._left, self._socket = backend.left, made
        self._backend = backend
        self._is_tls = isinstance(made, ssl.SSLSocket)
        self._waiting: list[bytes] = []
        self._in_use = threading.RLock()  # a signal may close it in the thread that reads

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with self._in_use:
            self._backend.check_open()
            if self._waiting:
                self._flush()
            return self._received(max_bytes, self._left(httpcore2.ReadTimeout))

    def _received(self, max_bytes: int, left: float) -> bytes:
        try:
            self._socket.settimeout(left)  # of a socket that was closed it fails, as `recv` does
            return self._socket.recv(max_bytes)
        except TimeoutError as error:
            raise httpcore2.ReadTimeout("no answer in time") from error
        except OSError as error:
            raise httpcore2.ReadError(str(error.strerror or error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if buffer:
            self._waiting.append(buffer)

    def _flush(self) -> None:
        parts = [b"".join(self._waiting)] if self._is_tls else self._waiting
        waiting, self._waiting = [memoryview(part) for part in parts], []
        try:
            while waiting:
                self._socket.settimeout(self._left(httpcore2.WriteTimeout))
                size = self._sent(waiting)
                while waiting and size >= len(waiting[0]):
                    size -= len(waiting.pop(0))
                if size:
                    waiting[0] = waiting[0][size:]
        except TimeoutError as error:
            raise httpcore2.WriteTimeout("the request was not taken in time") from error
        except OSError:
            # A server may answer and close before it has read all: what it said is read next.
            return

    def _sent(self, waiting: list[memoryview]) -> int:
        # TLS has no way to send parts: it makes records of its own.
        return self._socket.send(waiting[0]) if self._is_tls else self._socket.sendmsg(waiting)

    def close(self) -> None:
        # Another thread may wait for this socket. It would not see that it is closed, and TLS can
        # not bear it: the end of the connection wakes that thread, and then the socket goes. That
        # of `SSLSocket` would take TLS away under it.
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
        with self._in_use:
            self._socket.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        try:
            left = self._left(httpcore2.ConnectTimeout)
            self._socket.settimeout(min(self._backend.connect_s, left))
            return _Stream(
                self._backend,
                ssl_context.wrap_socket(self._socket, server_hostname=server_hostname),
            )
        except TimeoutError as error:
            self.close()
            raise httpcore2.ConnectTimeout("no TLS in time") from error
        except OSError as error:
            self.close()
            raise httpcore2.ConnectError(str(error)) from error

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            return is_readable(self._socket)
        if info == "socket":
            return self._socket
        if info == "ssl_object":
            return self._socket if self._is_tls else None
        return None


def is_readable(made: socket.socket) -> bool:
    """Whether an idle connection has something to say: its end, most of all."""
    number = made.fileno()  # once: another thread may close it
    if number < 0:
        return True
    poll = select.poll()
    poll.register(number, select.POLLIN)
    return bool(poll.poll(0))

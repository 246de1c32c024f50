"""HTTP/1.1 over pools of connections, in threads and on an event loop."""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
import time
from typing import Any

import httpcore2

from featurelib_client.address import Address
from featurelib_client.connections import Connections
from featurelib_client.errors import ClientError
from featurelib_client.network import Backend, Resolver, resolve_name
from featurelib_client.settings import Settings
from featurelib_client.streams import TaskBackend
from featurelib_client.wire import Clock, Failure, Reply, Sent

__all__ = ["AsyncHttpTransport", "HttpTransport"]

_TIMEOUTS = (httpcore2.TimeoutException,)
_BROKEN = (httpcore2.NetworkError, httpcore2.ProtocolError)
_ENDED = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
"""Of TLS: the connection broke. All else of it does not get better by another attempt."""
_CLOSED = "the client was closed"
_NOT_SENT = (httpcore2.ConnectError, httpcore2.ConnectTimeout, httpcore2.PoolTimeout)


class _Transport:
    """What both transports have in common."""

    def __init__(self, address: Address, settings: Settings, clock: Clock) -> None:
        self._origin = (address.scheme.encode(), address.host.encode(), address.port)
        self._prefix = address.prefix.encode()
        self._authority = (b"Host", address.authority.encode())
        self._where = address.socket or address.authority
        self._most, self._clock = settings.max_answer_bytes, clock
        self._options: dict[str, Any] = {
            "keepalive_expiry": settings.keepalive_s, "uds": address.socket,
        }  # fmt: skip
        if address.scheme == "https":
            self._options["ssl_context"] = httpcore2.default_ssl_context()

    def _request(self, sent: Sent, extensions: dict[str, Any]) -> httpcore2.Request:
        url = _url(*self._origin, self._prefix + sent.target)
        made = httpcore2.Request(sent.method, url, content=sent.body, extensions=extensions)
        made.headers = [self._authority, *sent.headers]  # bytes: nothing to look at or to convert
        if sent.body is not None:
            made.headers.append((b"Content-Length", b"%d" % len(sent.body)))
        return made


class HttpTransport(_Transport):
    """Sends from any thread; each waits on its own socket.

    Args:
        address: Of the server.
        settings: How many connections, and for how long.
        clock: Monotonic seconds, those of `Sent.until`.
        resolve: Resolves names.
    """

    def __init__(
        self,
        address: Address,
        settings: Settings,
        clock: Clock = time.monotonic,
        resolve: Resolver = resolve_name,
    ) -> None:
        super().__init__(address, settings, clock)
        self._backend = Backend(clock, settings.connect_timeout_s, resolve)
        make = functools.partial(
            httpcore2.HTTPConnection, httpcore2.Origin(*self._origin),
            network_backend=self._backend, **self._options,
        )  # fmt: skip
        self._connections = Connections(make, settings.max_connections, settings.keepalive_s)

    def send(self, sent: Sent) -> Reply | Failure:
        """The answer to one attempt, or why there is none."""
        left = sent.until - self._clock()
        if left <= 0:
            return Failure("timeout", "the deadline passed", is_sent=False)
        self._backend.begin(sent.until)
        try:
            connection = self._connections.take(left)
            try:
                response = connection.handle_request(self._request(sent, {}))
                try:
                    body, size = [], 0
                    for part in response.iter_stream():
                        body.append(part)
                        size += len(part)
                        if size > self._most:
                            return _too_long(self._most)
                finally:
                    response.close()
            finally:
                self._connections.give_back(connection)
        except (*_TIMEOUTS, *_BROKEN) as error:
            return _failure(error, self._where)
        return _reply(response, body)

    def close(self) -> None:
        """Closes all connections; who waits for an answer has none."""
        self._backend.close()
        self._connections.close()


class AsyncHttpTransport(_Transport):
    """Sends from the tasks of one event loop.

    Args:
        address: Of the server.
        settings: How many connections, and for how long.
        clock: Monotonic seconds, those of `Sent.until`.
    """

    def __init__(self, address: Address, settings: Settings, clock: Clock = time.monotonic) -> None:
        super().__init__(address, settings, clock)
        self._connect_s = settings.connect_timeout_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waits, self._is_closed = set[asyncio.Timeout](), False
        self._pool = httpcore2.AsyncConnectionPool(
            max_connections=settings.max_connections, network_backend=TaskBackend(),
            **self._options,
        )  # fmt: skip

    async def send(self, sent: Sent) -> Reply | Failure:
        """The answer to one attempt, or why there is none.

        Raises:
            ClientError: It has sent on another event loop, to which its connections belong.
        """
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            if self._loop is not None:
                raise ClientError(
                    "this client has connections of another event loop; make one client in each"
                )
            self._loop = loop
        if self._is_closed:
            return Failure("connect", _CLOSED, is_sent=False)
        left = sent.until - self._clock()
        if left <= 0:
            return Failure("timeout", "the deadline passed", is_sent=False)
        connect = min(left, self._connect_s)
        timeout = {"pool": left, "connect": connect, "read": left, "write": left}
        request = self._request(sent, {"timeout": timeout})
        limit = asyncio.timeout(left)
        self._waits.add(limit)
        try:
            async with limit:
                response = await self._pool.handle_async_request(request)
                try:
                    body, size = [], 0
                    async for part in response.aiter_stream():
                        body.append(part)
                        size += len(part)
                        if size > self._most:
                            return _too_long(self._most)
                finally:
                    await response.aclose()
        except (*_TIMEOUTS, *_BROKEN) as error:
            return _failure(error, self._where)
        except TimeoutError:
            if self._is_closed:
                return Failure("disconnect", _CLOSED, is_sent=True)
            return Failure("timeout", "no answer in time", is_sent=True)
        except AttributeError as error:
            if error.name != "getpeername":
                raise
            # Under uvloop a connection that ends as it begins has no socket that anyio could ask.
            return Failure("connect", "the connection ended as it began", is_sent=False)
        finally:
            self._waits.discard(limit)
        return _reply(response, body)

    async def aclose(self) -> None:
        """Closes all connections; who waits for an answer, or for a connection, has none."""
        self._is_closed = True
        if self._waits:
            # httpcore closes those that are made; one that is being made it would leave to its end.
            for limit in self._waits:
                if not limit.expired():
                    limit.reschedule(asyncio.get_running_loop().time())
            await asyncio.sleep(0)
        await self._pool.aclose()


@functools.lru_cache(256)
def _url(scheme: bytes, host: bytes, port: int, target: bytes) -> httpcore2.URL:
    return httpcore2.URL(scheme=scheme, host=host, port=port, target=target)


def _reply(response: httpcore2.Response, body: list[bytes]) -> Reply:
    headers = {name.lower(): value for name, value in response.headers}
    return Reply(response.status, headers, body[0] if len(body) == 1 else b"".join(body))


def _too_long(most: int) -> Failure:
    return Failure("too_long", f"the answer has more than {most} bytes", is_sent=True)


def _failure(error: Exception, where: str) -> Failure:
    is_sent = not isinstance(error, _NOT_SENT)
    text = str(error) or "broken"
    if isinstance(error, _TIMEOUTS):
        reason = "timeout" if is_sent else "connect_timeout"
        return Failure(reason, str(error) or "not in time", is_sent=is_sent)
    if is_sent:
        return Failure("disconnect", text, is_sent=True)
    cause = error.__context__  # its cause, which httpcore's pool takes away
    if isinstance(cause, socket.gaierror):
        return Failure("dns", f"{where}: {cause.strerror}", is_sent=False)
    if isinstance(cause, ssl.SSLError) and not isinstance(cause, _ENDED):
        return Failure("tls", f"{where}: no TLS with the server: {cause}", is_sent=False)
    return Failure("connect", f"{where}: {text}", is_sent=False)

"""HTTP/1.1 over pools of connections, in threads and on an event loop."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpcore2

from featurelib_client.address import Address
from featurelib_client.network import Backend, Resolver, resolve_name
from featurelib_client.settings import Settings
from featurelib_client.wire import Clock, Failure, Reply, Sent

__all__ = ["AsyncHttpTransport", "HttpTransport"]

_TIMEOUTS = (httpcore2.TimeoutException,)
_BROKEN = (httpcore2.NetworkError, httpcore2.ProtocolError)
_NOT_SENT = (httpcore2.ConnectError, httpcore2.ConnectTimeout, httpcore2.PoolTimeout)


class _Pool:
    """What both transports have in common."""

    def __init__(self, address: Address, settings: Settings, clock: Clock) -> None:
        self._scheme, self._host = address.scheme.encode(), address.host.encode()
        self._port, self._prefix = address.port, address.prefix.encode()
        self._authority = (b"Host", address.authority.encode())
        self._most, self._clock = settings.max_answer_bytes, clock
        self._connect_s = settings.connect_timeout_s
        self._options: dict[str, Any] = {
            "max_connections": settings.max_connections,
            "keepalive_expiry": settings.keepalive_s,
            "uds": address.socket,
        }
        if address.scheme == "https":
            self._options["ssl_context"] = httpcore2.default_ssl_context()

    def _request(self, sent: Sent, left: float) -> httpcore2.Request:
        url = httpcore2.URL(
            scheme=self._scheme, host=self._host, port=self._port,
            target=self._prefix + sent.target,
        )  # fmt: skip
        headers = [self._authority, *sent.headers]
        if sent.body is not None:
            headers.append((b"Content-Length", b"%d" % len(sent.body)))
        connect = min(left, self._connect_s)
        timeout = {"pool": left, "connect": connect, "read": left, "write": left}
        return httpcore2.Request(
            sent.method, url, headers=headers, content=sent.body, extensions={"timeout": timeout}
        )


class HttpTransport(_Pool):
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
        self._pool = httpcore2.ConnectionPool(network_backend=self._backend, **self._options)

    def send(self, sent: Sent) -> Reply | Failure:
        """The answer to one attempt, or why there is none."""
        left = sent.until - self._clock()
        if left <= 0:
            return Failure("timeout", "the deadline passed", is_sent=False)
        self._backend.begin(sent.until)
        try:
            response = self._pool.handle_request(self._request(sent, left))
            try:
                body, size = [], 0
                for part in response.iter_stream():
                    body.append(part)
                    size += len(part)
                    if size > self._most:
                        return _too_long(self._most)
            finally:
                response.close()
        except (*_TIMEOUTS, *_BROKEN) as error:
            return _failure(error)
        return _reply(response, body)

    def close(self) -> None:
        """Closes all connections."""
        self._pool.close()


class AsyncHttpTransport(_Pool):
    """Sends from the tasks of one event loop.

    Args:
        address: Of the server.
        settings: How many connections, and for how long.
        clock: Monotonic seconds, those of `Sent.until`.
    """

    def __init__(self, address: Address, settings: Settings, clock: Clock = time.monotonic) -> None:
        super().__init__(address, settings, clock)
        self._pool = httpcore2.AsyncConnectionPool(**self._options)

    async def send(self, sent: Sent) -> Reply | Failure:
        """The answer to one attempt, or why there is none."""
        left = sent.until - self._clock()
        if left <= 0:
            return Failure("timeout", "the deadline passed", is_sent=False)
        try:
            async with asyncio.timeout(left):
                response = await self._pool.handle_async_request(self._request(sent, left))
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
            return _failure(error)
        except TimeoutError:
            return Failure("timeout", "no answer in time", is_sent=True)
        except AttributeError as error:
            if error.name != "getpeername":
                raise
            # Under uvloop a connection that ends as it begins has no socket that anyio could ask.
            return Failure("connect", "the connection ended as it began", is_sent=False)
        return _reply(response, body)

    async def aclose(self) -> None:
        """Closes all connections."""
        await self._pool.aclose()


def _reply(response: httpcore2.Response, body: list[bytes]) -> Reply:
    headers = {name.lower(): value for name, value in response.headers}
    return Reply(response.status, headers, body[0] if len(body) == 1 else b"".join(body))


def _too_long(most: int) -> Failure:
    return Failure("too_long", f"the answer has more than {most} bytes", is_sent=True)


def _failure(error: Exception) -> Failure:
    is_sent = not isinstance(error, _NOT_SENT)
    if isinstance(error, _TIMEOUTS):
        reason = "timeout" if is_sent else "connect_timeout"
        return Failure(reason, str(error) or "not in time", is_sent=is_sent)
    if isinstance(error, httpcore2.ProtocolError):
        return Failure("disconnect", str(error), is_sent=True)
    return Failure("disconnect" if is_sent else "connect", str(error) or "broken", is_sent=is_sent)

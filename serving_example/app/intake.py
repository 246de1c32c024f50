"""The bytes of a connection to requests, and limits on what comes before a request is one.

What a client sends while its last request is at work, or while it does not read, waits as it came.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING

import httptools
import msgspec

from serving_example.app.http import Pending, Rejection, Request
from serving_example.app.routes import Route

if TYPE_CHECKING:
    from serving_example.app.port import Port

__all__ = ["PIECE", "Exchange", "Intake"]

log = logging.getLogger("serving_example")
PIECE = 8_192
"""Bytes that are parsed at once: a packet of many small requests does not hold up the others."""
_HELD = 65_536
"""Bytes that wait behind a request at work before the client is made to wait too. Until then its
hanging up is noticed."""


class Exchange(msgspec.Struct, eq=False):
    """One request and what becomes of it.

    Attributes:
        request: The request; its body is there when it is whole.
        route: Of it, once it was let in.
        refusal: Why it is not answered as asked; None: nothing is known against it.
        pending: Its answer, while it is waited for.
        place: Where it stands among the deadlines.
        parts: What came of its body; None: nothing.
        size: Bytes of them.
        has_body: Whether its head says that it has one.
        is_whole: Its last byte came.
        is_last: The connection ends with its answer.
        is_old: It is of HTTP/1.0.
        is_answered: It was answered, perhaps before it was whole.
    """

    request: Request
    route: Route | None = None
    refusal: Exception | None = None
    pending: Pending | None = None
    parts: list[bytes] | None = None
    place: int = 0
    size: int = 0
    has_body: bool = False
    is_whole: bool = False
    is_last: bool = False
    is_old: bool = False
    is_answered: bool = False


class Intake(asyncio.Protocol):
    """What comes in on one connection.

    Args:
        port: What it shares with the others.
    """

    def __init__(self, port: Port) -> None:
        self._port, self._app, self._limits = port, port.application, port.application.limits
        self._parser: httptools.HttpRequestParser | None = httptools.HttpRequestParser(self)
        self.transport: asyncio.Transport
        self._client = ""
        self._queue: deque[Exchange] = deque()
        self._receiving: Exchange | None = None
        self._url, self._headers = b"", dict[bytes, bytes]()
        self._held: list[bytes] = []
        self._held_bytes = self._head_bytes = self._piece = 0
        self._is_deaf = self._is_paused = self._is_put_off = False
        self._is_between = True  # the parser has seen all of a request, and nothing of the next
        self._head_since: float | None = port.clock()
        self._body_since: float | None = None
        self._came: float | None = None
        self._idle_since: float | None = None
        self._unread_since: float | None = None

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        if self._is_deaf:
            return
        self._idle_since = None
        is_held_up = self._is_put_off or self._unread_since is not None
        if self._held or is_held_up or (self._queue and self._is_blocked()):
            self._hold(data)
        elif not self._port.pace.is_now(self):
            self._is_put_off, self._came = True, self._port.clock()
            self._hold(data)
        elif not (self._is_between and self._take(data)):
            self._feed(data)

    def take_up(self) -> None:
        """What was put off has its turn."""
        self._is_put_off = False
        if not self._is_deaf:
            self._unhold()
        self._came = None

    def _advance(self) -> None:
        """Answers what can be answered."""
        raise NotImplementedError

    def _refuse(self, rejection: Rejection) -> None:
        """Ends the connection with this, after the answers to the requests before it."""
        raise NotImplementedError

    def _take(self, data: bytes) -> bool:
        """Takes a request that comes as most do, past the parser; whether it was one."""
        request = self._app.whole(data, self._client)
        if request is None:
            return False
        self._head_since = None
        if self._came is not None:
            self._date_back(request, self._came)
        exchange = Exchange(request)
        exchange.is_whole, exchange.has_body = True, request.method == "POST"
        self._queue.append(exchange)
        self._advance()
        return True

    def _date_back(self, request: Request, came: float) -> None:
        """The time of a request whose bytes were put off counts from when they came."""
        request.deadline -= request.arrived - came
        request.arrived, self._came = came, None

    # What the parser calls.

    def on_message_begin(self) -> None:
        """A head begins."""
        self._is_between = False
        self._url, self._headers = b"", {}
        if self._head_since is None:
            self._head_since, self._head_bytes = self._port.clock(), 0

    def on_url(self, url: bytes) -> None:
        """A part of the target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; of a name that comes twice the last one counts."""
        self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        """A head is whole."""
        parser, headers = self._parser, self._headers
        self._head_since = None
        if self._is_deaf or parser is None:
            return
        if self._head_bytes + self._piece > self._limits.head_bytes:
            exact = len(self._url) + sum(len(n) + len(v) + 4 for n, v in headers.items())
            if exact > self._limits.head_bytes:
                self._refuse_head()
                return
        is_old = parser.get_http_version() != "1.1"
        try:
            if not is_old and b"host" not in headers:
                raise malformed("a request of HTTP/1.1 has the header Host")
            request = self._app.request(
                parser.get_method().decode(), self._url, headers, self._client
            )
        except Rejection as rejection:
            self._refuse(rejection)
            return
        if self._came is not None:
            self._date_back(request, self._came)
        exchange = self._receiving = Exchange(request)
        exchange.is_old = is_old
        exchange.is_last = not parser.should_keep_alive() or parser.should_upgrade()
        exchange.has_body = b"content-length" in headers or b"transfer-encoding" in headers
        self._body_since = self._port.clock()
        self._queue.append(exchange)
        if exchange.has_body and self._queue[0] is exchange:
            self._advance()  # it may be refused, or let in, before its body comes

    def on_body(self, body: bytes) -> None:
        """A part of a body."""
        exchange = self._receiving
        if exchange is None or self._is_deaf:
            return
        exchange.size += len(body)
        if exchange.size > self._limits.body_bytes:
            self._refuse(self._app.too_large())
        elif not exchange.is_answered:
            if exchange.parts is None:
                exchange.parts = []
            exchange.parts.append(body)

    def on_message_complete(self) -> None:
        """A request is whole."""
        exchange = self._receiving
        if exchange is None or self._is_deaf:
            return
        self._receiving = self._body_since = None
        exchange.is_whole = self._is_between = True
        if exchange.is_last:
            self._is_deaf = True  # what comes after it is nobody's
        if not exchange.is_answered and self._queue[0] is exchange:
            self._advance()

    # Bytes that are parsed, and bytes that wait.

    def _is_blocked(self) -> bool:
        """Whether a request at work, or a client that does not read, holds up what it sends."""
        return (
            self._unread_since is not None
            or self._is_put_off
            or (bool(self._queue) and self._queue[0] is not self._receiving)
        )

    def _feed(self, data: bytes) -> None:
        """Parses bytes until they end or something holds up the rest."""
        at, size = 0, len(data)
        while at < size and self._parser is not None:
            piece = data if size <= PIECE else data[at : at + PIECE]
            at, self._piece = at + len(piece), len(piece)
            if self._head_since is not None:
                self._head_bytes += len(piece)
            try:
                self._parser.feed_data(piece)
            except httptools.HttpParserUpgrade:
                self.on_message_complete()  # it is answered as if it had asked for nothing more
            except httptools.HttpParserCallbackError as error:
                log.error("a request could not be taken", exc_info=error)
                self.transport.abort()
                return
            except httptools.HttpParserError as error:
                if not self._is_deaf:
                    self._refuse(malformed(str(error)))
            if self._is_deaf:
                return
            if self._head_since is not None and self._head_bytes > self._limits.head_bytes:
                self._refuse_head()
                return
            if at < size and self._is_blocked():
                self._hold(data[at:])
                return

    def _hold(self, data: bytes) -> None:
        self._held.append(data)
        self._held_bytes += len(data)
        if self._held_bytes > _HELD and not self._is_paused:
            self._is_paused = True
            self.transport.pause_reading()

    def _unhold(self) -> None:
        if self._held and not self._is_blocked():
            data = b"".join(self._held)
            self._held, self._held_bytes = [], 0
            self._resume()
            if not (self._is_between and self._take(data)):
                self._feed(data)

    def _resume(self) -> None:
        if self._is_paused:
            self._is_paused = False
            self.transport.resume_reading()

    def _refuse_head(self) -> None:
        self._refuse(
            Rejection(
                431, "too_large", "head_bytes", "the request's line and headers have at most "
                f"{self._limits.head_bytes} bytes", field="headers",
            )
        )  # fmt: skip


def malformed(message: str) -> Rejection:
    """Why something is no request."""
    return Rejection(400, "invalid", "malformed_http", message, close=True)

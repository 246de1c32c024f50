"""HTTP/1.1 on one connection: each request is answered, in its order, and none holds it for ever.

Requests of a connection are answered one after another. So answers need no sorting, and a later
request sees what an earlier one did. Times are looked at by `Port.sweep` for all connections, not
by timers of each.
"""

from __future__ import annotations

import asyncio
from collections import deque

from serving_example.app.errors import too_late
from serving_example.app.http import Rejection, Response
from serving_example.app.intake import PIECE, Exchange, Intake
from serving_example.app.routes import Route

__all__ = ["LINGER_S", "Connection"]

LINGER_S = 1.0
"""For how long a refused client's bytes are taken and thrown away: a connection that is closed over
them would be reset, and the client might not see why it was refused."""
_CLOSE, _KEEP = "connection: close\r\n", "connection: keep-alive\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_NONE = "none"
"""What stands for the template of a request that has no route."""


class Connection(Intake):
    """One connection: what goes out on it, and when it ends."""

    _is_refused = False
    _ending_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client came. Its first head must come in time too."""
        self.transport = transport
        address = transport.get_extra_info("peername")
        self._client = str(address[0]) if address else ""
        self._port.connections.add(self)
        if len(self._port.connections) > self._limits.connections:
            self._refuse(
                Rejection(
                    503, "overloaded", "connections", f"{self._limits.connections} connections are "
                    "open; try again later", retry_after_s=self._limits.retry_after_s,
                )
            )  # fmt: skip

    def connection_lost(self, exc: Exception | None) -> None:
        """The client hung up: what it waited for is not needed any more."""
        self._port.connections.discard(self)
        self._is_deaf, self._parser = True, None
        self._held.clear()
        queue, self._queue = self._queue, deque()
        if queue:
            first = queue[0]
            if first.route is not None:
                self._app.in_flight -= 1
            self._app.gone(first.request, _NONE if first.route is None else first.route.template)
            if first.pending is not None:
                self._port.deadlines.discard(self, first.place)
                first.pending.abandon(too_late())

    def pause_writing(self) -> None:
        """The client does not read."""
        self._unread_since = self._port.clock()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._unread_since = None
        self._go_on()

    # From requests to answers.

    def late(self) -> None:
        """The deadline of the first request has passed."""
        if self._queue and (pending := self._queue[0].pending) is not None:
            pending.abandon(too_late())

    def _finish(self, result: Response | Exception) -> None:
        """The answer that the first request waited for."""
        if not self._queue:
            return  # the client hung up
        exchange = self._queue[0]
        exchange.pending = None
        self._port.deadlines.discard(self, exchange.place)
        if isinstance(result, Exception):
            result = self._app.refuse(result, exchange.request)
        self._answer(exchange, result)
        if self._queue or self._held or self._head_since is not None:
            self._go_on()

    def _go_on(self) -> None:
        """Takes up what had to wait: it was not late."""
        if self._head_since is not None or self._body_since is not None:
            now = self._port.clock()
            self._head_since = None if self._head_since is None else now
            self._body_since = None if self._body_since is None else now
        if self._queue:
            self._advance()
        if self._held:
            self._unhold()

    def _advance(self) -> None:
        """Answers what can be answered, in order, until one has to be waited for."""
        queue, app = self._queue, self._app
        while queue and self._unread_since is None:
            exchange = queue[0]
            if exchange.pending is not None:
                return
            route = exchange.route
            if route is None and exchange.refusal is None:
                route = self._begin(exchange)
            if route is None or exchange.refusal is not None:
                assert exchange.refusal is not None
                self._answer(exchange, app.refuse(exchange.refusal, exchange.request))
                continue
            if not exchange.is_whole:
                return
            request = exchange.request
            if exchange.parts:
                request.body = b"".join(exchange.parts)
            try:
                given = route.handler(request)
            except Exception as error:
                given = app.refuse(error, request)
            made = given if isinstance(given, Response) else given.result
            if made is not None:
                if isinstance(made, Exception):
                    made = app.refuse(made, request)
                self._answer(exchange, made)
            else:
                assert not isinstance(given, Response)
                exchange.pending = given
                exchange.place = self._port.deadlines.add(self, request.deadline)
                given.then(self._finish)
                return

    def _begin(self, exchange: Exchange) -> Route | None:
        """Lets the first request in; else its `refusal` says why not."""
        request, app = exchange.request, self._app
        try:
            exchange.route = route = app.begin(request)
            app.in_flight += 1
            if exchange.has_body:
                app.check_body(route, request.headers)
                if _waits(exchange) and not exchange.is_old:
                    self.transport.write(_CONTINUE)
            return route
        except Exception as error:
            exchange.refusal = error
            return None

    def _answer(self, exchange: Exchange, made: Response) -> None:
        """Writes the answer of the first request."""
        app, request = self._app, exchange.request
        self._queue.popleft()
        route = exchange.route
        if route is not None:
            app.in_flight -= 1
        exchange.is_answered = True
        if self.transport.is_closing():
            return
        now = app.clock()
        is_last = made.close or exchange.is_last or app.is_draining
        if not exchange.is_whole and _waits(exchange):
            is_last = True  # whether its body comes now, nobody can tell
        more = _CLOSE if is_last else _KEEP if exchange.is_old else ""
        head = app.head(made, request, _NONE if route is None else route.template, now, more)
        if request.method == "HEAD":
            self.transport.write(head)
        elif len(made.body) <= PIECE:
            self.transport.write(head + made.body)
        else:
            self.transport.writelines((head, made.body))
        if is_last:
            self._end(now)
        elif not self._queue:
            self._idle_since = now

    def _end(self, now: float) -> None:
        """After the last answer: closes, at once where nothing more can be on its way."""
        more = self._receiving or self._head_since or self._held
        self._is_deaf, self._ending_since = True, now
        self._queue.clear()
        self._held.clear()
        if more or self._is_refused:
            self._resume()
            self.transport.write_eof()
        else:
            self.transport.close()

    def _refuse(self, rejection: Rejection) -> None:
        """Answers what cannot be read on, after the requests before it, and ends the connection."""
        exchange, self._receiving = self._receiving, None
        self._is_deaf = self._is_refused = rejection.close = True
        self._head_since = self._body_since = None
        if exchange is None:
            exchange = Exchange(self._app.unread())
            self._queue.append(exchange)
        elif exchange.is_answered:
            self._end(self._port.clock())
            return
        exchange.refusal, exchange.is_whole = rejection, True
        self._advance()

    # What the port asks.

    def check_time(self, now: float) -> None:
        """Ends the connection if its client was too slow."""
        limits = self._limits
        if self._unread_since is not None:
            if now - self._unread_since > limits.write_s:
                self.transport.abort()
        elif self._ending_since is not None:
            if now - self._ending_since > LINGER_S:
                self.transport.close()
        elif self._is_blocked():
            return
        elif self._head_since is not None and now - self._head_since > limits.head_s:
            self._refuse(
                Rejection(
                    408, "too_slow", "head_timeout", "the request's line and headers took longer "
                    f"than {limits.head_s:g} s", field="headers",
                )
            )  # fmt: skip
        elif self._body_since is not None and now - self._body_since > limits.body_s:
            self._refuse(
                Rejection(
                    408, "too_slow", "body_timeout", f"the body took longer than "
                    f"{limits.body_s:g} s", field="body",
                )
            )  # fmt: skip
        elif self._idle_since is not None and now - self._idle_since > limits.idle_s:
            self.transport.close()

    def drain(self) -> None:
        """Closes the connection if no request is at work; else the next answer is its last."""
        if not self._queue and not self._is_put_off:
            self.transport.close()

    def abort(self) -> None:
        """Ends the connection now."""
        self.transport.abort()


def _waits(exchange: Exchange) -> bool:
    """Whether the client waits to be told that it may send its body."""
    if exchange.is_whole or exchange.size:
        return False
    return exchange.request.headers.get(b"expect", b"").lower() == b"100-continue"

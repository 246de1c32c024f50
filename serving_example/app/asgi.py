"""An ASGI application over a table of routes."""

from __future__ import annotations

import asyncio
import hmac
import itertools
import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from serving_example.app.errors import as_rejection, as_response
from serving_example.app.http import Pending, Rejection, Request, Response
from serving_example.app.keys import Keys
from serving_example.app.limits import Limits
from serving_example.app.metrics import Metrics
from serving_example.app.routes import Route, Routes
from serving_example.devices.executor import DeadlineError

__all__ = ["Application"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_ID = re.compile(rb"[A-Za-z0-9._:-]{1,64}\Z")
_MS = re.compile(rb"[0-9]{1,7}\Z")
_LINGER_S = 1.0
ADMIN_S = 120.0
"""For an answer on the admin port: a model may take its time to load."""
GONE = "featurelib.gone"
"""Of a scope: a list of `Pending` that the connection abandons when its client hangs up."""
log = logging.getLogger("serving_example")


class Application:
    """Answers requests, and keeps what every answer has in one place.

    Args:
        routes: What it answers.
        limits: What a client may ask.
        keys: Who may ask.
        metrics: Where answers are counted.
        clock: Monotonic seconds.
        id_prefix: Of request ids of our own; others of the fleet have another.
        admin_token: Of the admin port's application: it answers who has it and nobody else.
    """

    def __init__(
        self,
        routes: Routes,
        *,
        limits: Limits,
        keys: Keys,
        metrics: Metrics,
        clock: Callable[[], float],
        id_prefix: str,
        admin_token: str | None = None,
    ) -> None:
        self._routes, self._limits, self._keys = routes, limits, keys
        self._metrics, self._clock = metrics, clock
        self._ids = map((id_prefix + "-{:x}").format, itertools.count(1))
        self._admin = admin_token.encode() if admin_token else None
        self.in_flight = 0
        self.is_draining = False

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One request of ASGI 3."""
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        request_id = given.decode() if _ID.match(given) else next(self._ids)
        client = scope.get("client")
        now = self._clock()
        is_admin = self._admin is not None
        deadline = now + (ADMIN_S if is_admin else self._limits.answer_s)
        request = Request(
            scope["method"], scope["path"], scope["query_string"], headers, b"", request_id, now,
            deadline, client[0] if client else "", is_admin,
        )  # fmt: skip
        self.in_flight += 1
        template = "none"
        try:
            route, request.parts = self._routes.find(request.method, request.path)
            template = route.template
            self._gate(route, request)
            request.body = await self._body(route, headers, receive)
            made = route.handler(request)
            if isinstance(made, Pending):
                made = await self._wait(made, request, scope)
        except Exception as error:
            made = self._refuse(error, request)
        finally:
            self.in_flight -= 1
        await self._answer(made, request, template, send)

    def _gate(self, route: Route, request: Request) -> None:
        if self._admin is not None:
            given = request.headers.get(b"authorization", b"")
            if not hmac.compare_digest(given, b"Bearer " + self._admin):
                raise Rejection(
                    401, "unauthenticated", "admin_token", "send Authorization: Bearer with the "
                    "admin token", field="headers.authorization",
                    headers=((b"www-authenticate", b"Bearer"),),
                )  # fmt: skip
            return
        if route.needs == "admin":
            raise Rejection(
                403, "forbidden", "admin_port", "this is answered on the admin port only"
            )
        if route.needs == "key":
            if self.in_flight > self._limits.in_flight:
                raise Rejection(
                    503, "overloaded", "in_flight", f"{self._limits.in_flight} requests are at "
                    "work; try again later", retry_after_s=self._limits.retry_after_s,
                )  # fmt: skip
            if not self._keys.is_open:
                self._metrics.key(self._keys.admit(request.headers.get(b"authorization")))
        asked = request.headers.get(b"x-timeout-ms")
        if asked is not None:
            if not _MS.match(asked) or not int(asked):
                raise Rejection(
                    400, "invalid", "wrong_value", f"expected milliseconds, got {asked[:40]!r}",
                    field="headers.x-timeout-ms",
                )  # fmt: skip
            request.deadline = min(request.deadline, request.arrived + int(asked) / 1000)

    async def _body(self, route: Route, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        """The body, or a refusal of one that is too long, too slow or of another type."""
        length = headers.get(b"content-length")
        if (length is None or length == b"0") and b"transfer-encoding" not in headers:
            return b""
        kind = headers.get(b"content-type", route.takes[0]).partition(b";")[0].strip().lower()
        if route.method == "POST" and kind not in route.takes:
            raise Rejection(
                415, "invalid", "content_type", f"expected {_names(route.takes)}, got "
                f"{kind[:80].decode('latin-1')!r}", field="headers.content-type", close=True,
            )  # fmt: skip
        limit = self._limits.body_bytes
        is_long = length is not None and int(length) > limit
        if is_long and headers.get(b"expect", b"").lower() == b"100-continue":
            raise _too_large(limit)
        parts, size = [], 0
        try:
            async with asyncio.timeout(_LINGER_S if is_long else self._limits.body_s) as wait:
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Rejection(
                            400, "invalid", "incomplete_body", "the client left before the end "
                            "of its body", field="body", close=True,
                        )  # fmt: skip
                    size += len(message["body"])
                    if size <= limit and not is_long:
                        parts.append(message["body"])
                    elif not is_long:
                        # A client that still sends would see a reset, not the answer: a moment's
                        # reading, into nothing, lets it see why.
                        is_long = True
                        parts.clear()
                        wait.reschedule(asyncio.get_running_loop().time() + _LINGER_S)
                    if not message["more_body"] or size > 4 * limit:
                        break
        except TimeoutError:
            if not is_long:
                raise Rejection(
                    408, "too_slow", "body_timeout", f"the body took longer than "
                    f"{self._limits.body_s:g} s", field="body", close=True,
                ) from None  # fmt: skip
        if is_long:
            raise _too_large(limit)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def _wait(self, pending: Pending, request: Request, scope: Message) -> Response:
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        pending.then(lambda result: None if done.done() else done.set_result(result))
        late = loop.call_later(
            max(0.0, request.deadline - self._clock()), pending.abandon, DeadlineError("too late")
        )
        gone: list[Pending] | None = scope.get(GONE)
        if gone is not None:
            gone.append(pending)
        try:
            result = await done
        finally:
            late.cancel()
            if gone is not None:
                gone.remove(pending)
        if isinstance(result, Exception):
            raise result
        made: Response = result
        return made

    def _refuse(self, error: Exception, request: Request) -> Response:
        rejection = as_rejection(error, self._limits.retry_after_s)
        if rejection.status == 500:
            log.error("request %s failed", request.request_id, exc_info=error)
        self._metrics.rejection(rejection.code, rejection.reason)
        is_oip = request.path == "/v2" or request.path.startswith("/v2/")
        return as_response(rejection, request.request_id, "oip" if is_oip else "json")

    async def _answer(self, made: Response, request: Request, route: str, send: Send) -> None:
        seconds = self._clock() - request.arrived
        timing = "".join(f", {name};dur={s * 1000:.3f}" for name, s in request.timings)
        headers = [
            (b"content-length", str(len(made.body)).encode()),
            (b"x-request-id", request.request_id.encode()),
            (b"server-timing", f"total;dur={seconds * 1000:.3f}{timing}".encode()),
            *made.headers,
        ]
        if made.content_type:
            headers.append((b"content-type", made.content_type))
        if made.close or self.is_draining:
            headers.append((b"connection", b"close"))
        self._metrics.request(route, request.method, made.status, seconds)
        await send({"type": "http.response.start", "status": made.status, "headers": headers})
        await send({"type": "http.response.body", "body": made.body})


def _too_large(limit: int) -> Rejection:
    return Rejection(
        413, "too_large", "body_bytes", f"a body has at most {limit} bytes", field="body",
        close=True,
    )  # fmt: skip


def _names(types: tuple[bytes, ...]) -> str:
    return " or ".join(kind.decode() for kind in types)

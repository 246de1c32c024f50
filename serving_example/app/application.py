"""From a request that has arrived to the bytes of its answer, apart from any connection."""

from __future__ import annotations

import hmac
import itertools
import logging
import re
from collections.abc import Callable, Mapping
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import unquote

import httptools

from serving_example.app.errors import as_rejection, as_response, turned_away
from serving_example.app.heads import Heads
from serving_example.app.http import Headers, Rejection, Request, Response, Timings
from serving_example.app.keys import Keys
from serving_example.app.limits import Limits
from serving_example.app.metrics import Metrics
from serving_example.app.routes import Route, Routes
from serving_example.pool import RefusedError

__all__ = ["ADMIN_S", "Application"]

_ID = re.compile(rb"[A-Za-z0-9._:-]{1,64}\Z")
_MS = re.compile(rb"[0-9]{1,7}\Z")
_WEIGHT = re.compile(rb"(?:0?\.[0-9]{1,6}|1(?:\.0{1,6})?)\Z")
ADMIN_S = 120.0
"""For an answer on the admin port: a model may take its time to load."""
_MAX_HEADS = 256
"""Answers whose first lines are kept."""
_NO_PARTS: Mapping[str, str] = {}
GONE = 499
"""How a request is counted whose client hung up before its answer."""
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

    Attributes:
        in_flight: Requests at work.
        is_draining: Every answer ends its connection.
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
        self.limits, self.clock = limits, clock
        self._routes, self._keys, self._metrics = routes, keys, metrics
        self._ids = map((id_prefix + "-{:x}").format, itertools.count(1))
        self._admin = admin_token.encode() if admin_token else None
        self._is_admin = self._admin is not None
        self._answer_s = limits.answer_s if self._admin is None else ADMIN_S
        self._whole = Heads(limits.head_bytes).read
        self._heads: dict[tuple[int, bytes, Headers], str] = {}
        self._last: dict[int, tuple[Headers, int, bytes, str]] = {}
        """The same by who the headers are: those of most answers are the very same objects."""
        self._date = ""
        self._stages: tuple[Timings, str] = (), ""
        self.in_flight = 0
        self.is_draining = False

    def request(
        self, method: str, url: bytes, headers: Mapping[bytes, bytes], client: str
    ) -> Request:
        """A request whose head is whole.

        Raises:
            Rejection: The target is none that a server has.
        """
        path, _, query = url.partition(b"?")
        try:
            if not url.startswith(b"/") or b"#" in url:
                parsed = httptools.parse_url(url)
                path, query = parsed.path or b"/", parsed.query or b""
            text = path.decode("ascii")
        except (httptools.HttpParserInvalidURLError, UnicodeDecodeError):
            raise Rejection(
                400, "invalid", "malformed_http", f"no target of a request: {url[:80]!r}",
                close=True,
            ) from None  # fmt: skip
        return self._request(method, unquote(text) if "%" in text else text, query, headers, client)

    def whole(self, data: bytes, client: str) -> Request | None:
        """A request of the plainest kind, from its bytes; None: ask the parser what they are."""
        found = self._whole(data)
        if found is None:
            return None
        method, text, query, headers, body = found
        return self._request(method, text, query, headers, client, body)

    def _request(
        self,
        method: str,
        text: str,
        query: bytes,
        headers: Mapping[bytes, bytes],
        client: str,
        body: bytes = b"",
    ) -> Request:
        given = headers.get(b"x-request-id")
        if given is not None and _ID.match(given):
            request_id = given.decode()
        else:
            request_id = next(self._ids)
        now = self.clock()
        return Request(
            method, text, query, headers, body, request_id, now, now + self._answer_s, client,
            self._is_admin, _NO_PARTS, [],
        )  # fmt: skip

    def unread(self) -> Request:
        """What stands for a request that could not be read."""
        return Request("", "", request_id=next(self._ids), arrived=self.clock())

    def begin(self, request: Request) -> Route:
        """The route of a request that may be answered; its body may be still to come.

        Raises:
            Rejection: There is no such route, or the client may not ask, or not now.
        """
        route, request.parts = self._routes.find(request.method, request.path)
        if self._admin is not None:
            self._check_admin(request, self._admin)
            return route
        if route.needs == "admin":
            raise Rejection(
                403, "forbidden", "admin_port", "this is answered on the admin port only"
            )
        headers = request.headers
        if route.needs == "key":
            if self.in_flight > self.limits.in_flight:
                raise Rejection(
                    503, "overloaded", "in_flight", f"{self.limits.in_flight} requests are at "
                    "work; try again later", retry_after_s=self.limits.retry_after_s,
                )  # fmt: skip
            if not self._keys.is_open:
                request.tenant = tenant = self._keys.admit(headers.get(b"authorization"))
                request.weight = self._keys.weight(tenant)
                self._metrics.key(tenant)
            weight = headers.get(b"x-priority-weight")
            if weight is not None:
                request.weight = min(request.weight, _weight(weight))
        asked = headers.get(b"x-timeout-ms")
        if asked is None:
            if route.is_computed:
                compute_s = self.limits.compute_s
                request.deadline = min(request.deadline, request.arrived + compute_s)
        else:
            if not _MS.match(asked) or not int(asked):
                raise Rejection(
                    400, "invalid", "wrong_value", f"expected milliseconds, got {asked[:40]!r}",
                    field="headers.x-timeout-ms",
                )  # fmt: skip
            request.deadline = min(request.deadline, request.arrived + int(asked) / 1000)
        return route

    def check_body(self, route: Route, headers: Mapping[bytes, bytes]) -> None:
        """Looks at what a head says of its body.

        Raises:
            Rejection: It is of another type, or longer than a body may be.
        """
        length = headers.get(b"content-length")
        if (length is None or length == b"0") and b"transfer-encoding" not in headers:
            return
        kind = headers.get(b"content-type")
        if kind is not None and route.method == "POST" and kind not in route.takes:
            kind = kind.partition(b";")[0].strip().lower()
            if kind not in route.takes:
                raise Rejection(
                    415, "invalid", "content_type", "expected "
                    f"{' or '.join(t.decode() for t in route.takes)}, got "
                    f"{kind[:80].decode('latin-1')!r}", field="headers.content-type", close=True,
                )  # fmt: skip
        if length is not None and int(length) > self.limits.body_bytes:
            raise self.too_large()

    def too_large(self) -> Rejection:
        """Why a body is not read to its end."""
        return Rejection(
            413, "too_large", "body_bytes", f"a body has at most {self.limits.body_bytes} bytes",
            field="body", close=True,
        )  # fmt: skip

    def refuse(self, error: Exception, request: Request) -> Response:
        """The answer that an error becomes."""
        is_oip = request.path == "/v2" or request.path.startswith("/v2/")
        if isinstance(error, RefusedError) and not is_oip:
            after_s = self.limits.retry_after_s
            code, reason, made = turned_away(error.refusal, request.request_id, after_s)
            self._metrics.rejection(code, reason)
            return made
        rejection = as_rejection(error, self.limits.retry_after_s)
        if rejection.status == 500:
            log.error("request %s failed", request.request_id, exc_info=error)
        self._metrics.rejection(rejection.code, rejection.reason)
        return as_response(rejection, request.request_id, "oip" if is_oip else "json")

    def head(self, made: Response, request: Request, route: str, now: float, more: str) -> bytes:
        """The head of an answer, which is counted.

        Args:
            made: The answer.
            request: Of it.
            route: The template of its route.
            now: Time of the clock.
            more: Lines of the connection.
        """
        seconds = now - request.arrived
        self._metrics.request(route, request.method, made.status, seconds)
        headers = made.headers
        known = self._last.get(id(headers))
        if known is None or not (
            known[0] is headers and known[1] == made.status and known[2] == made.content_type
        ):
            known = self._lines(made)
        timing = ""
        for name, took in request.timings:
            timing += f", {name};dur={took * 1000:.3f}"
        if request.stages:
            if request.stages is not self._stages[0]:
                self._stages = request.stages, _timed(request.stages)
            timing += self._stages[1]
        return (
            f"{known[3]}content-length: {len(made.body)}\r\nx-request-id: {request.request_id}\r\n"
            f"server-timing: total;dur={seconds * 1000:.3f}{timing}\r\n{more}\r\n"
        ).encode("latin-1")

    def gone(self, request: Request, route: str) -> None:
        """The client of a request at work hung up."""
        self._metrics.request(route, request.method, GONE, self.clock() - request.arrived)

    def set_date(self, unix_s: float) -> None:
        """What answers say of the time from now on."""
        self._date = formatdate(unix_s, usegmt=True)
        self._heads.clear()
        self._last.clear()

    def _lines(self, made: Response) -> tuple[Headers, int, bytes, str]:
        """What an answer shares with others, and its first lines."""
        key = (made.status, made.content_type, made.headers)
        first = self._heads.get(key)
        if first is None:
            if len(self._heads) >= _MAX_HEADS:
                self._heads.clear()
            first = self._heads[key] = self._first(*key)
        if len(self._last) >= _MAX_HEADS:
            self._last.clear()
        known = self._last[id(made.headers)] = made.headers, made.status, made.content_type, first
        return known

    def _first(self, status: int, content_type: bytes, headers: Headers) -> str:
        """The lines of a head that many answers share for a second."""
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"date: {self._date}"]
        if content_type:
            headers = ((b"content-type", content_type), *headers)
        lines += [f"{name.decode()}: {value.decode('latin-1')}" for name, value in headers]
        return "\r\n".join([*lines, ""])

    def _check_admin(self, request: Request, token: bytes) -> None:
        given = request.headers.get(b"authorization", b"")
        if not hmac.compare_digest(given, b"Bearer " + token):
            raise Rejection(
                401, "unauthenticated", "admin_token", "send Authorization: Bearer with the "
                "admin token", field="headers.authorization",
                headers=((b"www-authenticate", b"Bearer"),),
            )  # fmt: skip


def _weight(given: bytes) -> float:
    """What a request says its answer is worth.

    Raises:
        Rejection: It is no number above 0 and at most 1.
    """
    made = float(given) if _WEIGHT.match(given) else 0.0
    if not made:
        raise Rejection(
            400, "invalid", "wrong_value", f"expected a number above 0 and at most 1, got "
            f"{given[:40]!r}", field="headers.x-priority-weight",
        )  # fmt: skip
    return made


def _timed(timings: Timings) -> str:
    """What the header Server-Timing says of stages, after others."""
    return "".join([f", {name};dur={seconds * 1000:.3f}" for name, seconds in timings])

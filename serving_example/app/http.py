"""Requests and responses as plain objects, apart from any server.

A handler is a plain function from a `Request` to a `Response`, or to a `Pending` that gets its
response later, on the same event loop. It raises `Rejection` for what it refuses. So a handler
knows nothing of sockets, and a test can call it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from featurelib.errors import FeaturelibError

__all__ = [
    "JSON", "Handler", "Headers", "Pending", "Rejection", "Request", "Response", "Timings",
    "decode", "encode",
]  # fmt: skip

Headers = tuple[tuple[bytes, bytes], ...]
"""Headers of an answer, names in lower case."""
Timings = Sequence[tuple[str, float]]
"""Names of stages, and their seconds."""
JSON = b"application/json"
_MAX_FIELDS = 20
"""Parameters that a query may have."""
_encode = msgspec.json.Encoder().encode


def encode(value: Any) -> bytes:
    """A value as JSON."""
    return _encode(value)


class Rejection(FeaturelibError):
    """A request that is not answered as asked.

    Args:
        status: The HTTP status, 4xx or 5xx.
        code: What kind, for programs: ``invalid``, ``too_large``, ``overloaded``, ...
        reason: Which case of it, for programs: ``wrong_dtype``, ``queue_full``, ...
        message: What is wrong and the way out, for people.
        field: The part of the request at fault: a path of names and indices.
        retry_after_s: After how long to try again; None if that would not help.
        headers: More headers of the answer.
        close: Whether the connection ends with the answer.
    """

    def __init__(
        self,
        status: int,
        code: str,
        reason: str,
        message: str,
        *,
        field: str | None = None,
        retry_after_s: float | None = None,
        headers: tuple[tuple[bytes, bytes], ...] = (),
        close: bool = False,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.reason, self.message = status, code, reason, message
        self.field, self.retry_after_s = field, retry_after_s
        self.headers, self.close = headers, close


class Request(msgspec.Struct, eq=False):
    """One request.

    Attributes:
        method: ``GET``, ``POST``.
        path: The decoded path.
        query: What follows the question mark, as sent.
        headers: By lower-case name; of a name that came twice the last.
        body: The whole body.
        request_id: The client's, else one of ours.
        arrived: Time of the service's clock.
        deadline: Time of the service's clock at which the client gets an answer in any case.
        client: The address that it came from.
        is_admin: Whether it came by the admin port, with its token.
        parts: What stood for the names in the route's template.
        timings: Stages and their seconds, for Server-Timing.
        stages: More of them: one object for all requests that were answered together, so that it
            is written once.
        tenant: Whose API key it came with; empty where none is asked for.
        weight: What its answer is worth, above 0.0 and at most 1.0: what is worth less is refused
            earlier.
    """

    method: str
    path: str
    query: bytes = b""
    headers: Mapping[bytes, bytes] = {}
    body: bytes = b""
    request_id: str = ""
    arrived: float = 0.0
    deadline: float = float("inf")
    client: str = ""
    is_admin: bool = False
    parts: Mapping[str, str] = {}
    timings: list[tuple[str, float]] = []
    stages: Timings = ()
    tenant: str = ""
    weight: float = 1.0

    def parameters(self, allowed: tuple[str, ...]) -> dict[str, str]:
        """The parameters of the query, each given at most once.

        Raises:
            Rejection: An unknown one, one twice, or a query that cannot be read.
        """
        if not self.query:
            return {}
        pairs = _pairs(self.query)
        made: dict[str, str] = {}
        for name, value in pairs:
            if name not in allowed or name in made:
                what = "is given twice" if name in made else "is not known"
                raise Rejection(
                    400, "invalid", "repeated" if name in made else "unknown_field",
                    f"the parameter {name[:80]!r} {what}; known are {', '.join(allowed) or 'none'}",
                    field=f"query.{name[:80]}",
                )  # fmt: skip
            made[name] = value
        return made


def _pairs(query: bytes) -> list[tuple[str, str]]:
    """Names and values of a query."""
    try:
        text = query.decode("ascii")
        if "%" in text or "+" in text or text.count("&") >= _MAX_FIELDS:
            return parse_qsl(
                text, keep_blank_values=True, strict_parsing=True, max_num_fields=_MAX_FIELDS,
                errors="strict",
            )  # fmt: skip
        made = []
        for part in text.split("&"):  # most queries: nothing in them is quoted
            name, equals, value = part.partition("=")
            if not equals:
                raise ValueError(part)
            made.append((name, value))
        return made
    except ValueError:
        raise Rejection(
            400, "invalid", "malformed_query", "the query cannot be read: name=value&...",
            field="query",
        ) from None  # fmt: skip


class Response(msgspec.Struct, eq=False):
    """One answer.

    Attributes:
        status: The HTTP status.
        body: The whole body.
        content_type: Its type, empty where there is no body.
        headers: More headers, names in lower case.
        close: Whether the connection ends with it.
    """

    status: int = 200
    body: bytes = b""
    content_type: bytes = JSON
    headers: Headers = ()
    close: bool = False


class Pending:
    """A response that comes later. It is set once; what comes after that is dropped.

    Attributes:
        result: The response or why there is none, once it is set.
        on_abandon: Called if nobody waits any more, so that work can be cancelled.
    """

    __slots__ = ("_then", "on_abandon", "result")

    def __init__(self, on_abandon: Callable[[], None] | None = None) -> None:
        self.result: Response | Exception | None = None
        self.on_abandon = on_abandon
        self._then: Callable[[Response | Exception], None] | None = None

    def set(self, result: Response | Exception) -> None:
        """Gives the response, or the error that becomes one."""
        if self.result is None:
            self.result = result
            # Whoever waits holds this, and this holds him: let go, both end where they are not
            # needed any more, and garbage collection has nothing to find.
            self.on_abandon, then, self._then = None, self._then, None
            if then is not None:
                then(result)

    def follow(self, made: Response | Pending) -> None:
        """Takes the response of another one, when it is there; abandoned, it abandons that."""
        if isinstance(made, Pending):
            self.on_abandon = made.left
            made.then(self.set)
        else:
            self.set(made)

    def then(self, callback: Callable[[Response | Exception], None]) -> None:
        """Calls back once with the result, at once if it is there."""
        if self.result is not None:
            callback(self.result)
        else:
            self._then = callback

    def abandon(self, why: Exception) -> None:
        """Ends the wait: nobody listens any more, or the deadline has passed."""
        if self.result is None:
            self.left()
            self.set(why)

    def left(self) -> None:
        """Nobody waits any more: work can be cancelled."""
        if self.on_abandon is not None:
            self.on_abandon()


Handler = Callable[[Request], Response | Pending]

_PATH = re.compile(r" - at `\$?\.?(.*?)`$")


def decode(body: bytes | msgspec.Raw, kind: Any, field: str = "body") -> Any:
    """JSON as a value of a type, checked.

    Raises:
        Rejection: It is no JSON, or not of that type; `field` names the place.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        text = str(error)
        found = _PATH.search(text)
        inside = found.group(1) if found else ""
        place = field + ("" if not inside or inside.startswith("[") else ".") + inside
        message = _PATH.sub("", text)
        raise Rejection(400, "invalid", _reason(message), message, field=place) from None
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        message = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Rejection(
            400, "invalid", "malformed_json", f"no JSON: {message}", field=field
        ) from None


def _reason(message: str) -> str:
    if "missing required field" in message:
        return "missing_field"
    if "unknown field" in message:
        return "unknown_field"
    return "wrong_type" if message.startswith("Expected") and ", got" in message else "wrong_value"

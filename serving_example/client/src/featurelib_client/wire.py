"""What goes to a transport and what comes back, apart from any HTTP library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["About", "AsyncTransport", "Failure", "Headers", "Reply", "Sent", "Transport"]

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Sent:
    """One attempt.

    Attributes:
        method: ``GET`` or ``POST``.
        target: Path and query.
        headers: All of them but Host and Content-Length.
        body: The whole body; None: it has none.
        until: The time of the client's clock after which nobody waits.
    """

    method: bytes
    target: bytes
    headers: Headers
    body: bytes | None
    until: float


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, whatever its status.

    Attributes:
        status: The HTTP status.
        headers: By name in lower case; of a name that came twice the last.
        body: The whole body.
    """

    status: int
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt has no answer.

    Attributes:
        reason: ``connect``, ``connect_timeout``, ``dns``, ``tls``, ``disconnect``, ``timeout`` or
            ``too_long``.
        message: What happened, for people.
        is_sent: Whether the server may have seen the request.
    """

    reason: str
    message: str
    is_sent: bool


class Transport(Protocol):
    """Sends attempts, from any thread.

    It never raises for what happens on the way, and never returns later than a few milliseconds
    after `until`.
    """

    def send(self, sent: Sent) -> Reply | Failure:
        """The answer to one attempt, or why there is none."""

    def close(self) -> None:
        """Closes all connections."""


class AsyncTransport(Protocol):
    """As `Transport`, for tasks of one event loop. A send that is cancelled ends its attempt."""

    async def send(self, sent: Sent) -> Reply | Failure:
        """The answer to one attempt, or why there is none."""

    async def aclose(self) -> None:
        """Closes all connections."""


@dataclass(frozen=True, slots=True)
class About:
    """How an answer came to be.

    Attributes:
        request_id: That the server saw, and that its log has.
        attempts: How often it was sent; 0: it was kept from before.
        elapsed_s: From the call to the answer.
        age_s: How long ago the answer was got, if it was kept; else 0.0.
    """

    request_id: str
    attempts: int
    elapsed_s: float
    age_s: float = 0.0


Clock = Callable[[], float]

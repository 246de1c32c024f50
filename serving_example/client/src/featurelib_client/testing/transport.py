"""Transports with a script, and a clock that a test moves."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from featurelib_client.testing.answers import NO_ANSWER
from featurelib_client.wire import Failure, Reply, Sent

__all__ = ["AsyncFakeTransport", "FakeTransport", "ManualClock", "Outcome", "Request", "is_late"]


class ManualClock:
    """Seconds that pass when a test says so, and when a client waits.

    Give it to a client as `clock`, and its `sleep` (or `sleep_async`) as `sleep`: back-off then
    takes no time, and a test sees how long it was.

    Attributes:
        now: What it shows.
        slept: How long was slept, each time.
    """

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Passes these seconds."""
        self.slept.append(seconds)
        self.now += seconds

    async def sleep_async(self, seconds: float) -> None:
        """Passes these seconds, and lets other tasks run."""
        self.sleep(seconds)
        await asyncio.sleep(0)


@dataclass(frozen=True, slots=True)
class Request:
    """A request that a client sent.

    Attributes:
        method: ``GET`` or ``POST``.
        path: Path and query.
        headers: By name in lower case.
        body: The whole body; empty if it has none.
        timeout_s: How long the client would have waited from then on.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    timeout_s: float

    def json(self) -> Any:
        """The body's JSON."""
        return json.loads(self.body)


Outcome = Reply | Failure | Callable[[Request], Reply | Failure]
"""What comes of a request; a function says it when it knows the request."""


def is_late(clock: ManualClock, request: Request, takes_s: float) -> bool:
    """Passes the seconds that a request takes; whether its deadline came before that."""
    clock.now += max(0.0, min(takes_s, request.timeout_s))
    return request.timeout_s < takes_s


class _Script:
    """What both transports have in common."""

    def __init__(
        self, *outcomes: Outcome, clock: ManualClock | None = None, takes_s: float = 0.001
    ) -> None:
        if not outcomes:
            raise ValueError("a script has one outcome at least: a Reply, a Failure or a function")
        self.clock = clock or ManualClock()
        self.outcomes, self.takes_s = list(outcomes), takes_s
        self.sent: list[Sent] = []
        self.requests: list[Request] = []
        self.is_closed = False
        self._lock = threading.Lock()

    def _next(self, sent: Sent) -> Reply | Failure:
        with self._lock:
            request = _request(sent, self.clock.now)
            self.sent.append(sent)
            self.requests.append(request)
            if is_late(self.clock, request, self.takes_s):
                return NO_ANSWER
            outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        return outcome(request) if callable(outcome) else outcome


class FakeTransport(_Script):
    """Gives the outcomes of its script instead of sending anything; for a `Client`.

    Args:
        outcomes: One for each request, one after another; the last one for ever.
        clock: Moved by each request; None: one of its own.
        takes_s: How long a request takes. One that takes longer than its deadline fails there.

    Attributes:
        requests: What was sent.
        sent: The same, as it came from the client.
        outcomes: Those that are still to come.
        is_closed: Whether the client was closed.
    """

    def send(self, sent: Sent) -> Reply | Failure:
        """The next outcome."""
        return self._next(sent)

    def close(self) -> None:
        """The client was closed."""
        self.is_closed = True


class AsyncFakeTransport(_Script):
    """As `FakeTransport`, for an `AsyncClient`."""

    async def send(self, sent: Sent) -> Reply | Failure:
        """The next outcome, after other tasks had their turn."""
        await asyncio.sleep(0)
        return self._next(sent)

    async def aclose(self) -> None:
        """The client was closed."""
        self.is_closed = True


def _request(sent: Sent, now: float) -> Request:
    headers = {name.decode().lower(): text.decode("latin-1") for name, text in sent.headers}
    return Request(
        sent.method.decode(), sent.target.decode(), headers, sent.body or b"", sent.until - now
    )

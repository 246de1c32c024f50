"""uvicorn's HTTP protocol with limits on what comes before a request is one.

An ASGI application sees a request when its head is whole. What a head may weigh, how long it may
take, how long a client may leave its answer unread and how many connections there are is decided
here. Time is looked at once a second for all connections (`sweep`), not by a timer for each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from serving_example.app.asgi import GONE
from serving_example.app.errors import as_response
from serving_example.app.http import Pending, Rejection
from serving_example.app.limits import Limits
from serving_example.devices.executor import DeadlineError

__all__ = ["GuardedProtocol", "guarded"]


class GuardedProtocol(HttpToolsProtocol):
    """One connection. `limits` is set by `guarded`."""

    limits = Limits()
    now: Callable[[], float]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = asyncio.get_running_loop().time
        self.gone: list[Pending] = []
        self.head_since: float | None = None
        self.unread_since: float | None = None
        self._head_bytes = 0
        self._is_refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client came. Its first head must come in time too."""
        super().connection_made(transport)
        self.head_since = self.now()
        if len(self.connections) > self.limits.connections:
            self.refuse(
                Rejection(
                    503, "overloaded", "connections", f"{self.limits.connections} connections are "
                    "open; try again later", retry_after_s=self.limits.retry_after_s,
                )
            )  # fmt: skip

    def connection_lost(self, exc: Exception | None) -> None:
        """The client hung up: what it waited for is not needed any more."""
        super().connection_lost(exc)
        self.head_since = self.unread_since = None
        for pending in list(self.gone):
            pending.abandon(DeadlineError("the client hung up"))

    def data_received(self, data: bytes) -> None:
        """Bytes came. Those of a head that is not whole are counted."""
        if self._is_refused:
            return
        if self.head_since is not None:
            self._head_bytes += len(data)
        super().data_received(data)
        if self.head_since is not None and self._head_bytes > self.limits.head_bytes:
            self._refuse_head()

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self.scope[GONE] = self.gone  # type: ignore[literal-required]
        if self.head_since is None:
            self.head_since, self._head_bytes = self.now(), 0

    def on_headers_complete(self) -> None:
        """A head is whole."""
        self.head_since = None
        self._head_bytes = len(self.url) + sum(len(n) + len(v) + 4 for n, v in self.headers)
        if self._is_refused:
            return
        if self._head_bytes > self.limits.head_bytes:
            self._refuse_head()
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of a body came."""
        if not self._is_refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is whole."""
        if not self._is_refused:
            super().on_message_complete()

    def pause_writing(self) -> None:
        """The client does not read."""
        self.unread_since = self.now()
        super().pause_writing()

    def resume_writing(self) -> None:
        """The client reads again."""
        self.unread_since = None
        super().resume_writing()

    def check_time(self, now: float) -> None:
        """Ends a connection whose client was too slow."""
        if self.head_since is not None and now - self.head_since > self.limits.head_s:
            self.refuse(
                Rejection(
                    408, "too_slow", "head_timeout", "the request's line and headers took longer "
                    f"than {self.limits.head_s:g} s", field="headers",
                )
            )  # fmt: skip
        elif self.unread_since is not None and now - self.unread_since > self.limits.write_s:
            self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP is answered in the words of every other refusal."""
        self.refuse(Rejection(400, "invalid", "malformed_http", msg))

    def refuse(self, rejection: Rejection) -> None:
        """Answers without an application, and ends the connection."""
        self._is_refused, self.head_since = True, None
        if self.transport.is_closing():
            return
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            is_first = not self.pipeline and not cycle.response_started
            if not (is_first and cycle.more_body):
                # Requests before it are still at work: they are answered, and then it ends.
                cycle.keep_alive = False
                return
        made = as_response(rejection, "")
        status = HTTPStatus(rejection.status)
        head = [
            f"HTTP/1.1 {status.value} {status.phrase}".encode(),
            b"content-type: " + made.content_type,
            b"content-length: " + str(len(made.body)).encode(),
            b"server-timing: total;dur=0",
            b"connection: close",
            *(name + b": " + value for name, value in made.headers),
        ]
        self.transport.write(b"\r\n".join([*head, b"", made.body]))
        self.transport.close()

    def _refuse_head(self) -> None:
        self.refuse(
            Rejection(
                431, "too_large", "head_bytes", "the request's line and headers have at most "
                f"{self.limits.head_bytes} bytes", field="headers",
            )
        )  # fmt: skip


def guarded(limits: Limits) -> type[GuardedProtocol]:
    """The protocol with these limits, as uvicorn's `http` takes it."""
    return type("GuardedProtocol", (GuardedProtocol,), {"limits": limits})

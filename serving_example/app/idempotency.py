"""Answers that are kept under a client's key, so that a request sent twice runs once.

A client that lost its connection cannot know whether its request ran. It sends it again with the
same ``Idempotency-Key``, and gets the answer of the first one, or waits for it with it.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b

from serving_example.app.http import Handler, Pending, Rejection, Request, Response

__all__ = ["HEADER", "Idempotency"]

HEADER = b"idempotency-key"
_KEY = re.compile(rb"[\x21-\x7e]{1,128}\Z")
_REPLAYED = (b"idempotency-replayed", b"true")
_Name = tuple[str, str, bytes]


class _Kept:
    """A request and its answer.

    Attributes:
        digest: Of the request's body.
        until: After this it is forgotten.
        answer: None while it runs.
        waiting: Who gets the answer.
    """

    __slots__ = ("answer", "digest", "until", "waiting")

    def __init__(self, digest: bytes, until: float) -> None:
        self.digest, self.until = digest, until
        self.answer: Response | None = None
        self.waiting: list[Pending] = []


class Idempotency:
    """Keeps answers by API key, path and the client's key; for one event loop.

    What is refused or fails is not kept: a request that did nothing may be sent again. A client
    that hangs up does not end the request, for it may come back for its answer.

    Args:
        clock: Monotonic seconds.
        keep_s: How long an answer is kept.
        most: How many are kept; beyond, the oldest are forgotten.
        most_bytes: Of the answers together; beyond, the oldest are forgotten, and never the last.

    Attributes:
        size: Bytes of the answers that are kept.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        keep_s: float = 600.0,
        most: int = 10_000,
        most_bytes: int = 64 << 20,
    ) -> None:
        self._clock, self._keep_s = clock, keep_s
        self._most, self._most_bytes = most, most_bytes
        self._kept: OrderedDict[_Name, _Kept] = OrderedDict()
        self.size = 0

    def __len__(self) -> int:
        return len(self._kept)

    def once(self, handler: Handler) -> Handler:
        """The handler that runs a request with a key once; one without a key as before."""

        def answered(request: Request) -> Response | Pending:
            key = request.headers.get(HEADER)
            return handler(request) if key is None else self._answered(key, handler, request)

        return answered

    def _answered(self, key: bytes, handler: Handler, request: Request) -> Response | Pending:
        if not _KEY.match(key):
            raise Rejection(
                400, "invalid", "wrong_value", "expected 1 to 128 visible ASCII characters, got "
                f"{key[:40]!r}", field="headers.idempotency-key",
            )  # fmt: skip
        name = request.tenant, request.path, key
        now, digest = self._clock(), blake2b(request.body, digest_size=16).digest()
        self._forget(now)
        kept = self._kept.get(name)
        if kept is None:
            return self._run(name, digest, now, handler, request)
        if kept.digest != digest:
            raise Rejection(
                422, "invalid", "idempotency_key_reused", "this key came with another body; send "
                "the same body again, or take a new key for a new request",
                field="headers.idempotency-key",
            )  # fmt: skip
        if kept.answer is not None:
            made = kept.answer
            return Response(
                made.status, made.body, made.content_type, (*made.headers, _REPLAYED)
            )  # fmt: skip
        return _waits(kept)

    def _run(
        self, name: _Name, digest: bytes, now: float, handler: Handler, request: Request
    ) -> Response | Pending:
        made = handler(request)
        kept = self._kept[name] = _Kept(digest, now + self._keep_s)
        if isinstance(made, Response):
            self._land(name, kept, made)
            return made
        pending = _waits(kept)
        made.then(lambda result: self._land(name, kept, result))
        return pending

    def _land(self, name: _Name, kept: _Kept, result: Response | Exception) -> None:
        if self._kept.get(name) is kept:
            if isinstance(result, Response) and result.status < 400:
                kept.answer = result
                self.size += len(result.body)
                self._shrink(kept)
            else:
                del self._kept[name]
        waiting, kept.waiting = kept.waiting, []
        for pending in waiting:
            pending.set(result)

    def _forget(self, now: float) -> None:
        kept = self._kept
        while kept and (len(kept) >= self._most or next(iter(kept.values())).until <= now):
            self._drop(next(iter(kept)))

    def _shrink(self, last: _Kept) -> None:
        """Forgets answers, the oldest first; a request that runs has none yet, and stays."""
        if self.size <= self._most_bytes:
            return
        for name, kept in list(self._kept.items()):
            if kept.answer is not None and kept is not last:
                self._drop(name)
                if self.size <= self._most_bytes:
                    return

    def _drop(self, name: _Name) -> None:
        answer = self._kept.pop(name).answer
        if answer is not None:
            self.size -= len(answer.body)


def _waits(kept: _Kept) -> Pending:
    pending = Pending()
    kept.waiting.append(pending)
    return pending

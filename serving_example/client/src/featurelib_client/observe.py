"""What a client tells of itself: a small protocol, which metrics and traces are made from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from featurelib_client.wire import Headers

__all__ = ["BUCKETS_S", "Called", "Observer", "Observers", "Reasons", "Silent"]

BUCKETS_S = (
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0,
)  # fmt: skip
"""Bounds of latencies: the service answers in milliseconds, and deadlines are seconds."""


@dataclass(frozen=True, slots=True)
class Called:
    """A call that has ended.

    Attributes:
        operation: ``recommend``, ``infer``, ...
        outcome: ``ok``, or the name of the error's class.
        elapsed_s: From its begin to its end.
        attempts: How often it was sent; 0: it was not.
        retries: Why it was sent again, once for each time.
        cache: ``hit``, ``stale``, ``miss``, ``joined`` (it waited for an equal one), or ``off``.
        request_id: That the server saw.
    """

    operation: str
    outcome: str
    elapsed_s: float
    attempts: int
    retries: tuple[str, ...]
    cache: str
    request_id: str


class Observer(Protocol):
    """Is told of every call, on the thread or task that makes it. It should not take long.

    An error of `called` is logged, and the call goes on.
    """

    def called(self, call: Called) -> None:
        """A call has ended; its span is still open."""

    def watch(self, name: str, read: Callable[[], float]) -> None:
        """A figure to read when it is wanted: ``budget_tokens``, ``breaker_open``, ..."""

    def span(self, operation: str, request_id: str) -> AbstractContextManager[Headers]:
        """Opened around a call; it gives headers to send with it."""


class Silent:
    """An observer that keeps nothing."""

    def called(self, call: Called) -> None:
        """Nothing."""

    def watch(self, name: str, read: Callable[[], float]) -> None:
        """Nothing."""

    def span(self, operation: str, request_id: str) -> AbstractContextManager[Headers]:
        """Nothing."""
        return nullcontext([])


class Observers:
    """Tells several observers: metrics here, traces there.

    Args:
        observers: Told in this order. Of headers that two of them give, the last one's are sent.
    """

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def called(self, call: Called) -> None:
        """A call has ended."""
        for observer in self._observers:
            observer.called(call)

    def watch(self, name: str, read: Callable[[], float]) -> None:
        """A figure to read when it is wanted."""
        for observer in self._observers:
            observer.watch(name, read)

    @contextmanager
    def span(self, operation: str, request_id: str) -> Iterator[Headers]:
        """Opened around a call; it gives headers to send with it."""
        made: dict[bytes, bytes] = {}
        with ExitStack() as opened:
            for observer in self._observers:
                made.update(opened.enter_context(observer.span(operation, request_id)))
            yield list(made.items())


class Reasons:
    """Reasons as labels.

    A server may give any text as its reason, and each one would be another series that is kept for
    ever; so the first `MOST` stand, and the rest is ``other``.
    """

    MOST = 50

    def __init__(self) -> None:
        self._known: set[str] = set()

    def bounded(self, reason: str) -> str:
        """The reason, or ``other``."""
        if reason not in self._known:
            if len(self._known) >= self.MOST or len(reason) > 80:
                return "other"
            self._known.add(reason)
        return reason

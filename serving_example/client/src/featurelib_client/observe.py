"""What a client tells of itself: a small protocol, which metrics and traces are made from."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from featurelib_client.wire import Headers

__all__ = ["Called", "Observer", "Silent"]


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
    """Is told of every call, on the thread or task that makes it. It should not take long."""

    def called(self, call: Called) -> None:
        """A call has ended."""

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

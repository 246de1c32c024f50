"""Calls with a cache before them: one flight for equal calls, and stale answers where they help."""

from __future__ import annotations

import copy
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Protocol

from featurelib_client.cache import Kept, ResultCache
from featurelib_client.errors import CallError, DeadlineError, OverloadError, UnavailableError
from featurelib_client.plan import Progress
from featurelib_client.wire import Clock, Reply

__all__ = ["Event", "Fetch", "Flight", "Flights", "Refresh", "Wait", "cached"]

_HELPED = (UnavailableError, DeadlineError, OverloadError)
"""Errors that an old answer is better than."""


class Event(Protocol):
    """What a thread or a task can wait for."""

    def set(self) -> None:
        """It has happened."""

    def is_set(self) -> bool:
        """Whether it has."""


class Flight:
    """One call that others wait for.

    Attributes:
        landed: Set at its end.
        result: The reply, or why there is none; None: it was given up, so another one may go.
    """

    __slots__ = ("landed", "result")

    def __init__(self, landed: Event) -> None:
        self.landed = landed
        self.result: Reply | CallError | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait for a flight, at most so long."""

    flight: Flight
    seconds: float


@dataclass(frozen=True, slots=True)
class Refresh:
    """Run these steps beside the call; nobody waits for them."""

    steps: Generator[Any, Any, Any]


Flights = dict[Any, Flight]
Fetch = Callable[[], Generator[Any, Any, Reply]]


def cached(
    key: Callable[[], Any],
    cache: ResultCache,
    flights: Flights,
    event: Callable[[], Event],
    fetch: Fetch,
    refetch: Fetch,
    progress: Progress,
    clock: Clock,
) -> Generator[Any, Any, tuple[Reply, float, str]]:
    """The steps of a call with a cache before it.

    Args:
        key: Of the answer, as things are now.
        cache: Of answers.
        flights: Calls under way, by key.
        event: Makes what waiters wait for.
        fetch: Steps of the call itself, which keep what they got.
        refetch: The same for nobody, with a deadline of its own.
        progress: Of the call.
        clock: Monotonic seconds.

    Returns:
        The reply, its age in seconds, and where it came from: ``hit``, ``stale``, ``joined``,
        ``miss``.
    """
    kept: Kept | None = None
    while True:
        name = key()
        kept = cache.look(name) or kept
        now = clock()
        if kept is not None and now < kept.fresh_until:
            return kept.reply, now - kept.at, "hit"
        if kept is not None and now < kept.stale_until:
            if name not in flights:
                yield Refresh(_refreshed(name, flights, Flight(event()), refetch))
            return kept.reply, now - kept.at, "stale"
        mine = Flight(event())
        flight = flights.setdefault(name, mine)
        if flight is mine:
            break
        yield Wait(flight, progress.until - now)
        result = flight.result
        if isinstance(result, Reply):
            return result, 0.0, "joined"
        if isinstance(result, CallError) and not isinstance(result, DeadlineError):
            if kept is not None and isinstance(result, _HELPED) and clock() < kept.error_until:
                return kept.reply, clock() - kept.at, "stale"
            raise copy.copy(result)
        if clock() >= progress.until:
            raise DeadlineError("an equal call had no answer in time", reason="timeout")
    try:
        return (yield from _fly(name, flights, mine, fetch)), 0.0, "miss"
    except _HELPED:
        if kept is None or clock() >= kept.error_until:
            raise
        return kept.reply, clock() - kept.at, "stale"


def _refreshed(
    name: Any, flights: Flights, mine: Flight, fetch: Fetch
) -> Generator[Any, Any, Reply | None]:
    """Fetches, unless another one does."""
    if flights.setdefault(name, mine) is not mine:
        return None
    return (yield from _fly(name, flights, mine, fetch))


def _fly(name: Any, flights: Flights, mine: Flight, fetch: Fetch) -> Generator[Any, Any, Reply]:
    """Fetches for all who come meanwhile."""
    try:
        reply = yield from fetch()
        mine.result = reply
        return reply
    except CallError as error:
        mine.result = error
        raise
    finally:
        # After a rating of the user another flight may have its place.
        if flights.get(name) is mine:
            del flights[name]
        mine.landed.set()

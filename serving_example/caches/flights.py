"""Single flight: equal work that is under way is waited for, and not begun again.

On one thread, with callbacks: an event loop's, or a test's. Who leaves never ends what others wait
for; work that fails is told to those who waited and to nobody after them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from serving_example.caches.interface import Counts, Seconds

__all__ = ["Cancel", "Flight", "Flights", "Waiter", "Waits", "Work"]

Result = TypeVar("Result")
Cancel = Callable[[], None]
Work = Callable[[float, Callable[[Any], None]], Cancel]
"""Begins work that is wanted until a deadline, and gives what cancels it.

It calls back once, with the result or an exception, at once or later; not after it was cancelled.
"""


class Waits(Protocol[Result]):
    """Who waits for a flight.

    Attributes:
        deadline: Until when he wants its result.
        flight: What he waits for; None before he does, and when he is told. Flights set it.
    """

    deadline: float
    flight: Flight[Result] | None

    def told(self, result: Result | Exception) -> None:
        """The result or the exception, once; never to one who left before."""
        ...


class Waiter(Generic[Result]):
    """Somebody who waits, and has a function called. See `Waits`.

    Args:
        told: Called once with the result or the exception, unless he left before.
        deadline: Until when he wants it.
    """

    __slots__ = ("_told", "deadline", "flight")

    def __init__(self, told: Callable[[Result | Exception], None], deadline: float) -> None:
        self._told, self.deadline = told, deadline
        self.flight: Flight[Result] | None = None

    def told(self, result: Result | Exception) -> None:
        """See `Waits.told`."""
        self._told(result)

    def leave(self) -> None:
        """Waits no more. The last one's leaving cancels the work."""
        if self.flight is not None:
            self.flight.leave(self)


class Flight(msgspec.Struct, Generic[Result], eq=False):
    """Work under way. `Flights` makes it; who waits for it may leave it."""

    of: Flights[Result]
    ticket: Hashable
    work: Work
    deadline: float
    is_wanted: bool
    waiters: dict[Waits[Result], None] = {}
    began: float = 0.0
    cancel: Cancel | None = None
    is_over: bool = False

    def join(self, waiter: Waits[Result]) -> None:
        """One more waits."""
        waiter.flight = self
        self.waiters[waiter] = None

    def leave(self, waiter: Waits[Result]) -> None:
        """One waits no more; the last one's leaving cancels the work."""
        waiter.flight = None
        self.waiters.pop(waiter, None)
        if not (self.waiters or self.is_wanted or self.is_over):
            self.end()

    def end(self) -> None:
        """Nobody waits: others who come begin anew."""
        self.is_over = True
        self.of.forget(self)
        cancel, self.cancel = self.cancel, None
        if cancel is not None:
            cancel()

    def landed(self, result: Result | Exception) -> None:
        """The work has made its result, or failed: all who wait are told."""
        if self.is_over:
            return
        self.is_over, self.cancel = True, None
        self.of.forget(self)
        waiters = list(self.waiters)
        self.waiters.clear()
        if isinstance(result, Exception):
            waiters = self.of.failed(self, waiters)
        else:
            self.of.keep(self.ticket, self.began, result)
        for waiter in waiters:
            if waiter.flight is self:  # he may leave while others are told
                waiter.flight = None
                waiter.told(result)


class Flights(Generic[Result]):
    """The work that is under way, by ticket. Single-threaded.

    Args:
        clock: Monotonic seconds.
        counts: Told of those who joined, and of failures.
        keep: Given each result before it is told, with its ticket and when its making began.
    """

    def __init__(
        self, clock: Seconds, counts: Counts, keep: Callable[[Any, float, Result], None]
    ) -> None:
        self._clock, self._counts, self.keep = clock, counts, keep
        self._flights: dict[Hashable, Flight[Result]] = {}

    def __len__(self) -> int:
        return len(self._flights)

    def __contains__(self, ticket: object) -> bool:
        return ticket in self._flights

    def wait(self, ticket: Hashable, work: Work, waiter: Waits[Result]) -> None:
        """Waits for the work of a ticket, which is begun if it is not under way.

        Args:
            ticket: Names the work and all that it depends on.
            work: Begins it.
            waiter: Is told; at once, if the work answers at once.
        """
        flight = self._flights.get(ticket)
        if flight is not None:
            self._counts.joined += 1
            flight.join(waiter)
            return
        flight = Flight(self, ticket, work, waiter.deadline, is_wanted=False)
        flight.join(waiter)
        self._begin(flight)

    def renew(self, ticket: Hashable, work: Work, deadline: float) -> bool:
        """Begins work that nobody waits for yet; whether it was not under way."""
        if ticket in self._flights:
            return False
        self._begin(Flight(self, ticket, work, deadline, is_wanted=True))
        return True

    def forget(self, flight: Flight[Result]) -> None:
        """A flight has ended; one that took its place stays."""
        if self._flights.get(flight.ticket) is flight:
            del self._flights[flight.ticket]

    def _begin(self, flight: Flight[Result]) -> None:
        self._flights[flight.ticket] = flight
        flight.began = self._clock()
        try:
            cancel = flight.work(flight.deadline, flight.landed)
        except Exception as error:
            flight.landed(error)
            return
        if not flight.is_over:
            flight.cancel = cancel

    def failed(self, flight: Flight[Result], waiters: list[Waits[Result]]) -> list[Waits[Result]]:
        """Work has failed: who of those that waited is told of it."""
        self._counts.failures += 1
        now = self._clock()
        if flight.deadline > now:
            return waiters
        # The work ended with the deadline of who began it; others may have more time.
        for waiter in waiters:
            if waiter.deadline > now:
                self.wait(flight.ticket, flight.work, waiter)
        return [waiter for waiter in waiters if waiter.deadline <= now]

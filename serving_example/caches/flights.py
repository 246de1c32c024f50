"""Single flight: equal work that is under way is waited for, and not begun again.

On one thread, with callbacks: an event loop's, or a test's. Who leaves never ends what others wait
for; work that fails is told to those who waited and to nobody after them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from serving_example.caches.interface import Counts, Seconds

__all__ = ["Cancel", "Flights", "Waiter", "Work"]

Result = TypeVar("Result")
Cancel = Callable[[], None]
Work = Callable[[float, Callable[[Any], None]], Cancel]
"""Begins work that is wanted until a deadline, and gives what cancels it.

It calls back once, with the result or an exception, at once or later; not after it was cancelled.
"""


class Waiter(Generic[Result]):
    """Somebody who waits for a flight.

    Args:
        told: Called once with the result or the exception, unless he left before.
        deadline: Until when he wants it.
    """

    __slots__ = ("_flight", "deadline", "told")

    def __init__(self, told: Callable[[Result | Exception], None], deadline: float) -> None:
        self.told, self.deadline = told, deadline
        self._flight: _Flight[Result] | None = None

    def leave(self) -> None:
        """Waits no more. The last one's leaving cancels the work."""
        flight, self._flight = self._flight, None
        if flight is not None:
            flight.waiters.pop(self, None)
            if not (flight.waiters or flight.is_wanted or flight.is_over):
                flight.end()


class _Flight(Generic[Result]):
    """Work under way."""

    __slots__ = (
        "began", "cancel", "deadline", "is_over", "is_wanted", "of", "ticket", "waiters", "work",
    )  # fmt: skip

    def __init__(
        self, of: Flights[Result], ticket: Hashable, work: Work, deadline: float, is_wanted: bool
    ) -> None:
        self.of, self.ticket, self.work, self.deadline = of, ticket, work, deadline
        self.waiters: dict[Waiter[Result], None] = {}
        self.began = 0.0
        self.cancel: Cancel | None = None
        self.is_wanted, self.is_over = is_wanted, False

    def join(self, waiter: Waiter[Result]) -> None:
        waiter._flight = self
        self.waiters[waiter] = None

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
        waiters, self.waiters = list(self.waiters), {}
        if isinstance(result, Exception):
            waiters = self.of.failed(self, waiters)
        else:
            self.of.keep(self.ticket, self.began, result)
        for waiter in waiters:
            if waiter._flight is self:  # he may leave while others are told
                waiter._flight = None
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
        self._flights: dict[Hashable, _Flight[Result]] = {}

    def __len__(self) -> int:
        return len(self._flights)

    def __contains__(self, ticket: object) -> bool:
        return ticket in self._flights

    def wait(self, ticket: Hashable, work: Work, waiter: Waiter[Result]) -> None:
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
        flight = _Flight(self, ticket, work, waiter.deadline, is_wanted=False)
        flight.join(waiter)
        self._begin(flight)

    def renew(self, ticket: Hashable, work: Work, deadline: float) -> bool:
        """Begins work that nobody waits for yet; whether it was not under way."""
        if ticket in self._flights:
            return False
        self._begin(_Flight(self, ticket, work, deadline, is_wanted=True))
        return True

    def forget(self, flight: _Flight[Result]) -> None:
        """A flight has ended; one that took its place stays."""
        if self._flights.get(flight.ticket) is flight:
            del self._flights[flight.ticket]

    def _begin(self, flight: _Flight[Result]) -> None:
        self._flights[flight.ticket] = flight
        flight.began = self._clock()
        try:
            cancel = flight.work(flight.deadline, flight.landed)
        except Exception as error:
            flight.landed(error)
            return
        if not flight.is_over:
            flight.cancel = cancel

    def failed(
        self, flight: _Flight[Result], waiters: list[Waiter[Result]]
    ) -> list[Waiter[Result]]:
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

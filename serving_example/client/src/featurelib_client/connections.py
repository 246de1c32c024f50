"""The connections to one server, which threads share.

httpcore's pool looks at all its connections, twice a call and under one lock, because it may have
many servers. Here there is one: a thread takes the connection that was used last, and gives it
back. Making, reading and ending a connection stay httpcore's.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

import httpcore2

from featurelib_client.forks import after_fork
from featurelib_client.wire import Clock

__all__ = ["Connections"]


class Connections:
    """Lends each connection to one thread at a time.

    Who finds all of them lent waits in line: the first to come is the first to get one.

    Args:
        make: A connection that connects with its first request.
        most: So many at once.
        keepalive_s: After this an idle one ends; `make` gave it the same.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        make: Callable[[], httpcore2.HTTPConnection],
        most: int,
        keepalive_s: float,
        clock: Clock = time.monotonic,
    ) -> None:
        self._make, self._most, self._clock = make, most, clock
        self._look_s = keepalive_s / 4
        self._look_at = clock() + self._look_s
        self._is_closed = False
        self._begin()
        after_fork(self, Connections._begin)

    def _begin(self) -> None:
        """Begins without connections: those that are there are another process's."""
        self._all: set[httpcore2.HTTPConnection] = set()
        self._idle: deque[httpcore2.HTTPConnection] = deque()  # the one used last is the last
        self._line: deque[_Place] = deque()
        self._lock = threading.Lock()

    def take(self, left: float) -> httpcore2.HTTPConnection:
        """A connection that nobody else has; `give_back` must follow.

        Args:
            left: Seconds to wait for one.

        Raises:
            PoolTimeout: All are lent, and none came back in time.
            ConnectError: They are closed.
        """
        while True:
            with self._lock:
                if self._is_closed:
                    raise httpcore2.ConnectError("the client was closed")
                if not self._idle:
                    if len(self._all) < self._most:
                        return self._added()
                    place = _Place()
                    self._line.append(place)
                    break
                made = self._idle.pop()
            # Asks the system whether the server ended it: without the lock.
            if not made.has_expired():
                return made
            self._drop(made)
        return self._wait(place, left)

    def give_back(self, made: httpcore2.HTTPConnection) -> None:
        """It is for others now, or for nobody if its last answer was not read to the end."""
        if not made.is_available():
            self._drop(made)
            return
        self._put(made, is_latest=True)
        if self._clock() >= self._look_at:
            self._end_old()

    def close(self) -> None:
        """Ends all, those that are lent too."""
        with self._lock:
            self._is_closed = True
            some, line = list(self._all), list(self._line)
            self._all.clear()
            self._idle.clear()
            self._line.clear()
        for place in line:
            place.give(None)
        for made in some:
            made.close()

    def _added(self) -> httpcore2.HTTPConnection:
        made = self._make()
        self._all.add(made)
        return made

    def _put(self, made: httpcore2.HTTPConnection, *, is_latest: bool) -> None:
        with self._lock:
            if not self._is_closed:
                if self._line:
                    self._line.popleft().give(made)
                elif is_latest:
                    self._idle.append(made)
                else:
                    self._idle.appendleft(made)
                return
        made.close()

    def _drop(self, made: httpcore2.HTTPConnection) -> None:
        """Ends one; the first in line may make another."""
        with self._lock:
            self._all.discard(made)
            if self._line and not self._is_closed:
                self._line.popleft().give(self._added())
        made.close()

    def _end_old(self) -> None:
        """Ends what was idle for long: it lies below the others, where nobody takes it."""
        self._look_at = self._clock() + self._look_s
        while True:
            with self._lock:
                if not self._idle:
                    return
                made = self._idle.popleft()
            if not made.has_expired():
                self._put(made, is_latest=False)
                return
            self._drop(made)

    def _wait(self, place: _Place, left: float) -> httpcore2.HTTPConnection:
        try:
            place.came.wait(left)
        except BaseException:  # Control-C: what was given meanwhile is for others
            with self._lock:
                if place in self._line:
                    self._line.remove(place)
            if place.given is not None:
                self.give_back(place.given)
            raise
        with self._lock:
            if place in self._line:
                self._line.remove(place)
                raise httpcore2.PoolTimeout(f"all {self._most} connections are in use")
        if place.given is None:
            raise httpcore2.ConnectError("the client was closed")
        return place.given


class _Place:
    """A place in the line."""

    __slots__ = ("came", "given")

    def __init__(self) -> None:
        self.came = threading.Event()
        self.given: httpcore2.HTTPConnection | None = None

    def give(self, made: httpcore2.HTTPConnection | None) -> None:
        """It is this one's turn; None: there are no connections any more."""
        self.given = made
        self.came.set()

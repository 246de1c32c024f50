"""A circuit breaker: a server that fails is left alone for a while."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from featurelib_client.wire import Clock

__all__ = ["CLOSED", "HALF_OPEN", "OPEN", "Admission", "Breaker"]

CLOSED, OPEN, HALF_OPEN = "closed", "open", "half_open"
_SLICES = 10
"""Parts of the window that are forgotten one after another."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether a call is let in.

    Attributes:
        epoch: Between which two turns of the circuit it came.
        is_probe: It decides whether the circuit closes.
        wait_s: Seconds after which to try again; None: it is let in.
    """

    epoch: int
    is_probe: bool = False
    wait_s: float | None = None


class Breaker:
    """Opens on the rate of failures in a window; after a while one probe decides.

    Closed, every call is let in. Open, none is, until `open_s` have passed; then it is half open:
    one call at a time is let in. Its answer closes the circuit, its failure opens it again. What
    was let in before the circuit last turned says nothing of the server since then.

    Args:
        rate: The share of failures at which it opens.
        calls: On fewer it stays closed.
        window_s: How far back calls count, to a tenth of it.
        open_s: How long it stays open.
        clock: Monotonic seconds.
    """

    def __init__(
        self, *, rate: float, calls: int, window_s: float, open_s: float, clock: Clock
    ) -> None:
        self._rate, self._calls, self._open_s, self._clock = rate, calls, open_s, clock
        self._width = window_s / _SLICES
        self._slices: deque[list[int]] = deque()  # [number of the slice, calls, failures]
        self._count = self._failures = 0
        self._opened: float | None = None
        self._is_probing = False
        self._in = Admission(0)
        self._lock = threading.Lock()

    @property
    def state(self) -> str:
        """`CLOSED`, `OPEN` or `HALF_OPEN`."""
        opened = self._opened
        if opened is None:
            return CLOSED
        return OPEN if self._clock() - opened < self._open_s else HALF_OPEN

    def admit(self) -> Admission:
        """Lets a call in, or says how long not to.

        Who was let in tells the outcome by `record`, or by `leave` that there is none.
        """
        if self._opened is None:
            return self._in
        with self._lock:
            if self._opened is None:
                return self._in
            left = self._opened + self._open_s - self._clock()
            if left > 0:
                return Admission(self._in.epoch, wait_s=left)
            if self._is_probing:
                return Admission(self._in.epoch, wait_s=self._open_s)
            self._is_probing = True
            return Admission(self._in.epoch, is_probe=True)

    def record(self, admission: Admission, *, is_failure: bool) -> None:
        """How a call ended that was let in."""
        with self._lock:
            if admission.epoch != self._in.epoch:
                return
            if admission.is_probe:
                self._turn(self._clock() if is_failure else None)
                return
            self._add(is_failure)
            if (
                is_failure
                and self._count >= self._calls
                and self._failures >= self._rate * self._count
            ):
                self._turn(self._clock())

    def leave(self, admission: Admission) -> None:
        """A call that was let in ends without telling anything of the server."""
        if admission.is_probe:
            with self._lock:
                if admission.epoch == self._in.epoch:
                    self._is_probing = False

    def _turn(self, opened: float | None) -> None:
        self._opened, self._is_probing = opened, False
        self._in = Admission(self._in.epoch + 1)
        self._slices.clear()
        self._count = self._failures = 0

    def _add(self, is_failure: bool) -> None:
        at, slices = int(self._clock() // self._width), self._slices
        if not slices or slices[-1][0] != at:
            while slices and slices[0][0] <= at - _SLICES:
                _, count, failures = slices.popleft()
                self._count -= count
                self._failures -= failures
            slices.append([at, 0, 0])
        slices[-1][1] += 1
        slices[-1][2] += is_failure
        self._count += 1
        self._failures += is_failure

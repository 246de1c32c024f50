"""How long answers took of late."""

from __future__ import annotations

__all__ = ["Latencies"]

_KEPT, _EACH = 256, 32
"""So many are kept; quantiles are those of the last time that so many came."""


class Latencies:
    """A ring of the last answers' seconds. Threads may add at once: one of two may be lost.

    Attributes:
        median: Of the last ones; None before there are `_EACH`.
        p95: Likewise.
    """

    __slots__ = ("_at", "_ring", "median", "p95")

    def __init__(self) -> None:
        self._ring: list[float] = []
        self._at = 0
        self.median: float | None = None
        self.p95: float | None = None

    def add(self, seconds: float) -> None:
        """An answer came after this."""
        at, ring = self._at, self._ring
        if len(ring) < _KEPT:
            ring.append(seconds)
        else:
            ring[at % _KEPT] = seconds
        self._at = at = at + 1
        if at % _EACH == 0:
            known = sorted(ring)
            self.median = known[len(known) // 2]
            self.p95 = known[min(len(known) - 1, len(known) * 95 // 100)]

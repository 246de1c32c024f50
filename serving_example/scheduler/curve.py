"""How long one model takes on one device, by size."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping

__all__ = ["Curve", "fit_line"]

WINDOW = 64
"""Batches of a size that are remembered: seconds of traffic; six are above a quantile of 0.9."""
REFRESH = 8
"""After so many new batches the quantile is taken again; before the first eight, after each."""
FADE = 0.8
"""What is left of a doubted time: a tenth after ten doubts."""


def fit_line(points: Mapping[int, float]) -> tuple[float, float]:
    """Seconds a row and seconds a batch, by least squares.

    Both are at least 0: a larger batch never takes less time. One point is a constant, which
    expects too much of smaller sizes rather than too little.

    Args:
        points: Size to seconds, at least one.
    """
    n = len(points)
    mean_size, mean_s = sum(points) / n, sum(points.values()) / n
    spread = sum((size - mean_size) ** 2 for size in points)
    slope = 0.0
    if spread > 0.0:
        slope = sum((size - mean_size) * (s - mean_s) for size, s in points.items()) / spread
    slope = min(max(slope, 0.0), mean_s / mean_size)
    return slope, mean_s - slope * mean_size


class Curve:
    """Seconds by size: what was seen, else what was told, else a line through what is known.

    A size that is believed to be slow is not chosen, so nothing would show that it is not: one
    stall would be believed for ever. So what is known of a size that does not run fades while
    others do, down to what they say of it: rows can run in parts, and a batch can be padded.

    Args:
        quantile: Which of the last batches of a size stands for them; high, because a deadline
            is missed by the slow ones.

    Attributes:
        told: Seconds by size that came from a file or a caller.
        seen: Seconds by size, of the last batches.
        version: Rises when an answer may have changed.
    """

    __slots__ = (
        "_batches", "_fresh", "_last", "_line", "_quantile", "_windows", "seen", "told", "version",
    )  # fmt: skip

    def __init__(self, quantile: float) -> None:
        self._quantile = quantile
        self._windows: dict[int, deque[float]] = {}
        self._fresh: dict[int, int] = {}
        self._last: dict[int, int] = {}
        """By size, which of all batches was its last."""
        self._batches = 0
        self._line: tuple[float, float] | None = None
        self.told: dict[int, float] = {}
        self.seen: dict[int, float] = {}
        self.version = 0

    def tell(self, size: int, seconds: float) -> None:
        """Says how long a size takes, until it is seen."""
        self.told[size] = seconds
        self._moved()

    def observe(self, size: int, seconds: float) -> bool:
        """Remembers a batch; True if answers may have changed."""
        window = self._windows.get(size)
        if window is None:
            window = self._windows[size] = deque(maxlen=WINDOW)
            self._fresh[size] = 0
        window.append(seconds)
        self._fresh[size] += 1
        self._batches += 1
        self._last[size] = self._batches
        is_news = len(window) <= REFRESH or self._fresh[size] >= REFRESH
        if is_news:
            self._take(size)
            self._moved()
        if self._batches % WINDOW == 0 and self._fade_unseen():
            is_news = True
        return is_news

    def doubt(self, floor_s: float) -> None:
        """Believes each size to be a little faster.

        Its slowest batch is forgotten; the last one that is left, or what was told, fades.

        Args:
            floor_s: Nothing fades below it.
        """
        for size, window in self._windows.items():
            if len(window) > 1:
                window.remove(max(window))
            else:
                window[0] = _faded(window[0], floor_s)
            self._take(size)
        for size, told_s in self.told.items():
            if size not in self.seen:
                self.told[size] = _faded(told_s, floor_s)
        self._moved()

    def count(self, size: int) -> int:
        """How many batches of a size stand behind `seen`."""
        return len(self._windows.get(size, ()))

    def known(self, size: int) -> float | None:
        """How long a size was seen to take, else told."""
        found = self.seen.get(size)
        return self.told.get(size) if found is None else found

    def points(self) -> int:
        """How many sizes are known."""
        return len(self.told | self.seen)

    def on_line(self, size: int) -> float:
        """How long a size takes, by the line through those that are known, of which there are."""
        if self._line is None:
            self._line = fit_line(self.told | self.seen)
        return self._line[1] + self._line[0] * size

    def _fade_unseen(self) -> bool:
        """Fades what is known of sizes that are not among the last batches; whether any did."""
        since = self._batches - WINDOW
        runs = {size: self.seen[size] for size, last in self._last.items() if last > since}
        did = False
        for size in (self.told | self.seen).keys() - runs.keys():
            floor_s = min(s * math.ceil(size / other) for other, s in runs.items())
            known_s = self.known(size)
            if known_s is not None and known_s > floor_s:
                faded, did = _faded(known_s, floor_s), True
                if size in self.seen:
                    self._windows[size] = deque([faded], maxlen=WINDOW)
                    self._take(size)
                else:
                    self.told[size] = faded
        if did:
            self._moved()
        return did

    def _take(self, size: int) -> None:
        self._fresh[size] = 0
        ranked = sorted(self._windows[size])
        self.seen[size] = ranked[math.ceil(self._quantile * len(ranked)) - 1]

    def _moved(self) -> None:
        self._line = None
        self.version += 1


def _faded(seconds: float, floor_s: float) -> float:
    return max(min(seconds, floor_s), FADE * seconds)

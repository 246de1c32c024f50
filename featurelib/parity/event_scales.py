"""The lengths by which a definition's windows look back: where times are worth testing."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from featurelib.evaluate import Evaluator
from featurelib.intrinsics import Arena
from featurelib.parity.edge_values import FIRST_INSTANT, LAST_INSTANT, transitions
from featurelib.state import FittedState
from featurelib.windows import Calendar, Definition

__all__ = ["Scales", "scales"]

_HOUR, _DAY = 3_600_000_000, 86_400_000_000
_YEAR = 31_556_952_000_000
_UNITS = {"day": _DAY, "week": 7 * _DAY, "month": 31 * _DAY, "year": 366 * _DAY}
_ORIGIN = 1_710_054_000_000_000
"""2024-03-10 07:00 in UTC, when the clocks of New York jump."""
_SPAN = 150 * _YEAR
"""Records of an entity stand within so long, however long windows are: zones have tables."""


@dataclasses.dataclass(frozen=True)
class Scales:
    """Lengths and edges of the windows over one source.

    Attributes:
        lengths: Of windows, tiles, pauses and half lives, in microseconds; at least one.
        starts: What finds the first instant of each calendar window.
        origin: When events begin.
        dense: Events that are to fall into one window at times.
    """

    lengths: tuple[int, ...]
    starts: tuple[Evaluator, ...]
    origin: int
    dense: int

    def length(self, rng: np.random.Generator) -> int:
        """One of the lengths."""
        return self.lengths[int(rng.integers(len(self.lengths)))]

    def pace(self, rng: np.random.Generator) -> tuple[int, int]:
        """A usual time between two events, and for how many of them it lasts.

        A few fall into a window, or many, or more than are kept.
        """
        if rng.random() < 0.25:
            part, lasts = 2 * self.dense, 4 * self.dense
        else:
            part, lasts = (3, 8, 8, 40)[int(rng.integers(4))], 40
        return max(1, min(self.length(rng) // part, _SPAN // 1000)), lasts

    def next(self, t: int, pace: int, rng: np.random.Generator) -> int:
        """The time of the event after one at `t`: the same, a step on, a window on, on a tile."""
        gaps = (0, 0, 1, pace, pace, pace, pace, pace, 2 * pace, pace - 1, pace + 1)
        made = t + gaps[int(rng.integers(len(gaps)))]
        turn = rng.random()
        if turn < 0.02:
            made = t + min(self.length(rng), _SPAN // 20) + int(rng.integers(-1, 2))
        elif turn < 0.1:
            made = max(t, made // self.lengths[0] * self.lengths[0])
        if not FIRST_INSTANT < made < self.origin + _SPAN:
            return self.origin
        return made

    def query(self, t: int, rng: np.random.Generator) -> int:
        """A query time for which an event at `t` is on an edge, or near it, or nowhere near."""
        off = int(rng.integers(-1, 2)) if rng.random() < 0.6 else 0
        turn = rng.random()
        if turn < 0.3:
            return t + off
        if turn < 0.75:
            return t + self.length(rng) + off
        if turn < 0.85:
            tile = self.length(rng)
            return t // tile * tile + int(rng.integers(0, 3)) * tile + off
        if turn < 0.95 and self.starts:
            at = min(max(t + int(rng.integers(0, 2)) * _DAY, FIRST_INSTANT), LAST_INSTANT)
            which = self.starts[int(rng.integers(len(self.starts)))]
            start = which.row({"as_of": at})["start"]
            return t if start is None else int(start) + off
        return t + int(rng.integers(-2, 4)) * 3 * self.length(rng)


def scales(definition: Definition, source: str) -> Scales:
    """What there is over one source."""
    lengths: dict[int, None] = {}
    starts, origins = [], []
    for plan in definition.of(source):
        window = plan.window
        for part in (window, plan.aggregate):
            lengths |= dict.fromkeys(_lengths(part))
        if isinstance(window, Calendar):
            lengths[_UNITS[window.unit]] = None
            starts.append(Evaluator(window.start, FittedState({}), Arena()))
            origins += [t for t in transitions(window.start) if abs(t - _ORIGIN) < _YEAR]
    # Smallest first: events stand on its multiples.
    found = tuple(sorted(lengths)) or (_HOUR,)
    begin = min(origins, key=lambda t: abs(t - _ORIGIN), default=_ORIGIN)
    dense = definition.sources[source].source.max_events
    return Scales(found, tuple(starts), begin - 2 * _DAY, dense)


def _lengths(part: Any) -> list[int]:
    """What a window or an aggregate says in microseconds, as a number or as text."""
    found = []
    for item in dataclasses.fields(part):
        value = getattr(part, item.name)
        if (item.name.endswith("_us") and value is not None) or item.name in ("gap", "half_life"):
            found.append(int(value))
    return found

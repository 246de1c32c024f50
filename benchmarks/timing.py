"""Timing: contestants take turns, so that what disturbs the machine disturbs all of them.

Times of different runs do not compare (they moved up to 1.7x on one machine); times of one round of
one run do. So every ratio is the median of the ratios of each round.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Work = Callable[[], object]
Clock = Callable[[], float]


@dataclass(frozen=True)
class Race:
    """Seconds a call, by contestant, one for each round.

    Attributes:
        seconds: Of each round.
    """

    seconds: dict[str, list[float]]

    def median(self, name: str) -> float:
        """The median over rounds."""
        return statistics.median(self.seconds[name])

    def ratio(self, name: str, base: str) -> float:
        """How many times as long as `base` it took: median of the ratios of each round."""
        pairs = zip(self.seconds[name], self.seconds[base], strict=True)
        return statistics.median(a / b for a, b in pairs)


def race(
    contestants: Mapping[str, Work],
    *,
    rounds: int,
    slice_s: float,
    clock: Clock = time.perf_counter,
) -> Race:
    """Times contestants in turns.

    Args:
        contestants: What to call; called once before, to warm up.
        rounds: How many turns each has.
        slice_s: A turn is as many calls as fit in this time, one at least.
        clock: Seconds; `time.process_time` counts the CPU time of all threads.
    """
    calls = {name: _calls(work, slice_s, clock) for name, work in contestants.items()}
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    order = list(contestants)
    gc.collect()
    gc.disable()
    try:
        for turn in range(rounds):
            # The one who goes after a heavy one finds cold caches: nobody does so every time.
            shift = turn % len(order)
            for name in order[shift:] + order[:shift]:
                seconds[name].append(_time(contestants[name], calls[name], clock))
    finally:
        gc.enable()
    return Race(seconds)


def _time(work: Work, calls: int, clock: Clock) -> float:
    turns = range(calls)
    start = clock()
    for _ in turns:
        work()
    return (clock() - start) / calls


def _calls(work: Work, slice_s: float, clock: Clock) -> int:
    work()
    calls = 1
    while (taken := _time(work, calls, clock) * calls) < slice_s / 4:
        calls *= 4
    return max(1, round(slice_s * calls / taken))

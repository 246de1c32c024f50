"""How fresh served features are: their age, the watermark lag, and what is promised."""

from __future__ import annotations

import bisect
import itertools
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from serving_example.store.interface import Clock, wall_clock
from serving_example.store.tailer import Lag

__all__ = ["AGE_BOUNDS_S", "Freshness", "Objective", "ViewFreshness"]

AGE_BOUNDS_S: Final = (
    0.1, 1.0, 5.0, 30.0, 60.0, 300.0, 1800.0, 3600.0, 21600.0, 86400.0, 604800.0, 2592000.0,
)  # fmt: skip
"""Upper bounds of the histogram of ages, from a tenth of a second to thirty days."""


@dataclass(frozen=True, slots=True)
class Objective:
    """What is promised of a view.

    Attributes:
        view: The view's name.
        of: ``lag``: the store may be so far behind the log (a state whose entity does nothing is
            old, and as good as new). ``age``: a vector may be so old.
        seconds: The bound.
        share: Of the entities that are served so many keep it.
    """

    view: str
    of: Literal["lag", "age"]
    seconds: float
    share: float = 0.99

    def __post_init__(self) -> None:
        if self.of not in ("lag", "age") or self.seconds <= 0 or not 0 < self.share <= 1:
            raise ValueError(f"expected lag or age, seconds > 0 and a share in (0, 1], got {self}")


@dataclass(frozen=True, slots=True)
class ViewFreshness:
    """What was served of a view so far; counters only grow, as Prometheus wants them.

    Attributes:
        objective: What is promised.
        served: Entities that were asked for.
        kept: Those that kept the objective.
        missing: Those without a vector: a default was served.
        stale: Those that were answered from memory, because the store was away.
        ages: How many vectors were at most so old, for each of `AGE_BOUNDS_S` and for any age.
        age_sum_s: The sum of their ages.
    """

    objective: Objective
    served: int
    kept: int
    missing: int
    stale: int
    ages: tuple[int, ...]
    age_sum_s: float

    @property
    def is_met(self) -> bool:
        """Whether the promised share kept the objective; nothing served is nothing broken."""
        return self.kept >= self.objective.share * self.served


class _Counts:
    """The counters of a view."""

    __slots__ = ("age_sum_s", "ages", "kept", "lock", "missing", "objective", "served", "stale")

    def __init__(self, objective: Objective) -> None:
        self.objective, self.lock = objective, threading.Lock()
        self.served = self.kept = self.missing = self.stale = 0
        self.ages = [0] * (len(AGE_BOUNDS_S) + 1)
        self.age_sum_s = 0.0


class Freshness:
    """Counts what is served. Safe to call from many threads.

    Args:
        objectives: One for each view that is observed.
        clock: The moment.
        lag_valid_s: So long a lag is taken as it was told; after that nobody knows it, and it is
            counted as if nothing had been applied since.
    """

    def __init__(
        self, objectives: Sequence[Objective], *, clock: Clock = wall_clock, lag_valid_s: float = 5
    ) -> None:
        self._counts = {objective.view: _Counts(objective) for objective in objectives}
        if len(self._counts) != len(objectives):
            raise ValueError(f"expected one objective for each view, got {list(objectives)}")
        self._clock, self._lag_valid_s = clock, lag_valid_s
        self._lag, self._told_at = Lag(0, 0.0), clock()

    def tell_lag(self, lag: Lag) -> None:
        """Takes what `Tailer.lag` gave; to be called now and then, as long as it answers."""
        self._lag, self._told_at = lag, self._clock()

    @property
    def lag(self) -> Lag:
        """The watermark lag now."""
        passed = (self._clock() - self._told_at) / 1e6
        lag = self._lag
        return lag if passed <= self._lag_valid_s else Lag(lag.behind, lag.seconds + passed)

    def observe(self, view: str, event_time: int | None, *, is_stale: bool = False) -> float | None:
        """Counts an entity that is served.

        Args:
            view: The view's name.
            event_time: Of the vector that is served, microseconds since 1970; None: there is none.
            is_stale: The store did not answer: this is what was last seen.

        Returns:
            The age of its features in seconds, None if there are none.
        """
        return self.observe_all(view, [(event_time, is_stale)])[0]

    def observe_all(
        self, view: str, served: Sequence[tuple[int | None, bool]]
    ) -> list[float | None]:
        """Counts entities that are served together: for each what `observe` takes, and its age."""
        counts = self._counts[view]
        objective, now, lag = counts.objective, self._clock(), self.lag.seconds
        bound, is_of_lag, buckets = objective.seconds, objective.of == "lag", counts.ages
        ages: list[float | None] = []
        kept = stale = missing = 0
        with counts.lock:
            for event_time, is_stale in served:
                stale += is_stale
                if event_time is None:
                    # An entity without a vector may be new: nothing is known of its age.
                    missing += 1
                    kept += is_of_lag and lag <= bound and not is_stale
                    ages.append(None)
                    continue
                age = max(now - event_time, 0) / 1e6
                kept += (lag if is_of_lag else age) <= bound and not is_stale
                buckets[bisect.bisect_left(AGE_BOUNDS_S, age)] += 1
                counts.age_sum_s += age
                ages.append(age)
            counts.served += len(ages)
            counts.kept += kept
            counts.stale += stale
            counts.missing += missing
        return ages

    def report(self) -> list[ViewFreshness]:
        """Every view's counters, in the order of the objectives."""
        made = []
        for counts in self._counts.values():
            with counts.lock:
                made.append(
                    ViewFreshness(
                        counts.objective, counts.served, counts.kept, counts.missing, counts.stale,
                        tuple(itertools.accumulate(counts.ages)), counts.age_sum_s,
                    )
                )  # fmt: skip
        return made

"""The narrow waist: what every cache of the service does and tells, whatever it keeps."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable
from typing import Final, Protocol, TypeVar

__all__ = ["AGE_BOUNDS_S", "Cache", "Counts", "Seconds"]

Seconds = Callable[[], float]
"""Gives monotonic seconds."""
Key_contra = TypeVar("Key_contra", contravariant=True)
Value_co = TypeVar("Value_co", covariant=True)

AGE_BOUNDS_S: Final = (
    0.01, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 3600.0,
    86400.0, 604800.0, 2592000.0,
)  # fmt: skip
"""Upper bounds of the histogram of ages at which something was served."""


class Counts:
    """What happened to a cache since the start; counters only grow, as Prometheus wants them.

    Attributes:
        hits: Answers from the cache.
        stale: Hits after their soft TTL: served, and renewed meanwhile.
        misses: Nothing that could be served.
        joined: Misses that waited for work which was under way already.
        renewals: Work that was begun before its entry ran out.
        expired: Entries found after their hard TTL.
        invalidated: Entries found older than the last change of what they were made of.
        evicted: Entries that made room for others.
        refused: What was not let in: too large, or asked for less often than what is there.
        uncacheable: Answers that may not be kept: degraded, or changed while they were made.
        failures: Work that failed; nothing of it is kept.
        audits: Hits that were made again to compare the bits.
        mismatches: Audits that found other bits; the entry was dropped.
        bypassed: Requests for which nothing was looked up, because hits do not pay.
        ages: How many hits were at most so old, for each of `AGE_BOUNDS_S` and for any age.
        age_sum_s: The sum of their ages.
    """

    NAMES: Final = (
        "hits", "stale", "misses", "joined", "renewals", "expired", "invalidated", "evicted",
        "refused", "uncacheable", "failures", "audits", "mismatches", "bypassed",
    )  # fmt: skip
    __slots__ = (*NAMES, "_ages", "age_sum_s")

    def __init__(self) -> None:
        self.hits = self.stale = self.misses = self.joined = self.renewals = 0
        self.expired = self.invalidated = self.evicted = self.refused = self.uncacheable = 0
        self.failures = self.audits = self.mismatches = self.bypassed = 0
        self._ages = [0] * (len(AGE_BOUNDS_S) + 1)
        self.age_sum_s = 0.0

    def hit(self, age_s: float) -> None:
        """Something so old was served."""
        self.hits += 1
        self._ages[bisect.bisect_left(AGE_BOUNDS_S, age_s)] += 1
        self.age_sum_s += age_s

    @property
    def ages(self) -> tuple[int, ...]:
        return tuple(itertools.accumulate(self._ages))

    @property
    def hit_rate(self) -> float:
        """Hits of all that was looked up; 0 before the first."""
        return self.hits / max(self.hits + self.misses, 1)

    def told(self) -> dict[str, int]:
        """The counters by name."""
        return {name: getattr(self, name) for name in self.NAMES}


class Cache(Protocol[Key_contra, Value_co]):
    """What can be read, watched and emptied.

    Each cache is filled in its own way, because what makes an entry good differs: see
    `ResultCache`, `FeatureCache` and `ArtifactCache`.
    """

    @property
    def name(self) -> str:
        """How metrics call it."""
        ...

    @property
    def counts(self) -> Counts:
        """What has happened to it."""
        ...

    @property
    def held_bytes(self) -> int:
        """What its entries take, about."""
        ...

    def __len__(self) -> int: ...

    def peek(self, key: Key_contra) -> Value_co | None:
        """What would be served for a key now; counts nothing and moves nothing."""
        ...

    def clear(self) -> None:
        """Forgets all entries that nobody holds."""
        ...

"""The caches of a recommender: made, told of changes, and closed together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from serving_example.app.audit import Auditor
from serving_example.app.cached import CachedRecommender
from serving_example.app.recommender import Recommender
from serving_example.app.service import Service
from serving_example.caches import (
    BreakEven,
    Cache,
    FeatureCache,
    FeaturePolicy,
    Follower,
    Invalidates,
    Listener,
    Policy,
    ResultCache,
)
from serving_example.features import Features, Views
from serving_example.store import Clock, OnlineStore

__all__ = ["CacheOptions", "Caches"]

_NONE = FeaturePolicy(max_bytes=0)
LOOK_S, WORK_S = 5e-6, 150e-6
"""What the break-even rule reckons with: see docs/caching.md for how both were measured."""


@dataclass(frozen=True, slots=True)
class CacheOptions:
    """Which caches there are, and how they keep.

    Attributes:
        results: Of recommendations; None: each is made.
        features: Of what is read of users; of no bytes for a store in this process.
        breaks_even: Recommendations are looked up only while hits pay for it.
    """

    results: Policy | None = None
    features: FeaturePolicy = field(default=_NONE)
    breaks_even: bool = False


class Caches:
    """The caches of one process.

    Args:
        options: Which there are.
        store: What users are read from, and whose changes are followed.
        views: Those of the bundle.
        clock: Microseconds since 1970.
        seconds: Monotonic seconds.

    Attributes:
        reads: Reads users; while the store is away what was last seen.
        results: Recommendations; None if none are kept.
    """

    def __init__(
        self,
        options: CacheOptions,
        store: OnlineStore,
        views: Views,
        clock: Clock,
        seconds: Callable[[], float],
    ) -> None:
        mine = (views.users.view, views.profile)
        self._views, self._seconds = (views.users.view, views.film), seconds
        self.reads = FeatureCache(store, mine, policy=options.features, clock=clock)
        self.results: ResultCache[bytes] | None = None
        listeners: list[Listener] = []
        if options.features.max_bytes:
            listeners.append(self.reads)
        if options.results is not None:
            rule = BreakEven(LOOK_S, WORK_S) if options.breaks_even else None
            self.results = ResultCache(
                clock=seconds, policy=options.results, audit=self._check, break_even=rule
            )
            listeners.append(Invalidates(self.results, mine))
        self._follower = Follower(store, listeners, self.reads.renew) if listeners else None
        self._auditor: Auditor | None = None

    def catch_up(self) -> None:
        """Takes in all that has changed until now.

        Raises:
            StoreUnavailable: The store does not answer.
        """
        if self._follower is not None:
            self._follower.step()

    def before(
        self,
        recommender: Recommender,
        features: Features,
        service: Service,
        on_loop: Callable[[Callable[[], None]], None],
    ) -> CachedRecommender | None:
        """What answers before a recommender; None if no recommendations are kept.

        Args:
            recommender: Makes recommendations.
            features: Makes their tensors.
            service: Has their models.
            on_loop: Runs a function on the event loop, from any thread.
        """
        if self.results is None:
            return None
        self._auditor = Auditor(
            features, service.repository, service.background, self.catch_up, on_loop
        )
        ttl_s = {view.name: view.ttl_us / 1e6 for view in self._views if view.ttl_us is not None}
        fingerprint = features.staged.bundle.fingerprint
        return CachedRecommender(recommender, self.results, fingerprint, ttl_s, self._seconds)

    def all(self) -> list[Cache[Any, Any]]:
        """The caches that there are."""
        kept = [] if self.results is None else [self.results]
        return [self.reads, *kept]

    def start(self) -> None:
        """Follows changes in a thread from now on."""
        if self._follower is not None:
            self._follower.start()

    def close(self) -> None:
        """Ends the threads."""
        for part in (self._follower, self._auditor, self.reads):
            if part is not None:
                part.close()

    def _check(self, body: bytes, tell: Callable[[bool | None], None]) -> None:
        if self._auditor is None:
            tell(None)
        else:
            self._auditor(body, tell)

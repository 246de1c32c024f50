"""What caches count, for Prometheus: made when somebody looks, so counting costs no request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from serving_example.caches import AGE_BOUNDS_S, Cache

__all__ = ["CacheMetrics"]

_BOUNDS = [*map(str, map(float, AGE_BOUNDS_S)), "+Inf"]


class CacheMetrics(Collector):
    """The counters of caches.

    Args:
        caches: Which.
    """

    def __init__(self, caches: Sequence[Cache[Any, Any]]) -> None:
        self._caches = tuple(caches)

    def collect(self) -> Iterable[Metric]:
        """The families."""
        events = CounterMetricFamily(
            "featurelib_cache", "What happened in a cache.", labels=["cache", "event"]
        )
        entries = GaugeMetricFamily("featurelib_cache_entries", "Entries.", labels=["cache"])
        held = GaugeMetricFamily("featurelib_cache_bytes", "Their bytes.", labels=["cache"])
        ages = HistogramMetricFamily(
            "featurelib_cache_age_seconds", "Age of what was served from a cache.",
            labels=["cache"],
        )  # fmt: skip
        for cache in self._caches:
            counts = cache.counts
            for name, count in counts.told().items():
                events.add_metric([cache.name, name], count)
            entries.add_metric([cache.name], len(cache))
            held.add_metric([cache.name], cache.held_bytes)
            ages.add_metric(
                [cache.name], list(zip(_BOUNDS, counts.ages, strict=True)), counts.age_sum_s
            )
        return events, entries, held, ages

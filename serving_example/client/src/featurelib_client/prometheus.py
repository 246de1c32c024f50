"""What a client does, as metrics of Prometheus: ``pip install featurelib-client[prometheus]``."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from weakref import WeakKeyDictionary

from featurelib_client.observe import BUCKETS_S, Called, Reasons
from featurelib_client.wire import Headers

try:
    from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
except ImportError as error:
    raise ImportError(
        "prometheus_client is not installed: pip install featurelib-client[prometheus]"
    ) from error

__all__ = ["PrometheusObserver"]


class _Metrics:
    """The metrics of one registry, which all observers of it share."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, about: str, *labels: str) -> Counter:
            return Counter(
                f"featurelib_client_{name}", about, ("client", "operation", *labels),
                registry=registry,
            )  # fmt: skip

        self.calls = counter("calls", "Calls, by how they ended.", "outcome")
        self.attempts = counter("attempts", "Requests sent, with those sent again.")
        self.retries = counter("retries", "Requests sent again, by why.", "reason")
        self.cache = counter("cache", "Calls that may be kept, by where the answer was.", "result")
        self.seconds = Histogram(
            "featurelib_client_call_seconds", "From the begin of a call to its end.",
            ("client", "operation"), buckets=BUCKETS_S, registry=registry,
        )  # fmt: skip
        self.registry, self._gauges = registry, dict[str, Gauge]()

    def gauge(self, name: str) -> Gauge:
        """The gauge of a figure that is read when it is wanted."""
        with _lock:
            if name not in self._gauges:
                self._gauges[name] = Gauge(
                    f"featurelib_client_{name}", _ABOUT.get(name, "A figure of the client."),
                    ("client",), registry=self.registry,
                )  # fmt: skip
            return self._gauges[name]


_ABOUT = {
    "budget_tokens": "What the retry budget has left.",
    "breaker_open": "1 while the circuit is not closed.",
}
_lock = threading.Lock()
_known: WeakKeyDictionary[CollectorRegistry, _Metrics] = WeakKeyDictionary()


class PrometheusObserver:
    """An observer that counts into a registry.

    Args:
        client: Of which client, for the label of that name. Clients of one name count together; of
            their figures that are read, those of the last one stand.
        registry: Where the metrics stand.
    """

    def __init__(self, client: str = "default", registry: CollectorRegistry = REGISTRY) -> None:
        with _lock:
            if registry not in _known:
                _known[registry] = _Metrics(registry)
            self._metrics = _known[registry]
        self._client, self._reasons = client, Reasons()
        self._children: dict[tuple[str, ...], Any] = {}

    def called(self, call: Called) -> None:
        """A call has ended."""
        metrics, operation = self._metrics, call.operation
        self._child(metrics.calls, operation, call.outcome).inc()
        self._child(metrics.seconds, operation).observe(call.elapsed_s)
        self._child(metrics.attempts, operation).inc(call.attempts)
        for reason in call.retries:
            self._child(metrics.retries, operation, self._reasons.bounded(reason)).inc()
        if call.cache != "off":
            self._child(metrics.cache, operation, call.cache).inc()

    def watch(self, name: str, read: Callable[[], float]) -> None:
        """A figure to read when the registry is collected."""
        self._metrics.gauge(name).labels(self._client).set_function(read)

    def span(self, operation: str, request_id: str) -> AbstractContextManager[Headers]:
        """Metrics have no spans."""
        return nullcontext([])

    def _child(self, metric: Any, *labels: str) -> Any:
        # To ask a metric for its child takes a lock and a check of the labels, each time.
        key = (metric._name, *labels)
        made = self._children.get(key)
        if made is None:
            made = self._children[key] = metric.labels(self._client, *labels)
        return made

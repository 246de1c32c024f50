"""What the service counts, for Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from serving_example.app.counters import Answers, Counts, Spreads
from serving_example.pool import DroppedError, Job
from serving_example.scheduler import Batch
from serving_example.store import Freshness
from serving_example.store.freshness import AGE_BOUNDS_S

__all__ = ["CONTENT_TYPE", "Metrics"]

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.001, 0.002, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
ROWS = (1, 4, 16, 64, 100, 128, 256, 512, 1024, 2048, 3072)


class Metrics:
    """The metrics of one service, in a registry of its own.

    Args:
        registry: Where they are registered.

    Attributes:
        request: Told of each answer: route, method, status, seconds; by the event loop's thread.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        counter, histogram = self._counter, self._histogram
        answers = Answers("featurelib_http_requests", "featurelib_http_request_seconds", SECONDS)
        self.registry.register(answers)
        self.request = answers.add
        self._rejections = counter("rejections", "Requests refused, and why.", "code", "reason")
        self._stages = histogram("stage_seconds", "Stages of a request.", SECONDS, "stage")
        self._keys = counter("key_requests", "Requests of each API key.", "key")
        self._batches = counter(
            "device_batches", "Batches, and why they ran.", "device", "model", "part", "reason"
        )
        self._batch_rows = histogram(
            "device_batch_rows", "Rows of a batch.", ROWS, "device", "model", "part"
        )
        self._batch_seconds = histogram(
            "device_batch_seconds", "A batch.", SECONDS, "device", "size"
        )
        self._jobs = counter(
            "tenant_jobs", "Jobs of each API key that devices took, and what became of them.",
            "tenant", "outcome",
        )  # fmt: skip
        self._flags = counter("feature_flags", "Answers with a default or stale value.", "flag")
        self._events = counter("events", "Events, by what became of them.", "outcome")
        self._models = Gauge(
            "featurelib_model_loaded", "1 for a model that is loaded.", ("name", "digest"),
            registry=self.registry,
        )  # fmt: skip

    def rejection(self, code: str, reason: str) -> None:
        """A request was refused."""
        self._rejections.add((code, reason))

    def stage(self, stage: str, seconds: float) -> None:
        """A stage of a request took so long."""
        self._stages.add((stage,), seconds)

    def stages(self, told: Sequence[tuple[str, float]]) -> None:
        """Several stages, one after another, took so long each."""
        self._stages.add_all([((stage,), seconds) for stage, seconds in told])

    def key(self, name: str) -> None:
        """A key asked."""
        self._keys.add((name,))

    def batch(self, batch: Batch, name: str, part: str, seconds: float) -> None:
        """A batch of a model's part ran; called on the device's thread."""
        self._batches.add((batch.device, name, part, batch.reason))
        self._batch_rows.add((batch.device, name, part), batch.rows)
        self._batch_seconds.add((batch.device, str(batch.size)), seconds)

    def jobs(self, jobs: Sequence[Job]) -> None:
        """Jobs are done; those in time are the goodput of whoever asked."""
        for labels, count in Counter([(job.tenant, _outcome(job)) for job in jobs]).items():
            self._jobs.add(labels, count)

    def flag(self, flag: str) -> None:
        """An answer used a default or a stale value."""
        self._flags.add((flag,))

    def events(self, outcome: str, count: int) -> None:
        """Events were taken or refused."""
        self._events.add((outcome,), count)

    def model(self, name: str, digest: str, is_loaded: bool) -> None:
        """A model was loaded or unloaded."""
        if is_loaded:
            self._models.labels(name, digest).set(1)
        else:
            self._models.remove(name, digest)

    def freshness(self, fresh: Freshness) -> None:
        """Counts how old what is served is, and whether the objectives are kept."""
        self.registry.register(_Freshness(fresh))

    def watch(self, name: str, about: str, read: Callable[[], float]) -> None:
        """A gauge that is read when somebody looks."""
        Gauge(f"featurelib_{name}", about, registry=self.registry).set_function(read)

    def page(self) -> bytes:
        """All metrics in the text format of Prometheus."""
        return generate_latest(self.registry)

    def _counter(self, name: str, about: str, *labels: str) -> Counts:
        made = Counts(f"featurelib_{name}", about, *labels)
        self.registry.register(made)
        return made

    def _histogram(self, name: str, about: str, bounds: tuple[float, ...], *labels: str) -> Spreads:
        made = Spreads(f"featurelib_{name}", about, bounds, *labels)
        self.registry.register(made)
        return made


def _outcome(job: Job) -> str:
    """What became of a job: why it did not run, ``failed``, ``in_time``, ``too_late``."""
    error = job.error
    if error is not None:
        return error.why if isinstance(error, DroppedError) else "failed"
    return "in_time" if job.finished <= job.deadline else "too_late"


class _Freshness(Collector):
    """What `Freshness` counted, as Prometheus reads it."""

    def __init__(self, fresh: Freshness) -> None:
        self._fresh = fresh

    def collect(self) -> Iterable[Metric]:
        """The families, made when somebody looks."""
        ages = HistogramMetricFamily(
            "featurelib_feature_age_seconds", "Age at serve time; of a request the oldest.",
            labels=["view"],
        )  # fmt: skip
        bound = GaugeMetricFamily(
            "featurelib_freshness_objective_seconds", "The lag or the age that is promised.",
            labels=["view", "of"],
        )  # fmt: skip
        share = GaugeMetricFamily(
            "featurelib_freshness_objective_share", "Of what is served so much keeps it.",
            labels=["view"],
        )  # fmt: skip
        served = CounterMetricFamily(
            "featurelib_features_served", "Features, by how they were served.",
            labels=["view", "how"],
        )  # fmt: skip
        for view in self._fresh.report():
            name, objective = view.objective.view, view.objective
            bounds = [*map(str, map(float, AGE_BOUNDS_S)), "+Inf"]
            buckets = list(zip(bounds, view.ages, strict=True))
            ages.add_metric([name], buckets, view.age_sum_s)
            bound.add_metric([name, objective.of], objective.seconds)
            share.add_metric([name], objective.share)
            for how, count in (
                ("all", view.served), ("in_objective", view.kept), ("missing", view.missing),
                ("stale", view.stale),
            ):  # fmt: skip
                served.add_metric([name, how], count)
        return ages, bound, share, served

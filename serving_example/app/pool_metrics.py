"""What the pool does, for Prometheus and the dashboard: made when somebody looks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from serving_example.pool import Pool
from serving_example.scheduler import DeviceStats, Stats

__all__ = ["PoolMetrics", "names", "told_of"]

NameOf = Callable[[str], str]
_DEVICE, _MODEL = ("device", "kind"), ("model", "part")


class PoolMetrics(Collector):
    """The counters and gauges of a pool. A device that only rehearses says so by its kind.

    Args:
        pool: Which.
        name_of: What people call the model of a digest.
    """

    def __init__(self, pool: Pool, name_of: NameOf) -> None:
        self._pool, self._name_of = pool, name_of

    def collect(self) -> Iterable[Metric]:
        """The families."""
        stats, health = self._pool.stats(), self._pool.health()
        yield from _counts(stats)
        yield from self._models(stats)
        alive = _gauge("device_alive", "Whether it is given work.", _DEVICE)
        stuck = _gauge("device_stuck", "Whether its thread does not come back.", _DEVICE)
        for one in health.devices:
            alive.add_metric((one.name, one.kind), float(one.is_alive))
            stuck.add_metric((one.name, one.kind), float(one.is_stuck))
        used = _gauge("device_used_bytes", "What models take of it.", _DEVICE)
        budget = _gauge("device_memory_bytes", "What models may take of it.", _DEVICE)
        queued = _gauge("device_queued_seconds", "Its part of what waits.", _DEVICE)
        loads = _counter("device_loads", "Loads that were begun.", _DEVICE)
        left = _counter("device_unloads", "Programs that have left it again.", _DEVICE)
        busy = _counter("device_busy_seconds", "Time of its batches.", _DEVICE)
        for device in stats.devices:
            labels = (device.name, device.kind)
            used.add_metric(labels, device.used_bytes)
            budget.add_metric(labels, device.memory_bytes)
            queued.add_metric(labels, device.queued_s)
            loads.add_metric(labels, device.loads)
            left.add_metric(labels, _left(device))
            busy.add_metric(labels, device.busy_s)
        yield from (alive, stuck, used, budget, queued, loads, left, busy)

    def _models(self, stats: Stats) -> Iterable[Metric]:
        rows, devices, seconds = Counter[Any](), Counter[Any](), defaultdict[Any, float](float)
        for model, now in stats.models.items():
            labels = names(model, self._name_of)  # an old and a new one may have one name a while
            rows[labels] += now.rows
            seconds[labels] += now.cost_s
            devices[labels] += len(now.devices)
        yield _gauge_of("model_queued_rows", "Rows that wait for it.", _MODEL, rows)
        yield _gauge_of("model_queued_seconds", "Device time that they take.", _MODEL, seconds)
        yield _gauge_of("model_devices", "Devices that hold it; 0: cold.", _MODEL, devices)
        drifts = Counter[Any]()
        for drift in self._pool.drifts():
            drifts[*names(drift.model, self._name_of), drift.device] += 1
        about = "Sizes that take another time than the stored profile says."
        yield _gauge_of("latency_drifts", about, (*_MODEL, "device"), drifts)
        yield _gauge_of("queued_rows", "Rows that wait.", (), {(): sum(rows.values())})


def told_of(pool: Pool, name_of: NameOf) -> list[dict[str, Any]]:
    """How each device is, and which models lie on it: by name, and of each the parts."""
    ready = {one.name: one for one in pool.health().devices}
    told = []
    for device in pool.stats().devices:
        parts: dict[str, list[str]] = {}
        for model in device.models:
            name, part = names(model, name_of)
            parts.setdefault(name, []).append(part)
        loading = None if device.loading is None else names(device.loading, name_of)[0]
        told.append(
            {
                "name": device.name, "kind": device.kind, "memory_bytes": device.memory_bytes,
                "used_bytes": device.used_bytes, "queued_s": device.queued_s,
                "busy_s": ready[device.name].busy_s, "is_ready": ready[device.name].is_alive,
                "loading": loading, "models": sorted(parts),
                "parts": {name: sorted(set(parts[name])) for name in sorted(parts)},
            }
        )  # fmt: skip
    return told


def _counts(stats: Stats) -> Iterable[Metric]:
    counts = stats.counts
    once = {"taken": counts.taken, "answered": counts.answered, "failed": counts.failed,
            "cancelled": counts.cancelled, "requeued": counts.requeued}  # fmt: skip
    made = {(outcome,): count for outcome, count in once.items()}
    yield _counter_of("pool_jobs", "Jobs, by what became of them.", ("outcome",), made)
    refused = {(reason,): count for reason, count in counts.refused.items()}
    yield _counter_of("pool_refused", "Jobs that were not taken.", ("reason",), refused)
    dropped = {(why,): count for why, count in counts.dropped.items()}
    yield _counter_of("pool_dropped", "Jobs that were taken and did not run.", ("why",), dropped)
    rows = {("asked",): counts.rows, ("padded",): counts.padded_rows - counts.rows}
    yield _counter_of("pool_rows", "Rows of batches.", ("of",), rows)
    waiting = {(tenant,): seconds for tenant, seconds in stats.tenants_s.items()}
    yield _gauge_of("tenant_queued_seconds", "Device time that waits.", ("tenant",), waiting)


def _left(device: DeviceStats) -> int:
    """Loads whose program lies there no more: evicted, retired, failed, lost with the device."""
    return device.loads - len(device.models) - (device.loading is not None)


def names(model: str, name_of: NameOf) -> tuple[str, str]:
    """What people call a program's model, and its part."""
    digest, part, *_ = model.split(":")
    return name_of(digest), part


def _gauge(name: str, about: str, labels: Iterable[str]) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"featurelib_{name}", about, labels=tuple(labels))


def _counter(name: str, about: str, labels: Iterable[str]) -> CounterMetricFamily:
    return CounterMetricFamily(f"featurelib_{name}", about, labels=tuple(labels))


def _gauge_of(
    name: str, about: str, labels: Iterable[str], values: Mapping[Any, float]
) -> GaugeMetricFamily:
    made = _gauge(name, about, labels)
    for key, value in values.items():
        made.add_metric(key, value)
    return made


def _counter_of(
    name: str, about: str, labels: Iterable[str], values: Mapping[Any, float]
) -> CounterMetricFamily:
    made = _counter(name, about, labels)
    for key, value in values.items():
        made.add_metric(key, value)
    return made

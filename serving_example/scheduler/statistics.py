"""What a scheduler has done, and how it is now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from serving_example.scheduler.queues import ModelQueue, Station

__all__ = [
    "Counts",
    "DeviceStats",
    "ModelStats",
    "Stats",
    "copy_counts",
    "device_stats",
    "model_stats",
]


@dataclass(slots=True)
class Counts:
    """What has happened since the start.

    Attributes:
        taken: Works that were taken.
        answered: Works whose batch ran without an error.
        failed: Works whose batch failed.
        cancelled: Works that were cancelled while they waited or ran.
        requeued: Works that were tried again because their device was lost.
        refused: By reason.
        dropped: Works that were taken and did not run, by why.
        batches: By reason.
        rows: Rows of all batches.
        padded_rows: Rows of their sizes.
    """

    taken: int = 0
    answered: int = 0
    failed: int = 0
    cancelled: int = 0
    requeued: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    batches: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    padded_rows: int = 0


@dataclass(frozen=True, slots=True)
class DeviceStats:
    """A device now.

    Attributes:
        name, kind: As declared.
        is_alive: It may be given work.
        running: The model of the batch that runs; None if none does.
        models: The models that it holds.
        loading: The model that it loads.
        used_bytes, memory_bytes: What those take, and what they may.
        queued_s: Its part of the time that waiting works will take.
        busy_s: How long its batches have run in all.
        loads: How many loads were begun.
    """

    name: str
    kind: str
    is_alive: bool
    running: str | None
    models: tuple[str, ...]
    loading: str | None
    used_bytes: int
    memory_bytes: int
    queued_s: float
    busy_s: float
    loads: int


@dataclass(frozen=True, slots=True)
class ModelStats:
    """A model now.

    Attributes:
        works, rows: What waits.
        cost_s: Device time that it will take.
        devices: The devices that hold it.
        memory_bytes: What it takes of each.
    """

    works: int
    rows: int
    cost_s: float
    devices: tuple[str, ...]
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Stats:
    """A scheduler now.

    Attributes:
        counts: What has happened; a copy.
        devices: In the order in which they were declared.
        models: By model.
        tenants_s: Device time of what waits, by tenant.
    """

    counts: Counts
    devices: tuple[DeviceStats, ...]
    models: Mapping[str, ModelStats]
    tenants_s: Mapping[str, float]


def device_stats(station: Station, used_bytes: int, loads: int) -> DeviceStats:
    """What is to be said of a device."""
    spec = station.spec
    return DeviceStats(
        spec.name, spec.kind, station.is_alive,
        None if station.batch is None else station.batch.model,
        tuple(station.queues), station.loading, used_bytes, spec.memory_bytes,
        max(0.0, station.queued_s), station.busy_s, loads,
    )  # fmt: skip


def model_stats(queue: ModelQueue) -> ModelStats:
    """What is to be said of a model."""
    devices = tuple(host.spec.name for host in queue.hosts)
    return ModelStats(
        queue.line.count, queue.line.rows, queue.cost_s, devices, queue.spec.memory_bytes
    )


def copy_counts(counts: Counts) -> Counts:
    """The counts of this moment."""
    return Counts(
        counts.taken, counts.answered, counts.failed, counts.cancelled, counts.requeued,
        Counter(counts.refused), Counter(counts.dropped), Counter(counts.batches),
        counts.rows, counts.padded_rows,
    )  # fmt: skip

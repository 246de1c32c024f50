"""What the page is told each second."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from prometheus_client import CollectorRegistry

from serving_example.dashboard.timeline import Timeline

__all__ = ["SHOWN_S", "DeviceNow", "families", "snapshot"]

SHOWN_S = 4.0
"""So much of the devices' timeline is told; the page draws the last two seconds."""
DeviceNow = Callable[[], Sequence[dict[str, Any]]]
"""Of each device: name, kind, memory_bytes, used_bytes, queued_s, is_ready, loading, and `parts` of
the models that lie there."""


def families(registry: CollectorRegistry) -> dict[str, list[Any]]:
    """All samples by name: labels and value. Rates and quantiles are the reader's to make."""
    made: dict[str, list[Any]] = {}
    for family in registry.collect():
        for sample in family.samples:
            if not sample.name.endswith("_created"):
                value = sample.value if sample.value == sample.value else None  # JSON has no NaN
                made.setdefault(sample.name, []).append([sample.labels, value])
    return made


def snapshot(
    registry: CollectorRegistry,
    devices: DeviceNow,
    timeline: Timeline,
    clock: Callable[[], float],
    objective_s: float,
) -> dict[str, Any]:
    """The service now.

    Args:
        registry: What was counted since its start.
        devices: How each device is.
        timeline: What ran on them.
        clock: Monotonic seconds.
        objective_s: In which an answer should be given.
    """
    now = clock()
    return {
        "now": now,
        "objective_s": objective_s,
        "samples": families(registry),
        "devices": [
            {**about, "batches": timeline.of(about["name"], now - SHOWN_S)} for about in devices()
        ],
    }

"""What each model has done, in the words of the protocol's statistics extension."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from serving_example.pool import Job

__all__ = ["Statistics"]


@dataclass(slots=True)
class _Model:
    inferences: int = 0
    executions: int = 0
    last_ms: int = 0
    failed: int = 0
    seconds: dict[str, float] = field(
        default_factory=lambda: {"success": 0.0, "queue": 0.0, "compute_infer": 0.0, "fail": 0.0}
    )


class Statistics:
    """Counts jobs by the artifact that ran them. Told on the devices' threads, read on any.

    Args:
        clock: Seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._models: dict[str, _Model] = {}

    def add(self, jobs: Sequence[Job]) -> None:
        """The jobs of a batch are done."""
        for digest in {job.program.digest for job in jobs}:
            mine = [job for job in jobs if job.program.digest == digest]
            model = self._models.setdefault(digest, _Model())
            good = [job for job in mine if job.error is None]
            model.executions += bool(good)
            model.failed += len(mine) - len(good)
            model.last_ms = int(self._clock() * 1000)
            for job in good:
                model.inferences += job.rows
                model.seconds["queue"] += job.started - job.entered
                model.seconds["compute_infer"] += job.finished - job.started
                model.seconds["success"] += job.finished - job.entered
            model.seconds["fail"] += sum(job.finished - job.entered for job in mine if job.error)

    def about(self, name: str, digest: str) -> dict[str, Any]:
        """One member of `model_stats`."""
        model = self._models.get(digest, _Model())
        counts = {"fail": model.failed}
        told = {
            stage: {"count": counts.get(stage, model.inferences), "ns": int(seconds * 1e9)}
            for stage, seconds in model.seconds.items()
        }
        return {
            "name": name,
            "version": digest,
            "last_inference": model.last_ms,
            "inference_count": model.inferences,
            "execution_count": model.executions,
            "inference_stats": told,
            "batch_stats": [],
        }

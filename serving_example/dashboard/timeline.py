"""The last batches of each device."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from serving_example.pool import Job

__all__ = ["Timeline"]


class Timeline:
    """Remembers the batches that ran last. Told on the devices' threads, read on any.

    Args:
        name_of: What a person calls the model of a digest.
        kept: So many batches.
    """

    def __init__(self, name_of: Callable[[str], str], kept: int = 400) -> None:
        self._name_of = name_of
        self._batches: deque[tuple[str, float, float, str, str, int, int]] = deque(maxlen=kept)

    def add(self, jobs: Sequence[Job]) -> None:
        """The jobs of a batch are done; those that never ran are no part of it."""
        ran = [job for job in jobs if job.size]
        if ran:
            first = ran[0]
            rows = sum(job.rows for job in ran)
            self._batches.append(
                (
                    *(first.device, first.started, first.finished),
                    *(first.program.digest, first.program.part, rows, first.size),
                )
            )

    def of(self, device: str, since: float) -> list[dict[str, Any]]:
        """The batches of a device that ended after a time of the service's clock."""
        return [
            {
                "start": start, "end": end, "model": self._name_of(digest), "part": part,
                "rows": rows, "size": size,
            }
            for name, start, end, digest, part, rows, size in list(self._batches)
            if name == device and end > since
        ]  # fmt: skip

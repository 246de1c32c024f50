"""What a scheduler is told of models and devices."""

from __future__ import annotations

from dataclasses import dataclass

from serving_example.scheduler.errors import SchedulerError

__all__ = ["DeviceSpec", "ModelSpec"]


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model that works may ask for.

    Attributes:
        model: Its name: in the live service the artifact's digest and the part that runs.
        sizes: The rows at which devices run it, rising; a batch is padded to the next.
        memory_bytes: What it takes of a device's memory, with its buffers.
        load_s: A first guess how long a device needs to load and warm it; what is seen
            replaces it.
        is_pinned: It is loaded wherever it fits, and never evicted.

    Raises:
        SchedulerError: Sizes do not rise, or a number is out of range.
    """

    model: str
    sizes: tuple[int, ...]
    memory_bytes: int
    load_s: float
    is_pinned: bool = False

    def __post_init__(self) -> None:
        if not self.sizes or self.sizes[0] < 1 or list(self.sizes) != sorted(set(self.sizes)):
            raise SchedulerError(f"model {self.model}: sizes rise from 1 row, got {self.sizes}")
        if self.memory_bytes < 0 or not self.load_s >= 0.0:
            raise SchedulerError(
                f"model {self.model}: expected memory_bytes >= 0 and load_s >= 0, "
                f"got {self.memory_bytes} and {self.load_s}"
            )


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """A device: it runs a batch at a time.

    Attributes:
        name: Its name.
        kind: ``cpu``, ``cuda``, ``paced``: devices of one kind are as fast as each other until
            profiles say something else.
        memory_bytes: What models may take of it together.
        is_blocked_by_loads: It runs no batch while it loads a model. Otherwise one load goes on
            beside the batches.
    """

    name: str
    kind: str
    memory_bytes: int
    is_blocked_by_loads: bool = False

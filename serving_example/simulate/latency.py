"""What the devices of a simulation take: l(b) = a*b + c, or a recording, at sizes of a ladder."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

from featurelib.errors import DefinitionError

__all__ = ["POWERS", "Linear", "Model", "Pool", "Table"]

POWERS = (1, 2, 4, 8, 16, 32, 64)
"""Sizes of a ladder for requests of one row."""


@dataclass(frozen=True, slots=True)
class Linear:
    """Seconds of a batch: ``a_s`` for each row of its size, and ``c_s`` however small it is.

    Raises:
        DefinitionError: A negative part, or both are zero.
    """

    a_s: float
    c_s: float

    def __post_init__(self) -> None:
        if not (self.a_s >= 0 and self.c_s >= 0 and self.a_s + self.c_s > 0):
            raise DefinitionError(
                f"expected a_s, c_s >= 0, one of them above, got {self.a_s}, {self.c_s}"
            )

    def seconds(self, size: int) -> float:
        """Of one batch that runs at this size."""
        return self.a_s * size + self.c_s


@dataclass(frozen=True, slots=True)
class Table:
    """Seconds of a batch as they were recorded.

    Attributes:
        run_s: By the size at which it runs.
    """

    run_s: Mapping[int, float]

    def seconds(self, size: int) -> float:
        """Of one batch that runs at this size, which was recorded."""
        return self.run_s[size]


@dataclass(frozen=True, slots=True)
class Model:
    """A model of a simulation.

    Attributes:
        name: What requests name.
        latency: Of its batches, on each device.
        sizes: The sizes at which it runs, rising.
        memory_bytes: What it takes on a device.
        load_s: Seconds until it is there and warm; the device does nothing else.
        is_pinned: It is never evicted.
    """

    name: str
    latency: Linear | Table
    sizes: tuple[int, ...] = POWERS
    memory_bytes: int = 1
    load_s: float = 0.0
    is_pinned: bool = False

    def size_for(self, rows: int) -> int:
        """The smallest size that holds so many rows; they are not more than the largest."""
        return self.sizes[bisect_left(self.sizes, rows)]


@dataclass(frozen=True, slots=True)
class Pool:
    """Equal devices and the models that they serve.

    Attributes:
        models: The models.
        devices: How many devices.
        memory_bytes: The budget of each.
        noise: How much longer batches and loads take than their profile, on average, as a share
            of it; drawn exponentially, so that none is faster than the profile.
    """

    models: tuple[Model, ...]
    devices: int = 1
    memory_bytes: int = 1_000_000
    noise: float = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        """Of the models."""
        return tuple(model.name for model in self.models)

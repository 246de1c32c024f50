"""What the rest of the service knows of a device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from featurelib.errors import DeviceError
from featurelib.layout import Layout
from serving_example.devices.ladder import Ladder

__all__ = ["Array", "Compiled", "Device", "Loaded", "Tensors", "UnloadedError"]

Array = np.ndarray[Any, Any]
Tensors = Mapping[str, Array]
"""The tensors of one request by name; each of shape (rows, width)."""


class Compiled(Protocol):
    """A function of a model as machine code of the CPU: what ``module.compiled(part)`` gives.

    A row's result does not depend on the rows beside it, and is meant to have the bits of the
    module's own function at the sizes of a ladder. A device looks whether it has before it runs it.
    """

    def __call__(self, tensors: Tensors) -> Array:
        """A new array with a row for each row of the tensors, which are C-contiguous."""
        ...

    def sample(self, rows: int) -> Tensors:
        """Made-up rows for the look, each time the same."""
        ...


class UnloadedError(DeviceError):
    """The model was unloaded between a request's look for it and its batch."""


class Loaded(Protocol):
    """A function of a model that lies on a device, ready to run.

    Attributes:
        digest: The content digest of the model artifact.
        part: The function: ``forward``, or ``user`` and ``film`` of two towers.
        layout: The tensors that it reads.
        ladder: The sizes at which it runs.
        memory_bytes: What it takes of the device's memory.
    """

    @property
    def digest(self) -> str: ...
    @property
    def part(self) -> str: ...
    @property
    def layout(self) -> Layout: ...
    @property
    def ladder(self) -> Ladder: ...
    @property
    def memory_bytes(self) -> int: ...


class Device(Protocol):
    """Runs one batch at a time.

    All but the attributes and `needs` is called by the one thread that owns it.

    Attributes:
        name: ``cpu-0``, ``cuda-1``.
        kind: ``cpu``, ``cuda``, or ``paced`` for one that only takes another's time.
        memory_bytes: The budget for models.
    """

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def memory_bytes(self) -> int: ...
    @property
    def used_bytes(self) -> int: ...

    def enter(self) -> None:
        """Makes the calling thread the one that owns the device."""
        ...

    def needs(self, module: Any, layout: Layout, ladder: Ladder) -> int:
        """Bytes that a function of a model takes if nothing else of the model lies here.

        Raises:
            DefinitionError: A tensor is ragged, or a size is not for this device.
        """
        ...

    def load(
        self, digest: str, module: Any, layout: Layout, ladder: Ladder, part: str = "forward"
    ) -> Loaded:
        """Puts a function of a model on the device and makes its buffers; it has not run yet.

        Functions of one module share its weights, which are counted once.

        Raises:
            DeviceMemoryError: It does not fit the budget.
            DefinitionError: There is no such function, or a tensor is ragged.
        """
        ...

    def unload(self, loaded: Loaded) -> None:
        """Gives its memory back; unloading twice is harmless."""
        ...

    def warm(self, loaded: Loaded, size: int) -> None:
        """Runs a batch of zeros of one size: the first run of a size is slow."""
        ...

    def room(self, loaded: Loaded, rows: int) -> Tensors:
        """The memory that the next `run` reads if it is of one request of so many rows.

        A request that is this is not copied. What is run before overwrites it.

        Raises:
            InputError: More rows than the ladder's largest size.
            DeviceError: The function was unloaded.
        """
        ...

    def run(self, loaded: Loaded, requests: Sequence[Tensors]) -> Array:
        """The rows of all requests, one after another, in one batch.

        Returns:
            A new array: scores of shape (rows,), or vectors of shape (rows, dim).

        Raises:
            InputError: More rows than the ladder's largest size, or a tensor of another shape.
            DeviceError: The model failed, or gave something else than a row for each row.
        """
        ...

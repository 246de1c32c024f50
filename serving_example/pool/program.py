"""What the scheduler calls a model: something that is put on a device and answers jobs there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from typing import Any, Protocol

from serving_example.devices.ladder import Ladder
from serving_example.devices.protocol import Device

__all__ = ["Placed", "Program"]


class Placed(Protocol):
    """A program that lies on one device. Only the device's thread calls it."""

    def run(self, given: Sequence[Any]) -> Sequence[Any]:
        """Does the work of some jobs.

        Args:
            given: What each job was given.

        Returns:
            An answer for each job, or the exception that is why it has none; one job's failure is
            no other's.

        Raises:
            Exception: None of them has an answer.
        """
        ...

    def unload(self) -> None:
        """Gives the device's memory back; it does not run any more."""
        ...


class Program(ABC):
    """One function of a model, or several and what lies between them.

    A request is handed to a device's thread once, however many models answer it.

    Attributes:
        model: Its name for the scheduler and for stored latency profiles: two programs of one name
            give the same answers in the same time.
        digest: The content digest of the model artifact that it is counted for.
        part: What it does, in a word.
        ladder: The sizes at which it runs.
        load_s: A first guess how long a device needs to load and warm it.
    """

    model: str
    digest: str
    part: str
    ladder: Ladder
    load_s: float

    @abstractmethod
    def needs(self, device: Device) -> int:
        """Bytes that it takes of a device's memory, if nothing else lies there. Any thread asks.

        Raises:
            DefinitionError: It cannot lie on such a device.
        """

    @abstractmethod
    def load(self, device: Device) -> Generator[None, None, Placed]:
        """Puts it on a device and runs it once at each size of its ladder.

        Called on the thread that owns the device. Between two steps the thread runs batches of
        other programs, so no step should take long. If it raises or is closed, what it had put
        on the device is gone again.

        Returns:
            What runs there.
        """

    def placed(self, device: Device) -> Placed:
        """Puts it on a device at once, on the thread that calls: where there is no pool."""
        steps = self.load(device)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                placed: Placed = end.value
                return placed

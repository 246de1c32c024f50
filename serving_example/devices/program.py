"""What a device's thread does for a batch where it is more than one function of one model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from serving_example.devices.ladder import Ladder
from serving_example.devices.protocol import Device, Loaded

__all__ = ["Program"]


class Program(ABC):
    """Several functions of models, and what lies between them, for a batch of requests at once.

    A request is handed to the device's thread once, however many models answer it. Jobs of one
    program object run together as those of one `Loaded` do.

    Attributes:
        digest: The content digest of the model artifact that the program is counted for.
        part: What it does, in a word.
        ladder: How many rows it takes at once.
    """

    digest: str
    part: str
    ladder: Ladder

    @property
    @abstractmethod
    def uses(self) -> tuple[Loaded, ...]:
        """The functions that stay loaded as long as a job of this program waits."""

    @abstractmethod
    def run(self, device: Device, given: Sequence[Any]) -> list[Any]:
        """Does the work of some jobs; called on the thread that owns the device.

        Args:
            device: Where the models lie.
            given: What each job was given.

        Returns:
            An answer for each job, or the exception that is why it has none; one job's failure is
            no other's.

        Raises:
            Exception: None of them has an answer.
        """

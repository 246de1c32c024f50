"""One function of one model as a program."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from featurelib.layout import Layout
from serving_example.devices.ladder import Ladder
from serving_example.devices.protocol import Array, Device, Loaded, Tensors
from serving_example.pool.program import Program

__all__ = ["FunctionProgram"]


class FunctionProgram(Program):
    """A function of a model: a job is given the tensors of its rows and answered by their array.

    Args:
        digest: The content digest of the model artifact.
        module: The model.
        layout: The tensors that the function reads.
        ladder: The sizes at which it runs.
        part: The name of the function.
        load_s: A first guess how long a load takes.

    Attributes:
        module, layout: As given.
    """

    def __init__(
        self,
        digest: str,
        module: Any,
        layout: Layout,
        ladder: Ladder,
        part: str = "forward",
        *,
        load_s: float = 0.5,
    ) -> None:
        self.model = f"{digest}:{part}"
        self.digest, self.part, self.ladder, self.load_s = digest, part, ladder, load_s
        self.module, self.layout = module, layout

    def needs(self, device: Device) -> int:
        """See `Program.needs`."""
        return device.needs(self.module, self.layout, self.ladder)

    def load(self, device: Device) -> Generator[None, None, PlacedFunction]:
        """See `Program.load`: a step for the weights, and one for each size."""
        loaded = device.load(self.digest, self.module, self.layout, self.ladder, self.part)
        try:
            for size in self.ladder:
                yield
                device.warm(loaded, size)
        except BaseException:
            device.unload(loaded)
            raise
        return PlacedFunction(device, loaded)


@dataclass(frozen=True, slots=True)
class PlacedFunction:
    """See `Placed`.

    Attributes:
        device: Where it lies.
        loaded: What lies there.
    """

    device: Device
    loaded: Loaded

    def run(self, given: Sequence[Tensors]) -> list[Array]:
        """See `Placed.run`: for each job its part of the rows of all."""
        made = self.device.run(self.loaded, given)
        first = self.loaded.layout.tensors[0].name
        answers, at = list[Array](), 0
        for tensors in given:
            ends = at + len(tensors[first])
            answers.append(made[at:ends])
            at = ends
        return answers

    def unload(self) -> None:
        """See `Placed.unload`."""
        self.device.unload(self.loaded)

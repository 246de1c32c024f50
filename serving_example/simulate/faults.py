"""What befalls devices in a simulation: they are slow, they hang, they die."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from featurelib.errors import DefinitionError
from serving_example.simulate.engine import Engine
from serving_example.simulate.executor import SimulatedDevices

__all__ = ["Fault", "befall"]


@dataclass(frozen=True, slots=True)
class Fault:
    """A device is not well for a while.

    Attributes:
        kind: ``slow``: what begins takes `factor` times as long. ``hang``: nothing ends, until it
            is seen, and then the device is lost. ``kill``: it is lost at once. A device that was
            lost comes back empty.
        device: Which, counted from 0.
        begins: Time of the trace.
        seconds: For how long.
        factor: Of ``slow``.

    Raises:
        DefinitionError: A number that cannot be.
    """

    kind: Literal["slow", "hang", "kill"]
    device: int
    begins: float
    seconds: float
    factor: float = 3.0

    def __post_init__(self) -> None:
        if self.device < 0 or not self.seconds > 0.0 or not self.factor > 0.0:
            raise DefinitionError(f"expected a device, seconds and a factor above 0, got {self}")


def befall(faults: Sequence[Fault], engine: Engine, devices: SimulatedDevices) -> None:
    """Lets faults happen at their times."""
    for fault in faults:
        name = f"device-{fault.device}"

        def begin(fault: Fault = fault, name: str = name) -> None:
            if fault.kind == "slow":
                devices.slow(name, fault.factor)
            elif fault.kind == "hang":
                devices.hang(name)
            else:
                devices.kill(name)

        def end(fault: Fault = fault, name: str = name) -> None:
            if fault.kind == "slow":
                devices.slow(name, 1.0)
            else:
                devices.come_back(name)

        engine.at(fault.begins, begin)
        engine.at(fault.begins + fault.seconds, end)

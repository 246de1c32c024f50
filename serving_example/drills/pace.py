"""How fast the devices of a drill are, and how fast its clients ask."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ASSUMED", "ROWS", "Pace"]

ROWS = 64
"""Rows of a request for a score."""
ASSUMED = {128: 0.012, 256: 0.019, 512: 0.034, 1024: 0.064}
"""Seconds of a batch by size on no device that there is: 5 ms and 0.058 ms a row, about. Slow
enough that two cores can offer three times what two such devices can do."""
OBJECTIVE_S = 0.2
WINDOW_S = 0.05


@dataclass(frozen=True, slots=True)
class Pace:
    """Times of a drill, all longer by a factor where the machine has other things to do.

    Attributes:
        slow: The factor; rates are less by it.
        devices: How many there are.
    """

    slow: float = 1.0
    devices: int = 2

    @property
    def objective_s(self) -> float:
        """The time for an answer."""
        return OBJECTIVE_S * self.slow

    @property
    def stuck_after_s(self) -> float:
        """A device that comes back from nothing for longer is lost."""
        return 0.25 * self.slow

    @property
    def window_s(self) -> float:
        """Attainment is looked at over so long."""
        return WINDOW_S * self.slow

    @property
    def run_s(self) -> dict[int, float]:
        """Seconds of a batch by size."""
        return {size: seconds * self.slow for size, seconds in ASSUMED.items()}

    @property
    def most(self) -> float:
        """Requests a second that the devices can do: full batches, one after another."""
        size = max(ASSUMED)
        return self.devices * (size // ROWS) / self.run_s[size]

"""A device that answers as another one does and takes the time of a third.

The result is computed by the device that it wraps, to the bit; then it waits until the recorded
seconds of that size have passed. So a pool of GPUs can be rehearsed on a machine without any:
queues, deadlines, memory and loads behave as there, speed is not measured here. Its kind is
``paced``, and metrics and figures say so.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from featurelib.errors import DefinitionError, DeviceError, DeviceMemoryError
from featurelib.layout import Layout
from serving_example.devices.ladder import Ladder
from serving_example.devices.protocol import Array, Device, Loaded, Tensors

__all__ = ["PacedDevice", "PacedLoaded", "Recording"]

KIND = "paced"


@dataclass(frozen=True, slots=True)
class Recording:
    """What a model takes on a device that is not here.

    Attributes:
        source: Where the figures are from: a device and a command, or what was assumed.
        run_s: Seconds of a batch, by size.
        load_s: Seconds until the model is there; warming a size takes a batch of that size more.
        memory_bytes: What the model takes of the device's memory.
        budget_bytes: That memory.
    """

    source: str
    run_s: Mapping[int, float]
    load_s: float
    memory_bytes: int
    budget_bytes: int

    def __post_init__(self) -> None:
        times = [*self.run_s.values(), self.load_s]
        if not self.run_s or not all(0 <= t < float("inf") for t in times):
            raise DefinitionError(
                f"recording of {self.source}: expected seconds, at least of one size, got {times}"
            )

    def dump(self, path: Path) -> None:
        """Writes it as JSON."""
        run = {str(size): seconds for size, seconds in self.run_s.items()}
        told = {"source": self.source, "run_s": run, "load_s": self.load_s,
                "memory_bytes": self.memory_bytes, "budget_bytes": self.budget_bytes}  # fmt: skip
        path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Recording:
        """Reads what `dump` wrote.

        Raises:
            DefinitionError: It is none.
        """
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            run = {int(size): float(seconds) for size, seconds in told["run_s"].items()}
            return cls(
                str(told["source"]), run, float(told["load_s"]),
                int(told["memory_bytes"]), int(told["budget_bytes"]),
            )  # fmt: skip
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DefinitionError(
                f"{path}: no recording of a device ({error!r})",
                hint="source, run_s by size, load_s, memory_bytes, budget_bytes",
            ) from error


@dataclass(frozen=True, slots=True, eq=False)
class PacedLoaded:
    """See `Loaded`; `memory_bytes` is the recorded one.

    Attributes:
        inner: The model on the device that computes.
    """

    inner: Loaded
    memory_bytes: int

    @property
    def digest(self) -> str:
        return self.inner.digest

    @property
    def part(self) -> str:
        return self.inner.part

    @property
    def layout(self) -> Layout:
        return self.inner.layout

    @property
    def ladder(self) -> Ladder:
        return self.inner.ladder


class PacedDevice:
    """See `Device`.

    A batch that takes the inner device longer than was recorded is not paced: `late_batches` counts
    these, and figures of a run that has many of them say little.

    Args:
        inner: Computes; it is this device's own.
        recording: What a model takes, the same for every model, and the memory for all.
        name: For people and metrics; by default the inner device's behind ``paced-``.
        clock: Seconds.
        sleep: Waits so many seconds.

    Attributes:
        late_batches: Batches that took longer than recorded.
    """

    def __init__(
        self,
        inner: Device,
        recording: Recording,
        *,
        name: str | None = None,
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = name or f"{KIND}-{inner.name}"
        self.kind = KIND
        self.memory_bytes = recording.budget_bytes
        self.used_bytes = 0
        self.late_batches = 0
        self._inner, self._recording = inner, recording
        self._clock, self._sleep = clock, sleep
        self._resident: set[int] = set()

    def enter(self) -> None:
        """See `Device.enter`."""
        self._inner.enter()

    def needs(self, module: Any, layout: Layout, ladder: Ladder) -> int:
        """See `Device.needs`: the recorded bytes; refuses sizes not recorded."""
        missing = [size for size in ladder if size not in self._recording.run_s]
        if missing:
            raise DefinitionError(
                f"device {self.name}: {self._recording.source} has no seconds of size {missing[0]}",
                hint=f"it has {sorted(self._recording.run_s)}",
            )
        return self._recording.memory_bytes

    def load(
        self, digest: str, module: Any, layout: Layout, ladder: Ladder, part: str = "forward"
    ) -> PacedLoaded:
        """See `Device.load`; takes the recorded seconds, and refuses sizes not recorded."""
        needed = self.needs(module, layout, ladder)
        if self.used_bytes + needed > self.memory_bytes:
            raise DeviceMemoryError(
                f"device {self.name}: model {digest[:12]} needs {needed} bytes, "
                f"{self.memory_bytes - self.used_bytes} of {self.memory_bytes} are free",
                needed=needed,
                hint="unload a model first",
            )
        start = self._clock()
        made = PacedLoaded(self._inner.load(digest, module, layout, ladder, part), needed)
        self.used_bytes += needed
        self._resident.add(id(made))
        self._wait(start, self._recording.load_s)
        return made

    def unload(self, loaded: Loaded) -> None:
        """See `Device.unload`."""
        if id(loaded) in self._resident:
            self._resident.discard(id(loaded))
            self.used_bytes -= loaded.memory_bytes
            self._inner.unload(_own(loaded).inner)

    def warm(self, loaded: Loaded, size: int) -> None:
        """See `Device.warm`; takes what a batch of the size takes."""
        start = self._clock()
        self._inner.warm(_own(loaded).inner, size)
        self._wait(start, self._recording.run_s[size])

    def room(self, loaded: Loaded, rows: int) -> Tensors:
        """See `Device.room`: the inner device's."""
        return self._inner.room(_own(loaded).inner, rows)

    def run(self, loaded: Loaded, requests: Sequence[Tensors]) -> Array:
        """See `Device.run`: the inner device's bits, the recorded seconds."""
        start = self._clock()
        made = self._inner.run(_own(loaded).inner, requests)
        size = loaded.ladder.size_for(len(made))
        self.late_batches += not self._wait(start, self._recording.run_s[size])
        return made

    def _wait(self, start: float, seconds: float) -> bool:
        """Until `seconds` after `start`; False if that has passed."""
        left = start + seconds - self._clock()
        if left > 0:
            self._sleep(left)
        return left >= 0


def _own(loaded: Loaded) -> PacedLoaded:
    if not isinstance(loaded, PacedLoaded):
        raise DeviceError(f"expected a model that a paced device loaded, got {loaded!r}")
    return loaded

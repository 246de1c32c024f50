"""A device that hangs, slows down and dies when it is told to, and remembers what it ran."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from featurelib.layout import Layout
from serving_example.devices import Device, Ladder, Loaded
from serving_example.devices.protocol import Array, Tensors

__all__ = ["FaultyDevice", "Killed", "Ran"]


class Killed(BaseException):
    """The device is gone. No `Exception`: it is not one batch that fails, but the thread."""


class Ran(NamedTuple):
    """A batch that a device ran.

    Attributes:
        part: The function of the model.
        began: When, by the device's clock.
        ended: When.
        rows: Of each request.
        marks: Of each request the first value of its first tensor: what a drill knows it by.
    """

    part: str
    began: float
    ended: float
    rows: tuple[int, ...]
    marks: tuple[float, ...]


class FaultyDevice:
    """Another device with faults put in. Any thread may put them in. See `Device`.

    Args:
        inner: What answers.
        clock: Monotonic seconds.

    Attributes:
        ran: The batches that were run to their end, in order.
    """

    def __init__(self, inner: Device, clock: Callable[[], float] = time.monotonic) -> None:
        self._inner, self._clock = inner, clock
        self.name, self.kind, self.memory_bytes = inner.name, inner.kind, inner.memory_bytes
        self.ran: list[Ran] = []
        self._go, self._slowness, self._is_dead = threading.Event(), 1.0, False
        self._go.set()

    @property
    def used_bytes(self) -> int:
        """See `Device`."""
        return self._inner.used_bytes

    def hang(self) -> None:
        """Batches from now on do not end until it is healed."""
        self._go.clear()

    def slow(self, factor: float) -> None:
        """Batches take so many times as long as they do."""
        self._slowness = factor

    def kill(self) -> None:
        """Ends every thread that calls it, until it is healed."""
        self._is_dead = True

    def heal(self) -> None:
        """It is as good as its inner device again."""
        self._is_dead, self._slowness = False, 1.0
        self._go.set()

    def enter(self) -> None:
        """See `Device.enter`."""
        self._suffer()
        self._inner.enter()

    def needs(self, module: Any, layout: Layout, ladder: Ladder) -> int:
        """See `Device.needs`."""
        return self._inner.needs(module, layout, ladder)

    def load(
        self, digest: str, module: Any, layout: Layout, ladder: Ladder, part: str = "forward"
    ) -> Loaded:
        """See `Device.load`."""
        self._suffer()
        return self._inner.load(digest, module, layout, ladder, part)

    def unload(self, loaded: Loaded) -> None:
        """See `Device.unload`: what a dead device held is given back too."""
        self._inner.unload(loaded)

    def warm(self, loaded: Loaded, size: int) -> None:
        """See `Device.warm`."""
        self._suffer()
        self._inner.warm(loaded, size)

    def room(self, loaded: Loaded, rows: int) -> Tensors:
        """See `Device.room`."""
        return self._inner.room(loaded, rows)

    def run(self, loaded: Loaded, requests: Sequence[Tensors]) -> Array:
        """See `Device.run`."""
        began = self._clock()
        self._suffer()
        made = self._inner.run(loaded, requests)
        if self._slowness > 1.0:
            time.sleep((self._slowness - 1.0) * (self._clock() - began))
        self._suffer()
        firsts = [next(iter(request.values())) for request in requests]
        rows = tuple(len(first) for first in firsts)
        marks = tuple(float(first.flat[0]) for first in firsts)
        self.ran.append(Ran(loaded.part, began, self._clock(), rows, marks))
        return made

    def _suffer(self) -> None:
        self._go.wait()
        if self._is_dead:
            raise Killed(f"device {self.name} is gone")

"""Models of torch on the CPU or on a CUDA device, by one code path.

The path to CUDA is proven by construction only: what differs is the memory that buffers lie in and
the name that torch is given.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from featurelib.errors import (
    DefinitionError,
    DeviceError,
    DeviceMemoryError,
    InputError,
    NoDeviceError,
)
from featurelib.layout import Layout
from featurelib_online.tensors import TorchBuffers
from serving_example.devices.ladder import Ladder
from serving_example.devices.protocol import Array, Loaded, Tensors, UnloadedError

__all__ = ["TorchDevice", "TorchLoaded", "cpu_device", "cuda_device"]

GIB = 2**30


@dataclass(frozen=True, slots=True, eq=False)
class TorchLoaded:
    """See `Loaded`.

    Attributes:
        function: The model's function: tensors by name to a tensor.
        buffers: The memory of each size, made once.
        weights: What it shares with other functions of its module.
    """

    digest: str
    part: str
    layout: Layout
    ladder: Ladder
    memory_bytes: int
    function: Callable[[dict[str, Any]], Any]
    buffers: dict[int, TorchBuffers]
    weights: _Weights


@dataclass(slots=True, eq=False)
class _Weights:
    """A module that lies on a device.

    Attributes:
        module: As it was given.
        here: The one that runs: on the CPU the same, elsewhere a copy of this device's own, since
            a module is moved in place and another device may run it.
        memory_bytes: What it takes.
        functions: How many functions of it lie there.
    """

    module: Any
    here: Any
    memory_bytes: int
    functions: int = 0


class TorchDevice:
    """A device of torch. See `Device`.

    Args:
        name: For people and metrics.
        torch_device: ``cpu``, ``cuda:0``.
        memory_bytes: The budget for weights and buffers.
        threads: Threads of the CPU for one product; None leaves torch's.
    """

    def __init__(
        self, name: str, torch_device: str, memory_bytes: int, threads: int | None = None
    ) -> None:
        self.name = name
        self.memory_bytes = memory_bytes
        self.used_bytes = 0
        self._device = torch.device(torch_device)
        self._threads = threads
        self._resident: set[int] = set()
        self._weights: dict[int, _Weights] = {}

    @property
    def kind(self) -> str:
        """``cpu`` or ``cuda``."""
        return str(self._device.type)

    def enter(self) -> None:
        """See `Device.enter`: threads of the CPU are counted for each thread that calls."""
        if self._threads is not None:
            torch.set_num_threads(self._threads)
        if self._device.type == "cuda":
            torch.cuda.set_device(self._device)

    def needs(self, module: Any, layout: Layout, ladder: Ladder) -> int:
        """See `Device.needs`."""
        ragged = [t.name for t in layout.tensors if t.is_ragged]
        if ragged or not layout.tensors:
            what = f"tensor `{ragged[0]}` holds Lists" if ragged else "it reads no tensor"
            raise DefinitionError(
                f"a model cannot lie on device {self.name}: {what}; a device here takes numbers "
                "side by side"
            )
        return _module_bytes(module) + _buffer_bytes(layout, ladder)

    def load(
        self, digest: str, module: Any, layout: Layout, ladder: Ladder, part: str = "forward"
    ) -> TorchLoaded:
        """See `Device.load`. The module is put into eval mode."""
        if not callable(getattr(module, part, None)):
            raise DefinitionError(f"model {digest[:12]}: it has no function `{part}`")
        alone = self.needs(module, layout, ladder)
        weights = self._weights.get(id(module))
        needed = alone if weights is None else _buffer_bytes(layout, ladder)
        if self.used_bytes + needed > self.memory_bytes:
            raise DeviceMemoryError(
                f"device {self.name}: model {digest[:12]} needs {needed} bytes, "
                f"{self.memory_bytes - self.used_bytes} of {self.memory_bytes} are free",
                needed=needed,
                hint="unload a model first",
            )
        pin = self._device.type == "cuda"
        if weights is None:
            here = copy.deepcopy(module).to(self._device) if pin else module
            here.eval()
            weights = _Weights(module, here, _module_bytes(module))
        buffers = {size: TorchBuffers(layout, size, pin_memory=pin) for size in ladder}
        function = getattr(weights.here, part)
        made = TorchLoaded(digest, part, layout, ladder, alone, function, buffers, weights)
        # From here on nothing fails: what a load that failed had taken is nobody's.
        self._weights[id(module)] = weights
        weights.functions += 1
        self.used_bytes += needed
        self._resident.add(id(made))
        return made

    def unload(self, loaded: Loaded) -> None:
        """See `Device.unload`."""
        if id(loaded) in self._resident:
            own = _own(loaded)
            self._resident.discard(id(own))
            self.used_bytes -= _buffer_bytes(own.layout, own.ladder)
            own.buffers.clear()
            own.weights.functions -= 1
            if not own.weights.functions:
                del self._weights[id(own.weights.module)]
                self.used_bytes -= own.weights.memory_bytes

    def warm(self, loaded: Loaded, size: int) -> None:
        """See `Device.warm`."""
        self._forward(_own(loaded), size, 0)

    def room(self, loaded: Loaded, rows: int) -> Tensors:
        """See `Device.room`."""
        arrays = self._arrays(_own(loaded), rows)
        return {name: array[:rows] for name, array in arrays.items()}

    def run(self, loaded: Loaded, requests: Sequence[Tensors]) -> Array:
        """See `Device.run`."""
        own = _own(loaded)
        names = [tensor.name for tensor in own.layout.tensors]
        counts = [len(request[names[0]]) for request in requests]
        rows = sum(counts)
        arrays = self._arrays(own, rows)
        at = 0
        for request, count in zip(requests, counts, strict=True):
            for name in names:
                place, given = arrays[name][at : at + count], request[name]
                if given.shape != place.shape or given.dtype != place.dtype:
                    raise InputError(
                        f"tensor `{name}`: expected {place.dtype} of shape {place.shape}, "
                        f"got {given.dtype} of shape {given.shape}"
                    )
                if not (given.base is arrays[name] and _start(given) == _start(place)):
                    place[...] = given
            at += count
        return self._forward(own, own.ladder.size_for(rows), rows)

    def _arrays(self, own: TorchLoaded, rows: int) -> dict[str, Array]:
        """The buffers of a batch."""
        buffers = own.buffers.get(own.ladder.size_for(rows))
        if buffers is None:
            raise UnloadedError(f"device {self.name}: model {own.digest[:12]} was unloaded")
        return buffers.arrays

    def _forward(self, own: TorchLoaded, size: int, rows: int) -> Array:
        tensors = own.buffers[size].padded(rows)
        with torch.inference_mode():
            there = {n: t.to(self._device, non_blocking=True) for n, t in tensors.items()}
            made = own.function(there)
            if made.ndim not in (1, 2) or made.shape[0] != size:
                raise DeviceError(
                    f"model {own.digest[:12]}: expected {size} rows from `{own.part}`, "
                    f"got a tensor of shape {tuple(made.shape)}"
                )
            # A copy to the host waits for the device; the model may give a view of its buffers.
            return np.array(made[:rows].cpu().numpy())


def cpu_device(index: int = 0, *, threads: int = 1, memory_bytes: int = 2 * GIB) -> TorchDevice:
    """The CPU as a device. One thread: two that share two cores with a server make it slower."""
    return TorchDevice(f"cpu-{index}", "cpu", memory_bytes, threads)


def cuda_device(index: int = 0, *, memory_bytes: int | None = None) -> TorchDevice:
    """A CUDA device, with nine tenths of its memory unless told otherwise.

    Raises:
        NoDeviceError: torch sees no CUDA device of that number.
    """
    count = torch.cuda.device_count()
    if not 0 <= index < count:
        raise NoDeviceError(
            f"expected 0 <= index < {count}, got index={index}: torch sees {count} CUDA devices",
            hint="run on the CPU: --device cpu",
        )
    if memory_bytes is None:
        memory_bytes = torch.cuda.get_device_properties(index).total_memory * 9 // 10
    return TorchDevice(f"cuda-{index}", f"cuda:{index}", memory_bytes)


def _start(array: Array) -> int:
    """Where an array begins in memory."""
    return int(array.ctypes.data)


def _own(loaded: Loaded) -> TorchLoaded:
    if not isinstance(loaded, TorchLoaded):
        raise DeviceError(f"expected a model that a torch device loaded, got {loaded!r}")
    return loaded


def _module_bytes(module: Any) -> int:
    """Bytes of weights and of other state, each counted once."""
    tensors = {id(t): t for t in [*module.parameters(), *module.buffers()]}
    return sum(t.numel() * t.element_size() for t in tensors.values())


def _buffer_bytes(layout: Layout, ladder: Ladder) -> int:
    row = sum(t.width * np.dtype(t.dtype.storage).itemsize for t in layout.tensors)
    return row * sum(ladder)

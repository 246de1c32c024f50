"""Models of torch on the CPU or on a CUDA device, by one code path.

The path to CUDA is proven by construction only: what differs is the memory that buffers lie in and
the name that torch is given. On the CPU a function that a module has as machine code runs so, if
that has torch's bits on this machine.
"""

from __future__ import annotations

import copy
import logging
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
from serving_example.devices.protocol import Array, Compiled, Loaded, Tensors, UnloadedError

__all__ = ["TorchDevice", "TorchLoaded", "cpu_device", "cuda_device"]

log = logging.getLogger("serving_example")

GIB = 2**30
_FEW = (1, 6, 37)
"""Sizes below those of a ladder at which machine code is looked at too."""


@dataclass(slots=True, eq=False)
class TorchLoaded:
    """See `Loaded`.

    Attributes:
        function: The model's function: tensors by name to a tensor.
        buffers: The memory of each size, made once.
        weights: What it shares with other functions of its module.
        offered: The function as machine code; None if there is none, or it has other bits.
        reads: Its tensors: their names, dtypes and widths.
        unseen: The sizes at which its bits were not compared yet.
        compiled: The same when they were, at all sizes; until then None, and torch runs.
    """

    digest: str
    part: str
    layout: Layout
    ladder: Ladder
    memory_bytes: int
    function: Callable[[dict[str, Any]], Any]
    buffers: dict[int, TorchBuffers]
    weights: _Weights
    offered: Compiled | None
    reads: tuple[tuple[str, np.dtype[Any], int], ...]
    unseen: set[int]
    compiled: Compiled | None = None


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
        offer = None if pin else getattr(module, "compiled", None)
        made = TorchLoaded(
            digest, part, layout, ladder, alone, function, buffers, weights,
            None if offer is None else offer(part),
            tuple((t.name, np.dtype(t.dtype.storage), t.width) for t in layout.tensors),
            set(ladder),
        )  # fmt: skip
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
        """See `Device.warm`: here machine code is compared with torch."""
        own = _own(loaded)
        offered = own.offered
        if offered is None:
            self._forward(own, size, 0)
            return
        rows = offered.sample(size)
        for name, array in self._arrays(own, size).items():
            array[...] = rows[name]
        wanted = self._forward(own, size, size)
        if not all(_has_bits(offered, rows, wanted, count) for count in (*_FEW, size)):
            own.offered = own.compiled = None
            log.warning(
                "device %s: model %s: the machine code of `%s` has other bits than torch at %d "
                "rows, so torch runs it", self.name, own.digest[:12], own.part, size,
            )  # fmt: skip
            return
        own.unseen.discard(size)
        if not own.unseen:
            own.compiled = offered

    def room(self, loaded: Loaded, rows: int) -> Tensors:
        """See `Device.room`."""
        arrays = self._arrays(_own(loaded), rows)
        return {name: array[:rows] for name, array in arrays.items()}

    def run(self, loaded: Loaded, requests: Sequence[Tensors]) -> Array:
        """See `Device.run`."""
        own = _own(loaded)
        if own.compiled is not None and len(requests) == 1:
            return own.compiled(self._checked(own, requests[0]))
        names = [tensor.name for tensor in own.layout.tensors]
        counts = [len(request[names[0]]) for request in requests]
        rows = sum(counts)
        arrays = self._arrays(own, rows)
        at = 0
        for request, count in zip(requests, counts, strict=True):
            for name in names:
                place, given = arrays[name][at : at + count], request[name]
                if given.shape != place.shape or given.dtype != place.dtype:
                    raise _unfit(name, given, place.dtype, place.shape)
                if not (given.base is arrays[name] and _start(given) == _start(place)):
                    place[...] = given
            at += count
        if own.compiled is not None:
            return own.compiled({name: arrays[name][:rows] for name in names})
        return self._forward(own, own.ladder.size_for(rows), rows)

    def _checked(self, own: TorchLoaded, request: Tensors) -> Tensors:
        """What machine code reads where it lies."""
        made = dict[str, Array]()
        rows = len(request[own.reads[0][0]])
        if not (0 < rows <= own.ladder.largest and own.buffers):
            self._arrays(own, rows)  # raises
        for name, dtype, width in own.reads:
            given = request[name]
            if given.shape != (rows, width) or given.dtype != dtype:
                raise _unfit(name, given, dtype, (rows, width))
            made[name] = given if given.flags.c_contiguous else np.ascontiguousarray(given)
        return made

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


def _unfit(name: str, given: Array, dtype: Any, shape: tuple[int, ...]) -> InputError:
    return InputError(
        f"tensor `{name}`: expected {dtype} of shape {shape}, "
        f"got {given.dtype} of shape {given.shape}"
    )


def _has_bits(compiled: Compiled, rows: Tensors, wanted: Array, count: int) -> bool:
    """Whether machine code gives the first so many of the wanted rows."""
    made = compiled({name: array[:count] for name, array in rows.items()})
    return made.tobytes() == wanted[:count].tobytes()


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

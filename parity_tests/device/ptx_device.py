"""A device for tests: memory of NumPy, and kernels that are interpreted from their PTX.

It is a `featurelib_online.cuda.device.Device`, so the real host side runs on it: staging, slots,
addresses of text, strides, tables and fitted state. Work is queued and done as late as a real
device could do it: when somebody waits. So memory that is written over or given back too early is
seen as it would be there, and each time.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from featurelib.errors import DeviceError, DeviceMemoryError
from featurelib.jit.cuda_program import DeviceMachine
from featurelib_online.cuda.device import BLOCK, ArrayView, Bytes
from featurelib_online.cuda.tensors import DeviceTensor
from parity_tests.device import ptx_run
from parity_tests.device.ptx_memory import REGION_BITS

EXTENSION = 12
"""DLPack's type of devices that it does not know."""
_POISON = 0xA5


class HostMemory:
    """Memory of the interpreted device; after it is dropped a kernel that reads it fails."""

    def __init__(self, device: PtxDevice, size: int) -> None:
        self.bytes = np.full(size, _POISON, np.uint8)
        self.size = size
        self.device = device
        with device.lock:
            self.address = device.memory.add(self.bytes)
            device.used += size

    def __del__(self) -> None:
        device, size, region = self.device, self.size, self.address >> REGION_BITS

        def give_back() -> None:
            device.used -= size
            device.memory.regions[region] = b""

        device.begin(give_back)


class DeviceArray:
    """An array that somebody else has put on the device."""

    def __init__(self, device: PtxDevice, values: Any, *, place: tuple[int, int] | None = None):
        self.array = np.asarray(values)
        whole = self.array if self.array.base is None else self.array.base
        self.address = device.memory.add(whole)
        self.address += self.array.ctypes.data - whole.ctypes.data
        self.place = place or device.place

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.place

    def __dlpack__(self, **asked: Any) -> Any:
        return self.array.__dlpack__()


@dataclass
class Stream:
    """A queue of work, all of which is done at once."""

    handle: int = 0


class Mark:
    """A point in a stream's work."""

    def __init__(self, device: PtxDevice) -> None:
        self.device = device
        self.begun = device.begun

    @property
    def is_done(self) -> bool:
        return self.device.done >= self.begun

    def wait(self) -> None:
        self.device.waits += 1
        self.device.work(self.begun)


class Pinned:
    """Memory of the host."""

    def __init__(self, size: int) -> None:
        self.array: Bytes = np.full(size, _POISON, np.uint8)


@dataclass
class PtxDevice:
    """The device.

    Attributes:
        capability: What PTX is made for.
        total: Bytes of its memory.
        threads: How many threads a launch has at most.
        is_quick: Whether work is done at once, not when somebody waits.
        fails: An error that the next launch gives.
        used: Bytes that are allocated.
        begun: Steps that were queued.
        done: Steps that were done.
        waits: How often the host waited.
        launches: Blocks of each launch.
        copies: Bytes of each copy to the device.
        streams: Handles of the streams that copies and launches were queued on.
    """

    capability: tuple[int, int] = (9, 0)
    total: int = 1 << 30
    threads: int = 512
    is_quick: bool = False
    fails: str = ""
    used: int = 0
    begun: int = 0
    done: int = 0
    waits: int = 0
    launches: list[int] = field(default_factory=list)
    copies: list[int] = field(default_factory=list)
    streams: set[int] = field(default_factory=set)
    name: str = "PTX interpreter"
    label: str = "ptx:0"
    driver: str = "none"
    place: tuple[int, int] = (EXTENSION, 0)

    def __post_init__(self) -> None:
        self.memory = ptx_run.Memory()
        self.lock = threading.RLock()
        self.queue: deque[Callable[[], None]] = deque()

    def begin(self, step: Callable[[], None]) -> None:
        """Queues a step; all streams are one queue."""
        with self.lock:
            self.queue.append(step)
            self.begun += 1
            if self.is_quick:
                self.work(self.begun)

    def work(self, until: int) -> None:
        """Does the steps that come first."""
        with self.lock:
            while self.done < until:
                self.done += 1
                self.queue.popleft()()

    def load(self, machine: DeviceMachine) -> Any:
        return ptx_run.parsed(machine.ptx), machine.entry

    def stream(self, given: Any) -> Stream:
        if isinstance(given, Stream):
            return given
        if given is None or type(given) is int:
            return Stream(given or 0)
        raise DeviceError(f"no stream: {given!r} ({type(given).__name__})")

    def allocate(self, size: int, stream: Stream) -> HostMemory:
        if self.used + size > self.total:
            self.work(self.begun)  # the driver waits for memory that is about to come back
        if self.used + size > self.total:
            raise DeviceMemoryError(f"{self.label} has not {size:,} bytes left", needed=size)
        return HostMemory(self, size)

    def pinned(self, size: int) -> Pinned:
        return Pinned(size)

    def _bytes(self, address: int, size: int) -> Any:
        found = self.memory.regions[address >> REGION_BITS]
        start = address & ((1 << REGION_BITS) - 1)
        assert start + size <= len(found), "a copy out of bounds"
        return found[start : start + size]

    def copy_in(self, address: int, source: Bytes, stream: Stream) -> None:
        self.streams.add(stream.handle)
        self.copies.append(source.nbytes)

        def copy() -> None:
            self._bytes(address, source.nbytes)[:] = source.tobytes()

        self.begin(copy)

    def copy_out(self, address: int, size: int, stream: Stream) -> Bytes:
        self.waits += 1
        self.work(self.begun)
        return np.frombuffer(bytes(self._bytes(address, size)), np.uint8)

    def launch(self, kernel: Any, slots: int, rows: int, blocks: int, stream: Stream) -> None:
        if self.fails:
            raise DeviceError(self.fails)
        self.streams.add(stream.handle)
        self.launches.append(blocks)
        module, entry = kernel

        def run() -> None:
            ptx_run.run(module, entry, [slots, rows], self.memory, grid=blocks, block=BLOCK)

        self.begin(run)

    def mark(self, stream: Stream) -> Mark:
        return Mark(self)

    def view(self, given: Any, stream: Stream) -> ArrayView:
        if isinstance(given, DeviceTensor):
            return ArrayView(given.address, given.shape, given.dtype, True, True, given)
        assert isinstance(given, DeviceArray)
        array = given.array
        flags = array.flags
        return ArrayView(
            given.address, array.shape, array.dtype, flags.c_contiguous, flags.writeable, given
        )

    def export(self, memory: Any, shape: Any, dtype: Any, mark: Mark, **asked: Any) -> Any:
        mark.wait()
        array = memory.bytes[: int(np.prod(shape)) * dtype.itemsize].view(dtype).reshape(shape)
        return array.__dlpack__()

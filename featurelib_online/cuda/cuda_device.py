"""A CUDA device through cuda.core, the Python API of NVIDIA's driver that numba-cuda brings along.

cuda.core and numba-cuda are imported when a device is opened and not before.
"""

from __future__ import annotations

import contextlib
import ctypes
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from featurelib.errors import DeviceError, DeviceMemoryError, MissingExtraError, NoDeviceError
from featurelib.jit.cuda_program import CAPABILITIES, DeviceMachine
from featurelib_online.cuda.device import BLOCK, ArrayView, Bytes, Mark, Memory, Stream
from featurelib_online.cuda.driver import INSTEAD, devices

try:
    import cuda.core as core
    from cuda.bindings import driver as api
    from cuda.core.utils import StridedMemoryView
except ImportError as error:
    raise MissingExtraError(
        f"device kernels need numba-cuda with cuda.core, which cannot be imported: {error}",
        hint="pip install 'featurelib[cuda]'",
    ) from error

__all__ = ["CudaDevice", "check_capability", "check_driver", "open_device"]

_LEGACY, _PER_THREAD = 1, 2
"""What DLPack and the driver call the two default streams; torch calls the first one 0."""


def open_device(index: int = 0) -> CudaDevice:
    """A device by its number.

    Raises:
        NoDeviceError: No driver, no device of that number, or one that is too old.
    """
    count = devices()
    if type(index) is not int or not 0 <= index < count:
        there = f"there are {count}: 0 to {count - 1}" if count else "there is none"
        raise NoDeviceError(f"no CUDA device {index!r}, {there}", hint=INSTEAD)
    return CudaDevice(index)


def check_capability(name: str, capability: tuple[int, int]) -> None:
    """Refuses a device that is older than device kernels.

    Raises:
        NoDeviceError: Shows both compute capabilities.
    """
    if capability < CAPABILITIES[0]:
        has, needs = (".".join(map(str, c)) for c in (capability, CAPABILITIES[0]))
        raise NoDeviceError(
            f"{name} has compute capability {has}, device kernels need {needs} or later",
            hint=INSTEAD,
        )


def check_driver(version: int, made_by: int) -> None:
    """Refuses a driver that may not know the machine code which is made here.

    Within one major version of CUDA drivers load code of any minor version.

    Args:
        version: What the driver supports, 1000 * major + 10 * minor.
        made_by: Of the assembler, likewise.

    Raises:
        NoDeviceError: Shows both versions.
    """
    if version // 1000 < made_by // 1000:
        raise NoDeviceError(
            f"the driver supports CUDA {_version(version)}, device kernels are assembled by "
            f"CUDA {_version(made_by)}",
            hint=f"install a driver for CUDA {made_by // 1000}, or numba-cuda for "
            f"CUDA {version // 1000}",
        )


def _version(number: int) -> str:
    return f"{number // 1000}.{number % 1000 // 10}"


class _Event:
    """A point in a stream's work."""

    def __init__(self, device: CudaDevice, event: Any) -> None:
        self._device = device
        self.event = event

    @property
    def is_done(self) -> bool:
        with self._device.current("asking for its work"):
            return bool(self.event.is_done)

    def wait(self) -> None:
        """Returns when the device is there."""
        with self._device.current("waiting for its work"):
            self.event.sync()


class _Buffer:
    """Memory of the device, or pinned memory of the host."""

    def __init__(self, buffer: Any) -> None:
        self.buffer = buffer
        self.address = int(buffer.handle)
        self.size = int(buffer.size)

    @property
    def array(self) -> Bytes:
        """The bytes of pinned memory; they live as long as this object."""
        return np.ctypeslib.as_array((ctypes.c_uint8 * self.size).from_address(self.address))


class _Stream:
    """A stream of the caller."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.handle = int(stream.handle)


class CudaDevice:
    """A device of NVIDIA's. Made by `open_device`; see `featurelib_online.cuda.device.Device`.

    The thread's own current device is put back after each call, so that torch's stays what it was.
    """

    def __init__(self, index: int) -> None:
        from cuda.bindings import nvjitlink

        self.index = index
        self.label = f"cuda:{index}"
        self.place = (2, index)
        self._thread = threading.local()
        with self.current("opening it"):
            mine = core.Device(index)
            self.name = str(mine.name)
            major, minor = mine.compute_capability
            self.capability = (int(major), int(minor))
            check_capability(self.name, self.capability)
            code, version = api.cuDriverGetVersion()
            assert not code, code
            major, minor = nvjitlink.version()
            check_driver(int(version), 1000 * major + 10 * minor)
            self.driver = f"CUDA {_version(int(version))}"
            found = mine.properties
            self.threads = int(found.multiprocessor_count * found.max_threads_per_multiprocessor)

    @contextlib.contextmanager
    def current(self, doing: str) -> Iterator[Any]:
        """Makes the device the thread's own for a moment; its errors become ours.

        Args:
            doing: What is done, for errors.
        """
        code, before = api.cuCtxGetCurrent()
        is_changed = False
        try:
            device = core.Device(self.index)
            # cuda.core wants to hear of the device once in each thread.
            if code or int(before) != getattr(self._thread, "context", None):
                is_changed = True
                device.set_current()
                self._thread.context = int(api.cuCtxGetCurrent()[1])
            yield device
        except core._utils.cuda_utils.CUDAError as error:
            raise DeviceError(f"{self.label}: {doing}: {error}") from error
        finally:
            if is_changed and not code:
                api.cuCtxSetCurrent(before)

    def load(self, machine: DeviceMachine) -> Any:
        """See `Device.load`; machine code for this very device is assembled or found on disk."""
        with self.current(f"loading machine code for {self.name}"):
            code = core.ObjectCode.from_cubin(machine.cubin(self.capability), name=machine.entry)
            return code.get_kernel(machine.entry)

    def stream(self, given: Any) -> _Stream:
        """See `Device.stream`; None is the default stream, torch's too."""
        if isinstance(given, core.Stream):
            return _Stream(given)
        handle = given if given is None else getattr(given, "cuda_stream", given)
        if handle is None or (type(handle) is int and handle in (0, _LEGACY)):
            return _Stream(core.LEGACY_DEFAULT_STREAM)
        if type(handle) is int and handle == _PER_THREAD:
            return _Stream(core.PER_THREAD_DEFAULT_STREAM)
        of = getattr(getattr(given, "device", None), "index", None)
        if of is not None and of != self.index:
            raise DeviceError(
                f"the stream is of cuda:{of}, the kernel of {self.label}",
                hint="give a stream of the kernel's device",
            )
        if type(handle) is int:
            return _Stream(core.Stream.from_handle(handle))
        if hasattr(given, "__cuda_stream__"):
            with self.current("taking a stream") as device:
                return _Stream(device.create_stream(given))
        raise DeviceError(
            f"no stream: {given!r} ({type(given).__name__})",
            hint="give a torch.cuda.Stream, a cuda.core Stream, or a stream's address",
        )

    def allocate(self, size: int, stream: Stream) -> Memory:
        """See `Device.allocate`; memory of the driver's pool, in the stream's order."""
        assert isinstance(stream, _Stream)
        try:
            with self.current("allocating") as device:
                return _Buffer(device.allocate(max(size, 1), stream=stream.stream))
        except DeviceError as error:
            raise self._out_of_memory(error, size) from error

    def _out_of_memory(self, error: DeviceError, size: int) -> DeviceError:
        if "OUT_OF_MEMORY" not in str(error):
            return error
        return DeviceMemoryError(
            f"{self.label} ({self.name}) has not {size:,} bytes left",
            needed=size,
            hint="give fewer rows a call, or free memory that others hold on the device "
            "(torch.cuda.empty_cache())",
        )

    def pinned(self, size: int) -> _Buffer:
        """See `Device.pinned`."""
        with self.current(f"pinning {size:,} bytes of the host's memory"):
            return _Buffer(core.LegacyPinnedMemoryResource().allocate(size))

    def copy_in(self, address: int, source: Bytes, stream: Stream) -> None:
        """See `Device.copy_in`."""
        with self.current(f"copying {source.nbytes:,} bytes to it"):
            _checked(
                api.cuMemcpyHtoDAsync(address, source.ctypes.data, source.nbytes, stream.handle)
            )

    def copy_out(self, address: int, size: int, stream: Stream) -> Bytes:
        """See `Device.copy_out`."""
        target = np.empty(size, np.uint8)
        with self.current(f"copying {size:,} bytes from it"):
            if size:
                _checked(api.cuMemcpyDtoHAsync(target.ctypes.data, address, size, stream.handle))
            _checked(api.cuStreamSynchronize(stream.handle))
        return target

    def launch(self, kernel: Any, slots: int, rows: int, blocks: int, stream: Stream) -> None:
        """See `Device.launch`."""
        assert isinstance(stream, _Stream)
        with self.current("launching a kernel"):
            config = core.LaunchConfig(grid=blocks, block=BLOCK)
            core.launch(stream.stream, config, kernel, np.int64(slots), np.int64(rows))

    def mark(self, stream: Stream) -> Mark:
        """See `Device.mark`."""
        assert isinstance(stream, _Stream)
        with self.current("recording an event"):
            return _Event(self, stream.stream.record())

    def view(self, given: Any, stream: Stream) -> ArrayView:
        """See `Device.view`."""
        with self.current(f"reading a {type(given).__name__}"):
            seen = StridedMemoryView.from_any_interface(given, stream_ptr=stream.handle or _LEGACY)
            return ArrayView(
                int(seen.ptr),
                tuple(seen.shape),
                np.dtype(seen.dtype),
                _is_contiguous(tuple(seen.shape), seen.strides),
                not seen.readonly,
                (given, seen),
            )

    def export(
        self, memory: Memory, shape: tuple[int, ...], dtype: np.dtype[Any], mark: Mark, **asked: Any
    ) -> Any:
        """See `Device.export`."""
        assert isinstance(memory, _Buffer)
        assert isinstance(mark, _Event)
        consumer = asked.pop("stream", None)
        with self.current("handing memory on"):
            if consumer != -1:  # which says that the asker takes care of it
                self.stream(consumer).stream.wait(mark.event)
            view = StridedMemoryView.from_buffer(memory.buffer, shape, dtype=dtype)
            return view.__dlpack__(stream=-1, **asked)


def _is_contiguous(shape: tuple[int, ...], strides: Any) -> bool:
    if strides is None or 0 in shape:
        return True
    step = 1
    for length, stride in zip(reversed(shape), reversed(tuple(strides)), strict=True):
        if length != 1 and stride != step:
            return False
        step *= length
    return True


def _checked(result: tuple[Any, ...]) -> None:
    """Raises the driver's error, if it gave one."""
    core._utils.cuda_utils.handle_return(result)

"""A stand-in for NVIDIA's driver: the functions that cuda.core and our host side call, in Python.

`featurelib_online/cuda/cuda_device.py` and cuda.core run on it as they are. Memory of the device is
memory of the host, a launch runs whatever the test says, and each call of the driver is noted. What
it shows is that the driver is asked in the right way, in the right order; not what it then does.

The process that loads it has this driver for good: tests run it in one of their own.
"""

from __future__ import annotations

import ctypes
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from parity_tests.device import shared_object

OUT_OF_MEMORY, INVALID_DEVICE, NO_BINARY, NOT_SUPPORTED = 2, 101, 209, 801
_NAMES = {OUT_OF_MEMORY: b"CUDA_ERROR_OUT_OF_MEMORY", NO_BINARY: b"CUDA_ERROR_NO_BINARY_FOR_GPU"}
_ATTRIBUTES = {75: 9, 76: 0, 16: 4, 39: 2048}
"""Compute capability, multiprocessors and their threads, by the driver's numbers; others are 1."""
_CONTEXT = 0x1000


def _write(address: int, value: int, form: type[ctypes._SimpleCData[int]] = ctypes.c_uint64) -> int:
    form.from_address(address).value = value
    return 0


class Driver:
    """The driver: one device.

    Attributes:
        calls: What was asked, with the arguments that tests look at.
        memory: Arrays of the device by address.
        limit: Bytes that it has; None for no limit.
        version: Of CUDA.
        on_launch: What a launch does with the address of the slots and the number of rows.
        load_error: What loading machine code gives.
        contexts: The current context of this thread.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.memory: dict[int, np.ndarray[Any, Any]] = {}
        self.sizes: dict[int, int] = {}
        self.limit: int | None = None
        self.version = 13050
        self.devices = 1
        self.on_launch: Callable[[int, int], None] = lambda slots, rows: None
        self.load_error = 0
        self.context = 0
        self.handles = 0x2000
        self._functions: dict[str, Any] = {}
        for name, method in inspect.getmembers(self, inspect.ismethod):
            if name.startswith("cu"):
                count = len(inspect.signature(method).parameters)
                form = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_uint64] * count)
                self._functions[name] = form(method)
        self._unknown: dict[str, Any] = {}
        form = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_uint64] * 5)
        self._find = form(self._find_function)

    def load(self, folder: Path) -> None:
        """Makes this the driver of the process."""
        path = folder / "libcuda.so.1"
        shared_object.write(path, "libcuda.so.1", "cuGetProcAddress_v2")
        self._library = shared_object.load(path, self._find)

    def _find_function(self, name: int, to: int, version: int, flags: int, found: int) -> int:
        text = ctypes.string_at(name).decode()
        function = self._find if text == "cuGetProcAddress" else self._functions.get(text)
        if function is None:
            function = self._unknown.setdefault(text, self._refusal(text))
        _write(to, ctypes.cast(function, ctypes.c_void_p).value or 0)
        return _write(found, 0, ctypes.c_int) if found else 0

    def _refusal(self, name: str) -> Any:
        def refuse() -> int:
            self.note("unknown", name)
            return NOT_SUPPORTED

        return ctypes.CFUNCTYPE(ctypes.c_int)(refuse)

    def note(self, *call: Any) -> int:
        """Notes a call that succeeds."""
        self.calls.append(call)
        return 0

    def took(self, name: str) -> list[tuple[Any, ...]]:
        """Arguments of the calls of this name."""
        return [call[1:] for call in self.calls if call[0] == name]

    @property
    def used(self) -> int:
        """Bytes of the device that are allocated."""
        return sum(self.sizes.values())

    # --- the device and its context ---------------------------------------------------------
    def cuInit(self, flags: int) -> int:
        return 0

    def cuDriverGetVersion(self, to: int) -> int:
        return _write(to, self.version, ctypes.c_int)

    def cuDeviceGetCount(self, to: int) -> int:
        return _write(to, self.devices, ctypes.c_int)

    def cuDeviceGet(self, to: int, index: int) -> int:
        number = index & 0xFFFFFFFF
        return _write(to, number, ctypes.c_int) if number < self.devices else INVALID_DEVICE

    def cuDeviceGetName(self, to: int, size: int, device: int) -> int:
        ctypes.memmove(to, b"Stand-in\0", 9)
        return 0

    def cuDeviceGetAttribute(self, to: int, attribute: int, device: int) -> int:
        return _write(to, _ATTRIBUTES.get(attribute & 0xFFFFFFFF, 1), ctypes.c_int)

    def cuDevicePrimaryCtxRetain(self, to: int, device: int) -> int:
        return _write(to, _CONTEXT)

    def cuDevicePrimaryCtxRelease(self, device: int) -> int:
        return 0

    def cuCtxGetCurrent(self, to: int) -> int:
        return _write(to, self.context)

    def cuCtxSetCurrent(self, context: int) -> int:
        self.context = context
        return 0

    def cuCtxGetDevice(self, to: int) -> int:
        return _write(to, 0, ctypes.c_int)

    def cuStreamGetCtx(self, stream: int, to: int) -> int:
        return _write(to, _CONTEXT)

    def cuStreamIsCapturing(self, stream: int, to: int) -> int:
        return _write(to, 0, ctypes.c_int)

    # --- memory -----------------------------------------------------------------------------
    def cuDeviceGetMemPool(self, to: int, device: int) -> int:
        return _write(to, 8)

    def cuDeviceGetDefaultMemPool(self, to: int, device: int) -> int:
        return _write(to, 8)

    def cuMemPoolGetAttribute(self, pool: int, attribute: int, to: int) -> int:
        return _write(to, 0)

    def cuMemPoolSetAttribute(self, pool: int, attribute: int, value: int) -> int:
        return 0

    def _take(self, to: int, size: int) -> int:
        if self.limit is not None and self.used + size > self.limit:
            return OUT_OF_MEMORY
        array = np.full(size + 256, 0xA5, np.uint8)
        address = -(-int(array.ctypes.data) // 256) * 256
        self.memory[address], self.sizes[address] = array, size
        return _write(to, address)

    def cuMemAllocFromPoolAsync(self, to: int, size: int, pool: int, stream: int) -> int:
        self.note("allocate", size, stream)
        return self._take(to, size)

    def cuMemFreeAsync(self, address: int, stream: int) -> int:
        del self.memory[address], self.sizes[address]
        return self.note("free", address, stream)

    def cuMemAllocHost(self, to: int, size: int) -> int:
        self.note("pin", size)
        self._take(to, size)
        self.sizes[ctypes.c_uint64.from_address(to).value] = 0
        return 0

    def cuMemFreeHost(self, address: int) -> int:
        del self.memory[address], self.sizes[address]
        return self.note("unpin")

    def cuMemcpyHtoDAsync(self, to: int, source: int, size: int, stream: int) -> int:
        ctypes.memmove(to, source, size)
        return self.note("copy in", size, stream)

    def cuMemcpyDtoHAsync(self, to: int, source: int, size: int, stream: int) -> int:
        ctypes.memmove(to, source, size)
        return self.note("copy out", size, stream)

    def cuPointerGetAttribute(self, to: int, attribute: int, address: int) -> int:
        return _write(to, {2: 2, 9: 0}.get(attribute & 0xFFFFFFFF, 0), ctypes.c_int)

    def cuPointerGetAttributes(self, count: int, asked: int, to: int, address: int) -> int:
        for i in range(count & 0xFFFFFFFF):
            attribute = ctypes.c_int.from_address(asked + 4 * i).value
            place = ctypes.c_uint64.from_address(to + 8 * i).value
            _write(place, 2 if attribute == 2 else 0, ctypes.c_int)  # device memory, not managed
        return 0

    # --- streams, events, kernels -----------------------------------------------------------
    def cuStreamSynchronize(self, stream: int) -> int:
        return self.note("wait for stream", stream)

    def cuStreamWaitEvent(self, stream: int, event: int, flags: int) -> int:
        return self.note("stream waits", stream, event)

    def cuEventCreate(self, to: int, flags: int) -> int:
        self.handles += 8
        return _write(to, self.handles)

    def cuEventRecord(self, event: int, stream: int) -> int:
        return self.note("record", event, stream)

    def cuEventQuery(self, event: int) -> int:
        return 0

    def cuEventSynchronize(self, event: int) -> int:
        return self.note("wait for event", event)

    def cuEventDestroy(self, event: int) -> int:
        return 0

    def cuLibraryLoadData(
        self, to: int, code: int, a: int, b: int, c: int, d: int, e: int, f: int
    ) -> int:
        self.note("load", ctypes.string_at(code, 4))
        return self.load_error or _write(to, 16)

    def cuLibraryUnload(self, library: int) -> int:
        return 0

    def cuLibraryGetKernel(self, to: int, library: int, name: int) -> int:
        self.note("kernel", ctypes.string_at(name).decode())
        return _write(to, 24)

    def cuLaunchKernelEx(self, config: int, kernel: int, params: int, extra: int) -> int:
        grid = tuple((ctypes.c_uint * 6).from_address(config))
        stream = ctypes.c_uint64.from_address(config + 32).value
        slots, rows = (
            ctypes.c_int64.from_address(ctypes.c_uint64.from_address(params + 8 * i).value).value
            for i in range(2)
        )
        self.note("launch", grid, rows, stream)
        self.on_launch(slots, rows)
        return 0

    def cuLaunchKernel(
        self, kernel: int, gx: int, gy: int, gz: int, bx: int, by: int, bz: int,
        shared: int, stream: int, params: int, extra: int,
    ) -> int:  # fmt: skip
        config = struct_of_launch((gx, gy, gz, bx, by, bz), stream)
        return self.cuLaunchKernelEx(ctypes.addressof(config), kernel, params, extra)

    def cuGetErrorName(self, code: int, to: int) -> int:
        self._name = ctypes.c_char_p(_NAMES.get(code & 0xFFFFFFFF, b"CUDA_ERROR_OTHER"))
        return _write(to, ctypes.cast(self._name, ctypes.c_void_p).value or 0)

    def cuGetErrorString(self, code: int, to: int) -> int:
        return self.cuGetErrorName(code, to)


def struct_of_launch(sizes: tuple[int, ...], stream: int) -> Any:
    """A launch configuration as the driver's header has it."""
    words = (ctypes.c_uint64 * 5)()
    ctypes.memmove(words, (ctypes.c_uint * 6)(*(s & 0xFFFFFFFF for s in sizes)), 24)
    words[4] = stream
    return words

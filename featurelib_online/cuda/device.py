"""What a device kernel's host side needs of a device: memory, copies and launches on a stream.

`featurelib_online.cuda.cuda_device` is this over NVIDIA's driver. Tests give one that runs the same
kernels in an interpreter of PTX, so that all that stands on this page is proven without a device.

Every call returns before the device has done the work, but those that say that they wait. Work on
one stream is done in order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from featurelib.errors import InputError

if TYPE_CHECKING:
    from featurelib.jit.cuda_program import DeviceMachine

__all__ = ["ArrayView", "Bytes", "Device", "Mark", "Memory", "Pinned", "Stream", "location"]

Bytes = np.ndarray[Any, np.dtype[np.uint8]]
_CPU_TYPES = (1, 3)
"""DLPack's numbers of memory that the CPU has: plain, and pinned for CUDA."""
_CUDA_TYPES = (2, 13)
"""Of memory that a CUDA device has: its own, and managed."""


class Memory(Protocol):
    """Memory of a device, given back when the object is dropped and earlier work is done.

    Attributes:
        address: On the device, a multiple of 256.
        size: In bytes.
    """

    @property
    def address(self) -> int: ...
    @property
    def size(self) -> int: ...


class Pinned(Protocol):
    """Memory of the host that a device copies from while the host goes on.

    Attributes:
        array: The bytes.
    """

    @property
    def array(self) -> Bytes: ...


class Stream(Protocol):
    """A queue of work.

    Attributes:
        handle: The address of the driver's stream.
    """

    @property
    def handle(self) -> int: ...


class Mark(Protocol):
    """A point in a stream's work."""

    @property
    def is_done(self) -> bool:
        """Whether all work before it is done."""
        ...

    def wait(self) -> None:
        """Returns when it is."""
        ...


class ArrayView(NamedTuple):
    """An array on the device that somebody else made.

    Attributes:
        address: Of its first element.
        shape: Its shape.
        dtype: Type of an element.
        is_contiguous: Whether rows stand end to end (C order).
        is_writable: Whether it may be written.
        owner: What keeps the memory alive.
    """

    address: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    is_contiguous: bool
    is_writable: bool
    owner: Any


@runtime_checkable
class Device(Protocol):
    """A device that runs device kernels.

    Attributes:
        name: As its maker calls it.
        label: ``cuda:0``.
        capability: Compute capability, major and minor number.
        driver: Version of its driver, for records.
        place: DLPack's type and number of its memory.
        threads: How many it runs at once; a launch has no more.
    """

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def capability(self) -> tuple[int, int]: ...
    @property
    def driver(self) -> str: ...
    @property
    def place(self) -> tuple[int, int]: ...
    @property
    def threads(self) -> int: ...

    def load(self, machine: DeviceMachine) -> Any:
        """The machine's kernel on the device, for `launch`."""
        ...

    def stream(self, given: Any) -> Stream:
        """A stream that the caller has: None, an address, or an object of torch or cuda.core."""
        ...

    def allocate(self, size: int, stream: Stream) -> Memory:
        """Memory that work on this stream may use.

        Raises:
            DeviceMemoryError: There is not so much.
        """
        ...

    def pinned(self, size: int) -> Pinned:
        """Memory of the host, pinned."""
        ...

    def copy_in(self, address: int, source: Bytes, stream: Stream) -> None:
        """Copies pinned bytes to the device."""
        ...

    def copy_out(self, address: int, size: int, stream: Stream) -> Bytes:
        """Waits for the stream, and copies bytes from the device."""
        ...

    def launch(self, kernel: Any, slots: int, rows: int, blocks: int, stream: Stream) -> None:
        """Runs a kernel with so many blocks of `BLOCK` threads."""
        ...

    def mark(self, stream: Stream) -> Mark:
        """Marks what the stream was given so far."""
        ...

    def view(self, given: Any, stream: Stream) -> ArrayView:
        """An array at `place`; work on the stream comes after what its maker has begun."""
        ...

    def export(
        self, memory: Memory, shape: tuple[int, ...], dtype: np.dtype[Any], mark: Mark, **asked: Any
    ) -> Any:
        """A DLPack capsule of memory; the asking stream's work comes after `mark`."""
        ...


BLOCK = 128
"""Threads a block: four warps; device kernels use no memory that a block shares."""


def location(given: Any) -> tuple[int, int] | None:
    """DLPack's type and number of the device that an array is on; None if it is no array.

    Pinned memory counts as the CPU's (1, 0), managed memory as its device's.

    Raises:
        InputError: An object that says so of itself in a form that nobody has agreed on.
    """
    ask = getattr(given, "__dlpack_device__", None)
    if ask is not None:
        kind, number = ask()
        if int(kind) in _CPU_TYPES:
            return 1, 0
        return (2 if int(kind) in _CUDA_TYPES else int(kind)), int(number)
    interface = getattr(given, "__cuda_array_interface__", None)
    if interface is None:
        return None
    if "data" not in interface:
        raise InputError(
            f"{type(given).__name__}.__cuda_array_interface__ has no `data`: {interface!r}"
        )
    return 2, -1

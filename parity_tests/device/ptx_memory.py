"""Memory of a device for the interpreter: addresses that lead to the bytes of NumPy arrays.

Each array stands in a region of 4 GiB of its own, so an address out of one array's bounds never
falls into another. Local memory of a thread has a region too, in the generic address space.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from parity_tests.device.ptx_words import PtxFault

REGION_BITS = 32
_OFFSET = (1 << REGION_BITS) - 1
MODULE_REGION = 1 << 20
"""The first region of a module's own variables; arrays stand below."""
LOCAL_REGION = 1 << 21
LOCAL_BYTES = 1 << 20
LOCAL_START = 256
"""The first local address that is given: 0 stays an address of nothing."""
_GARBAGE = bytes([0xA5]) * LOCAL_BYTES
"""What local memory holds before it is written (section 5.1.5 gives it no value)."""

Regions = dict[int, Any]


class Memory:
    """Global memory of a device, made of NumPy arrays.

    An array is not copied: a store of a kernel is seen in it.
    """

    def __init__(self) -> None:
        self.regions: Regions = {}

    def add(self, array: np.ndarray[Any, Any], *, beside: int = 0) -> int:
        """Puts an array in and returns its address, aligned to 256 bytes.

        Args:
            array: Values of fixed width, contiguous.
            beside: Bytes after it that may be read too, and hold garbage. Such an array is copied,
                so that a store would not be seen in it: it is read-only.

        Raises:
            ValueError: the array is not contiguous: its bytes would not stand side by side.
        """
        if not array.flags.c_contiguous:
            raise ValueError(f"an array of strides {array.strides} is not contiguous: copy it")
        region = len(self.regions) + 1
        content = array.reshape(-1).view(np.uint8).data
        self.regions[region] = bytes(content) + _GARBAGE[:beside] if beside else content
        return region << REGION_BITS

    def read(self, address: int, count: int) -> bytes:
        """`count` bytes from an address."""
        view = self.regions.get(address >> REGION_BITS, b"")
        start = address & _OFFSET
        if start + count > len(view):
            raise PtxFault(f"read of {count} bytes at {address:#x} is outside every array")
        return bytes(view[start : start + count])


class LocalMemory:
    """Local memory of one thread (section 5.1.5): a stack of frames, one a call."""

    def __init__(self) -> None:
        self.bytes = bytearray(LOCAL_BYTES)

    def frame(self, start: int, size: int, align: int) -> int:
        """The address of a new frame of garbage at or after `start`."""
        address = -(-start // align) * align
        if address + size > LOCAL_BYTES:
            raise PtxFault(f"local memory: {address + size} bytes, there are {LOCAL_BYTES}")
        self.bytes[address : address + size] = _GARBAGE[:size]
        return address


def spaces(
    memory: Memory, module: Regions, const: Regions, local: LocalMemory
) -> dict[str, Regions]:
    """What each state space of `ld` and `st` reaches; the generic space reaches all but .param."""
    reached = {**memory.regions, **module}
    return {
        "global": reached,
        "const": const,
        "local": {0: local.bytes},
        "generic": {**reached, **const, LOCAL_REGION: local.bytes},
    }


def _fault(verb: str, space: str, regions: Regions, address: int, size: int) -> PtxFault:
    place = f"{verb} of {size} bytes at {space} address {address:#x}"
    view = regions.get(address >> REGION_BITS)
    if address % size:
        return PtxFault(f"{place}: the address is not a multiple of {size}")
    if view is None:
        return PtxFault(f"{place}: nothing stands there")
    if (address & _OFFSET) + size > len(view):
        return PtxFault(f"{place}: out of bounds, {address & _OFFSET} of {len(view)} bytes")
    return PtxFault(f"{place}: read-only")


def loader(regions: Regions, space: str, layout: str) -> Callable[[int], Any]:
    """A function from an address to a value, or to a tuple where `layout` has several."""
    form = struct.Struct("<" + layout)
    unpack, size, low = form.unpack_from, form.size, form.size - 1

    def load(address: int) -> Any:
        if address & low:
            raise _fault("load", space, regions, address, size)
        try:
            return unpack(regions[address >> REGION_BITS], address & _OFFSET)[0]
        except (KeyError, struct.error):
            raise _fault("load", space, regions, address, size) from None

    def load_vector(address: int) -> Any:
        if address & low:
            raise _fault("load", space, regions, address, size)
        try:
            return unpack(regions[address >> REGION_BITS], address & _OFFSET)
        except (KeyError, struct.error):
            raise _fault("load", space, regions, address, size) from None

    return load_vector if layout[0].isdigit() else load


def storer(regions: Regions, space: str, layout: str) -> Callable[..., None]:
    """A procedure of an address and the values to store there."""
    form = struct.Struct("<" + layout)
    pack, size, low = form.pack_into, form.size, form.size - 1

    def store(address: int, *values: Any) -> None:
        if address & low:
            raise _fault("store", space, regions, address, size)
        try:
            pack(regions[address >> REGION_BITS], address & _OFFSET, *values)
        except (KeyError, struct.error, TypeError, BufferError):
            raise _fault("store", space, regions, address, size) from None

    return store

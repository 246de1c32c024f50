"""Staging: what one call sends to the device, written side by side and copied at once.

A block holds the slots, then the columns: numbers as they are, text and lists end to end behind
their pairs, whose addresses are those of the device. It is written into pinned memory and copied
to memory of the device that belongs to it. Both are used again when the device is done with them.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import numpy as np

from featurelib.dtypes import DType
from featurelib.jit import arrow_text
from featurelib.jit.kernel import Array, Column
from featurelib.jit.slots import element_bytes
from featurelib_online.cuda.device import Bytes, Device, Mark, Memory, Pinned, Stream

__all__ = ["Block", "Staged", "Staging", "StagingPool"]

ALIGNMENT = 256
"""Of each part of a block: what the driver gives memory too, and more than any element needs."""
_SMALLEST = 1 << 14


@dataclass(frozen=True)
class Staged:
    """Where a column stands in a block, in bytes from its beginning.

    Attributes:
        column: The column on the host.
        dtype: Its type.
        values: Its values, or pairs.
        valid: Its flags; None where none may be null.
        data: The bytes that pairs lead to.
        offsets: Where each row's elements begin there, and the end of the last.
    """

    column: Column
    dtype: DType
    values: int
    valid: int | None
    data: int = 0
    offsets: Array | None = None

    @property
    def width(self) -> int:
        """Bytes of an element of a text or list."""
        return element_bytes(self.dtype)

    def write(self, target: Bytes, base: int) -> None:
        """Writes the column into the block.

        Args:
            target: The block on the host.
            base: Its address on the device.
        """
        values, valid = self.column.values, self.column.valid
        rows = len(values)
        if self.valid is not None:
            target[self.valid : self.valid + rows] = 1 if valid is None else valid
        if self.offsets is None:
            raw = np.ascontiguousarray(values).view(np.uint8).reshape(-1)
            target[self.values : self.values + len(raw)] = raw
            return
        starts = self.offsets[:-1]
        pairs = target[self.values : self.values + 16 * rows].view(np.int64).reshape(-1, 2)
        pairs[:, 0] = starts * self.width + (base + self.data)
        pairs[:, 1] = self.offsets[1:] - starts
        at = int(target.ctypes.data) + self.data
        arrow_text.copy_lists(values, self.offsets, self.width, at)


@dataclass
class Block:
    """The parts of a call, laid out; nothing is written yet.

    Attributes:
        size: Bytes so far.
    """

    size: int = 0
    _columns: list[Staged] = field(default_factory=list)

    def reserve(self, size: int) -> int:
        """Room for so many bytes; gives where it begins."""
        start = self.size
        self.size = -(-(start + size) // ALIGNMENT) * ALIGNMENT
        return start

    def add(self, column: Column, dtype: DType, nullable: bool) -> Staged:
        """Room for a column."""
        rows = len(column.values)
        valid = self.reserve(rows) if nullable else None
        if dtype.kind != "v":
            staged = Staged(column, dtype, self.reserve(rows * dtype.bits // 8), valid)
        else:
            offsets = np.empty(rows + 1, np.int64)
            pairs = np.ascontiguousarray(column.values)
            arrow_text.list_offsets(pairs, column.valid, offsets)
            values, data = (
                self.reserve(16 * rows),
                self.reserve(int(offsets[-1]) * element_bytes(dtype)),
            )
            column = column._replace(values=pairs)
            staged = Staged(column, dtype, values, valid, data, offsets)
        self._columns.append(staged)
        return staged

    def write(self, target: Bytes, base: int) -> None:
        """Writes all columns into a block at this address of the device."""
        for column in self._columns:
            column.write(target, base)


class Staging:
    """Pinned memory with memory of the device that it is copied to.

    Attributes:
        pinned: The host's.
        memory: The device's, as large.
        mark: When the device is done with both; None if it never had them.
    """

    __slots__ = ("mark", "memory", "pinned")

    def __init__(self, pinned: Pinned, memory: Memory) -> None:
        self.pinned = pinned
        self.memory = memory
        self.mark: Mark | None = None


class StagingPool:
    """Staging that is used again when the device is done with it. Safe to use from many threads.

    Args:
        device: Whose.
        most: How many calls may be under way; one more waits for the oldest.
    """

    def __init__(self, device: Device, most: int) -> None:
        self._device = device
        self._most = most
        self._lock = threading.Lock()
        self._resting: list[Staging] = []

    def take(self, size: int, stream: Stream) -> Staging:
        """Staging of so many bytes at least, which no earlier call uses any more.

        Raises:
            DeviceMemoryError: The device has not so much memory.
        """
        with self._lock:
            found = next((s for s in self._resting if s.mark is None or s.mark.is_done), None)
            if found is None and len(self._resting) >= self._most:
                found = self._resting[0]
            if found is not None:
                self._resting.remove(found)
        if found is not None and found.mark is not None:
            found.mark.wait()
        if found is not None and found.memory.size >= size:
            return found
        del found  # its memory goes back before more is asked for
        room = max(_SMALLEST, 1 << (size - 1).bit_length() if size else 0)
        return Staging(self._device.pinned(room), self._device.allocate(room, stream))

    def rest(self, staging: Staging, mark: Mark) -> None:
        """Gives staging back; it is used again when all work before the mark is done."""
        staging.mark = mark
        with self._lock:
            self._resting.append(staging)

    def drain(self) -> None:
        """Waits until the device is done with all staging."""
        with self._lock:
            resting = list(self._resting)
        for staging in resting:
            if staging.mark is not None:
                staging.mark.wait()

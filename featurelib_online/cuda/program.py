"""A program with its fitted state on a device: what is loaded once, and what each call launches."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from featurelib.dtypes import DType
from featurelib.errors import DeviceError
from featurelib.jit.compile import NO_PLACES, table_memory
from featurelib.jit.kernel import Column
from featurelib.jit.places import Place
from featurelib.program import Program
from featurelib_online.cuda.device import BLOCK, Bytes, Device, Mark, Memory, Stream
from featurelib_online.cuda.staging import Block, Staged, StagingPool

__all__ = ["Address", "Copied", "DeviceProgram", "Launched"]


class Address(NamedTuple):
    """A column that is on the device.

    Attributes:
        values: Address of the values.
        valid: Address of the flags; 0 where none may be null, or none is.
    """

    values: int
    valid: int = 0


class Copied(NamedTuple):
    """The elements of a List input that become a ragged tensor.

    Attributes:
        input: Name of the input.
        dtype: Its type.
        values: Where its elements go.
        offsets: Where the offsets of its rows go.
    """

    input: str
    dtype: DType
    values: int
    offsets: int


class Launched(NamedTuple):
    """A launch.

    Attributes:
        mark: When it is done.
        memory: All that addresses of text and lists in its outputs lead into: what was sent, what
            rows made, tables. What was sent is written over by later calls.
    """

    mark: Mark
    memory: tuple[Memory, ...]


class DeviceProgram:
    """Machine code on a device with its tables. Safe to call from many threads.

    Args:
        device: The device.
        program: What to compute.
        state: Values of the fitted nodes by key.
        places: Where outputs lie (see `featurelib.jit.compile.compile_program`).
        calls_in_flight: How many calls may be under way before one waits for the oldest.

    Raises:
        CompileError: An op cannot run on a device; names every feature, op and reason.
        DeviceMemoryError: The tables do not fit.
        DeviceError: The driver refuses the code.

    Attributes:
        machine: The code.
        inputs: Names of the inputs that it reads, in order.
    """

    def __init__(
        self,
        device: Device,
        program: Program,
        state: Mapping[str, Any],
        *,
        places: Mapping[str, Place] = NO_PLACES,
        calls_in_flight: int = 4,
    ) -> None:
        from featurelib.jit.cuda_program import compile_device

        self.device = device
        self.program = program
        self.machine = compile_device(program, places, device.capability)
        self.inputs = tuple(program.inputs)
        self._kernel = device.load(self.machine)
        self._staging = StagingPool(device, calls_in_flight)
        self._tables, self._table_slots = self._upload(state)

    def _upload(self, state: Mapping[str, Any]) -> tuple[Memory | None, list[int]]:
        """Puts constant and fitted data on the device; gives its slots."""
        found = [table_memory(node, state) for node in self.machine.slots.tables]
        if not found:
            return None, []
        block = Block()
        starts = [block.reserve(len(data)) for data, _ in found]
        stream = self.device.stream(None)
        pinned = self.device.pinned(block.size)
        memory = self.device.allocate(block.size, stream)
        for start, (data, _) in zip(starts, found, strict=True):
            pinned.array[start : start + len(data)] = data
        self.device.copy_in(memory.address, pinned.array, stream)
        self.device.mark(stream).wait()  # calls come on other streams
        slots = []
        for start, (_, count) in zip(starts, found, strict=True):
            slots += [memory.address + start, count]
        return memory, slots

    def run(
        self,
        columns: Mapping[str, Column | Address],
        outputs: Sequence[Address],
        rows: int,
        stream: Stream,
        *,
        copied: Sequence[Copied] = (),
    ) -> Launched:
        """Sends columns and launches the kernel.

        Args:
            columns: A column for each of `inputs` (and of `copied`), on the host or on the device.
            outputs: Where each output of the program goes.
            rows: How many.
            stream: Where all of it happens, in order.
            copied: Lists whose elements are copied as they are.

        Raises:
            DeviceMemoryError: Nothing was launched.
        """
        call = _Call(self.program, len(self.machine.slots), columns, rows, copied)
        blocks = min(-(-rows // BLOCK), -(-self.device.threads // BLOCK))
        staging = self._staging.take(call.block.size, stream)
        try:
            arena = self._arena(rows, blocks, stream)
            base, target = staging.memory.address, staging.pinned.array
            tail = [*self._table_slots, arena.address if arena else 0]
            call.write(target, base, [*(part for output in outputs for part in output), *tail])
            self.device.copy_in(base, target[: call.block.size], stream)
            for address, start, size in call.copies():
                self.device.copy_in(address, target[start : start + size], stream)
            if rows and outputs:
                self.device.launch(self._kernel, base, rows, blocks, stream)
        finally:
            mark = self.device.mark(stream)
            self._staging.rest(staging, mark)
        memory = [m for m in (staging.memory, arena, self._tables) if m is not None]
        return Launched(mark, tuple(memory))

    def _arena(self, rows: int, blocks: int, stream: Stream) -> Memory | None:
        """Memory for the Arrays that rows make: a slice for each thread, or for each row."""
        slices = rows if self.machine.arena_by_row else blocks * BLOCK
        size = self.machine.arena_bytes * slices
        return self.device.allocate(size, stream) if size else None

    def __del__(self, is_finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        # Calls under way read the tables and what was sent.
        if not is_finalizing() and hasattr(self, "_staging"):
            with contextlib.suppress(DeviceError):
                self._staging.drain()


class _Call:
    """What one call sends: the slots, at the beginning of the block, and its columns."""

    def __init__(
        self,
        program: Program,
        slots: int,
        columns: Mapping[str, Column | Address],
        rows: int,
        copied: Sequence[Copied],
    ) -> None:
        self.block = Block()
        self._slots = 8 * slots
        self._columns = columns
        self._copied = copied
        self.block.reserve(self._slots)
        wanted = {name: (node.dtype, node.nullable) for name, node in program.inputs.items()}
        self._inputs = tuple(wanted)
        wanted |= {c.input: (c.dtype, False) for c in copied if c.input not in wanted}
        self._staged: dict[str, Staged] = {}
        self._ones: dict[str, int] = {}
        for name, (dtype, nullable) in wanted.items():
            given = columns[name]
            if isinstance(given, Column):
                self._staged[name] = self.block.add(given, dtype, nullable)
            elif nullable and not given.valid:
                self._ones[name] = self.block.reserve(rows)
        self._rows = rows
        self._offsets = {c.input: self.block.reserve(8 * (rows + 1)) for c in copied}

    def write(self, target: Bytes, base: int, rest: Sequence[int]) -> None:
        """Writes the block for this address of the device; `rest` are the slots after inputs."""
        self.block.write(target, base)
        slots: list[int] = []
        for name in self._inputs:
            given = self._columns[name]
            if isinstance(given, Column):
                part = self._staged[name]
                slots += [base + part.values, 0 if part.valid is None else base + part.valid]
            elif name in self._ones:
                at = self._ones[name]
                target[at : at + self._rows] = 1
                slots += [given.values, base + at]
            else:
                slots += given
        target[: self._slots].view(np.int64)[:] = [*slots, *rest]
        for name, at in self._offsets.items():
            offsets = self._staged[name].offsets
            assert offsets is not None
            target[at : at + offsets.nbytes] = offsets.view(np.uint8)

    def copies(self) -> Iterator[tuple[int, int, int]]:
        """Address on the device, start and size in the block of what is copied apart."""
        for copy in self._copied:
            part, at = self._staged[copy.input], self._offsets[copy.input]
            assert part.offsets is not None
            size = int(part.offsets[-1]) * part.width
            if size:
                yield copy.values, part.data, size
            yield copy.offsets, at, part.offsets.nbytes

"""The memory of one call: input columns, output columns, slots, and the arena of scratch text.

Where a value stands in a tensor of the layout its column of one row IS the tensor's element: the
program writes features side by side and nothing is packed afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from featurelib.bundle import Bundle
from featurelib.jit import kernel as machine
from featurelib.jit.arena import ScratchArena
from featurelib.jit.places import PlacedProgram
from featurelib.jit.slots import element_bytes
from featurelib_online.json_reader import JsonReader
from featurelib_online.read_plan import Column, ReadPlan
from featurelib_online.text_reader import text_reader

_SLOT = 8


class RowLayout:
    """Where each output of one row lies in a block of bytes: tensors first, then the rest.

    Args:
        bundle: What is computed.

    Attributes:
        placed: The program, which writes every place of a value by itself.
        size: Bytes of the block.
        offsets: Of each output's value, by name.
        valid: Offset of each nullable output's flag, by name.
        tensors: Offset of each tensor, in the order of the layout; of a ragged one, which is not in
            the block, where it would be.
        views: The outputs that are texts or lists: pairs of address and length, side by side.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.placed = PlacedProgram.of(bundle.program, bundle.layout, bundle.schema)
        outputs = self.placed.program.outputs
        self.offsets: dict[str, int] = {}
        self.tensors: list[int] = []
        at = 0
        starts = {}
        for tensor in bundle.layout.tensors:
            self.tensors.append(at)
            starts[tensor.name] = at
            at += -(-tensor.width * tensor.dtype.bits // 8 // _SLOT) * _SLOT
        for member in self.placed.members:
            size = member.tensor.dtype.bits // 8
            self.offsets[member.output] = starts[member.tensor.name] + member.start * size
        for name, node in outputs.items():
            if name not in self.offsets and node.dtype.kind != "v":
                self.offsets[name] = at
                at += _SLOT
        self.views = tuple(name for name in outputs if name not in self.offsets)
        for name in self.views:
            self.offsets[name] = at
            at += 2 * _SLOT
        self.valid = {}
        for name, node in outputs.items():
            if node.nullable:
                self.valid[name] = at
                at += 1
        self.size = -(-at // _SLOT) * _SLOT


def _no_texts(none: None) -> tuple[bytes | None, ...]:
    return ()


class RowWorkspace:
    """All that one call of a row kernel writes to; a call takes one and gives it back.

    Args:
        bundle: What is computed.
        kernel: Its machine code, bound to the fitted state.
        layout: Where outputs go.
        tensors: Memory of the tensors that are not ragged, by name; they stand in the block if left
            out.
        aggregates: Columns of the aggregates, which somebody else fills; the plan then reads the
            fields of a request. They are read from the row with the others if left out.

    Attributes:
        block: The outputs of the last row.
        read_texts: Called with None, gives the bytes of its texts and lists, None for null.
        plan: Reads a row and runs the program.
        arena: Text and lists that the program made.
    """

    __slots__ = ("_given", "_json", "arena", "block", "plan", "read_texts", "slots")

    def __init__(
        self,
        bundle: Bundle,
        kernel: machine.Kernel,
        layout: RowLayout,
        tensors: Mapping[str, np.ndarray[Any, Any]] | None = None,
        aggregates: Mapping[str, Column] | None = None,
    ) -> None:
        self.block = np.zeros(layout.size, np.uint8)
        self._json: JsonReader | None = None
        self._given = []
        if tensors is not None:
            for tensor, start in zip(bundle.layout.tensors, layout.tensors, strict=True):
                if not tensor.is_ragged:
                    given = tensors[tensor.name].reshape(-1).view(np.uint8)
                    self._given.append((start, start + len(given), given))
        self.arena = ScratchArena(kernel.limit)
        # A text output may be a view of an input text, which another thread could drop.
        schema = bundle.schema if aggregates is None else bundle.request
        self.plan = ReadPlan(schema, where=bundle.name, holds_text=bool(layout.views))
        by_name = dict(zip(schema.names, self.plan.columns, strict=True)) | dict(aggregates or {})
        inputs = [machine.Column(by_name[n].values, by_name[n].valid) for n in kernel.inputs]
        outputs, texts = [], []
        for name, node in layout.placed.program.outputs.items():
            values = self._place(layout.offsets[name])
            valid = self.block[layout.valid[name] :] if node.nullable else None
            outputs.append(machine.Column(values, valid))
            if name in layout.views:
                texts.append((valid, values, element_bytes(node.dtype)))
        self.read_texts = text_reader(texts) if texts else _no_texts
        self.slots = kernel.fill_slots(inputs, outputs, self.arena.address)
        self.plan.set_program(kernel.machine.address, int(self.slots.ctypes.data))

    @property
    def json(self) -> JsonReader:
        """Reads JSON into the columns."""
        if self._json is None:
            self._json = JsonReader(self.plan)
        return self._json

    def texts(self) -> tuple[bytes | None, ...]:
        """The bytes of the row's texts and lists, None for null. The arena may be used again."""
        made = self.read_texts(None)
        self.arena.reset()
        return made

    def _place(self, offset: int) -> np.ndarray[Any, Any]:
        """The bytes from an offset of the layout: in the block, or in a tensor that was given."""
        for start, stop, given in self._given:
            if start <= offset < stop:
                return given[offset - start :]
        return self.block[offset:]

"""A program that fills the tensors of a layout from columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from featurelib.bundle import Bundle
from featurelib.jit.arena import DEFAULT_LIMIT
from featurelib.jit.kernel import Array, Column, Kernel
from featurelib.jit.memory import OutputPlan, OutputRoom, RaggedTensor
from featurelib.jit.places import PlacedProgram
from featurelib.layout import Layout

NO_TENSORS: Mapping[str, Array] = {}


class TensorKernel:
    """Machine code of a bundle that writes tensors. Safe to call from many threads.

    Args:
        bundle: What is computed.
        limit: The row limit for text in bytes.
        only_tensors: Compute nothing that stands in no tensor.

    Attributes:
        placed: The program, and where its outputs go.
        kernel: Its machine code.
        layout: The tensors.
        inputs: The inputs that the program reads, in order.
        plan: Where its outputs find their memory.
    """

    def __init__(
        self, bundle: Bundle, *, limit: int = DEFAULT_LIMIT, only_tensors: bool = True
    ) -> None:
        self.layout: Layout = bundle.layout
        self.placed = PlacedProgram.of(
            bundle.program, bundle.layout, bundle.schema, only_tensors=only_tensors
        )
        self.kernel = Kernel(
            self.placed.program, bundle.state, limit=limit, places=self.placed.places
        )
        self.inputs = self.kernel.inputs
        self.plan = OutputPlan(self.placed, bundle.layout)
        self._where = bundle.name

    def run(
        self,
        inputs: Sequence[Column],
        rows: int,
        *,
        out: Mapping[str, Array] = NO_TENSORS,
        threads: int = 1,
    ) -> tuple[dict[str, Column], dict[str, Array]]:
        """Computes rows.

        Args:
            inputs: A column for each of `self.inputs`, in that order, `rows` long.
            rows: How many.
            out: Memory of tensors by name: C-contiguous, of the dtype and width of the layout, with
                room for the rows. A ragged tensor has one array for its values, of one dimension,
                and one of int64 for its offsets. What is not given is made.
            threads: Ranges of rows to run side by side.

        Returns:
            The columns of the program by output name (those in a tensor are views of it), and the
            tensors by name, of shape (rows, width); a ragged one as its values and its offsets.

        Raises:
            InputError: The memory for the values of a ragged tensor is too small. The other tensors
                are written by then.
        """
        room, tensors, keep = self.fill(inputs, rows, out=out, threads=threads)
        shown = {
            n: c._replace(keep=keep) if c.values.ndim == 2 else c for n, c in room.shown().items()
        }
        return shown, tensors

    def fill(
        self,
        inputs: Sequence[Column] | Array,
        rows: int,
        *,
        out: Mapping[str, Array] = NO_TENSORS,
        threads: int = 1,
    ) -> tuple[OutputRoom, dict[str, Array], Any]:
        """As `run`; gives the memory of the outputs, the tensors, and what addresses point into.

        The inputs may be words (see `Kernel.run_words`).
        """
        room = self.plan.room(rows, out)
        keep = self.kernel.run_words(inputs, room.words, rows, threads=threads)
        tensors = {}
        for tensor in self.layout.tensors:
            if not tensor.is_ragged:
                tensors[tensor.name] = room.tensors[tensor.name]
                continue
            values, offsets = out.get(tensor.name), out.get(tensor.offsets_name)
            ragged = RaggedTensor(tensor, rows, values, offsets)
            ragged.append(room.columns[self.placed.ragged[tensor.name]].values, 0)
            both = ragged.done(rows, self._where)
            tensors[tensor.name], tensors[tensor.offsets_name] = both
        return room, tensors, keep

"""A program that fills the tensors of a layout from columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from featurelib.bundle import Bundle
from featurelib.jit import arrow_text
from featurelib.jit.arena import DEFAULT_LIMIT
from featurelib.jit.kernel import Array, Column, Kernel, empty_column
from featurelib.jit.places import PlacedProgram
from featurelib.layout import Layout, Tensor

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
            out: Memory of tensors that are not ragged, by name: C-contiguous, of the dtype and
                width of the layout, with room for the rows. What is not given is made.
            threads: Ranges of rows to run side by side.

        Returns:
            The columns of the program by output name (those in a tensor are views of it), and the
            tensors by name, of shape (rows, width); a ragged one as its values and its offsets.
        """
        tensors = {
            t.name: out[t.name][:rows] if t.name in out else empty_tensor(t, rows)
            for t in self.layout.tensors
            if not t.is_ragged
        }
        columns = {
            name: empty_column(node.dtype, node.nullable, rows)
            for name, node in self.placed.program.outputs.items()
            if name not in self.placed.places
        }
        shown = dict(columns)
        for member in self.placed.members:
            tensor = tensors[member.tensor.name]
            columns[member.output] = Column(tensor.reshape(-1)[member.start :], None)
            if not self.placed.places[member.output].is_laid_out:
                shown[member.output] = Column(tensor[:, member.start], None)
        order = [columns[name] for name in self.placed.program.outputs]
        made = self.kernel.run(inputs, rows, outputs=order, threads=threads)
        for name, column in zip(self.placed.program.outputs, made, strict=True):
            if name not in self.placed.places:
                shown[name] = column
        for tensor in self.layout.tensors:
            if tensor.is_ragged:
                pairs = shown[self.placed.ragged[tensor.name]].values
                tensors[tensor.name], tensors[tensor.offsets_name] = end_to_end(pairs, tensor)
        return shown, tensors


def empty_tensor(tensor: Tensor, rows: int) -> Array:
    """Memory for a tensor; its values are undefined until a kernel wrote them."""
    return np.empty((rows, tensor.width), tensor.dtype.storage)


def end_to_end(pairs: Array, tensor: Tensor) -> tuple[Array, Array]:
    """Values and offsets of lists that are given as addresses and lengths."""
    offsets = np.empty(len(pairs) + 1, np.int64)
    no_flags = np.empty(0, np.uint8)
    arrow_text.list_offsets(pairs, no_flags, False, offsets)
    values: np.ndarray[Any, Any] = np.empty(int(offsets[-1]), tensor.dtype.storage)
    arrow_text.copy_lists(pairs, offsets, values.itemsize, values.ctypes.data)
    return values, offsets

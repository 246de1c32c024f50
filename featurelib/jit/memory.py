"""The memory that a placed program writes: tensors, columns, and the words that slots have of them.

What depends on the program alone (which word is which element of which tensor, how far a word moves
from a row to the next) is worked out once; a batch adds addresses, all at once.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from featurelib.errors import InputError
from featurelib.jit import arrow_text
from featurelib.jit.addresses import addresses
from featurelib.jit.kernel import Array, Column, empty_column
from featurelib.jit.places import PlacedProgram
from featurelib.layout import Layout, Tensor


class OutputPlan:
    """How the outputs of a placed program find their memory; made once for a kernel.

    Args:
        placed: The program and its places.
        layout: The tensors.
    """

    def __init__(self, placed: PlacedProgram, layout: Layout) -> None:
        outputs = placed.program.outputs
        self.dense = tuple(t for t in layout.tensors if not t.is_ragged)
        self.ragged = tuple((t, placed.ragged[t.name]) for t in layout.tensors if t.is_ragged)
        self.own = {n: node for n, node in outputs.items() if n not in placed.places}
        """Outputs that have a column of their own."""
        number = {t.name: i for i, t in enumerate(self.dense)}
        member = {m.output: m for m in placed.members}
        source, offset, step = [], [], []
        flags = len(self.dense) + len(self.own)
        columns = iter(range(len(self.dense), flags))
        for name, node in outputs.items():
            if name in member:
                tensor, start = member[name].tensor, member[name].start
                size = tensor.dtype.bits // 8
                source += [number[tensor.name], 0]
                offset += [start * size, 0]
                step += [tensor.width * size, 0]
            else:
                source += [next(columns), flags if node.nullable else 0]
                offset += [0, 0]
                step += [0 if node.dtype.kind == "v" else node.dtype.bits // 8, int(node.nullable)]
                flags += node.nullable
        self._source = np.array(source, np.int64)
        self._offset = np.array(offset, np.int64)
        self.steps = np.array(step, np.int64)
        """Bytes that each word moves from a row to the next; 0 for text and lists."""
        self.shown = {
            m.output: (m.tensor.name, m.start)
            for m in placed.members
            if not placed.places[m.output].is_laid_out
        }
        """Tensor and column of the outputs that stand in one, Arrays left out."""

    def room(
        self, rows: int, out: Mapping[str, Array], *, view_rows: int | None = None
    ) -> OutputRoom:
        """Memory for a number of rows.

        Args:
            rows: How many.
            out: Memory of tensors that are not ragged, by name; what is not given is made.
            view_rows: Rows of the addresses of texts and lists, if not all: they are then written
                again and again. Their flags are of all rows.
        """
        tensors = {
            t.name: out[t.name][:rows] if t.name in out else empty_tensor(t, rows)
            for t in self.dense
        }
        columns = {n: empty_column(o.dtype, o.nullable, rows) for n, o in self.own.items()}
        if view_rows is not None:
            columns |= {
                n: c._replace(values=np.empty((view_rows, 2), np.int64))
                for n, c in columns.items()
                if c.values.ndim == 2
            }
        arrays = [*tensors.values(), *(c.values for c in columns.values())]
        arrays += [c.valid for c in columns.values() if c.valid is not None]
        words = addresses(arrays)[self._source] + self._offset if arrays else self._offset
        return OutputRoom(self, tensors, columns, words)


class OutputRoom:
    """Memory for the outputs of some rows.

    Attributes:
        tensors: Those that are not ragged, of shape (rows, width).
        columns: By output name, where an output has a column of its own.
        words: The words of the slots of the outputs, at row 0.
    """

    __slots__ = ("_plan", "columns", "tensors", "words")

    def __init__(
        self,
        plan: OutputPlan,
        tensors: dict[str, Array],
        columns: dict[str, Column],
        words: Array,
    ) -> None:
        self._plan, self.tensors, self.columns, self.words = plan, tensors, columns, words

    def words_at(self, row: int) -> Array:
        """The words for a program whose row 0 is this row here."""
        return self.words + row * self._plan.steps

    def shown(self) -> dict[str, Column]:
        """Every output as a column; one that stands in a tensor is a view of it."""
        made = dict(self.columns)
        for output, (tensor, start) in self._plan.shown.items():
            made[output] = Column(self.tensors[tensor][:, start], None)
        return made


class RaggedTensor:
    """A ragged tensor that is filled part by part.

    Args:
        tensor: The tensor.
        rows: Rows that will come at most.
        values: Where the elements go; memory is made as it is needed if left out.
        offsets: Where the offsets go, rows + 1 of them.
    """

    def __init__(
        self, tensor: Tensor, rows: int, values: Array | None = None, offsets: Array | None = None
    ) -> None:
        self._tensor = tensor
        self._is_given = values is not None
        self._values = np.empty(0, tensor.dtype.storage) if values is None else values
        self._offsets = np.empty(rows + 1, np.int64) if offsets is None else offsets
        self._offsets[0] = 0
        self._total = 0

    def append(self, pairs: Array, row: int) -> None:
        """Puts lists behind those that are there.

        Where given memory is too small nothing is written into it, and `done` tells.

        Args:
            pairs: Addresses and lengths, of the rows from `row` on.
            row: The first of them.
        """
        count, start = len(pairs), self._total
        ends = self._offsets[row : row + count + 1]
        arrow_text.list_offsets(pairs, None, ends)
        added = int(ends[-1])
        self._total += added
        if self._total > len(self._values):
            if self._is_given:
                return
            grown = np.empty(max(self._total, 2 * start), self._values.dtype)
            grown[:start] = self._values[:start]
            self._values = grown
        part = self._values[start : self._total]
        arrow_text.copy_lists(pairs, ends, part.itemsize, part.ctypes.data)
        canonical = canonical_elements(part)
        if canonical is not part:
            part[:] = canonical
        ends += start

    def done(self, rows: int, where: str) -> tuple[Array, Array]:
        """The elements and the offsets of the first rows.

        Raises:
            InputError: The given memory is too small.
        """
        if self._total > len(self._values):
            raise too_small(self._tensor.name, len(self._values), self._total, rows, where)
        return self._values[: self._total], self._offsets[: rows + 1]


def empty_tensor(tensor: Tensor, rows: int) -> Array:
    """Memory for a tensor; its values are undefined until a kernel wrote them."""
    return np.empty((rows, tensor.width), tensor.dtype.storage)


def too_small(name: str, room: int, needed: int, rows: int, where: str) -> InputError:
    """The error about a buffer that has no room for the elements of a ragged tensor."""
    return InputError(
        f"{where}: `out[{name!r}]` has room for {room} elements, "
        f"{rows} row{'s have' if rows != 1 else ' has'} {needed}",
        hint="give a longer buffer, or fewer rows",
    )


def canonical_elements(values: Array) -> Array:
    """The values with every NaN as the canonical one: a list is copied as it came in."""
    if values.dtype.kind != "f":
        return values
    nan = np.isnan(values)
    return np.where(nan, np.array(np.nan, values.dtype), values) if nan.any() else values

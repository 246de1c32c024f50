"""The vectors of a stage in memory: a row for each entity, gathered to columns by row number."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from featurelib.bundle import Bundle
from featurelib.dtypes import DType
from featurelib.errors import DefinitionError, InputError

Array = np.ndarray[Any, Any]
_SLOT = 8


class Cell(NamedTuple):
    """A value or a flag of a vector.

    Attributes:
        size: Its bytes.
        place: Where it stands among the cells of its size.
    """

    size: int
    place: int


class VectorFormat:
    """How the outputs of a stage lie in a vector.

    Eight bytes for each output, in order, the value in the storage type of its dtype at their
    beginning; then a byte for each output that may be null, 1 where there is a value; then zeros up
    to a multiple of eight.

    Args:
        part: The bundle of the stage.

    Attributes:
        size: Bytes of a vector.
        values: The cell of each output's value, by name.
        flags: The cell of each flag, by name.

    Raises:
        DefinitionError: An output is a text, a list or an Array.
    """

    def __init__(self, part: Bundle) -> None:
        self.name = part.name
        outputs = part.program.outputs
        self._at: dict[int, list[int]] = {}
        self.values: dict[str, Cell] = {}
        self.flags: dict[str, Cell] = {}
        for i, (name, node) in enumerate(outputs.items()):
            if node.dtype.kind == "v":
                raise DefinitionError(
                    f"{part.name}: `{name}` is {node.dtype}; a vector holds values of one word",
                    hint="make the feature that reads it part of the stage, or leave its fields "
                    "out of the stages",
                )
            self.values[name] = self._cell(_bytes(node.dtype), i * _SLOT)
        at = len(outputs) * _SLOT
        for name, node in outputs.items():
            if node.nullable:
                self.flags[name] = self._cell(1, at)
                at += 1
        self.size = -(-at // _SLOT) * _SLOT
        self.index = {size: np.array(at) // size for size, at in self._at.items()}
        """For each size the numbers of its cells in a vector of that many bytes a number."""

    def _cell(self, size: int, offset: int) -> Cell:
        found = self._at.setdefault(size, [])
        found.append(offset)
        return Cell(size, len(found) - 1)

    def check(self, vector: bytes | memoryview) -> None:
        """Refuses bytes that are no vector of this format.

        Raises:
            InputError: They are longer or shorter.
        """
        if len(vector) != self.size:
            raise InputError(
                f"{self.name}: a vector has {self.size} bytes, got {len(vector)}",
                hint="it was made by another stage, or by another version of the bundle",
            )


def _bytes(dtype: DType) -> int:
    return np.dtype(dtype.storage).itemsize


class StageTable:
    """Vectors of a stage, a row each. Made by `Staged.table`.

    Any number of threads may read and write: a row is never seen half written.

    Args:
        vectors: How they lie.
        vectors_of: The first ones, in the order of their rows.
    """

    def __init__(self, vectors: VectorFormat, vectors_of: Sequence[bytes] = ()) -> None:
        self.format = vectors
        self._lock = threading.Lock()
        self._rows = 0
        self._data = {
            size: np.empty((len(at), 0), f"u{size}") for size, at in vectors.index.items()
        }
        self.extend(vectors_of)

    def __len__(self) -> int:
        return self._rows

    def extend(self, vectors: Iterable[bytes]) -> range:
        """Adds rows at the end.

        Returns:
            Their numbers.

        Raises:
            InputError: One is no vector of the stage; none is added then.
        """
        given = list(vectors)
        if {*map(len, given)} - {self.format.size}:
            for vector in given:
                self.format.check(vector)
        with self._lock:
            made = range(self._rows, self._rows + len(given))
            for size, data in self._data.items():
                if made.stop > data.shape[1]:  # doubled, so that adding one by one stays cheap
                    grown = np.zeros((len(data), max(made.stop, 2 * data.shape[1])), data.dtype)
                    grown[:, : self._rows] = data[:, : self._rows]
                    self._data[size] = grown
            if given:
                block = np.frombuffer(b"".join(given), np.uint8).reshape(len(given), -1)
                for size, at in self.format.index.items():
                    self._data[size][:, made.start : made.stop] = block.view(f"u{size}")[:, at].T
            self._rows = made.stop
        return made

    def put(self, row: int, vector: bytes) -> None:
        """Writes a row anew.

        Raises:
            InputError: The row is not there, or the bytes are no vector of the stage.
        """
        self.format.check(vector)
        if not 0 <= row < self._rows:
            raise InputError(f"{self.format.name}: row {row} of a table of {self._rows}")
        with self._lock:
            for size, at in self.format.index.items():
                self._data[size][:, row] = np.frombuffer(vector, f"u{size}")[at]

    def gather(
        self, rows: Array, cells: Mapping[int, Sequence[int]] | None = None
    ) -> dict[int, Array]:
        """Cells of some rows: for each size a matrix, a C-contiguous row for each cell.

        Args:
            rows: Numbers of rows, int64, any order, any number of times.
            cells: For each size the places of the cells, in the order that is wanted; None: all.

        Raises:
            InputError: A row is not there.
        """
        if len(rows) and not (int(rows.min()) >= 0 and int(rows.max()) < self._rows):
            wrong = rows[(rows < 0) | (rows >= self._rows)][0]
            raise InputError(f"{self.format.name}: row {wrong} of a table of {self._rows}")
        with self._lock:
            if cells is None:
                return {size: data.take(rows, axis=1) for size, data in self._data.items()}
            return {size: _taken(self._data[size], some, rows) for size, some in cells.items()}


def _taken(data: Array, cells: Sequence[int], rows: Array) -> Array:
    """Some rows' values of some cells: one cell at a time, because most are not wanted."""
    made = np.empty((len(cells), len(rows)), data.dtype)
    for place, cell in zip(made, cells, strict=True):
        data[cell].take(rows, out=place, mode="clip")  # the rows are checked
    return made

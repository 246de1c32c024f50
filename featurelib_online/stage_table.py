"""The vectors of a stage in memory: a row for each entity, gathered to columns by row number."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from featurelib.bundle import Bundle
from featurelib.dtypes import DType
from featurelib.errors import DefinitionError, InputError
from featurelib.jit.addresses import address_of
from featurelib_online.stage_code import BLOCK_WORDS, gather

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


class Cells(NamedTuple):
    """Cells of one size that are gathered together.

    Attributes:
        size: Their bytes.
        places: Where they stand among the cells of their size, in the order that is wanted: int64.
        numbers: Where they stand in a vector of so many bytes a number: int64.
        at_places, at_numbers: The addresses of both.
    """

    size: int
    places: Array
    numbers: Array
    at_places: int
    at_numbers: int


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
        self.all = self.cells({size: range(len(at)) for size, at in self._at.items()})
        """All cells."""

    def cells(self, places: Mapping[int, Sequence[int]]) -> tuple[Cells, ...]:
        """Some cells: for each size their places, in the order that is wanted."""
        made = ((size, np.array(some, np.int64)) for size, some in places.items())
        both = ((size, some, self.index[size][some]) for size, some in made)
        return tuple(Cells(*cells, *map(address_of, cells[1:])) for cells in both)

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

    def gather(self, rows: Array, cells: Sequence[Cells] | None = None) -> dict[int, Array]:
        """Cells of some rows: for each size a matrix, a C-contiguous row for each cell.

        Args:
            rows: Numbers of rows, int64, any order, any number of times.
            cells: Which (`VectorFormat.cells`); None: all.

        Raises:
            InputError: A row is not there.
        """
        given = self.format.all if cells is None else cells
        rows = np.ascontiguousarray(rows, np.int64)
        made = {
            some.size: np.empty((len(some.places), len(rows)), f"u{some.size}") for some in given
        }
        with self._lock:
            blocks = []
            for size, places, _, at_places, _ in given:
                data = self._data[size]
                blocks += [size, len(places), address_of(data), size * data.shape[1], size]
                blocks += [at_places, address_of(made[size])]
            _gather(self.format, rows, self._rows, blocks)
        return made


class StageRows:
    """Vectors of a stage that are read once or twice, as they came. Made by `Staged.rows`.

    Args:
        vectors: How they lie.
        vectors_of: The vectors, in the order of their rows.

    Raises:
        InputError: One is no vector of the stage.
    """

    def __init__(self, vectors: VectorFormat, vectors_of: Sequence[bytes]) -> None:
        self.format = vectors
        size = vectors.size
        for vector in vectors_of:
            if len(vector) != size:
                vectors.check(vector)
        joined = np.frombuffer(b"".join(vectors_of), np.uint8)
        self._data = joined.reshape(len(vectors_of), size)

    def __len__(self) -> int:
        return len(self._data)

    def gather(self, rows: Array, cells: Sequence[Cells] | None = None) -> dict[int, Array]:
        """See `StageTable.gather`."""
        made, blocks = dict[int, Array](), list[int]()
        rows = np.ascontiguousarray(rows, np.int64)
        start, step = address_of(self._data), self.format.size
        for size, _, numbers, _, at_numbers in self.format.all if cells is None else cells:
            made[size] = out = np.empty((len(numbers), len(rows)), f"u{size}")
            blocks += [size, len(numbers), start, size, step, at_numbers, address_of(out)]
        _gather(self.format, rows, len(self._data), blocks)
        return made

    def columns(self, cells: Cells) -> Array:
        """Cells of all rows, a row for each: a new array (rows, cells) of words of their size."""
        return self._data.view(f"u{cells.size}").take(cells.numbers, axis=1)


def _gather(known: VectorFormat, rows: Array, limit: int, blocks: list[int]) -> None:
    words = np.array(blocks, np.int64)
    wrong = gather(len(rows), address_of(rows), limit, len(words) // BLOCK_WORDS, address_of(words))
    if wrong >= 0:
        raise InputError(f"{known.name}: row {rows[wrong]} of a table of {limit}")

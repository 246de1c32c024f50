"""The ways of all columns of a schema as one table, and the memory that they are copied to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from featurelib.bundle import Bundle
from featurelib.fields import Field
from featurelib.jit.addresses import address_of, addresses
from featurelib.jit.kernel import Array, Column
from featurelib.jit.slots import value_bytes
from featurelib_online.columns import one_column
from featurelib_online.entry_functions import entry_functions
from featurelib_online.entry_table import (
    CHILD,
    DESCR,
    HIGH,
    IS_CHECKED,
    LETTERS,
    LOW,
    MAX_LENGTH,
    NO_WAY,
    NULLABLE,
    OBJECTS,
    PYTHON,
    RECORD_BYTES,
    SCALE,
    SOURCE,
    SOURCE_BYTES,
    TARGET,
    TYPE,
    WAY,
    Way,
    element_size,
    way_of,
)
from featurelib_online.raw_columns import RawColumn

_WORD = 8
_MOST_WORDS, _MOST_FREE = 1 << 18, 4
"""Memory that is kept for the next call: new memory is cleared by the system, page by page."""


class Given(NamedTuple):
    """The type of a column that was given for a field.

    Attributes:
        letters: As `way_of` takes them; "" for one that Python reads.
        child: Which of the given columns it is, -1 for none.
        kind: The class of a NumPy array, else None.
        dtype: Its dtype.
    """

    letters: str = ""
    child: int = -1
    kind: type | None = None
    dtype: Any = None


class EntryRoom(NamedTuple):
    """Memory of one call.

    Attributes:
        memory: All of it.
        words: Two a field: address of values and address of flags, or 0.
        sources_at: Address of the sources.
        words_at: Address of the words.
        start: Where values and flags may go, a multiple of 16.
        rows: How many there is room for.
    """

    memory: Array
    words: Array
    sources_at: int
    words_at: int
    start: int
    rows: int


class Made(NamedTuple):
    """Columns that a plan, or Python, made.

    Attributes:
        rows: How many.
        words: As in `EntryRoom`.
        keep: What they point into.
        free: Takes back what can be used again.
    """

    rows: int
    words: Array
    keep: Any
    free: Callable[[], None] | None = None


class Fields:
    """The fields of a schema, with what every plan needs of them.

    Attributes:
        bundle: Whose schema it is.
        fields: In order.
        sizes: Of each the bytes of a value in a kernel's column, and of an element where that is
            the address of a List or Array, else 0.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.fields: tuple[Field, ...] = tuple(bundle.schema.fields)
        sizes = [(value_bytes(f.dtype), element_size(f.dtype)) for f in self.fields]
        self.sizes = np.array(sizes, np.int64).reshape(-1, 2)

    def put(self, columns: Mapping[int, Column], rows: int, words: Array) -> Any:
        """Writes the words of columns of these fields; gives what must live as long as they."""
        ones = np.ones(rows, np.uint8)
        flat, at = [], []
        for k, column in columns.items():
            at.append(2 * k)
            flat.append(column.values)
            if self.fields[k].nullable:
                at.append(2 * k + 1)
                flat.append(ones if column.valid is None else column.valid)
            else:
                words[2 * k + 1] = 0
        words[at] = addresses(flat)
        return columns, ones


class EntryPlan:
    """How columns of certain types enter.

    Args:
        fields: What they become.
        given: The type of the column for each field.

    Attributes:
        python: The fields that Python reads, by number.
        is_quick: Whether machine code reads any.
    """

    def __init__(self, fields: Fields, given: Sequence[Given]) -> None:
        self.fields, self.given = fields, tuple(given)
        ways = [way_of(g.letters, f) if g.letters else NO_WAY for g, f in self._pairs()]
        self.python = [k for k, way in enumerate(ways) if way.way == PYTHON]
        self.is_quick = len(self.python) < len(ways)
        self._letters = [g.letters.encode() + b"\0" for g in self.given]
        held = [np.frombuffer(letters, np.uint8) for letters in self._letters]
        self._held = held
        table = np.zeros((len(ways), RECORD_BYTES // _WORD), np.int64)
        for record, way, (g, field), letters in zip(table, ways, self._pairs(), held, strict=True):
            _fill(record, way, g, field, int(letters.ctypes.data))
        self._table = table
        self.table, self.count = int(table.ctypes.data), len(ways)
        sizes = [
            size for size, way in zip(fields.sizes[:, 0].tolist(), ways, strict=True) if way.way
        ]
        # Values and flags of each column, and flags without a null; each from a multiple of 16 on.
        self._row_bytes, self._most_pads = 1 + sum(sizes) + len(sizes), 32 * (len(sizes) + 2)
        self._free: list[Array] = []
        self._objects = sum(way.way == OBJECTS for way in ways)

    def _pairs(self) -> Any:
        return zip(self.given, self.fields.fields, strict=True)

    def room(self, rows: int) -> EntryRoom:
        """Memory for the columns of a call."""
        sources, words = self.count * SOURCE_BYTES // _WORD, 2 * self.count
        size = sources + words + (self._row_bytes * rows + self._most_pads) // _WORD
        try:
            memory = self._free.pop()
        except IndexError:
            memory = np.empty(size, np.int64)
        if len(memory) < size:
            memory = np.empty(size, np.int64)
        at = address_of(memory)
        words_at = at + sources * _WORD
        start = (words_at + words * _WORD + 15) & -16
        return EntryRoom(memory, memory[sources : sources + words], at, words_at, start, rows)

    def words(self, room: EntryRoom, python: Mapping[int, Sequence[RawColumn]]) -> Made | None:
        """Fills the words of a room whose sources are filled.

        Args:
            room: Its memory from `start` on is used.
            python: The parts of each column that Python reads.

        Returns:
            None where not all is plainly right.
        """
        rows, words = room.rows, room.words
        if not entry_functions().enter(
            self.table, room.sources_at, self.count, rows, room.start, room.words_at
        ):
            return None
        free = partial(self._take_back, room.memory)
        if not python:
            return Made(rows, words, room.memory, free)
        columns = {}
        for k, parts in python.items():
            column = one_column(parts, self.fields.fields[k], self.fields.bundle.name)
            if column is None:
                return None
            columns[k] = column
        return Made(rows, words, (room.memory, self.fields.put(columns, rows, words)), free)

    def _take_back(self, memory: Array) -> None:
        if len(memory) <= _MOST_WORDS and len(self._free) < _MOST_FREE:
            self._free.append(memory)


def _fill(record: Array, way: Way, given: Given, field: Field, letters: int) -> None:
    for at, value in (
        (WAY, way.way), (CHILD, given.child), (SOURCE, way.source), (TARGET, way.target),
        (LOW, way.low), (HIGH, way.high), (IS_CHECKED, int(way.is_checked)), (SCALE, way.scale),
        (NULLABLE, int(field.nullable)), (MAX_LENGTH, way.max_length), (LETTERS, letters),
        (TYPE, 0 if given.kind is None or way.way == PYTHON else id(given.kind)),
        (DESCR, 0 if given.dtype is None else id(given.dtype)),
    ):  # fmt: skip
        record[at // _WORD] = value

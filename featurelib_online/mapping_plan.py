"""Columns by name: a plan for each set of names and types that came."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from featurelib_online import reader
from featurelib_online.arrow_c import Handed, hand_over, is_arrow, length, read_type
from featurelib_online.columns import check_names, parts_of
from featurelib_online.entry_functions import entry_functions
from featurelib_online.entry_plan import EntryPlan, EntryRoom, Fields, Given, Made
from featurelib_online.numpy_code import head_of, is_laid_out_so
from featurelib_online.raw_columns import Array, RawColumn
from featurelib_online.vectors import Constant, constant_column, repeated

_NUMPY = {
    "|i1": "c", "<i2": "s", "<i4": "i", "<i8": "l", "|u1": "C", "<u2": "S", "<u4": "I", "<u8": "L",
    "<f4": "f", "<f8": "g", "|b1": "?", "|O": "O",
}  # fmt: skip
_ARRAYS = (np.ndarray, np.ma.MaskedArray)


class MappingPlan(EntryPlan):
    """How columns of certain names and types enter.

    Args:
        names: As they were given.
        kinds: Their classes.
        given: The type of each field's column.
        fields: What they become.
    """

    def __init__(
        self,
        names: tuple[Any, ...],
        kinds: tuple[type, ...],
        given: Sequence[Given],
        fields: Fields,
    ) -> None:
        super().__init__(fields, given)
        self.names, self.kinds = names, kinds
        quick = [(k, g) for k, g in enumerate(self.given) if k not in self.python]
        self._arrays = [g.child for _, g in quick if g.kind is not None]
        self._masked = [g.child for _, g in quick if g.kind is np.ma.MaskedArray]
        self._arrow = [(k, g.child) for k, g in quick if g.kind is None]
        self._head = head_of()
        self_ = (self.table, int(self._head.ctypes.data), self.count, self._table, self._head)
        self._read_arrays: Callable[[Any], bytes | None] = reader.builtin_of(
            "array_texts", entry_functions().array_texts, self_
        )

    def enter(self, columns: list[Any], handed: HandedColumns) -> Made | None:
        """As `words`; the columns, and what they handed over, must live as long.

        Args:
            columns: In the order of `names`.
            handed: Those of Arrow.
        """
        places, rows = None, -1
        if self._arrow:
            places = self._places(handed)
            rows = length(handed[self._arrow[0][1]].arrays[0])
        if self._arrays:
            shape = columns[self._arrays[0]].shape
            if len(shape) != 1 or rows not in (-1, shape[0]):
                return None
            rows = shape[0]
        room, texts = self.room(rows), b""
        if places is not None and not self._are_handed(places, room):
            return None
        if self._arrays:
            masks = [None] * len(columns)
            for child in self._masked:
                masks[child] = np.ma.getmask(columns[child])
            read = self._read_arrays((columns, masks, room.sources_at, rows, room.start))
            if read is None:
                return None
            texts, taken = read, self._objects * ((17 * rows + 15) & -16)
            room = room._replace(start=room.start + taken)
        python = self._python_parts(columns, rows)
        made = None if python is None else self.words(room, python)
        return made and made._replace(keep=(made.keep, texts, columns, handed))

    def _places(self, handed: HandedColumns) -> Array:
        """Two addresses a field: the structs of its column."""
        places = [0] * (2 * self.count)
        for k, child in self._arrow:
            one = handed[child]
            places[2 * k : 2 * k + 2] = one.schema, one.arrays[0]
        return np.array(places, np.int64)

    def _are_handed(self, places: Array, room: EntryRoom) -> bool:
        """Fills the sources of Arrow; whether they are of these types, and as long as the room."""
        rows = entry_functions().column_sources(
            self.table, room.sources_at, self.count, int(places.ctypes.data)
        )
        return rows == room.rows

    def _python_parts(self, columns: list[Any], rows: int) -> dict[int, Sequence[RawColumn]] | None:
        made: dict[int, Sequence[RawColumn]] = {}
        where = self.fields.bundle.name
        for k in self.python:
            child, field = self.given[k].child, self.fields.fields[k]
            if child < 0:
                made[k] = [repeated(field.canonical_default, field, rows, "default")]
            elif isinstance(columns[child], Constant):
                made[k] = [constant_column(columns[child], field, rows, where)]
            else:
                made[k] = parts_of(columns[child], field, where)
                if sum(part.rows for part in made[k]) != rows:
                    return None
        return made


class HandedColumns(dict[int, Handed]):
    """What the Arrow columns of a call handed over, by place; each is asked once."""

    def __init__(self, columns: list[Any]) -> None:
        self._columns = columns

    def __missing__(self, place: int) -> Handed:
        self[place] = made = hand_over(self._columns[place])
        return made


def given_types(
    names: tuple[Any, ...], columns: list[Any], handed: HandedColumns, fields: Fields
) -> list[Given] | None:
    """The type of each field's column; None where a column can be read only once.

    Raises:
        InputError: A column is missing or unknown, or its producer failed.
    """
    check_names(names, fields.bundle)
    number = {name: i for i, name in enumerate(names)}
    made = []
    for field in fields.fields:
        child = number.get(field.name, -1)
        column: Any = None if child < 0 else columns[child]
        if type(column) in _ARRAYS and is_laid_out_so():
            letters = _NUMPY.get(column.dtype.str, "") if column.ndim == 1 else ""
            made.append(Given(letters, child, type(column), column.dtype))
        elif hasattr(column, "__arrow_c_array__"):
            kind = read_type(handed[child].schema)
            made.append(Given("" if kind.dictionary else kind.format, child))
        elif is_arrow(column):
            return None
        else:
            made.append(Given("", child))
    return made

"""Tables of Arrow: a plan for each schema that came, and the schema found again in machine code."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from featurelib_online.arrow_c import ArrowType, Handed, length, read_array, read_type
from featurelib_online.arrow_columns import arrow_column
from featurelib_online.columns import check_names
from featurelib_online.entry_functions import entry_functions
from featurelib_online.entry_plan import EntryPlan, Fields, Given, Made
from featurelib_online.raw_columns import RawColumn
from featurelib_online.vectors import repeated

_CHILDREN_AT = 40
"""Offset of the children in an ArrowSchema; in an ArrowArray it is 8 more."""
_OFFSET_AT = 16


class TablePlan(EntryPlan):
    """How tables of one schema enter.

    It holds the words of the schema (see `schema_words`), and nothing of the producer's.

    Args:
        kind: The type of the table.
        fields: What its columns become.

    Raises:
        InputError: A column is missing, unknown, or there twice.
    """

    def __init__(self, kind: ArrowType, fields: Fields) -> None:
        names = [child.name for child in kind.children]
        check_names(names, fields.bundle)
        number = {name: i for i, name in enumerate(names)}
        given = []
        for field in fields.fields:
            child = number.get(field.name, -1)
            is_plain = child >= 0 and kind.children[child].dictionary is None
            given.append(Given(kind.children[child].format if is_plain else "", child))
        super().__init__(fields, given)
        self.schema = schema_words(kind)
        self._expected = np.frombuffer(self.schema, np.uint8)
        self._expected_at, self._width = int(self._expected.ctypes.data), len(names)

    def enter(self, handed: Handed) -> Made | None:
        """As `words`; the producer's buffers must live as long.

        Args:
            handed: One chunk. That it is of another schema is seen first.
        """
        room = self.room(length(handed.arrays[0]))
        rows = entry_functions().table_sources(
            self.table, room.sources_at, self.count, self._expected_at, self._width,
            handed.schema, handed.arrays[0],
        )  # fmt: skip
        return None if rows < 0 else self.words(room, self._python_parts(handed, rows))

    def _python_parts(self, handed: Handed, rows: int) -> dict[int, list[RawColumn]]:
        """The columns that Python reads, and defaults."""
        made = {}
        for k in self.python:
            child, field = self.given[k].child, self.fields.fields[k]
            if child < 0:
                made[k] = [repeated(field.canonical_default, field, rows, "default")]
                continue
            type_ = read_type(_child(handed.schema + _CHILDREN_AT, child))
            array = read_array(_child(handed.arrays[0] + _CHILDREN_AT + 8, child), handed.owners)
            start = _word(handed.arrays[0] + _OFFSET_AT)
            made[k] = [arrow_column(type_, array.slice(start, rows))]
        return made


def schema_words(kind: ArrowType) -> bytes:
    """What machine code compares of a schema: the formats and names of its columns, in order.

    What lies deeper (the type of a list's elements, of a dictionary's values) is read for each
    table anew.
    """
    made = kind.format.encode() + b"\0"
    for child in kind.children:
        has_words = b"\0" if child.dictionary is None else b"\1"
        made += child.format.encode() + b"\0" + child.name.encode() + b"\0" + has_words
    return made


def _word(address: int) -> Any:
    return ctypes.c_int64.from_address(address).value


def _child(pointer: int, number: int) -> int:
    return int(_word(_word(pointer) + 8 * number))

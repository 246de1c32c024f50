"""Read plans: what the reader knows of an input schema, and the part of reading done in Python.

A `ReadPlan` belongs to one schema and one set of columns, and to one call at a time: give each
thread its own, or take them from a pool. Its columns have the layout of the kernel ABI.
"""

from __future__ import annotations

import datetime as dt
import sys
import zoneinfo
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featurelib import borders
from featurelib.dtypes import DType
from featurelib.errors import CompileError, InputError
from featurelib.fields import Field, InputSchema
from featurelib.jit.slots import value_bytes
from featurelib_online import read_values as layout
from featurelib_online import reader
from featurelib_online.cpython_api import LAYOUT_IS_KNOWN
from featurelib_online.read_record import bounds_of, code_of, is_bounded, words_of


@dataclass(frozen=True, slots=True)
class Column:
    """Storage of one field: `values` (a String or List: pairs of address and length), `valid`."""

    dtype: DType
    values: NDArray[Any]
    valid: NDArray[np.uint8]

    @staticmethod
    def empty(dtype: DType, capacity: int) -> Column:
        """A column of zeros with room for `capacity` rows."""
        if dtype.kind == "v":
            values: NDArray[Any] = np.zeros(2 * capacity, np.int64)
        else:
            values = np.zeros(capacity, dtype.storage)
        return Column(dtype, values, np.zeros(capacity, np.uint8))


def _zone_utc() -> dt.tzinfo:
    """The other UTC: rows of Polars and of databases carry it. There is one object of a key."""
    try:
        return zoneinfo.ZoneInfo("UTC")
    except zoneinfo.ZoneInfoNotFoundError:  # a system without zones
        return dt.UTC


_ZONE_UTC = _zone_utc()


class ReadPlan:
    """The reader's table for one schema, with the columns that it fills.

    Attributes:
        columns: One column a field, in the order of the schema.
        serve_quick: Does what `serve` does for a dict of plain values; else it answers other than
            0, and nothing has been done.
        run: Runs the program on so many rows of the columns.
        address: Where the table lies, for the functions of `featurelib_online.reader.compiled`.

    Args:
        schema: The input schema; every one of its fields is read and checked.
        columns: Columns to fill, each with room for `capacity` rows; made here if left out.
        capacity: Rows that the columns hold.
        where: Who asks, for error messages: the feature set's name.
        holds_text: Keep the texts of a served row alive until the next one is served. Needed where
            the program gives out views of its input texts: another thread may change the row as
            soon as Python code runs.

    Raises:
        CompileError: A field has a type that cannot be read from a row.
    """

    def __init__(
        self,
        schema: InputSchema,
        columns: Sequence[Column] | None = None,
        *,
        capacity: int = 1,
        where: str = "",
        holds_text: bool = False,
    ) -> None:
        for field in schema.fields:
            if field.dtype.name in ("Struct", "Table"):
                raise CompileError(
                    f"{where or schema.name}: field `{field.name}` is a {field.dtype}, which a row "
                    "kernel cannot read",
                    hint="declare its members as fields of the schema",
                )
        self.schema, self.capacity, self.where = schema, capacity, where
        self._holds_text = holds_text
        self.columns = tuple(columns or (Column.empty(f.dtype, capacity) for f in schema.fields))
        self._fields = schema.fields
        self._keys = [sys.intern(str.__str__(f.name)) for f in schema.fields]
        self._lasting: list[Any] = []
        """Objects whose addresses stand in the table."""
        self._kept: list[Any] = []
        """Objects whose addresses stand in the columns, since the last read."""
        n_bytes = layout.HEADER_BYTES + layout.FIELD_BYTES * len(schema.fields)
        self._words = np.zeros(n_bytes // 8, np.int64)
        self.address = int(self._words.ctypes.data)
        self._fill_header()
        for i, field in enumerate(schema.fields):
            self._fill_field(i, field)
        # The builtins stay valid without this object.
        holds = (self._words, self._keys, self._lasting, self._kept, self.columns)
        self._read_row = reader.bind("row", self.address, False, *holds)
        self._serve_row = reader.bind("row", self.address, True, *holds)
        self.serve_quick: Callable[[Any], int] = _decline if holds_text else self._serve_row
        self._serve_rows = reader.bind("rows", self.address, True, *holds)
        self.run = reader.bind("run", self.address, True, *holds)

    def _fill_header(self) -> None:
        header = {
            layout.STAMP: reader.STAMP_VALUE,
            layout.N_FIELDS: len(self._fields),
            layout.FORBID_EXTRA: int(self.schema.extra == "forbid"),
            layout.CAPACITY: self.capacity,
            layout.T_FLOAT: id(float),
            layout.T_NUMPY_FLOAT: id(np.float64),
            layout.T_INT: id(int),
            layout.T_BOOL: id(bool),
            layout.T_STR: id(str),
            layout.T_DATETIME: id(dt.datetime),
            layout.T_DATE: id(dt.date),
            layout.T_DELTA: id(dt.timedelta),
            layout.NONE: id(None),
            layout.TRUE: id(True),
            layout.UTC: id(dt.UTC),
            layout.ZONE_UTC: id(_ZONE_UTC),
        }
        if LAYOUT_IS_KNOWN:  # else no object's type is 0, and every row is read in Python
            header |= {layout.T_DICT: id(dict), layout.T_LIST: id(list), layout.T_TUPLE: id(tuple)}
        for offset, word in header.items():
            self._words[offset // 8] = word

    def _fill_field(self, i: int, field: Field) -> None:
        column, limits = self.columns[i], field.constraints
        low, high = bounds_of(field)
        record = {
            layout.KEY: id(self._keys[i]),
            layout.KEY_HASH: hash(self._keys[i]),
            layout.CODE: code_of(field.dtype),
            layout.NULLABLE: int(field.nullable),
            layout.LOW: low,
            layout.HIGH: high,
            layout.BOUNDED: int(is_bounded(field)),
            layout.MAX_LENGTH: -1 if limits.max_length is None else limits.max_length,
            layout.VALUES: column.values.ctypes.data,
            layout.VALID: column.valid.ctypes.data,
            layout.SIZE: value_bytes(field.dtype),
        }
        if limits.one_of is not None:
            allowed = dict.fromkeys(limits.one_of)
            self._lasting.append(allowed)
            record[layout.ONE_OF] = id(allowed)
        if field.has_default:
            value = field.canonical_default
            record[layout.DEFAULT] = layout.NULL_DEFAULT
            if value is not None:
                record[layout.DEFAULT] = layout.VALUE_DEFAULT
                words = words_of(field.dtype, value, self._lasting)
                record[layout.DEFAULT_A], record[layout.DEFAULT_B] = words
        at = layout.HEADER_BYTES + layout.FIELD_BYTES * i
        for offset, word in record.items():
            self._words[(at + offset) // 8] = word

    def set_program(self, program: int, slots: int) -> None:
        """Names the compiled program that `serve` calls: its address, and that of its slots."""
        self._set(layout.PROGRAM, program)
        self._set(layout.SLOTS, slots)

    def _set(self, offset: int, word: int) -> None:
        self._words[offset // 8] = word

    def serve(self, row: Any) -> None:
        """Reads a row into place 0 and runs the program on it.

        Raises:
            InputError: The row does not match the schema; the program has not run.
        """
        if self._holds_text:
            row = _held(row)
            self._kept[:] = (row,)
        if self._serve_row(row) != layout.READ:
            self.read(row)
            self.run(1)

    def serve_rows(self, rows: Sequence[Any], first: int = 0) -> int:
        """Reads rows into places 0, 1, ... and runs the program on them; gives their number.

        Args:
            rows: The rows.
            first: The number of the first one in what the caller was given, for errors.

        Raises:
            InputError: A row does not match the schema, or there are more than `capacity`; the
                program has not run.
        """
        if self._holds_text:
            rows = [_held(row) for row in rows]
            self._kept[:] = rows
        n = self._serve_rows(rows)
        if n < 0:
            n = self.read_rows(rows, first)
            self.run(n)
        return n

    def forget(self) -> None:
        """Lets go of what `write_value` and the rows that were read keep alive."""
        self._kept.clear()

    def read(self, row: Any) -> None:
        """Reads a row into place 0 and keeps the texts in it alive until the next read."""
        self._kept.clear()
        self._read(row, 0, None)

    def read_rows(self, rows: Sequence[Any], first: int = 0) -> int:
        """Reads rows into places 0, 1, ... and keeps the texts in them alive until the next read.

        Args:
            rows: The rows.
            first: The number of the first one in what the caller was given, for errors.

        Raises:
            InputError: A row does not match the schema, or there are more than `capacity`.
        """
        given = list(rows)
        if len(given) > self.capacity:
            raise InputError(
                f"{self.where or self.schema.name}: expected at most {self.capacity} rows, "
                f"got {len(given)}"
            )
        self._kept.clear()
        for i, row in enumerate(given):
            self._read(row, i, first + i)
        return len(given)

    def _read(self, row: Any, index: int, number: int | None) -> None:
        row = _held(row)
        self._kept.append(row)
        self._set(layout.INDEX, index)
        answer = self._read_row(row)
        if answer == layout.SOME_FIELDS:
            n_slow = int(self._words[layout.N_SLOW // 8])
            first = (layout.HEADER_BYTES + layout.SLOW) // 8
            for i in self._words[first :: layout.FIELD_BYTES // 8][:n_slow].tolist():
                value = row[self._keys[i]]
                field, where = self._fields[i], self.where or self.schema.name
                self.write_value(i, index, borders.canonical(value, field, where=where, row=number))
        elif answer == layout.WHOLE_ROW:
            values = borders.canonical_row(row, self.schema, where=self.where, row=number)
            for i, value in enumerate(values.values()):
                self.write_value(i, index, value)

    def write_value(self, i: int, index: int, value: Any) -> None:
        """Writes a canonical value of field `i` to place `index` of its column."""
        column = self.columns[i]
        column.valid[index] = value is not None
        a, b = (0, 0) if value is None else words_of(column.dtype, value, self._kept)
        if column.dtype.kind == "v":
            column.values[2 * index : 2 * index + 2] = a, b
        elif value is None:
            column.values[index] = 0
        else:
            raw = (a & ((1 << 64) - 1)).to_bytes(8, "little")[: column.values.itemsize]
            column.values[index] = np.frombuffer(raw, column.values.dtype)[0]


def _decline(row: Any) -> int:
    """Leaves a row to `serve`, which holds its texts."""
    return layout.WHOLE_ROW


def _held(row: Any) -> Any:
    """A dict as a copy: others that hold it may change it as soon as Python code runs."""
    return dict(row) if type(row) is dict else row

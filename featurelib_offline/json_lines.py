"""JSON lines as batches of columns: every line and every value by the JSON border.

Lines are parsed by `json`, since the quicker parsers of frame libraries do not tell an absent key
from a null, or 1 from "1". A line that holds exactly the columns takes a short way; any other is
read again by the strict reader, which finds what is wrong, or what has a default.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal

import polars as pl

from featurelib import borders
from featurelib.border_errors import missing_field, prefix, show, unknown_field
from featurelib.errors import InputError
from featurelib.fields import Field, InputSchema
from featurelib.json_rows import read_json, refuse_constant
from featurelib.struct_inputs import flat_row
from featurelib_offline.frame_checks import FieldBorder, field_border
from featurelib_offline.json_columns import canonical_series, quick_series, source_type
from featurelib_offline.json_parts import Part, read_parts

__all__ = ["REFUSED", "JsonLines", "Want"]

Want = Literal["all", "good", "refused"]
"""All rows, where a refused one raises; or the good ones; or the others, with reasons."""
REFUSED: dict[str, pl.DataType] = {
    "row": pl.Int64(), "reasons": pl.List(pl.String()), "input": pl.String(),
}  # fmt: skip
"""Columns of refused rows; the input is the line."""
Faults = dict[int, list[InputError]]
"""What is wrong with rows, by their position in a part."""
_ABSENT = object()
_INFINITE = (float("inf"), float("-inf"))
_DECODE = json.JSONDecoder(parse_constant=refuse_constant).raw_decode


@dataclass(frozen=True)
class JsonLines:
    """Files of JSON lines, and what their rows must be.

    Attributes:
        files: In the order of their rows.
        schema: The input schema.
        where: The feature set, for errors.
        kept: Columns outside the schema that go along, as nullable fields.
    """

    files: Sequence[Path]
    schema: InputSchema
    where: str
    kept: tuple[Field, ...] = ()

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The columns of a batch."""
        return (*self.schema.fields, *self.kept)

    @cached_property
    def _known(self) -> set[str]:
        return {field.name for field in self.fields}

    @cached_property
    def _borders(self) -> dict[str, FieldBorder]:
        return {f.name: field_border(pl.col(f.name), source_type(f.dtype), f) for f in self.fields}

    def batches(self, want: Want) -> Iterator[pl.DataFrame]:
        """The rows that are wanted, a part of a file at a time.

        Raises:
            InputError: A file cannot be read; or, where all rows are wanted, one of them is
                refused: the message names set, field, value, row and line.
        """
        row = 0
        for path in self.files:
            for part in read_parts(path):
                # Collected reasons stand beside their row, and do not say which one it is.
                frame, faults = self._read(part, row if want == "all" else None)
                if want == "refused":
                    yield _refused(part, faults, row)
                elif want == "all" and faults:
                    position = min(faults)
                    place = f"{path.name}, line {part.line_of(position)}"
                    raise _placed(faults[position][0], place)
                else:
                    yield frame
                row += len(part.rows)

    def _read(self, part: Part, first: int | None) -> tuple[pl.DataFrame, Faults]:
        """The good rows of a part as columns, and what is wrong with the others."""
        values, faults = self._parse(part, first)
        places = [p for p in range(len(part.rows)) if p not in faults]
        columns = list(zip(*values, strict=True)) or [()] * len(self.fields)
        quick = {
            field.name: made.alias(field.name)
            for field, column in zip(self.fields, columns, strict=True)
            if (made := quick_series(column, field.dtype)) is not None
        }
        checked = self._checked(pl.DataFrame(list(quick.values())))
        made_columns = []
        for field, column in zip(self.fields, columns, strict=True):
            series = checked.get(field.name)
            if series is None:
                exact = self._one_by_one(field, column, part, places, first, faults)
                series = canonical_series(exact, field.dtype)
            made_columns.append(series.alias(field.name))
        frame = pl.DataFrame(made_columns)
        return frame.filter([p not in faults for p in places]) if faults else frame, faults

    def _parse(self, part: Part, first: int | None) -> tuple[list[tuple[Any, ...]], Faults]:
        """The values of each readable line in the order of the fields."""
        names = [field.name for field in self.fields]
        width = len(names)
        take = itemgetter(*names) if width > 1 else lambda row: (row[names[0]],)
        values: list[tuple[Any, ...]] = []
        faults: Faults = {}
        for position, text in enumerate(part.rows):
            # No object has more keys than there are quotes before colons. So if it has as many
            # names, then none of them stood twice, and no object stands inside it.
            if part.is_plain and text.count('":') == width:
                try:
                    row, end = _DECODE(text)
                    if len(row) == width and end == len(text):
                        values.append(take(row))
                        continue
                except (ValueError, KeyError, TypeError, RecursionError):
                    pass  # the strict reader says what it is
            try:
                values.append(self._strict(text, None if first is None else first + position))
            except InputError as error:
                faults[position] = [error]
        return values, faults

    def _strict(self, text: str, row: int | None) -> tuple[Any, ...]:
        """The values of one line, by every rule; what is absent and has a default is marked.

        Raises:
            InputError: The line is refused.
        """
        where, place = self._named(row)
        try:
            data = read_json(text.encode(errors="surrogateescape").decode())
        except ValueError as error:
            raise InputError(f"{prefix(where)}no readable JSON{place}: {error}", row=row) from None
        if not isinstance(data, dict):
            wrong = f"expected a JSON object, got {show(data)}{place}"
            raise InputError(f"{prefix(where)}{wrong}", row=row)
        if self.schema.structs:
            data = flat_row(data, self.schema, where=where, row=row)
        for field in self.fields:
            if field.name not in data and not field.has_default:
                raise missing_field(field, self.schema, where, row, data)
        if self.schema.extra == "forbid":
            for key in data:
                if key not in self._known:
                    raise unknown_field(key, self.schema, where, row)
        return tuple(data.get(field.name, _ABSENT) for field in self.fields)

    def _named(self, row: int | None) -> tuple[str, str]:
        return ("", "") if row is None else (self.where, f" in row {row}")

    def _checked(self, source: pl.DataFrame) -> dict[str, pl.Series]:
        """The columns in their types, without those in which a check refuses a row."""
        looked = {name: self._borders[name] for name in source.columns}
        checks = [check for border in looked.values() for check in border.checks]
        found = source.select(check.bad.any().alias(str(i)) for i, check in enumerate(checks))
        bad = {checks[int(s.name)].field.name for s in found if s.item()}
        made = source.select(border.column for name, border in looked.items() if name not in bad)
        return {series.name: series for series in made}

    def _one_by_one(
        self, field: Field, values: Sequence[Any], part: Part, places: Sequence[int],
        first: int | None, faults: Faults,
    ) -> list[Any]:  # fmt: skip
        """A column in canonical form, null in rows that are refused."""
        exact: list[Any] = []
        for position, value in zip(places, values, strict=True):
            row = None if first is None else first + position
            made = None
            try:
                if value is _ABSENT:
                    made = field.canonical_default
                elif _is_infinite(value):
                    self._strict(part.rows[position], row)  # names the number as it is written
                else:
                    where, _ = self._named(row)
                    made = borders.canonical(value, field, where=where, row=row, source="json")
            except InputError as error:
                faults.setdefault(position, []).append(error)
            exact.append(made)
        return exact


def _is_infinite(value: Any) -> bool:
    """Whether a number beyond Float64 stands in a value of the short way."""
    items = value if isinstance(value, list) else [value]
    return any(isinstance(item, float) and item in _INFINITE for item in items)


def _refused(part: Part, faults: Faults, row: int) -> pl.DataFrame:
    rows = [
        (
            row + position,
            [str(error).splitlines()[0] for error in faults[position]],
            part.rows[position].encode(errors="surrogateescape").decode(errors="backslashreplace"),
        )
        for position in sorted(faults)
    ]
    return pl.DataFrame(rows, REFUSED, orient="row")


def _placed(error: InputError, place: str) -> InputError:
    """The error with the file and line that it is about."""
    text = str(error).splitlines()[0]
    return type(error)(f"{text} ({place})", field=error.field, row=error.row, hint=error.hint)

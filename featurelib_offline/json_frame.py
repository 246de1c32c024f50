"""Files of JSON lines as a frame that is bound to an input schema."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
from polars.io.plugins import register_io_source

from featurelib import dtypes
from featurelib.border_errors import prefix
from featurelib.dtypes import DType
from featurelib.errors import InputError
from featurelib.fields import Field, InputSchema
from featurelib.json_rows import read_json
from featurelib_offline.frame_checks import FieldBorder
from featurelib_offline.frames import Frame
from featurelib_offline.json_lines import REFUSED, JsonLines, Want
from featurelib_offline.json_parts import read_parts
from featurelib_offline.types import polars_type

__all__ = ["JsonFrame", "json_frame"]

_LOOKED_AT = 1_000
"""Lines in which the types of kept columns are looked for."""
_KINDS: dict[type, DType] = {
    bool: dtypes.BOOL, int: dtypes.INT64, float: dtypes.FLOAT64, str: dtypes.STRING,
}  # fmt: skip


@dataclass(frozen=True)
class JsonFrame(Frame):
    """Rows that are checked where they are parsed: a plan gets columns in their types."""

    lines: JsonLines | None = None

    @cached_property
    def borders(self) -> tuple[FieldBorder, ...]:
        """The columns as they are."""
        return tuple(FieldBorder(pl.col(field.name), ()) for field in self.schema.fields)

    def split(self) -> tuple[pl.LazyFrame, pl.LazyFrame]:
        """Good rows, and refused ones with their lines; each reads the files."""
        assert self.lines is not None
        names = [*self.schema.names, *(field.name for field in self.lines.kept)]
        return _scan(self.lines, "good").select(names), _scan(self.lines, "refused")


def json_frame(
    files: Sequence[Path], schema: InputSchema, *, where: str = "", keep: Sequence[str] = ()
) -> JsonFrame:
    """Files of JSON lines, bound to an input schema; a row is refused when it is read.

    Args:
        files: In the order of their rows.
        schema: What the columns must become.
        where: The feature set, for errors; by default the schema's name.
        keep: Columns outside the schema that go along; null where they are absent. Their types are
            those of the first lines.

    Raises:
        InputError: No line of the first has a column of `keep`, or it holds what is no column.
    """
    where = where or schema.name
    others = tuple(name for name in dict.fromkeys(keep) if name not in schema.by_name)
    kept = tuple(_kept(name, files, where) for name in others)
    lines = JsonLines(files, schema, where, kept)
    raw = _scan(lines, "all")
    return JsonFrame(raw, "polars_lazy", schema, where, others, is_text=True, lines=lines)


def _scan(lines: JsonLines, want: Want) -> pl.LazyFrame:
    types = {field.name: polars_type(field.dtype) for field in lines.fields}

    def read(
        columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, size: int | None
    ) -> Iterator[pl.DataFrame]:
        for frame in lines.batches(want):
            made = frame if rows is None else frame.head(rows)
            rows = None if rows is None else rows - len(made)
            made = made if columns is None else made.select(columns)
            yield made if predicate is None else made.filter(predicate)
            if rows == 0:
                return

    return register_io_source(read, schema=REFUSED if want == "refused" else types)


def _kept(name: str, files: Sequence[Path], where: str) -> Field:
    """A column outside the schema as a nullable field."""
    values = list(_first_values(name, files))
    if not values:
        raise InputError(f"{prefix(where)}keep: no column `{name}`", field=name)
    items = [item for value in values for item in (value if isinstance(value, list) else [value])]
    kinds = {type(item) for item in items if item is not None}
    if kinds == {int, float}:
        kinds = {float}
    is_list = any(isinstance(value, list) for value in values)
    held = ", ".join(sorted(kind.__name__ for kind in kinds))
    if len(kinds) > 1 or not kinds <= set(_KINDS) or (is_list and kinds == {str}):
        held = f"lists of {held}" if is_list else held
        raise InputError(
            f"{prefix(where)}keep: column `{name}` holds {held}, which is no type of a column",
            field=name,
        )
    dtype = _KINDS[kinds.pop()] if kinds else (dtypes.INT64 if is_list else dtypes.STRING)
    return Field(name, dtypes.list_type(dtype) if is_list else dtype, nullable=True, default=None)


def _first_values(name: str, files: Sequence[Path]) -> Iterator[Any]:
    """The values of a key in the first lines that can be read."""
    for part in read_parts(files[0], 1 << 16):
        for text in part.rows[:_LOOKED_AT]:
            try:
                row = read_json(text)
            except ValueError:
                continue  # refused when the rows are read
            if isinstance(row, dict) and name in row:
                yield row[name]
        return

"""The rows on which two bundles are compared: golden, generated and given, in chunks of frames.

A chunk holds what a caller of the old bundle could send. Inputs that only the new one reads are
not among its columns, unless the given data has them: the new side then uses their defaults.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from featurelib import dtypes, literals
from featurelib.borders import violation
from featurelib.bundle import Bundle
from featurelib.canonical_json import UNREADABLE
from featurelib.dtypes import DType
from featurelib.errors import DefinitionError, FeaturelibError, InputError, ReleaseError
from featurelib.fields import MISSING, Constraints, Field, InputSchema
from featurelib.parity.edge_values import edge_values, pools
from featurelib.parity.generate_rows import rows_of_pools
from featurelib.parity.polars_engines import frame_of
from featurelib.parity.values import Values
from featurelib_offline.columns import series
from featurelib_offline.files import find_files, format_of, is_source, read_files, readable
from featurelib_offline.foreign import column_names, to_polars

__all__ = [
    "DATA", "GENERATED", "GOLDEN", "Folder", "RowSet", "Sides", "common_inputs", "data_rows",
    "fits", "generated_rows", "golden_rows",
]  # fmt: skip

GOLDEN, GENERATED, DATA = "golden", "generated", "data"
_DATA_ROWS = 65_536
"""Rows of a chunk: 40 columns and as many outputs of both sides take 50 MB."""
_GENERATED_ROWS = 20_000
_ABSENT_ROWS = 256
"""Rows that leave out an input whose default is not the same on both sides."""


Sides = tuple[pl.DataFrame, pl.DataFrame]
"""The same rows for the old side and for the new one: aggregates of each are its own."""


@dataclass(frozen=True)
class RowSet:
    """Rows in chunks; they can be gone through more than once.

    Attributes:
        kind: ``golden``, ``generated``, ``data`` or ``events``.
        chunks: Gives the chunks, each a frame of input columns for either side.
        total: How many rows there are, None if nobody knows before they are read.
        keep: What must live as long as the rows: the folder of a temporary file.
    """

    kind: str
    chunks: Callable[[], Iterator[Sides]]
    total: int | None
    keep: Any = None


def golden_rows(paths: Sequence[str | os.PathLike[str]]) -> RowSet:
    """The inputs of golden features, one chunk a file.

    Raises:
        ReleaseError: A file is not there, or holds no golden features.
    """
    frames = [_golden(Path(path)) for path in paths]
    return RowSet(GOLDEN, lambda: iter([(f, f) for f in frames]), sum(map(len, frames)))


def _golden(path: Path) -> pl.DataFrame:
    try:
        with path.open(encoding="utf-8") as file:
            header, *lines = map(json.loads, file)
        if len(lines) != header["rows"]:
            raise ValueError(f"expected {header['rows']} rows, got {len(lines)}")
        made = []
        for name, given in header["inputs"].items():
            dtype = dtypes.from_json(given)
            values = [literals.from_canonical(line["in"][name]) for line in lines]
            made.append(series(name, Values.of(values, dtype).column(), dtype))
        return pl.DataFrame(made)
    except OSError as error:
        raise ReleaseError(f"{path}: {error.strerror}") from error
    except (*UNREADABLE, FeaturelibError) as error:
        raise ReleaseError(
            f"{path}: no readable golden features: {error}",
            hint="`featurelib golden record` writes such a file",
        ) from error


def generated_rows(old: Bundle, new: Bundle, rows: int, seed: int) -> RowSet:
    """Rows that both input schemas take, around the edges and constants of both programs.

    A chunk more leaves out the inputs whose defaults are not the same.
    """
    fields, pool_of = common_inputs(old, new)
    schema = InputSchema(old.schema.name, tuple(fields))
    moved = [
        f.name
        for f in schema
        if f.name in new.schema.by_name and _default(old, f.name) != _default(new, f.name)
    ]

    def chunk(i: int, count: int) -> pl.DataFrame:
        return frame_of(rows_of_pools(schema, pool_of, count, [seed, i] if i else [seed]))

    def chunks() -> Iterator[Sides]:
        if not fields:
            return
        for i, start in enumerate(range(0, rows, _GENERATED_ROWS)):
            yield (chunk(i, min(_GENERATED_ROWS, rows - start)),) * 2
        if moved and rows and len(moved) < len(fields):
            yield (chunk(0, min(_ABSENT_ROWS, rows)).drop(moved),) * 2

    extra = min(_ABSENT_ROWS, rows) if moved and len(moved) < len(fields) else 0
    return RowSet(GENERATED, chunks, rows + extra if fields else 0)


def _default(bundle: Bundle, name: str) -> Any:
    """The default of an input as text: bits count, and 0.0 is not -0.0."""
    field = bundle.schema[name]
    return repr(field.canonical_default) if field.has_default else None


def common_inputs(old: Bundle, new: Bundle) -> tuple[list[Field], dict[str, list[Any]]]:
    """The old inputs as both sides take them, and for each the values that matter to either."""
    mine, other = pools(old), pools(new)
    fields, pool_of = [], {}
    for field in old.schema:
        theirs = new.schema.by_name.get(field.name)
        both = field if theirs is None else _both(field, theirs)
        if both is None:
            continue
        alike = theirs is not None and _narrower(field.dtype, theirs.dtype) is not None
        values = (*mine[field.name], *edge_values(both.dtype))
        values += tuple(other[field.name]) if alike else ()
        kept = [v for v in values if fits(v, both)]
        unique = {(repr(v), math.copysign(1, v) if isinstance(v, float) else 0): v for v in kept}
        if unique:
            fields.append(both)
            pool_of[field.name] = list(unique.values())
    return fields, pool_of


def fits(value: Any, field: Field) -> bool:
    """Whether a value of the field of one side is one of both."""
    if value is None:
        return field.nullable
    if field.dtype.is_integer:
        low, high = field.dtype.bounds
        if not low <= value <= high:
            return False
    if field.dtype.name == "Float32" and value == value:
        with np.errstate(over="ignore"):
            if float(np.float32(value)) != value:
                return False
    return not field.is_constrained or not violation(value, field)


def _both(a: Field, b: Field) -> Field | None:
    """The field whose values both sides take; None where there are none."""
    dtype = _narrower(a.dtype, b.dtype)
    if dtype is None:
        return a  # the rows are the old side's; what the new one makes of them is its border's
    limits: dict[str, Any] = {**a.constraints.given()}
    for name, limit in b.constraints.given().items():
        mine = limits.get(name)
        if mine is None or name == "finite":
            limits[name] = limit
        elif name == "one_of":
            limits[name] = tuple(v for v in mine if v in limit)
        else:
            limits[name] = (max if name in ("ge", "gt") else min)(mine, limit)
    try:
        return Field(a.name, dtype, a.nullable and b.nullable, MISSING, Constraints(**limits))
    except DefinitionError:  # one side's lowest is above the other's highest
        return None


def _narrower(a: DType, b: DType) -> DType | None:
    """The type whose values both types have; None where neither has the other's."""
    if a == b:
        return a
    if a.is_float and b.is_float:
        return a if a.bits < b.bits else b
    if a.is_integer and b.is_integer:
        (low, high), (other_low, other_high) = a.bounds, b.bounds
        if low <= other_low and other_high <= high:
            return b
        return a if other_low <= low and high <= other_high else None
    return None


def data_rows(data: Any, old: Bundle, new: Bundle, *, queries: bool = False) -> RowSet:
    """Rows of the user's: files, or a frame.

    Parquet and Arrow files are read slice by slice. Other files, and lazy frames, are first written
    to a temporary Parquet file, because they can only be read from their begin.

    Args:
        data: The rows.
        old: The one side.
        new: The other side.
        queries: Whether they lack the columns that aggregates fill.

    Raises:
        InputError: There are no such files, or what they hold is no data of the old schema.
    """
    mine, other = (b.request if queries else b.schema for b in (old, new))
    if not is_source(data):
        names = column_names(data)
        if names is None:
            raise InputError(
                f"data: expected files or a frame of polars, pyarrow or pandas, got "
                f"{type(data).__name__}"
            )
        raw, kind = to_polars(data, _wanted(names, mine, other), mine, "data")
        return _spooled(raw) if kind == "polars_lazy" else _slices(raw.collect().lazy())
    files = find_files(data)
    if format_of(files[0]) in ("csv", "jsonl"):
        frame = read_files(files, _loose(mine, other), where=old.name)
        present = frame.raw.collect_schema().names()
        with readable(data), frame.naming_faults():
            return _spooled(frame.checked().select(pl.col(n) for n in frame.schema.names
                                                   if n in present))  # fmt: skip
    scan = pl.scan_ipc if format_of(files[0]) == "ipc" else pl.scan_parquet
    with readable(data):
        raw = scan(files, hive_partitioning=False)
        return _slices(raw.select(_wanted(raw.collect_schema().names(), mine, other)))


def _wanted(names: Sequence[str], *schemas: InputSchema) -> list[str]:
    known = {n for schema in schemas for n in (*schema.names, *(s.name for s in schema.structs))}
    return [n for n in names if n in known]


def _slices(raw: pl.LazyFrame, keep: Any = None) -> RowSet:
    total = int(raw.select(pl.len()).collect().item())

    def chunks() -> Iterator[Sides]:
        for start in range(0, total, _DATA_ROWS):
            yield (raw.slice(start, _DATA_ROWS).collect(),) * 2

    return RowSet(DATA, chunks, total, keep)


class Folder:
    """A temporary folder that lives as long as this object.

    Attributes:
        path: Where it is.
    """

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="featurelib-diff-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


def _spooled(frame: pl.LazyFrame) -> RowSet:
    folder = Folder()
    path = folder.path / "rows.parquet"
    frame.sink_parquet(path, compression="lz4", engine="streaming")
    return _slices(pl.scan_parquet(path), folder)


def _loose(old: InputSchema, new: InputSchema) -> InputSchema:
    """A schema that reads text files for both sides; each side checks the rows by its own."""
    fields = []
    for name in dict.fromkeys((*old.names, *new.names)):
        a, b = old.by_name.get(name), new.by_name.get(name)
        field = a or b
        assert field is not None
        nullable = field.nullable or a is None or b is None or b.nullable
        default = field.default
        if a is None or b is None or (a.has_default != b.has_default):
            default, nullable = (field.default, nullable) if field.has_default else (None, True)
        fields.append(Field(name, field.dtype, nullable, default))
    structs = {s.name: s for s in (*new.structs, *old.structs)}
    return InputSchema(old.name, tuple(fields), "ignore", tuple(structs.values()))

"""Parquet files as the rows of a model's tensors: read, checked at the border, computed.

Polars reads them, as it does for `job`: the same file gives the same columns on both ways. A slice
of a file is read without the rest of it, at 8 to 25 million rows/s of flights on two cores; Arrow
batches take as long, and half as long again to become columns of Polars, which the border checks.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from featurelib.bundle import Bundle
from featurelib.errors import DefinitionError, FieldValueError, InputError
from featurelib.jit.environment import check_float_environment
from featurelib.jit.tensors import TensorKernel
from featurelib_offline.columns import series_column
from featurelib_offline.files import Source, find_files, format_of, read_files, unreadable
from featurelib_offline.frames import Frame
from featurelib_offline.torch_order import Piece
from featurelib_offline.torch_rows import Key, Lists, Rows

__all__ = ["ParquetSource"]

_ROW, _BAD = "row", "refused"


class ParquetSource:
    """Files that hold the inputs of a bundle, and labels. Travels between processes.

    Args:
        bundle: Definition, fitted state and layout.
        files: A path, a glob, a directory, or several of these.
        labels: Columns of numbers that go along as they are.
        drop_null_labels: Leave out rows where a label is null, else they are refused.
        threads: Threads that compute a piece.

    Attributes:
        paths: The files, in the order of their names.
        file_rows: The rows of each.

    Raises:
        DefinitionError: The bundle has no layout.
        InputError: There are no files, one is not readable, or its columns do not fit.
    """

    def __init__(
        self,
        bundle: Bundle,
        files: Source,
        labels: Sequence[str] = (),
        *,
        drop_null_labels: bool = False,
        threads: int = 1,
    ) -> None:
        if not bundle.layout.tensors:
            raise DefinitionError(
                f"{bundle.name}: there is no layout, so there are no tensors to fill",
                hint='give the feature set a layout: FeatureSet(..., layout={"dense": [...]})',
            )
        self.bundle = bundle
        self.labels = _names(labels)
        self.drop_null_labels = drop_null_labels
        self.threads = threads
        self.paths = find_files(files)
        odd = next((path for path in self.paths if format_of(path) != "parquet"), None)
        if odd is not None:
            raise InputError(
                f"{odd}: a dataset streams Parquet",
                hint="write it as Parquet once: pl.scan_csv(...).sink_parquet(...)",
            )
        self._sizes = [_size(path) for path in self.paths]
        self.file_rows = self._looked_at()

    def __getstate__(self) -> dict[str, Any]:
        # Machine code stays here: another process loads its own from the disk cache.
        return {name: value for name, value in self.__dict__.items() if name != "kernel"}

    @cached_property
    def kernel(self) -> TensorKernel:
        """The machine code, compiled or loaded when it is first needed."""
        return TensorKernel(self.bundle)

    @property
    def rows(self) -> int:
        """Rows in all files, those without a label included."""
        return sum(self.file_rows)

    def read_ahead(self, pieces: Iterable[Piece]) -> Iterator[Rows]:
        """As `read`, piece by piece; a thread reads the next one while this one is used."""
        with ThreadPoolExecutor(1, "featurelib read") as pool:
            waiting: Future[Rows] | None = None
            for piece in pieces:
                coming = pool.submit(self.read, piece)
                if waiting is not None:
                    yield waiting.result()
                waiting = coming
            if waiting is not None:
                yield waiting.result()

    def read(self, piece: Piece) -> Rows:
        """The tensors and labels of some rows.

        Raises:
            FieldValueError: A value does not fit, or a label is null; names file and row.
            InputError: The file cannot be read, is gone, or has another size than when the dataset
                was made: rows would be left out, or labels be of another type.
            FloatEnvironmentError: This thread does not compute as IEEE 754 says.
        """
        check_float_environment()  # before a compiler meets a subnormal constant
        path = self.paths[piece.file]
        if _size(path) != self._sizes[piece.file]:
            raise _changed(path)
        frame = self._frame(path)
        fields = zip(self.bundle.schema.fields, frame.borders, strict=True)
        inputs = [b.column.alias(f"input {f.name}") for f, b in fields if f.name in self._reads]
        labels = [pl.col(name).alias(f"label {name}") for name in self.labels]
        number = pl.int_range(pl.len(), dtype=pl.Int64).alias(_ROW)
        bad = pl.any_horizontal([pl.lit(False), *(c.bad for c in frame.checks)]).any().alias(_BAD)
        some = frame.raw.slice(piece.start, piece.rows)
        try:
            made = some.select(number, bad, *inputs, *labels).collect(engine="in-memory")
        except pl.exceptions.PolarsError as error:
            raise unreadable([path], error) from error
        if made.height != piece.rows:
            raise _changed(path)
        if made[_BAD][0]:
            raise frame.fault() or _changed(path)
        nulls = [n for n in self.labels if made[f"label {n}"].null_count()]
        if nulls and not self.drop_null_labels:
            raise self._null_label(nulls[0], piece)
        if nulls:
            made = made.drop_nulls([f"label {n}" for n in nulls])
        return self._computed(made)

    @cached_property
    def _reads(self) -> dict[str, Any]:
        """The type of each column that the kernel reads."""
        return {
            node.param["name"]: node.dtype for node in self.kernel.placed.program.inputs.values()
        }

    def _computed(self, frame: pl.DataFrame) -> Rows:
        reads = self._reads.items()
        columns = [series_column(frame[f"input {name}"], dtype) for name, dtype in reads]
        _, tensors = self.kernel.run(columns, frame.height, threads=self.threads)
        flat, lists = {}, {}
        for tensor in self.bundle.layout.tensors:
            key: Key = ("tensors", tensor.name)
            if tensor.is_ragged:
                lists[key] = Lists(tensors[tensor.name], tensors[tensor.offsets_name])
            else:
                flat[key] = tensors[tensor.name]
        for name in self.labels:
            flat["labels", name] = frame[f"label {name}"].to_numpy(writable=True)
        return Rows(frame.height, flat, lists)

    def _frame(self, path: Path) -> Frame:
        where = f"{self.bundle.name}, {path}"
        return read_files([path], self.bundle.schema, where=where, keep=self.labels)

    def _looked_at(self) -> list[int]:
        """The rows of each file, whose columns are compared with the input schema."""
        rows, known = [], set()
        first: dict[str, tuple[Path, pl.DataType]] = {}
        for path in self.paths:
            count, schema = _footer(path)
            rows.append(count)
            if str(schema) in known:
                continue
            known.add(str(schema))
            missing = next((n for n in self.labels if n not in schema.names), None)
            if missing is not None:
                raise InputError(
                    f"{self.bundle.name}, {path}: there is no label `{missing}`",
                    field=missing,
                    hint=f"the columns are {', '.join(schema.names)}",
                )
            types = self._frame(path).raw.collect_schema()
            for label in self.labels:
                self._check_label(
                    label, types[label], path, *first.get(label, (path, types[label]))
                )
                first.setdefault(label, (path, types[label]))
        if not sum(rows):
            names = os.fspath(self.paths[0]) if len(rows) == 1 else f"{len(rows)} files"
            raise InputError(f"{names}: there are no rows")
        return rows

    def _check_label(
        self, label: str, dtype: pl.DataType, path: Path, other: Path, expected: pl.DataType
    ) -> None:
        if not (dtype.is_integer() or dtype.is_float() or dtype == pl.Boolean):
            raise InputError(
                f"{self.bundle.name}, {path}: label `{label}` is {dtype}; a label is a number",
                field=label,
                hint="write it as a number, or make it a feature: vocabulary_index() of text",
            )
        if dtype != expected:
            raise InputError(
                f"{self.bundle.name}: label `{label}` is {expected} in {other}, {dtype} in {path}",
                field=label,
                hint="write the files with one type",
            )

    def _null_label(self, label: str, piece: Piece) -> FieldValueError:
        path = self.paths[piece.file]
        values = pl.scan_parquet(path).slice(piece.start, piece.rows).select(label).collect()
        row = piece.start + int(values[label].is_null().arg_max() or 0)
        return FieldValueError(
            f"{self.bundle.name}, {path}: label `{label}` is null in row {row}",
            field=label,
            row=row,
            hint="drop_null_labels=True leaves such rows out",
        )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise InputError(f"{path}: the file cannot be read: {error.strerror}") from error


def _changed(path: Path) -> InputError:
    return InputError(
        f"{path}: the file has changed since the dataset was made",
        hint="make the dataset again when the files are whole",
    )


def _names(labels: Sequence[str]) -> tuple[str, ...]:
    if isinstance(labels, str) or not isinstance(labels, Iterable):
        raise DefinitionError(f"expected a list of labels, got labels={labels!r}")
    twice = next((name for name in labels if list(labels).count(name) > 1), None)
    if twice is not None:
        raise DefinitionError(f"label `{twice}` stands twice")
    return tuple(labels)


def _footer(path: Path) -> tuple[int, pa.Schema]:
    """How many rows a file has, and its columns."""
    try:
        with pq.ParquetFile(path) as file:
            return file.metadata.num_rows, file.schema_arrow.remove_metadata()
    except (pa.ArrowException, OSError) as error:
        raise unreadable([path], error) from error

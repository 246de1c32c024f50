"""Files as lazy frames: Parquet, CSV, JSON lines and Arrow IPC, read as the input schema says."""

from __future__ import annotations

import contextlib
import glob
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from featurelib.errors import InputError
from featurelib.fields import InputSchema
from featurelib_offline.frames import Frame, read_frame
from featurelib_offline.json_frame import json_frame

__all__ = ["FORMATS", "Source", "find_files", "format_of", "is_source", "read_files", "readable"]

Source = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
FORMATS = {
    ".parquet": "parquet", ".pq": "parquet",
    ".csv": "csv", ".csv.gz": "csv", ".csv.zst": "csv",
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".jsonl.gz": "jsonl", ".ndjson.gz": "jsonl",
    ".arrow": "ipc", ".ipc": "ipc", ".feather": "ipc",
}  # fmt: skip
"""Formats by the end of a file's name."""
_TWICE = "_duplicated_0"
"""What Polars adds to the name of a column of CSV that stands for the second time."""


def is_source(data: Any) -> bool:
    """Whether this names files, and is no frame."""
    if isinstance(data, (list, tuple)):
        return bool(data) and all(isinstance(d, (str, os.PathLike)) for d in data)
    return isinstance(data, (str, os.PathLike))


def find_files(source: Source) -> list[Path]:
    """The files of a path, a glob (``data/2013-*.parquet``), a directory, or several of these.

    Files come in the order of their names, each once; names that begin with a dot are left out.

    Raises:
        InputError: There are none, or they are of several formats.
    """
    parts: Any = [source] if isinstance(source, (str, os.PathLike)) else source
    if not is_source(list(parts) if isinstance(parts, Iterable) else parts):
        raise InputError(f"expected a path, a glob, a directory or several of these, got {parts!r}")
    names_given = [os.fspath(part) for part in parts]
    found: dict[Path, None] = {}
    for part in names_given:
        is_folder = os.path.isdir(part)
        pattern = os.path.join(glob.escape(part), "*") if is_folder else part
        names = [part] if os.path.isfile(part) else sorted(glob.glob(pattern, recursive=True))
        files = [Path(n) for n in names if os.path.isfile(n)]
        found |= dict.fromkeys(f for f in files if not is_folder or format_of(f) is not None)
    if not found:
        folder = next((n for n in names_given if glob.glob(f"{glob.escape(n)}/*/")), None)
        raise InputError(
            f"no file matches {', '.join(map(repr, names_given))}",
            hint=f"files end in {', '.join(FORMATS)}"
            if folder is None
            else f"folders inside a folder are left out: {os.path.join(folder, '**', '*.parquet')}",
        )
    formats = {format_of(path) for path in found}
    if None in formats or len(formats) > 1:
        odd = next(
            p for p in found if format_of(p) != format_of(next(iter(found))) or not format_of(p)
        )
        raise InputError(
            f"expected files of one format, got {next(iter(found)).name!r} and {odd.name!r}"
            if None not in formats
            else f"{odd}: no format is known by this name",
            hint=f"files end in {', '.join(FORMATS)}",
        )
    return list(found)


def format_of(path: Path) -> str | None:
    """The format that the end of a file's name says, None if it says none."""
    return next((f for end, f in FORMATS.items() if path.name.lower().endswith(end)), None)


def read_files(
    source: Source, schema: InputSchema, *, where: str = "", keep: Sequence[str] = ()
) -> Frame:
    """Files bound to an input schema, as `read_frame` does it; values are looked at when it runs.

    Columns of CSV are text, and each is read as the type of its field: an empty cell is null where
    the field is no String. JSON lines are read by the JSON border, line by line (`JsonLines`).

    Raises:
        InputError: There are no files, or their columns do not fit the schema.
    """
    files = find_files(source)
    kind = format_of(files[0])
    assert kind is not None
    if kind == "jsonl":
        return json_frame(files, schema, where=where, keep=keep)
    try:
        data = _SCANS[kind](files)
        return read_frame(data, schema, where=where, keep=keep, is_text=kind == "csv")
    except pl.exceptions.PolarsError as error:
        raise unreadable(files, error) from error


@contextlib.contextmanager
def readable(source: Source) -> Iterator[None]:
    """Around a run over files: what Polars cannot read is an InputError that names them."""
    try:
        yield
    except pl.exceptions.PolarsError as error:
        raise unreadable(find_files(source), error) from error


def unreadable(files: Sequence[Path], error: Exception) -> InputError:
    """The error for files that Polars cannot read."""
    names = str(files[0]) if len(files) == 1 else f"{files[0]} and {len(files) - 1} more"
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return InputError(f"{names}: {reason}")


def _parquet(files: list[Path]) -> pl.LazyFrame:
    return pl.scan_parquet(files, hive_partitioning=False)


def _ipc(files: list[Path]) -> pl.LazyFrame:
    return pl.scan_ipc(files, hive_partitioning=False)


def _csv(files: list[Path]) -> pl.LazyFrame:
    scan = pl.scan_csv(files, infer_schema=False)
    names = scan.collect_schema().names()
    for name in names:
        if f"{name}{_TWICE}" in names:
            raise InputError(f"{files[0]}: column `{name}` stands twice", field=name)
    return scan


_SCANS: dict[str, Callable[[list[Path]], pl.LazyFrame]] = {
    "parquet": _parquet,
    "ipc": _ipc,
    "csv": _csv,
}

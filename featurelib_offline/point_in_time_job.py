"""`point_in_time_job`: queries and events in files, queries with their aggregates to Parquet."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from featurelib.errors import DefinitionError
from featurelib.fields import InputSchema
from featurelib.windows.definition import Definition
from featurelib_offline.events.joining import PARTITION_ROWS, join_events, open_readers
from featurelib_offline.files import Source, find_files, format_of, read_files, readable
from featurelib_offline.job import JobResult
from featurelib_offline.plan import Native
from featurelib_offline.point_in_time import Queries, check_sources, joined_names
from featurelib_offline.progress import Meter, shown
from featurelib_offline.whole_file import whole_file

__all__ = ["PointInTimeResult", "point_in_time_job"]


@dataclass(frozen=True)
class PointInTimeResult(JobResult):
    """What a job did.

    Attributes:
        records: Records of events that were read.
        refused_records: How many of them were refused, by source and reason.
    """

    records: int = 0
    refused_records: Mapping[str, Mapping[str, int]] | None = None


def point_in_time_job(
    definition: Definition,
    queries: Source,
    events: Mapping[str, Source],
    output: str | os.PathLike[str],
    *,
    request: InputSchema | None = None,
    keep: Sequence[str] = (),
    reasons: bool = False,
    progress: bool | Callable[[int], None] = True,
    native: Native = "auto",
    partition_rows: int = PARTITION_ROWS,
) -> PointInTimeResult:
    """Joins aggregates to all queries of files, into one Parquet file.

    Events are streamed, and sorted and aggregated in partitions; queries and their aggregates are
    in memory as a whole.

    Args:
        definition: The aggregates.
        queries: A path, a glob, a directory, or several: Parquet, CSV, JSON lines or Arrow IPC.
        events: The same for each event source, by its name.
        output: The Parquet file; one that exists is replaced when the new one is whole.
        request: What a query is (a bundle's `request`): columns are read as its fields. By
            default all columns go along as they are, of which CSV and JSON lines do not say what.
        keep: With `request`: other columns that go along.
        reasons: See `featurelib_offline.point_in_time`.
        progress: Whether to show a bar on a terminal; or what is told the records read so far.
        native: See `featurelib_offline.plan.Plan`.
        partition_rows: See `featurelib_offline.point_in_time`.

    Raises:
        DefinitionError: The output's name is that of another format, or sources do not fit.
        InputError: There are no such files, or a column or value does not fit.
    """
    begin, target = time.perf_counter(), Path(output)
    if format_of(target) not in (None, "parquet"):
        raise DefinitionError(
            f"the job writes Parquet, got {target.name!r}", hint="let the name end in .parquet"
        )
    check_sources(definition, events)
    readers = open_readers(definition, events, native)
    with readable(queries):
        names = joined_names(definition, reasons)
        given = Queries(_read(queries, request, keep), definition, names)
        columns = given.columns()
    meter = Meter()
    total = sum(reader.count() for reader in readers.values()) if progress is True else None
    with whole_file(target) as partial, shown(progress, meter, lambda: total) as show:

        def told(rows: int) -> None:
            meter.rows = rows
            show()

        found = join_events(
            definition, readers, columns, reasons=reasons, partition_rows=partition_rows,
            progress=told,
        )  # fmt: skip
        joined: pl.DataFrame = given.restore(found.columns).lazy().collect()
        joined.write_parquet(partial, compression="zstd", compression_level=1)
    records = sum(reader.rows for reader in readers.values())
    seconds = time.perf_counter() - begin
    return PointInTimeResult(
        target, len(joined), seconds, records=records, refused_records=found.refused
    )


def _read(
    queries: Source, request: InputSchema | None, keep: Sequence[str]
) -> pl.DataFrame | pl.LazyFrame:
    """The queries of files."""
    files = find_files(queries)
    if request is not None:
        frame = read_files(files, request, where="queries", keep=keep)
        with frame.naming_faults():
            return frame.checked().collect(engine="streaming")
    if format_of(files[0]) == "parquet":
        return pl.scan_parquet(files, hive_partitioning=False)
    if format_of(files[0]) == "ipc":
        return pl.scan_ipc(files, hive_partitioning=False)
    raise DefinitionError(
        f"{files[0]}: the types of its columns are not known",
        hint="give `request`, the schema of a query, or Parquet files",
    )

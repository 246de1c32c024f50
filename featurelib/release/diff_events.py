"""Rows whose aggregates are joined by each side: what a change of a window moves.

Queries and records are the same for both bundles. Each side answers the queries with its own
aggregates, as training does (`featurelib_offline.point_in_time`), and computes features of that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from featurelib.bundle import Bundle
from featurelib.errors import ReleaseError
from featurelib.fields import InputSchema
from featurelib.parity.event_engines import query_schema
from featurelib.parity.generate_events import generate_events
from featurelib.parity.generate_rows import rows_of_pools
from featurelib.parity.polars_engines import frame_of
from featurelib.release.diff_rows import DATA, Folder, RowSet, common_inputs, data_rows, fits
from featurelib.windows import Definition
from featurelib_offline import point_in_time
from featurelib_offline.files import is_source, read_files
from featurelib_offline.frames import read_frame

__all__ = ["EVENTS", "generated_queries", "given_queries"]

EVENTS = "events"
"""The kind of the generated queries."""
_QUERIES_OF = 10
"""Generated rows for one generated query, as many as `featurelib parity` has records for one."""


def generated_queries(old: Bundle, new: Bundle, rows: int, seed: int) -> RowSet | None:
    """Queries about generated records, around the windows of both sides.

    Args:
        old: The one side.
        new: The other side.
        rows: Records of each source, for each side's windows; every tenth as many queries.
        seed: Of their generator.

    Returns:
        None where no records or queries are such as both sides take.
    """
    fields, pool_of = common_inputs(old, new)
    schema = InputSchema("queries", tuple(f for f in fields if f.name in old.request.by_name))
    count = max(1, rows // _QUERIES_OF)
    chunks: list[tuple[pl.DataFrame, pl.DataFrame]] = []
    for i, definition in enumerate(_covering(old, new, schema)):
        request = rows_of_pools(schema, pool_of, count, [seed, 9, i])
        made = generate_events(definition, rows, count, seed + i, request)
        names = query_schema(definition).names
        columns = [(made.queries.columns[n], schema[n]) for n in names]
        kept = [
            k for k in range(count) if all(fits(values.canonical(k), f) for values, f in columns)
        ]
        queries = frame_of(made.queries.take(kept))
        records = {name: frame_of(rows) for name, rows in made.records.items()}
        mine, theirs = _records(old, new, records), _records(new, old, records)
        chunks.append((_joined(old, queries, mine), _joined(new, queries, theirs)))
    if not chunks:
        return None
    return RowSet(EVENTS, lambda: iter(chunks), sum(len(queries) for queries, _ in chunks))


def _covering(old: Bundle, new: Bundle, queries: InputSchema) -> Iterator[Definition]:
    """The sides' aggregates whose events and queries do for the other side as well."""
    sides = [b.aggregates for b in (old, new) if b.aggregates is not None]
    if not {name for side in sides for name in query_schema(side).names} <= {*queries.names}:
        return
    seen = set()
    for side in sides:
        key = tuple(sorted(side.fingerprints.items()))
        if key not in seen and all(_has_records(side, other) for other in sides):
            seen.add(key)
            yield side


def _has_records(side: Definition, other: Definition) -> bool:
    """Whether records of the one side have all that the other reads."""
    return all(
        name in side.sources
        and all(
            field.name in side.sources[name].schema.by_name
            and side.sources[name].schema[field.name].dtype == field.dtype
            for field in plan.schema
        )
        for name, plan in other.sources.items()
    )


def given_queries(data: Any, events: Mapping[str, Any], old: Bundle, new: Bundle) -> RowSet:
    """Queries of the user's, with the aggregates that each side finds in the given records.

    They are joined once and kept in temporary files, because rows are gone through more than once.

    Args:
        data: Files or a frame of queries.
        events: Files or a frame of each event source.
        old: The one side.
        new: The other side.

    Raises:
        ReleaseError: No side reads a source.
        DefinitionError: A source is not given.
        InputError: Queries or records cannot be read.
    """
    _check_events(events, old, new)
    queries = data_rows(data, old, new, queries=True)
    mine = [_records(side, other, events) for side, other in ((old, new), (new, old))]
    folder = Folder()
    written: list[tuple[Path, Path]] = []
    for i, (rows, _) in enumerate(queries.chunks()):
        paths = folder.path / f"old-{i}.parquet", folder.path / f"new-{i}.parquet"
        for side, records, path in zip((old, new), mine, paths, strict=True):
            _joined(side, rows, records).write_parquet(path, compression="lz4")
        written.append(paths)

    def chunks() -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        for one, other in written:
            yield pl.read_parquet(one), pl.read_parquet(other)

    return RowSet(DATA, chunks, queries.total, folder)


def _check_events(events: Mapping[str, Any], old: Bundle, new: Bundle) -> None:
    """Refuses events that nobody asks about.

    Raises:
        ReleaseError: Neither side has aggregates over a source.
    """
    read = {name for b in (old, new) if b.aggregates for name in b.aggregates.sources}
    for name in events:
        if name not in read:
            raise ReleaseError(
                f"events of `{name}` are given, and neither {old.name} {old.version} nor "
                f"{new.name} {new.version} reads them",
                hint=f"they read {', '.join(sorted(read)) or 'no events'}",
            )


def _records(side: Bundle, other: Bundle, events: Mapping[str, Any]) -> dict[str, Any]:
    """The events as a side reads them: columns that only the other side's records have are gone."""
    mine, theirs = (b.aggregates.sources if b.aggregates else {} for b in (side, other))
    found = {name: events[name] for name in mine if name in events}
    for name in found:
        if name in theirs and theirs[name].schema != mine[name].schema:
            schema = replace(mine[name].schema, extra="ignore")
            read = read_files if is_source(events[name]) else partial(read_frame, check=False)
            good, _ = read(events[name], schema, where=f"event source `{name}`").split()
            found[name] = good.select(schema.names)
    return found


def _joined(side: Bundle, queries: pl.DataFrame, events: Mapping[str, Any]) -> pl.DataFrame:
    """The queries with the aggregates of a side; records that it refuses are left out."""
    definition = side.aggregates
    if definition is None:
        return queries
    found: pl.DataFrame = point_in_time(
        queries, {n: events[n] for n in definition.sources if n in events}, definition,
        refused="collect",
    ).result  # fmt: skip
    return found

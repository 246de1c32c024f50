"""From queries and records to columns of aggregates: partition by partition of the entities."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from featurelib.jit.windows.plan import REASONS
from featurelib.windows.definition import Definition
from featurelib_offline.events.answering import Asked, answer_queries, asked, column_of
from featurelib_offline.events.partitions import spilled
from featurelib_offline.events.records import RecordReader
from featurelib_offline.events.sorting import SortedQueries, sort_events, sort_queries
from featurelib_offline.plan import Native

__all__ = [
    "PARTITION_ROWS",
    "Joins",
    "Part",
    "Piece",
    "join_events",
    "moments",
    "open_readers",
    "pieces",
    "whole",
]

Array = np.ndarray[Any, Any]
PARTITION_ROWS = 12_000_000
"""Records that are sorted and aggregated together: about 1.5 GB with one argument."""


class Joins(NamedTuple):
    """What a join gives.

    Attributes:
        columns: A column for each aggregate, and ``NAME.reason`` where reasons are wanted.
        refused: How many records of each source were refused, by reason.
    """

    columns: dict[str, pl.Series]
    refused: dict[str, dict[str, int]]


class Part(NamedTuple):
    """Some queries: their rows, ascending, and columns in that order."""

    rows: Array
    columns: dict[str, pl.Series]


def open_readers(
    definition: Definition, events: Mapping[str, Any], native: Native
) -> dict[str, RecordReader]:
    """A reader for each source: columns are checked, values are not looked at yet.

    Raises:
        InputError: Columns do not fit a source's schema.
    """
    return {n: RecordReader(definition, n, events[n], native) for n in definition.sources}


def join_events(
    definition: Definition,
    readers: Mapping[str, RecordReader],
    given: pl.DataFrame,
    *,
    reasons: bool,
    partition_rows: int,
    progress: Callable[[int], None] | None = None,
) -> Joins:
    """Every aggregate of every query.

    Args:
        definition: The aggregates.
        readers: See `open_readers`; each is used once.
        given: The queries: their times and entities, in the definition's types.
        reasons: Whether to give reasons of nulls too.
        partition_rows: See `PARTITION_ROWS`.
        progress: Told the number of records read so far, over all sources.
    """
    columns: dict[str, pl.Series] = {}
    seen = 0
    for name, reader in readers.items():

        def told(rows: int, before: int = seen) -> None:
            if progress is not None:
                progress(before + rows)

        columns |= whole(
            _parts(definition, name, reader, given, reasons, partition_rows, told), len(given)
        )
        seen += reader.rows
    refused = {
        name: {reason: n for reason, n in reader.refused.items() if n}
        for name, reader in readers.items()
    }
    names = [n for a in definition.aggregates for n in (a, f"{a}.reason") if n in columns]
    return Joins({n: columns[n] for n in names}, refused)


def _parts(
    definition: Definition, source: str, reader: RecordReader, given: pl.DataFrame,
    reasons: bool, partition_rows: int, told: Callable[[int], None],
) -> Iterator[Part]:  # fmt: skip
    """The answers about one source, some entities at a time."""
    by_entity: dict[str, list[Asked]] = {}
    for one in asked(definition, source):
        by_entity.setdefault(one.plan.entity, []).append(one)
    for piece in pieces(reader, given, tuple(by_entity), partition_rows, told):
        events = sort_events(reader.arrays(piece.taken), piece.entities)
        as_of = moments(given[definition.as_of])
        for entity, some in by_entity.items():
            rows, codes = piece.queries[entity]
            queries = sort_queries(codes, as_of[rows], piece.entities)
            made: dict[str, pl.Series] = {}
            for answer in answer_queries(events, queries, reader.plan, some):
                column = column_of(answer, queries.rows)
                made[column.name] = column
                if reasons:
                    made[f"{column.name}.reason"] = _texts(answer.reasons, queries)
            yield Part(rows, made)


class Piece(NamedTuple):
    """Some entities: their records and the queries about them.

    Attributes:
        taken: The records, each with the number of its entity.
        entities: How many entities there are.
        queries: By the query's column that names an entity: rows, ascending, and the entity's
            number of each.
    """

    taken: pl.DataFrame
    entities: int
    queries: dict[str, tuple[Array, Array]]


def pieces(
    reader: RecordReader, given: pl.DataFrame, columns: Sequence[str], partition_rows: int,
    told: Callable[[int], None],
) -> Iterator[Piece]:  # fmt: skip
    """Records and queries of some entities at a time; together all.

    Args:
        reader: The records.
        given: The queries.
        columns: Their columns that name an entity.
        partition_rows: See `PARTITION_ROWS`.
        told: Called with the number of records read so far.
    """
    key = reader.plan.source.key
    entities = (
        pl.concat([given[c].rename(key) for c in columns])
        .unique(maintain_order=True)
        .to_frame()
        .with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).alias("entity"))
    )
    codes = {c: _codes(given[c].rename(key), entities) for c in columns}
    count = max(1, -(-reader.count() // partition_rows))
    with tempfile.TemporaryDirectory(prefix="featurelib-") as folder:
        taken = _taken(reader, entities, told, count == 1)
        parts = spilled(taken, count, Path(folder)) if count > 1 else _one(taken)
        for number, frame in enumerate(parts):
            mine = {c: np.flatnonzero(codes[c] % count == number) for c in columns}
            queries = {c: (mine[c], codes[c][mine[c]] // np.uint32(count)) for c in columns}
            yield Piece(frame, -(-(len(entities) - number) // count), queries)


def moments(times: pl.Series) -> Array:
    """Instants as microseconds."""
    return np.ascontiguousarray(times.to_physical().to_numpy())


def _codes(keys: pl.Series, entities: pl.DataFrame) -> Array:
    """The number of each entity."""
    found = keys.to_frame().join(entities, on=keys.name, how="left", maintain_order="left")
    return np.ascontiguousarray(found["entity"].to_numpy())


def _taken(
    reader: RecordReader, entities: pl.DataFrame, told: Callable[[int], None], whole: bool
) -> Iterator[pl.DataFrame]:
    for batch in reader.taken(entities, whole=whole):
        told(reader.rows)
        yield batch


def _one(taken: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """All records in one piece."""
    batches = list(taken)
    yield batches[0] if len(batches) == 1 else pl.concat(batches, rechunk=False)


def _texts(reasons: Array, queries: SortedQueries) -> pl.Series:
    codes = np.empty_like(reasons)
    codes[queries.rows] = reasons
    return pl.Series(codes).replace_strict(dict(enumerate(REASONS)), return_dtype=pl.String)


def whole(parts: Iterator[Part], count: int) -> dict[str, pl.Series]:
    """Columns of all queries, in their order."""
    found: dict[str, list[tuple[Array, pl.Series]]] = {}
    for rows, columns in parts:
        for name, column in columns.items():
            found.setdefault(name, []).append((rows, column))
    made = {}
    for name, pieces in found.items():
        whole = pl.concat([column for _, column in pieces])
        if len(pieces) > 1:
            place = np.empty(count, np.uint32)
            place[np.concatenate([rows for rows, _ in pieces])] = np.arange(count, dtype=np.uint32)
            whole = whole.gather(place)
        made[name] = whole.alias(name)
    return made

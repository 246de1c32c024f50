"""`point_in_time`: for each row of a frame, what the online side would have answered then."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import polars as pl

from featurelib.dtypes import DATETIME
from featurelib.errors import DefinitionError, InputError
from featurelib.fields import Field, InputSchema
from featurelib.windows.definition import Definition, define
from featurelib.windows.over import WindowAggregate
from featurelib_offline import foreign
from featurelib_offline.events.joining import PARTITION_ROWS, join_events, open_readers
from featurelib_offline.frames import Frame, read_frame
from featurelib_offline.plan import Native

__all__ = ["Joined", "RefusedRecordsWarning", "point_in_time"]


class RefusedRecordsWarning(UserWarning):
    """Some records of events were refused; the message counts them by reason."""


class Joined(NamedTuple):
    """What `point_in_time` gives with ``refused="collect"``.

    Attributes:
        result: The queries with their aggregates.
        refused: How many records were refused, by source and reason.
    """

    result: Any
    refused: Mapping[str, Mapping[str, int]]


def point_in_time(
    queries: Any,
    events: Mapping[str, Any],
    definition: Definition | Mapping[str, WindowAggregate],
    *,
    reasons: bool = False,
    refused: str = "warn",
    native: Native = "auto",
    partition_rows: int = PARTITION_ROWS,
) -> Any:
    """Joins aggregates to queries, as they were at each query's time.

    Args:
        queries: A row for each (entity, as-of time): a Polars DataFrame or LazyFrame, pyarrow
            Table or RecordBatch, or pandas DataFrame, with the definition's ``as_of`` column and
            the column of each entity. All its columns go along.
        events: The records of each event source, by the source's name: a frame as above, or files
            as `job` takes them.
        definition: What `featurelib.windows.define` made, or aggregates by name.
        reasons: Whether to add a column ``NAME.reason`` for each aggregate: text where it is null
            (`docs/windows.md` has the reasons), else null.
        refused: ``"warn"`` tells refused records by a `RefusedRecordsWarning`; ``"collect"``
            returns their counts with the result.
        native: See `featurelib_offline.plan.Plan`.
        partition_rows: How many records are sorted and aggregated together; with more of them
            entities are taken in parts, by way of temporary files.

    Returns:
        The same kind of frame as `queries`, rows in the same order, with a column for each
        aggregate; a `Joined` for ``refused="collect"``.

    Raises:
        DefinitionError: A source is given that nobody reads, or one is not given.
        InputError: Columns do not fit; a query's entity or time is null.
    """
    if refused not in ("warn", "collect"):
        raise DefinitionError(f'expected refused="warn" or "collect", got refused={refused!r}')
    definition = definition if isinstance(definition, Definition) else define(definition)
    _check_sources(definition, events)
    frame, given = read_queries(queries, definition)
    readers = open_readers(definition, events, native)
    found = join_events(definition, readers, given, reasons=reasons, partition_rows=partition_rows)
    kept = frame.raw.collect(engine="in-memory")
    made = frame.restore(kept.hstack(list(found.columns.values())), nullable=set(found.columns))
    if refused == "collect":
        return Joined(made, found.refused)
    _warn(found.refused)
    return made


def _check_sources(definition: Definition, events: Mapping[str, Any]) -> None:
    for name in definition.sources:
        if name not in events:
            raise DefinitionError(
                f"no events of the source `{name}` are given",
                hint=f"events={{{name!r}: frame, ...}}; sources: {', '.join(definition.sources)}",
            )
    for name in events:
        if name not in definition.sources:
            raise DefinitionError(
                f"events of `{name}` are given, which no aggregate reads",
                hint=f"sources of the definition: {', '.join(definition.sources)}",
            )


def read_queries(data: Any, definition: Definition) -> tuple[Frame, pl.DataFrame]:
    """The queries with all their columns, and their times and entities as the definition's types.

    Raises:
        InputError: A column is missing, of the wrong type, or has a null or the name of an
            aggregate.
    """
    fields = {definition.as_of: Field(definition.as_of, DATETIME)}
    for made in definition.aggregates.values():
        source = definition.sources[made.source].source
        fields[made.entity] = Field(made.entity, source.key_dtype)
    names = foreign.column_names(data) or []
    taken = next((n for n in definition.aggregates if n in names), None)
    if taken is not None:
        raise InputError(
            f"queries: the column `{taken}` has the name of an aggregate",
            field=taken,
            hint="rename one of them",
        )
    schema = InputSchema("queries", tuple(fields.values()), "ignore")
    frame = read_frame(data, schema, where="queries", keep=[n for n in names if n not in fields])
    checked = frame.columns() if frame.is_eager else frame.checked()
    with frame.naming_faults():
        given = checked.select(*fields).collect(engine="in-memory")
    return frame, given


def _warn(counts: Mapping[str, Mapping[str, int]]) -> None:
    for name, by_reason in counts.items():
        if by_reason:
            told = ", ".join(f"{n:,} {reason}" for reason, n in by_reason.items())
            warnings.warn(
                f"event source `{name}`: records were refused: {told} "
                '(refused="collect" returns the counts)',
                RefusedRecordsWarning,
                stacklevel=3,
            )

"""`point_in_time`: for each row of a frame, what the online side would have answered then."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import polars as pl
from polars.io.plugins import register_io_source

from featurelib.dtypes import DATETIME
from featurelib.errors import DefinitionError, FieldValueError, InputError
from featurelib.fields import Field, InputSchema
from featurelib.windows.definition import Definition, define
from featurelib.windows.over import WindowAggregate
from featurelib_offline import foreign
from featurelib_offline.events.joining import PARTITION_ROWS, Joins, join_events, open_readers
from featurelib_offline.files import is_source
from featurelib_offline.frames import read_frame
from featurelib_offline.plan import Native
from featurelib_offline.types import polars_type

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
        aggregate; a `Joined` for ``refused="collect"``. A lazy frame gives a lazy one, which reads
        queries and events when it is collected (with ``refused="collect"`` at once).

    Raises:
        DefinitionError: A source is given that nobody reads, or one is not given; an aggregate has
            the name of a column of reasons.
        InputError: Columns do not fit; a query's entity or time is null.
    """
    if refused not in ("warn", "collect"):
        raise DefinitionError(f'expected refused="warn" or "collect", got refused={refused!r}')
    made = definition if isinstance(definition, Definition) else define(definition)
    check_sources(made, events)
    given = Queries(queries, made, joined_names(made, reasons))

    def run() -> tuple[Any, Joins]:
        readers = open_readers(made, events, native)
        columns = given.columns()
        found = join_events(made, readers, columns, reasons=reasons, partition_rows=partition_rows)
        return given.restore(found.columns), found

    if isinstance(queries, pl.LazyFrame) and refused == "warn":
        open_readers(made, events, native)  # columns are looked at now
        return _deferred(run, given, made, reasons)
    result, found = run()
    if refused == "collect":
        return Joined(result, found.refused)
    warn_of_refused(found.refused)
    return result


def _deferred(
    run: Callable[[], tuple[Any, Joins]], given: Queries, definition: Definition, reasons: bool
) -> pl.LazyFrame:
    """The result as a lazy frame: queries and events are read when it is collected."""
    schema = dict(given.frame.raw.collect_schema())
    for field in definition.fields:
        schema[field.name] = polars_type(field.dtype)
        if reasons:
            schema[f"{field.name}.reason"] = pl.String()

    def source(
        columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, _: int | None
    ) -> Iterator[pl.DataFrame]:
        result, found = run()
        warn_of_refused(found.refused)
        frame = result.collect(engine="in-memory") if rows is None else result.head(rows).collect()
        frame = frame if predicate is None else frame.filter(predicate)
        yield frame if columns is None else frame.select(columns)

    return register_io_source(source, schema=schema)


def with_aggregates(
    queries: Any,
    events: Mapping[str, Any],
    definition: Definition | None,
    where: str,
    *,
    native: Native = "auto",
) -> Any:
    """The queries of a feature set with the columns that its aggregates fill.

    Raises:
        DefinitionError: The set has no aggregates.
        InputError: The queries are files, or do not fit (see `point_in_time`).
    """
    if definition is None:
        raise DefinitionError(f"{where}: events are given, but the set has no aggregates")
    if is_source(queries):
        raise InputError(
            f"{where}: with events the rows are a frame, got files",
            hint="polars.scan_parquet(...) gives a lazy frame",
        )
    return point_in_time(queries, events, definition, native=native)


def check_sources(definition: Definition, events: Mapping[str, Any]) -> None:
    """Refuses events of a source that nobody reads, and a source without events.

    Raises:
        DefinitionError: With the sources that there are.
    """
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


def joined_names(definition: Definition, reasons: bool) -> list[str]:
    """The columns that a join adds to queries: aggregates and, where they are wanted, reasons.

    Raises:
        DefinitionError: An aggregate has the name of a column of reasons.
    """
    names = list(definition.aggregates)
    if reasons:
        names += [f"{name}.reason" for name in definition.aggregates]
        taken = next((n for n in definition.aggregates if names.count(n) > 1), None)
        if taken is not None:
            raise DefinitionError(
                f"the aggregate `{taken}` has the name of the column with the reasons of "
                f"`{taken.removesuffix('.reason')}`",
                hint="rename it, or ask without reasons",
            )
    return names


class Queries:
    """The queries of a frame, with all its columns.

    Args:
        data: The frame.
        definition: What is asked.
        fills: Names of the columns that are joined.

    Raises:
        InputError: A column is missing or of the wrong type, or has the name of one of `fills`.
    """

    def __init__(self, data: Any, definition: Definition, fills: Sequence[str]) -> None:
        fields = {definition.as_of: Field(definition.as_of, DATETIME)}
        for made in definition.aggregates.values():
            source = definition.sources[made.source].source
            fields[made.entity] = Field(made.entity, source.key_dtype)
        names = foreign.column_names(data) or []
        taken = next((n for n in fills if n in names), None)
        if taken is not None:
            raise InputError(
                f"queries: the column `{taken}` has the name of one that is joined",
                field=taken,
                hint="rename one of them",
            )
        schema = InputSchema("queries", tuple(fields.values()), "ignore")
        others = [n for n in names if n not in fields]
        self.frame = read_frame(data, schema, where="queries", keep=others)
        self._raw: pl.DataFrame | None = None

    def columns(self) -> pl.DataFrame:
        """Times and entities in the definition's types; a lazy frame is collected once.

        Raises:
            FieldValueError: One of them is null, or does not fit its type.
        """
        self._raw = self.frame.raw.collect(engine="in-memory")
        frame = replace(self.frame, raw=self._raw.lazy(), kind="polars", keep=())
        fault = frame.fault()
        if fault is not None:
            said = str(fault).partition("\nHint: ")[0]
            hint = "a query has an entity and a time: leave out the rows that lack one"
            raise FieldValueError(said, field=fault.field, row=fault.row, hint=hint)
        return frame.columns().collect(engine="in-memory")

    def restore(self, columns: Mapping[str, pl.Series]) -> Any:
        """The frame with more columns, as the kind of frame that was given."""
        assert self._raw is not None
        return self.frame.restore(self._raw.hstack(list(columns.values())), nullable=set(columns))


def warn_of_refused(counts: Mapping[str, Mapping[str, int]]) -> None:
    """Tells refused records by a warning at the caller's caller."""
    for name, by_reason in counts.items():
        if by_reason:
            told = ", ".join(f"{n:,} {reason}" for reason, n in by_reason.items())
            warnings.warn(
                f"event source `{name}`: records were refused: {told} "
                '(refused="collect" returns the counts)',
                RefusedRecordsWarning,
                stacklevel=3,
            )

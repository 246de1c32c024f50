"""`as_of_join`: the latest values of entities as they were known at each row's time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from featurelib.errors import DefinitionError
from featurelib.jit.point_in_time import context as at
from featurelib.jit.windows import layout
from featurelib.windows import Definition, EventSource, define, last, lifetime
from featurelib_offline.events.joining import (
    PARTITION_ROWS,
    Joins,
    Part,
    Piece,
    moments,
    pieces,
    whole,
)
from featurelib_offline.events.passes import Channel, Kept, run_pass
from featurelib_offline.events.records import RecordReader
from featurelib_offline.events.sorting import SortedEvents, sort_events, sort_queries
from featurelib_offline.plan import Native
from featurelib_offline.point_in_time import Joined, Queries, warn_of_refused
from featurelib_offline.types import polars_type

__all__ = ["View", "as_of_join"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class View:
    """Columns of the latest record of an entity.

    Attributes:
        source: Where the records come from, and which of their columns say when and whose. Records
            are refused, repeated and withdrawn as docs/windows.md says; all of them are kept.
        columns: The columns that are joined: numbers, texts, times or truth values.
        max_age: A record whose event is older than this gives nulls; None takes any age.
        closed: ``"left"``: a record of the query's moment is not seen; ``"right"``: it is.
        prefix: Stands before the names of the joined columns.
        on: The query's column that names the entity; by default named like the source's key.

    Raises:
        DefinitionError: A column is not there or is a list, or `max_age` is not positive.
    """

    source: EventSource
    columns: tuple[str, ...]
    max_age: dt.timedelta | None = None
    closed: str = "left"
    prefix: str = ""
    on: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(self.columns))
        known, where = self.source.schema.by_name, f"view of `{self.source.name}`"
        for name in self.columns:
            if name not in known:
                raise DefinitionError(
                    f"{where}: no column `{name}`", hint=f"its columns: {', '.join(known)}"
                )
            dtype = known[name].dtype
            if dtype.inner is not None:
                raise DefinitionError(f"{where}: column `{name}` is {dtype}, which has no order")
        if not self.columns:
            raise DefinitionError(f"{where}: expected columns, got none")
        if self.closed not in ("left", "right"):
            raise DefinitionError(
                f'{where}: expected closed="left" or "right", got {self.closed!r}'
            )
        _ = self.definition

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the joined columns."""
        return tuple(self.prefix + name for name in self.columns)

    @property
    def definition(self) -> Definition:
        """What is read of the records, and in which window the latest is looked for."""
        sees_now = self.closed == "right"
        if self.max_age is None:
            window: Any = lifetime(closed=self.closed)
        else:
            window = last(self.max_age, closed="both" if sees_now else "left")
        latest = self.source.over(window).time_since_last()
        return define({"latest": latest if self.on is None else latest.on(self.on)})


def as_of_join(
    queries: Any,
    events: dict[str, Any],
    views: Sequence[View],
    *,
    as_of: str = "as_of",
    refused: str = "warn",
    native: Native = "auto",
    partition_rows: int = PARTITION_ROWS,
) -> Any:
    """Joins the latest values of each view, as they were known at each query's time.

    The latest record is the last visible one in the order of docs/windows.md: by time, sequence,
    arrival, id. Nulls in it stay nulls. Where records of one event came at one moment, the one
    whose values are smallest counts, column by column, null before all.

    Args:
        queries: See `featurelib_offline.point_in_time`.
        events: The records of each source that a view reads, by the source's name.
        views: What is joined.
        as_of: The queries' column with the time.
        refused: See `featurelib_offline.point_in_time`.
        native: See `featurelib_offline.plan.Plan`.
        partition_rows: See `featurelib_offline.point_in_time`.

    Returns:
        The same kind of frame as `queries`, rows in the same order, with the views' columns; a
        `Joined` for ``refused="collect"``. A lazy frame is read at once.

    Raises:
        DefinitionError: Two views give columns of one name, or a source's events are not given.
        InputError: Columns do not fit; a query's entity or time is null.
    """
    if refused not in ("warn", "collect"):
        raise DefinitionError(f'expected refused="warn" or "collect", got refused={refused!r}')
    names = [name for view in views for name in view.names]
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        raise DefinitionError(f"two views give a column `{twice}`", hint='prefix="..." tells them')
    given = Queries(queries, _asked(views, as_of), names)
    columns = given.columns()
    found = Joins({}, {})
    for view in views:
        name = view.source.name
        if name not in events:
            raise DefinitionError(f"no events of the source `{name}` are given")
        reader = RecordReader(view.definition, name, events[name], native, view.columns)
        parts = _parts(view, reader, columns, as_of, partition_rows)
        joined = whole(parts, len(columns))
        found.columns.update({new: joined[new] for new in view.names})
        found.refused[name] = {reason: n for reason, n in reader.refused.items() if n}
    result = given.restore(found.columns)
    if refused == "collect":
        return Joined(result, found.refused)
    warn_of_refused(found.refused)
    return result


def _asked(views: Sequence[View], as_of: str) -> Definition:
    """A definition that reads every column of the queries that the views need."""
    latest = {}
    for i, view in enumerate(views):
        made = view.source.over(lifetime()).time_since_last()
        latest[f"latest {i}"] = made if view.on is None else made.on(view.on)
    return define(latest, as_of=as_of)


def _nothing(_: int) -> None:
    """Nobody is told how far a join of views is."""


def _parts(
    view: View, reader: RecordReader, given: pl.DataFrame, as_of: str, partition_rows: int
) -> Iterator[Part]:
    entity = view.on or view.source.key
    told: Callable[[int], None] = _nothing
    for piece in pieces(reader, given, (entity,), partition_rows, told):
        rows, codes = piece.queries[entity]
        yield Part(rows, _latest(view, reader, piece, codes, moments(given[as_of])[rows]))


def _latest(
    view: View, reader: RecordReader, piece: Piece, codes: Array, as_of: Array
) -> dict[str, pl.Series]:
    """The joined columns of some queries."""
    taken = piece.taken
    places = [f"column {i}" for i in range(len(view.columns))]
    events = sort_events(reader.arrays(taken), piece.entities)
    if events.repeats:  # of records that came at one moment the first counts
        floats = [1.0 / pl.col(p) for p in places if taken[p].dtype.is_float()]
        taken = taken.sort(*places, *floats, maintain_order=True)  # -0.0 before 0.0, too
        events = sort_events(reader.arrays(taken), piece.entities)
    queries = sort_queries(codes, as_of, piece.entities)
    row = np.empty(len(codes), np.int64)
    row[queries.rows] = _last_rows(view, events, queries)
    gathered = taken.select(places).with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    joined = pl.DataFrame({"row": row}).join(gathered, on="row", how="left", maintain_order="left")
    types = [polars_type(view.source.schema[name].dtype) for name in view.columns]
    return {
        new: joined[place].cast(dtype).alias(new)
        for new, place, dtype in zip(view.names, places, types, strict=True)
    }


def _last_rows(view: View, events: SortedEvents, queries: Any) -> Array:
    """For each sorted query the record of the last event in the window, -1 if there is none."""
    (plan,) = view.definition.aggregates.values()
    count = len(queries.rows)
    rows = events.events.rows.astype(np.uint64)
    channel = Channel(rows, events.ones, events.ones, layout.KIND_UINT, 0)
    long_ago = np.full(count, layout.LONG_AGO)
    everything = Kept(np.zeros(count, np.int64), long_ago, long_ago)
    want = np.zeros((1, at.WANT), np.int64)
    want[0, layout.PW_OP], want[0, layout.PW_COUNT] = layout.LAG, 1
    out, why = run_pass(events, queries, plan.window, everything, channel, want)
    found: Array = np.where(why[0] == layout.VALUE, out[0].view(np.int64), -1)
    return found

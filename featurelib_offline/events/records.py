"""Records of one source: read at the border, refused ones counted, the others as plain arrays."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from featurelib.dtypes import DType
from featurelib.jit.point_in_time.order import order_word
from featurelib.windows.definition import Definition
from featurelib.windows.plan_events import (
    ARRIVAL,
    DELETED,
    ID,
    SEQUENCE,
    TIME,
    EventPlan,
    argument_name,
    filter_name,
)
from featurelib_offline.columns import series_column
from featurelib_offline.files import is_source, read_files, readable
from featurelib_offline.frames import Frame, read_frame
from featurelib_offline.plan import Native, plan

__all__ = ["REASONS", "RecordReader", "Records"]

Array = np.ndarray[Any, Any]

REASONS = ("null_key", "null_time", "null_id", "null_arrival", "bad_value", "late", "ahead")
"""Why a record is refused; the first that holds is the reason (docs/windows.md)."""
_ENTITY, _REASON = "entity", "reason"


@dataclass(frozen=True)
class Records:
    """Records that are taken, as arrays of one length.

    Attributes:
        entity: Number of the entity, uint32.
        time: Event time, int64 microseconds.
        ids: The id as a word of its own order, uint64.
        arrival: Arrival; None where it is the time.
        sequence: The sequence as a word of its own order; None without a column.
        dead: Not 0 for a withdrawal; None without a column.
        words: The arguments, (arguments, records) uint64.
        valid: Not 0 where an argument is not null, (arguments, records) uint8.
        passes: Not 0 where a filter passes, (filters, records) uint8.
        has_nulls: Whether an argument has nulls.
    """

    entity: Array
    time: Array
    ids: Array
    arrival: Array | None
    sequence: Array | None
    dead: Array | None
    words: Array
    valid: Array
    passes: Array
    has_nulls: tuple[bool, ...]

    def __len__(self) -> int:
        return len(self.entity)


class RecordReader:
    """Reads the records of one source, once.

    Attributes:
        plan: What is read.
        rows: Records read so far.
        refused: How many of them were refused, by reason.

    Args:
        definition: What is asked.
        source: The source's name.
        data: A frame as `transform` takes it, or files as `job` takes them.
        native: See `featurelib_offline.plan.Plan`.
        keep: Columns of the source that go along, as ``column 0``, ``column 1`` ...

    Raises:
        InputError: Columns do not fit the source's schema.
    """

    def __init__(
        self,
        definition: Definition,
        source: str,
        data: Any,
        native: Native = "auto",
        keep: Sequence[str] = (),
    ) -> None:
        self.plan: EventPlan = definition.sources[source]
        self._keep = {f"column {i}": name for i, name in enumerate(keep)}
        self.refused = dict.fromkeys(REASONS, 0)
        self.rows = 0
        self._data = data
        self._native = native
        where = f"event source `{source}`"
        schema = self.plan.schema
        self._is_files = is_source(data)
        self._frame: Frame = (
            read_files(data, schema, where=where)
            if self._is_files
            else read_frame(data, schema, where=where, check=False)
        )

    @property
    def is_eager(self) -> bool:
        """Whether the records are in memory already."""
        return self._frame.is_eager and not self._is_files

    @cached_property
    def _outputs(self) -> list[str]:
        """What is read: columns that the source lacks are constants, and are left out."""
        given = self.plan.source
        roles = {ARRIVAL: given.arrival, SEQUENCE: given.sequence, DELETED: given.deleted}
        return [n for n in self.plan.program.outputs if roles.get(n, n) is not None]

    def columns(self, entities: pl.DataFrame) -> pl.LazyFrame:
        """Every record: its entity (null if nobody asks for it), what is read, and the reason.

        Args:
            entities: Keys in a column of the source's key's name, and ``entity``, their number.
        """
        key = self.plan.source.key
        bad = [check.bad for check in self._frame.checks]
        is_bad = pl.any_horizontal(bad) if bad else pl.lit(False)
        names = {*self.plan.schema.names, *self._outputs, *self._keep}
        entity, reason = _free(_ENTITY, names), _free(_REASON, names)
        read = self._frame.raw.select(
            *(b.column for b in self._frame.borders), is_bad.fill_null(False).alias(reason)
        ).join(entities.lazy().rename({_ENTITY: entity}), on=key, how="left", maintain_order="left")
        key_column = _free("key", names | {entity, reason})
        kept = [pl.col(name).alias(place) for place, name in self._keep.items()]
        read = read.with_columns(pl.col(key).alias(key_column), *kept)
        program = self.plan.program.subset(self._outputs)
        goes_along = [key_column, entity, reason, *self._keep]
        made = plan(program, native=self._native).apply(read, goes_along)
        return made.select(
            pl.col(entity).alias(_ENTITY),
            *(pl.col(n) for n in self._outputs),
            *(pl.col(place) for place in self._keep),
            self._reason(pl.col(key_column).is_null(), pl.col(reason)).alias(_REASON),
        )

    def _reason(self, no_key: pl.Expr, is_bad: pl.Expr) -> pl.Expr:
        """0 for a record that is taken, else 1 + the place of its reason."""
        time, source = pl.col(TIME).to_physical(), self.plan.source
        arrival = pl.col(ARRIVAL) if ARRIVAL in self._outputs else None
        holds: list[pl.Expr | None] = [
            no_key,
            time.is_null(),
            pl.col(ID).is_null(),
            None if arrival is None else arrival.is_null(),
            is_bad,
        ]
        for most, sign in ((source.max_lateness_us, 1), (source.max_ahead_us, -1)):
            if most is None or arrival is None:
                holds.append(None)
            else:
                holds.append((arrival.to_physical() - time) * sign > most)
        reason = pl.lit(0, dtype=pl.UInt8)
        for i, expr in reversed(list(enumerate(holds))):
            if expr is not None:
                reason = pl.when(expr).then(pl.lit(i + 1, dtype=pl.UInt8)).otherwise(reason)
        return reason

    def count(self) -> int:
        """How many records there are; files that do not say so themselves are read for it."""
        rows = self._frame.raw.select(pl.len())
        with readable(self._data) if self._is_files else contextlib.nullcontext():
            return int(rows.collect(engine="streaming").item())

    def taken(self, entities: pl.DataFrame, *, whole: bool) -> Iterator[pl.DataFrame]:
        """The records of these entities in batches, in any order.

        Refused ones are counted in `refused`, all in `rows`.

        Args:
            entities: As for `columns`.
            whole: Records in memory come in one batch.
        """
        lazy = self.columns(entities)
        if self.is_eager and whole:
            yield self._count(lazy.collect(engine="in-memory"))
            return
        with readable(self._data) if self._is_files else contextlib.nullcontext():
            for batch in lazy.collect_batches(engine="streaming", maintain_order=False):
                yield self._count(batch)
            if self.rows == 0:  # without rows there are no batches either
                yield pl.DataFrame(schema=lazy.drop(_REASON).collect_schema())

    def _count(self, batch: pl.DataFrame) -> pl.DataFrame:
        self.rows += len(batch)
        reasons = batch[_REASON].to_numpy()
        counts = np.bincount(reasons, minlength=len(REASONS) + 1)
        for name, count in zip(REASONS, counts[1:].tolist(), strict=True):
            self.refused[name] += count
        wanted = batch[_ENTITY].is_not_null()
        if counts[0] == len(batch) and bool(wanted.all()):
            return batch.drop(_REASON)
        return batch.filter(wanted & pl.Series(reasons == 0)).drop(_REASON)

    def arrays(self, taken: pl.DataFrame) -> Records:
        """Records that were taken as arrays.

        Args:
            taken: What `taken` gave, some of it or all together.
        """
        rows, names, outputs = len(taken), set(self._outputs), self.plan.program.outputs
        taken = taken.rechunk()
        words = np.empty((self.plan.arguments, rows), np.uint64)
        valid = np.ones((self.plan.arguments, rows), np.uint8)
        for i in range(self.plan.arguments):
            dtype = outputs[argument_name(i)].dtype
            column = series_column(taken[argument_name(i)], dtype)
            words[i] = _words(column.values, dtype)
            if column.valid is not None:
                valid[i] = column.valid
                words[i] *= column.valid  # what stands under a null is never looked at, nor moves
        passes = np.empty((self.plan.filters, rows), np.uint8)
        for i in range(self.plan.filters):
            passes[i] = _numpy(taken[filter_name(i)].fill_null(False))
        return Records(
            _numpy(taken[_ENTITY]),
            _numpy(taken[TIME].to_physical()),
            order_words(taken[ID]),
            _numpy(taken[ARRIVAL].to_physical()) if ARRIVAL in names else None,
            order_words(taken[SEQUENCE]) if SEQUENCE in names else None,
            _numpy(taken[DELETED]).astype(np.uint8) if DELETED in names else None,
            words,
            valid,
            passes,
            tuple(taken[argument_name(i)].null_count() > 0 for i in range(len(words))),
        )


def order_words(values: pl.Series) -> Array:
    """Integers as unsigned words in the same order."""
    return order_word(_numpy(values))


def _numpy(values: pl.Series) -> Array:
    return np.ascontiguousarray(values.to_numpy())


def _words(values: Array, dtype: DType) -> Array:
    """Values as the words that a state holds them in."""
    if dtype.kind == "f":
        return values.astype(np.float64, copy=False).view(np.uint64)
    if dtype.kind == "i":
        return values.astype(np.int64, copy=False).view(np.uint64)
    return values.astype(np.uint64, copy=False)


def _free(name: str, taken: set[str]) -> str:
    """A name that no column has."""
    while name in taken:
        name += "_"
    return name

"""`fit`: what the analyzers of a feature set find over all rows.

One pass over the frame for each level of nesting: the analyzers of a level need the fitted values
of those before it, and all of one level look at each batch together. Their arguments are one
program, computed by the same plan as a transform. Accumulators round nothing before the end, so
neither the order of rows nor batches nor threads can show in the state.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from featurelib.analyzers import Accumulator, Analyzer, FittedValue, from_json
from featurelib.analyzers.base import argument_type
from featurelib.analyzers.batches import number_codes
from featurelib.dtypes import DType
from featurelib.feature_set import FeatureSet
from featurelib.node import FIT, Node
from featurelib.program import Program, topological
from featurelib.state import FittedState
from featurelib_offline.columns import series_column
from featurelib_offline.files import is_source, read_files, readable
from featurelib_offline.frames import Frame, read_frame
from featurelib_offline.plan import Native, plan
from featurelib_offline.point_in_time import with_aggregates

__all__ = ["Progress", "fit"]

Progress = Callable[[int], None]
"""Told the number of rows seen so far, over all passes."""


def fit(
    feature_set: FeatureSet,
    data: Any,
    *,
    native: Native = "auto",
    threads: int = 1,
    progress: Progress | None = None,
    events: Mapping[str, Any] | None = None,
) -> FittedState:
    """The fitted state of a feature set.

    Args:
        feature_set: The definition.
        data: The training rows: a frame as `transform` takes it, or files as `job` takes them.
        native: See `featurelib_offline.plan.Plan`.
        threads: How many threads take batches side by side.
        progress: Called after each batch.
        events: See `featurelib_offline.transform`; `data` is then a frame of queries.

    Raises:
        FitError: These rows have no such statistic; the message names feature and analyzer.
        InputError: A column or a value does not fit the input schema.
    """
    state: dict[str, tuple[DType, FittedValue]] = {}
    levels = _levels(feature_set.program)
    if not levels:
        return FittedState({})
    where = feature_set.name
    if events is not None:
        data = with_aggregates(data, events, feature_set.aggregates, where, native=native)
        data = data.collect() if isinstance(data, pl.LazyFrame) else data  # once for all levels
    if is_source(data):
        frame = read_files(data, feature_set.inputs, where=where)
    else:
        frame = read_frame(data, feature_set.inputs, where=where)
    seen = _Seen(progress)
    for nodes in levels:
        values = {key: value for key, (_, value) in state.items()}
        with readable(data) if is_source(data) else contextlib.nullcontext():
            found = _level(nodes, values, frame, native, threads, seen)
        for node, accumulator in zip(nodes, found, strict=True):
            place = f"{where}: feature `{_feature_of(node, feature_set.program)}`"
            state[node.key] = (node.dtype, accumulator.finish(place))
    return FittedState(state)


def _levels(program: Program) -> list[list[Node]]:
    """The fitted nodes by how deep they are nested."""
    depth: dict[str, int] = {}
    for node in program.nodes:
        below = max((depth[a.key] for a in node.args), default=0)
        depth[node.key] = below + (node.op == FIT)
    levels: list[list[Node]] = [[] for _ in range(max(depth.values(), default=0))]
    for node in program.fits:
        levels[depth[node.key] - 1].append(node)
    return levels


def _feature_of(fitted: Node, program: Program) -> str:
    """The first feature that reads a fitted node."""
    return next(
        name
        for name, root in program.outputs.items()
        if any(n.key == fitted.key for n in topological([root], through_fits=True))
    )


def _level(
    nodes: list[Node],
    values: Mapping[str, FittedValue],
    frame: Frame,
    native: Native,
    threads: int,
    seen: _Seen,
) -> list[Accumulator]:
    """The accumulators of one level after all rows."""
    arguments = Program({arg.key: arg for n in nodes for arg in n.args})
    columns = frame.columns() if frame.is_eager else frame.checked()
    lazy = plan(arguments, values, native=native).apply(columns)

    def drain(batches: Iterable[pl.DataFrame]) -> list[Accumulator]:
        accumulators = [accumulator_of(n) for n in nodes]
        for batch in batches:
            for node, accumulator in zip(nodes, accumulators, strict=True):
                columns = tuple(SeriesBatch(batch[arg.key], arg.dtype) for arg in node.args)
                accumulator.update(columns[0] if len(columns) == 1 else columns)
            seen.add(len(batch))
        return accumulators

    with frame.naming_faults():
        batches = _Shared(lazy.collect_batches(maintain_order=False, engine="streaming"))
        if threads <= 1:
            return drain(batches)
        with ThreadPoolExecutor(threads) as pool:
            first, *others = list(pool.map(drain, [batches] * threads))
    for other in others:
        for mine, theirs in zip(first, other, strict=True):
            mine.merge(theirs)
    return first


def analyzer_of(node: Node) -> Analyzer:
    """The analyzer of a fitted node."""
    return from_json(json.loads(node.param["analyzer"]))


def accumulator_of(node: Node) -> Accumulator:
    """An empty accumulator of a fitted node's analyzer."""
    return analyzer_of(node).start(argument_type([arg.dtype for arg in node.args]))


@dataclass(frozen=True, slots=True)
class SeriesBatch:
    """Rows of a Polars column, as accumulators take them."""

    values: pl.Series
    dtype: DType

    def arrays(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any] | None]:
        """Values at the storage width and flags; text has flags only."""
        if self.dtype.kind == "v":
            return np.zeros(len(self.values), np.uint8), self._flags()
        column = series_column(self.values, self.dtype)
        return column.values, column.valid

    def _flags(self) -> np.ndarray[Any, Any]:
        return self.values.is_not_null().to_numpy().astype(np.uint8)

    def value_counts(self) -> dict[Any, int]:
        """Counted by Polars."""
        counts = self.values.drop_nulls().value_counts(name="n")
        return dict(zip(counts.to_series(0).to_list(), counts["n"].to_list(), strict=True))

    def document_counts(self) -> tuple[int, dict[Any, int]]:
        """Counted by Polars."""
        lists = self.values.drop_nulls()
        lists = lists.arr.to_list() if self.dtype.size is not None else lists
        found = lists.filter(lists.list.len() > 0).list.unique().explode()
        counts = found.value_counts(name="n")
        return len(lists), dict(zip(counts[:, 0].to_list(), counts["n"].to_list(), strict=True))

    def codes(self) -> tuple[list[Any], np.ndarray[Any, Any]]:
        """Of text found by Polars."""
        if self.dtype.name != "String":
            return number_codes(self)
        distinct = self.values.drop_nulls().unique()
        if not len(distinct):
            return [], np.full(len(self.values), -1, np.int64)
        places = pl.int_range(len(distinct), dtype=pl.Int64, eager=True)
        codes = self.values.replace_strict(distinct, places, default=-1, return_dtype=pl.Int64)
        return distinct.to_list(), codes.to_numpy()


class _Shared:
    """An iterator that several threads may take from."""

    def __init__(self, source: Iterable[pl.DataFrame]) -> None:
        self._source = iter(source)
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[pl.DataFrame]:
        return self

    def __next__(self) -> pl.DataFrame:
        with self._lock:
            return next(self._source)


class _Seen:
    """Counts rows and tells the caller."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._rows = 0
        self._lock = threading.Lock()

    def add(self, rows: int) -> None:
        with self._lock:
            self._rows += rows
            if self._progress is not None:
                self._progress(self._rows)

"""Queries about sorted events: one pass of machine code for each window of each argument."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from featurelib.dtypes import DType
from featurelib.jit.kernel import Column
from featurelib.jit.point_in_time import context as at
from featurelib.jit.point_in_time.floors import floors
from featurelib.jit.point_in_time.slide import slide
from featurelib.jit.threads import run_parts
from featurelib.jit.windows import layout
from featurelib.jit.windows.plan import Plan
from featurelib.windows import aggregates as kinds
from featurelib.windows.definition import AggregatePlan, Definition
from featurelib.windows.plan_events import EventPlan
from featurelib.windows.window import AS_OF, START, Calendar, Last, Rows, Window
from featurelib_offline.columns import series
from featurelib_offline.events.sorting import THREADS, SortedEvents, SortedQueries, shares
from featurelib_offline.plan import plan

__all__ = ["Answer", "answer_queries"]

Array = np.ndarray[Any, Any]
_BEGINNING = layout.LONG_AGO + 1
"""The start of a window that has none: after the time of "all events are kept"."""
_NO_TIMES = np.zeros(0, np.int64)
_NO_PLACES = np.zeros(0, np.int64)
_NO_WORDS = np.zeros(0, np.uint64)


class Answer(NamedTuple):
    """One aggregate of every query, in the order of sorted queries.

    Attributes:
        plan: The aggregate.
        words: Values as words.
        reasons: Codes of `featurelib.jit.windows.layout`; 0 where there is a value.
        elements: Of lists their elements as words, a row a query; `words` has their lengths.
    """

    plan: AggregatePlan
    words: Array
    reasons: Array
    elements: Array | None


@dataclass(frozen=True)
class Asked:
    """An aggregate and what machine code reads of it.

    Attributes:
        plan: The aggregate.
        record: Its words in `featurelib.jit.windows.plan.Plan`.
        room: Elements that it may have, if it is a list.
    """

    plan: AggregatePlan
    record: Array
    room: int


def asked(definition: Definition, source: str) -> list[Asked]:
    """The aggregates over one source."""
    made = Plan(definition, source)
    begin = int(made.words[layout.P_AT_ANSWERS])
    records = made.words[begin:].reshape(-1, layout.PLAN_ANSWER)
    return [Asked(*one) for one in zip(made.aggregates, records, made.rooms, strict=True)]


@dataclass(frozen=True)
class _Pass:
    """What one pass answers: aggregates of one argument in one window through one filter."""

    window: Window
    filter: int | None
    arguments: tuple[int, ...]
    plans: tuple[Asked, ...]


_NEEDS = {
    "sum": layout.NEEDS_SUM,
    "squares": layout.NEEDS_SUM | layout.NEEDS_SQUARES,
    "min": layout.NEEDS_ENDS,
    "max": layout.NEEDS_ENDS,
}


def answer_queries(
    events: SortedEvents, queries: SortedQueries, source: EventPlan, plans: Iterable[Asked]
) -> Iterator[Answer]:
    """Answers every query; aggregates of one pass come together.

    Args:
        events: The events of one source.
        queries: The queries, by the same entities.
        source: What the events are.
        plans: The aggregates.
    """
    floor, floor_time = _floors(events, queries, source)
    for work in _passes(plans):
        starts, ends = span(work.window, queries.as_of)
        yield from _run(work, events, queries, source, starts, ends, floor, floor_time)


def _passes(plans: Iterable[Asked]) -> list[_Pass]:
    found: dict[Any, list[Asked]] = {}
    for one in plans:
        made = one.plan
        # The pass of arg_min(x, by=y) looks at y where x is there too.
        is_pair = isinstance(made.aggregate, (kinds.ArgMin, kinds.ArgMax))
        arguments = made.arguments[::-1] if is_pair else made.arguments
        found.setdefault((made.window, made.filter, arguments), []).append(one)
    return [_Pass(w, f, a, tuple(some)) for (w, f, a), some in found.items()]


def span(window: Window, as_of: Array) -> tuple[Array, Array]:
    """First and last moment of the window of each query, both in it.

    Args:
        window: Of which kind; its bound of rows is not looked at.
        as_of: Query times.
    """
    if isinstance(window, Last):
        sees_now, length = window.sees_now, window.length_us
        if window.resolution_us is not None:
            starts = as_of // window.resolution_us * window.resolution_us - length
        else:
            starts = as_of - length + (0 if window.closed in ("left", "both") else 1)
    else:
        sees_now = window.sees_now
        if isinstance(window, Calendar):
            starts = _calendar_starts(window, as_of)
        else:
            starts = np.full(len(as_of), _BEGINNING, np.int64)
    return starts, as_of if sees_now else as_of - 1


def _calendar_starts(window: Calendar, as_of: Array) -> Array:
    instants = pl.Series(AS_OF, as_of).cast(pl.Datetime("us", "UTC"))
    found = plan(window.start, native="never").apply(instants.to_frame().lazy())
    starts = found.collect(engine="in-memory")[START].to_physical().fill_null(_BEGINNING)
    return np.ascontiguousarray(starts.to_numpy())


def _row_bound(window: Window) -> int:
    if isinstance(window, Rows):
        return window.n
    return (window.rows or 0) if isinstance(window, Last) else 0


def _floors(events: SortedEvents, queries: SortedQueries, source: EventPlan) -> tuple[Array, Array]:
    """For each query where what is kept begins, and the time of what is not."""
    given, known, sequence = events.events, events.known, events.sequence
    floor = np.empty(len(queries.rows), np.int64)
    floor_time = np.empty(len(queries.rows), np.int64)
    edges = shares(given.offsets, THREADS)

    def part(k: int) -> None:
        floors(
            given.time, _NO_WORDS if sequence is None else sequence, sequence is not None,
            _NO_TIMES if known is None else known,
            _NO_PLACES if known is None else events.by_known, known is not None,
            given.offsets, queries.as_of, queries.offsets, source.source.max_events,
            floor, floor_time, edges[k], edges[k + 1],
        )  # fmt: skip

    run_parts(part, THREADS)
    return floor, floor_time


def _run(
    work: _Pass, events: SortedEvents, queries: SortedQueries, source: EventPlan,
    starts: Array, ends: Array, floor: Array, floor_time: Array,
) -> Iterator[Answer]:  # fmt: skip
    given = events.events
    words, valid, kind = _channel(work, events, source)
    count = len(queries.rows)
    passes = events.ones if work.filter is None else events.filter(work.filter)
    needs = 0
    for made in work.plans:
        for need in made.plan.aggregate.needs:
            needs |= _NEEDS.get(need, 0)
        op = made.record[layout.PW_OP]
        needs |= layout.NEEDS_ENDS if op in (layout.ARG_MIN, layout.ARG_MAX) else 0
        needs |= at.NEEDS_VALUES if op in at.BY_VALUES else 0
    wants, rooms = _wants(work, count)
    out = np.empty((len(work.plans), count), np.uint64)
    why = np.empty((len(work.plans), count), np.uint8)
    given_words = np.zeros(at.BEGIN, np.int64)
    held = {
        at.ALL_TIMES: given.time, at.ALL_ARRIVAL: given.arrival, at.ALL_GONE: given.gone,
        at.ALL_BY_ARRIVAL: events.by_arrival, at.ALL_BY_GONE: events.by_gone,
        at.ALL_WORDS: words, at.ALL_VALID: valid, at.ALL_PASSES: passes,
        at.OFFSETS: given.offsets, at.Q_OFFSETS: queries.offsets, at.AS_OF: queries.as_of,
        at.STARTS: starts, at.ENDS: ends, at.FLOOR: floor, at.FLOOR_TIME: floor_time,
        at.OUT: out, at.WHY: why, at.WANTS: wants,
    }  # fmt: skip
    for place, array in held.items():
        given_words[place] = 0 if array is None else array.ctypes.data
    given_words[[at.N_QUERIES, at.N_WANTS, at.KIND, at.ROWS, at.NEEDS]] = (
        count, len(work.plans), kind, _row_bound(work.window), needs,
    )  # fmt: skip
    edges = shares(given.offsets + queries.offsets, THREADS)
    run_parts(lambda k: slide(given_words, edges[k], edges[k + 1]), THREADS)
    for k, made in enumerate(work.plans):
        found = out[k]
        if isinstance(made.plan.aggregate, (kinds.ArgMin, kinds.ArgMax)):
            values = events.argument(made.plan.arguments[0])[0]
            found = values[np.where(why[k] == 0, found, 0)] if len(values) else found
        yield Answer(made.plan, found, why[k], rooms[k])


def _wants(work: _Pass, queries: int) -> tuple[Array, list[Array | None]]:
    """What is asked in words, and the memory of each aggregate that is a list."""
    wants = np.zeros((len(work.plans), at.WANT), np.int64)
    rooms: list[Array | None] = []
    for k, made in enumerate(work.plans):
        wants[k, : layout.PLAN_ANSWER] = made.record
        wants[k, at.ROW] = k
        room = np.zeros((queries, made.room), np.uint64) if made.room else None
        if room is not None:
            wants[k, at.ROOM_AT], wants[k, at.ROOM_WORDS] = room.ctypes.data, made.room
        rooms.append(room)
    return wants, rooms


def _channel(work: _Pass, events: SortedEvents, source: EventPlan) -> tuple[Array, Array, int]:
    """Words, flags and kind of what a pass looks at."""
    if not work.arguments:
        return _NO_WORDS, events.ones, layout.KIND_UINT
    words, valid = events.argument(work.arguments[0])
    for other in work.arguments[1:]:
        valid = valid & events.argument(other)[1]
    return words, valid, _kind(source.argument_dtype(work.arguments[0]))


def _kind(dtype: DType) -> int:
    return {
        "b": layout.KIND_BOOL, "i": layout.KIND_INT, "u": layout.KIND_UINT, "f": layout.KIND_FLOAT,
    }[dtype.kind]  # fmt: skip


def column_of(answer: Answer, rows: Sequence[int] | Array) -> pl.Series:
    """An answer as a column, in the order of the queries' own rows.

    Args:
        answer: In the order of sorted queries.
        rows: The row of each sorted query.
    """
    dtype, count = answer.plan.dtype, len(answer.words)
    valid = np.empty(count, np.uint8)
    valid[rows] = answer.reasons == layout.VALUE
    flags = None if valid.all() else valid
    if answer.elements is not None:
        assert dtype.inner is not None
        elements = _stored(answer.elements, dtype.inner)
        pairs = np.empty((count, 2), np.int64)
        step = elements.shape[1] * elements.itemsize
        pairs[rows, 0] = elements.ctypes.data + step * np.arange(count)
        pairs[rows, 1] = np.where(answer.reasons == layout.VALUE, answer.words.view(np.int64), 0)
        return series(answer.plan.name, Column(pairs, flags, elements), dtype)
    words = np.empty_like(answer.words)
    words[rows] = answer.words
    return series(answer.plan.name, Column(_stored(words, dtype), flags), dtype)


def _stored(words: Array, dtype: DType) -> Array:
    """Words as values of a type, at its storage width."""
    values = words
    if dtype.kind in "fi":
        values = words.view(np.float64 if dtype.kind == "f" else np.int64)
    return np.ascontiguousarray(values.astype(dtype.storage, copy=False))

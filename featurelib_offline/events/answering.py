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
from featurelib.jit.windows import layout
from featurelib.jit.windows.plan import Plan
from featurelib.windows import aggregates as kinds
from featurelib.windows.definition import AggregatePlan, Definition
from featurelib.windows.plan_events import EventPlan
from featurelib.windows.window import Window
from featurelib_offline.columns import series
from featurelib_offline.events.passes import Channel, Kept, run_pass, span, what_is_kept
from featurelib_offline.events.sorting import SortedEvents, SortedQueries

__all__ = ["Answer", "Asked", "answer_queries", "asked", "column_of", "span"]

Array = np.ndarray[Any, Any]
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
    end = begin + layout.PLAN_ANSWER * len(made.aggregates)
    records = made.words[begin:end].reshape(-1, layout.PLAN_ANSWER)
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


_ESTIMATES = (kinds.ApproxNUnique, kinds.ApproxQuantile)


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
    kept = what_is_kept(events, queries, source.source)
    for work in _passes(plans):
        yield from _run(work, events, queries, source, kept)


def _passes(plans: Iterable[Asked]) -> list[_Pass]:
    found: dict[Any, list[Asked]] = {}
    for one in plans:
        made = one.plan
        # The pass of arg_min(x, by=y) looks at y where x is there too.
        is_pair = isinstance(made.aggregate, (kinds.ArgMin, kinds.ArgMax))
        arguments = made.arguments[::-1] if is_pair else made.arguments
        # A pass estimates with one precision, and all quantiles by the same buckets.
        kind, estimate = type(made.aggregate), None
        if kind in _ESTIMATES:
            estimate = (kind, int(one.record[layout.PW_COUNT]))
        found.setdefault((made.window, made.filter, arguments, estimate), []).append(one)
    return [_Pass(w, f, a, tuple(some)) for (w, f, a, _), some in found.items()]


def _run(
    work: _Pass, events: SortedEvents, queries: SortedQueries, source: EventPlan, kept: Kept
) -> Iterator[Answer]:  # fmt: skip
    words, valid, kind = _channel(work, events, source)
    passes = events.ones if work.filter is None else events.filter(work.filter)
    needs = 0
    for made in work.plans:
        for need in made.plan.aggregate.needs:
            needs |= _NEEDS.get(need, 0)
        op = made.record[layout.PW_OP]
        if op in (layout.ARG_MIN, layout.ARG_MAX):
            needs |= layout.NEEDS_ENDS | at.NEEDS_PLACES
        needs |= at.NEEDS_ESTIMATE if type(made.plan.aggregate) in _ESTIMATES else 0
        needs |= at.NEEDS_VALUES if op in at.BY_VALUES else 0
    wants, rooms = _wants(work, len(queries.rows))
    channel = Channel(words, valid, passes, kind, needs)
    out, why = run_pass(events, queries, work.window, kept, channel, wants)
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
        wants[k, at.ROW], wants[k, at.OF_TOTAL] = k, made.plan.has_totals
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

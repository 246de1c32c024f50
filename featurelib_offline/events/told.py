"""What is said of each event of one entity at one query: in the window, or why not.

Which events are in a window is asked, not computed: a numbered copy of the source has aggregates
that list the numbers of the records in the window, and `point_in_time` answers them.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from featurelib.borders import canonical, canonical_row
from featurelib.dtypes import DATETIME, INT64, DType, list_type
from featurelib.errors import InputError
from featurelib.evaluate import Evaluator
from featurelib.fields import Field, InputSchema
from featurelib.node import at, call, input_node
from featurelib.program import Program
from featurelib.windows import picture as said
from featurelib.windows.aggregates import LastK
from featurelib.windows.definition import AggregatePlan, Definition
from featurelib.windows.picture import Mark
from featurelib.windows.plan_events import ROLES, EventPlan, argument_name, filter_name
from featurelib.windows.window import Last, Lifetime, Rows, Window
from featurelib_offline.point_in_time import Joined, point_in_time

__all__ = ["MOST_RECORDS", "Probe", "marks", "probe"]

MOST_RECORDS = 500
"""Records of one entity in a picture; more would be a wall."""
NEVER = 1 << 80
_INSIDE, _VALUED, _SPANNED, _PASSING, _VISIBLE = range(5)
_LETTERS = 6
"""Letters of a value beside its mark."""


@dataclass(frozen=True)
class Probe:
    """One aggregate, and lists of the records that its window holds.

    Attributes:
        name: The aggregate's name.
        definition: What is asked: the aggregate, and over a numbered copy of its source which
            records are in the window, have a value, are in its stretch of time without and with
            the filter, and are visible at all.
        numbered: The name of that copy.
        column: Its column with the record's number.
    """

    name: str
    definition: Definition
    numbered: str
    column: str

    @property
    def plan(self) -> AggregatePlan:
        """The aggregate."""
        return self.definition.aggregates[self.name]

    @property
    def source(self) -> EventPlan:
        """The source of its events."""
        return self.definition.sources[self.plan.source]

    def events(self, frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
        """The records for both sources."""
        numbers = pl.int_range(len(frame), dtype=pl.Int64).alias(self.column)
        return {self.plan.source: frame, self.numbered: frame.with_columns(numbers)}

    def listed(self, answer: Mapping[str, Any], which: int) -> set[int]:
        """The records in one of the lists."""
        return set(answer[_list_name(self.name, which)] or ())


def _list_name(name: str, which: int) -> str:
    return f"{name} {which}"


def probe(definition: Definition, name: str, records: int) -> Probe:
    """What is asked about one aggregate and at most so many records."""
    made = definition.aggregates[name]
    plan = definition.sources[made.source]
    column, numbered = f"record of {name}", f"numbered {made.source}"
    while column in plan.schema.by_name:
        column += "_"
    schema = plan.source.schema
    source = replace(
        plan.source,
        name=numbered,
        schema=InputSchema(
            schema.name, (*schema.fields, Field(column, INT64)), schema.extra, schema.structs
        ),
        max_events=max(plan.source.max_events, records),
    )
    outputs = {role: plan.program.outputs[role] for role in ROLES}
    with at(None):
        number = valued = input_node(column, INT64, False)
        for i in made.arguments:
            argument: Any = plan.program.outputs[argument_name(i)]
            if argument.nullable:
                valued = call("if_else", (argument.is_not_null(), valued, None), {})
    outputs[argument_name(0)], outputs[argument_name(1)] = number, valued
    if made.filter is not None:
        outputs[filter_name(0)] = plan.program.outputs[filter_name(made.filter)]
    has_filter = made.filter is not None
    events = EventPlan(source, Program(outputs), 2, int(has_filter))
    stretch, only = _without_rows(made.window), 0 if has_filter else None
    asked: tuple[tuple[Window, int, int | None], ...] = (
        (made.window, 0, only), (made.window, 1, only), (stretch, 0, None), (stretch, 0, only),
        (Lifetime(sees_now=True), 0, None),
    )  # fmt: skip
    kind, dtype = LastK(max(records, 1)), list_type(INT64)
    lists = (
        AggregatePlan(
            _list_name(name, k), numbered, window, kind, (argument,), only, made.entity, dtype
        )
        for k, (window, argument, only) in enumerate(asked)
    )
    aggregates = {name: made} | {p.name: p for p in lists}
    return Probe(
        name, Definition({made.source: plan, numbered: events}, aggregates, definition.as_of),
        numbered, column,
    )  # fmt: skip


def _without_rows(window: Window) -> Window:
    """The stretch of time that a window takes its rows from."""
    if isinstance(window, Rows):
        return Lifetime(window.sees_now)
    return replace(window, rows=None) if isinstance(window, Last) else window


@dataclass
class _Event:
    """Records of one event: numbers, arrivals and labels, of deliveries and of withdrawals."""

    t: int
    s: int
    id: int
    deliveries: list[tuple[int, int, str]]
    withdrawals: list[tuple[int, int, str]]

    @property
    def arrival(self) -> int:
        return min((a for a, _, _ in self.deliveries), default=NEVER)

    @property
    def gone(self) -> int:
        return min((a for a, _, _ in self.withdrawals), default=NEVER)

    @property
    def first(self) -> list[tuple[int, int, str]]:
        """The records of the smallest arrival, by number: the first stands for the event."""
        told = self.deliveries or self.withdrawals
        return [r for r in told if r[0] == min(a for a, _, _ in told)]


def marks(
    asked: Probe, frame: pl.DataFrame, query: pl.DataFrame, q: int, found: Joined
) -> tuple[tuple[Mark, ...], tuple[str, ...]]:
    """The marks of a picture, and why records without a time were refused.

    Args:
        asked: What was asked.
        frame: The records.
        query: What was asked of `point_in_time`, one row.
        q: Its time in microseconds.
        found: What it answered.
    """
    plan = asked.source
    reasons = _reasons(asked, frame, query) if found.refused[plan.source.name] else {}
    answer = found.result.row(0, named=True)
    events, drawn, unplaced = _events(asked, frame, reasons)
    known = sorted(
        (e for e in events if min(e.arrival, e.gone) <= q), key=lambda e: (e.t, e.s, e.id)
    )
    out_of_reach = {id(e) for e in _out_of_reach(asked, known, q)}
    lists = [asked.listed(answer, k) for k in range(5)]
    for event in sorted(events, key=lambda e: (e.t, e.s, e.arrival, e.id)):
        first = event.first
        labels = {label for _, _, label in first}
        drawn.append(
            Mark(
                event.t,
                first[0][0],
                _state(event, first[0][1], q, lists, id(event) in out_of_reach),
                first[0][1],
                labels.pop() if len(labels) == 1 else "",
                max(len(event.deliveries), 1),
            )
        )
    return tuple(sorted(drawn, key=lambda m: m.time)), unplaced


def _out_of_reach(asked: Probe, known: list[_Event], q: int) -> list[_Event]:
    """Events that the aggregate cannot count: not kept, or of totals those that are lost.

    Args:
        asked: What was asked.
        known: Events of which a record has arrived at q, by time, sequence and id.
        q: The query time.
    """
    source, most = asked.source.source, asked.source.source.max_events
    if not asked.plan.has_totals:
        return known[:-most]
    lateness = source.max_lateness_us if source.arrival is not None else 0
    lost, arrivals = [], list[int]()
    for event in reversed(known):
        in_time = q if lateness is None else min(q, event.t + lateness)
        if len(arrivals) >= most and arrivals[most - 1] <= in_time:
            lost.append(event)
        insort(arrivals, min(event.arrival, event.gone))
    return lost


def _state(event: _Event, record: int, q: int, lists: list[set[int]], is_beyond: bool) -> str:
    if record in lists[_VISIBLE]:
        if is_beyond:
            return said.NOT_KEPT
        if record in lists[_INSIDE]:
            return said.INSIDE if record in lists[_VALUED] else said.NO_VALUE
        is_filtered = record in lists[_SPANNED] and record not in lists[_PASSING]
        return said.FILTERED if is_filtered else said.OUTSIDE
    if event.gone <= q:
        return said.WITHDRAWN
    return said.OUTSIDE if event.t > q else said.NOT_ARRIVED


def _reasons(asked: Probe, frame: pl.DataFrame, query: pl.DataFrame) -> dict[int, str]:
    """Why records are refused, by number: each is given to `point_in_time` alone."""
    definition = Definition(
        {asked.plan.source: asked.source}, {asked.name: asked.plan}, asked.definition.as_of
    )
    reasons = {}
    for i in range(len(frame)):
        one = point_in_time(query, {asked.plan.source: frame[i]}, definition, refused="collect")
        for reason in one.refused[asked.plan.source]:
            reasons[i] = reason
    return reasons


def _events(
    asked: Probe, frame: pl.DataFrame, reasons: Mapping[int, str]
) -> tuple[list[_Event], list[Mark], tuple[str, ...]]:
    """The events, and the records that are refused: those with a time as marks."""
    source, evaluator = asked.source.source, Evaluator(asked.source.program, {})
    argument = argument_name(asked.plan.arguments[0]) if asked.plan.arguments else None
    events: dict[tuple[int, int, int], _Event] = {}
    refused, unplaced = [], []
    for i, row in enumerate(frame.iter_rows(named=True)):
        if i in reasons:
            time, arrival = _instant(row, source.time), _instant(row, source.arrival)
            if time is None:
                unplaced.append(reasons[i])
            else:
                arrival = time if arrival is None else arrival
                refused.append(Mark(time, arrival, said.REFUSED, i, reason=reasons[i]))
            continue
        found = evaluator.row(canonical_row(row, source.records, where=source.name))
        t, a, s, number, deleted = (found[role] for role in ROLES)
        event = events.setdefault((t, s, number), _Event(t, s, number, [], []))
        dtype = asked.source.program.outputs[argument].dtype if argument else None
        told = (a, i, _label(found[argument], dtype) if argument and dtype else "")
        (event.withdrawals if deleted else event.deliveries).append(told)
    return list(events.values()), refused, tuple(unplaced)


def _instant(row: Mapping[str, Any], column: str | None) -> int | None:
    """A time of a record that is refused; None where it is none."""
    try:
        made: int | None = canonical(row[column or ""], Field("time", DATETIME, True))
    except (InputError, KeyError):
        return None
    return made


def _label(value: Any, dtype: DType) -> str:
    """A value in a few letters; empty if it needs more, or is a time."""
    if value is None or dtype.is_temporal:
        return ""
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _LETTERS else ""

"""Plans: a definition's windows and aggregates over one source as words that machine code reads."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from featurelib.analyzers.order import RULES
from featurelib.dtypes import DType
from featurelib.jit.windows import layout as at
from featurelib.jit.windows.moments import SCRATCH_WORDS
from featurelib.jit.windows.plan_states import StateShape, chunks_of
from featurelib.jit.windows.plan_totals import TotalsPlan, estimate_of
from featurelib.windows import aggregates as kinds
from featurelib.windows.definition import AggregatePlan, Definition
from featurelib.windows.window import Calendar, Last, Lifetime, Rows, Session, Window

Array = np.ndarray[Any, Any]
_KINDS = {"b": at.KIND_BOOL, "i": at.KIND_INT, "u": at.KIND_UINT, "f": at.KIND_FLOAT}
_NEEDS = {
    "sum": at.NEEDS_SUM,
    "squares": at.NEEDS_SQUARES,
    "min": at.NEEDS_ENDS,
    "max": at.NEEDS_ENDS,
}
_OPS: dict[type[kinds.Aggregate], int] = {
    kinds.Count: at.COUNT, kinds.Mean: at.MEAN, kinds.Var: at.VAR, kinds.Std: at.STD,
    kinds.Min: at.MIN, kinds.Max: at.MAX, kinds.First: at.FIRST_VALUE, kinds.LastValue: at.LAG,
    kinds.Lag: at.LAG, kinds.TimeSinceLast: at.TIME_SINCE_LAST, kinds.FirstK: at.FIRST_K,
    kinds.LastK: at.LAST_K, kinds.ArgMin: at.ARG_MIN, kinds.ArgMax: at.ARG_MAX,
    kinds.NUnique: at.N_UNIQUE, kinds.TopK: at.TOP_K, kinds.CountOf: at.COUNT_OF,
    kinds.ModeRatio: at.MODE_RATIO, kinds.Quantile: at.QUANTILE, kinds.DecayedSum: at.DECAYED_SUM,
    kinds.NSessions: at.N_SESSIONS, kinds.ApproxNUnique: at.APPROX_N_UNIQUE,
    kinds.ApproxQuantile: at.APPROX_QUANTILE,
}  # fmt: skip
REASONS = (None, "no_events", "beyond_kept", "too_many", "out_of_range")
"""What the numbers of reasons mean; None: there is a value."""


class Plan(StateShape):
    """What machine code reads of the aggregates over one source.

    Args:
        definition: The aggregates.
        source: The source's name.

    Attributes:
        events: How its records are read.
        aggregates: Those over this source, in order.
        words: The plan.
        address: Where it lies.
        calendars: For each span that is a calendar window its number and the window.
        slot_words: Words of an event.
        chunk_words: Words of a chunk's record.
        header_words: Words before the first chunk.
        totals: The totals; a state has them only if there are families.
        max_capacity: Slots of the largest state.
        rooms: For each aggregate that is a list how long it may be, else 0.
    """

    def __init__(self, definition: Definition, source: str) -> None:
        self.events = definition.sources[source]
        self.aggregates = definition.of(source)
        self._spans: list[list[int]] = []
        self._classes: list[list[int]] = []
        self._cells: list[list[int]] = []
        self.calendars: list[tuple[int, Calendar]] = []
        self._cell_totals: dict[int, tuple[int, int]] = {}
        self._known: dict[Any, int] = {}
        arguments = [self.events.argument_dtype(i) for i in range(self.events.arguments)]
        self._arg_kinds = [_KINDS[dtype.kind] for dtype in arguments]
        self.rooms = [_room(p.aggregate, self._max_events) for p in self.aggregates]
        self.totals = TotalsPlan(self._lateness)
        answers = [self._answer(p) for p in self.aggregates]
        self.totals.close()
        for k, total in self._cell_totals.items():
            self._cells[k][at.PL_TOTAL] = self.totals.number(total)
        n_flags = -(-(len(arguments) + self.events.filters) // 64)
        self.slot_words = at.E_FLAGS + n_flags + len(arguments)
        self.chunk_words = at.CHUNK_HEAD + at.CLASS * len(self._classes)
        self._at_head = at.HEADER + at.ARGUMENT * len(arguments)
        self.header_words = self._at_head + self.totals.head_words
        # With room for a quarter more, what is kept moves to the front once in so many events.
        slack = max(at.CHUNK, self._max_events // 4)
        self.max_capacity = chunks_of(self._max_events + slack) + at.CHUNK
        self._fingerprint = definition.state_fingerprints[source]
        header = self._header(n_flags, answers)
        args = [[kind, int(self._is_summed(i))] for i, kind in enumerate(self._arg_kinds)]
        totals = (*self.totals.families, *self.totals.totals)
        parts = (header, *args, *self._classes, *self._spans, *self._cells, *answers, *totals)
        self.words: Array = np.array([w for part in parts for w in part], np.int64)
        self.address = int(self.words.ctypes.data)

    @property
    def _max_events(self) -> int:
        return self.events.source.max_events

    @property
    def _lateness(self) -> int | None:
        """How long after its event a record may come; without arrivals not at all."""
        source = self.events.source
        return 0 if source.arrival is None else source.max_lateness_us

    @property
    def has_totals(self) -> bool:
        """Whether any aggregate is answered over events that are not kept, too."""
        return bool(self.totals.families)

    @property
    def spans(self) -> list[list[int]]:
        """The records of the windows."""
        return self._spans

    def horizon(self, q: int) -> int | None:
        """The time before which no window at q or later reaches; None if a window has no start."""
        longest = 0
        for span in self._spans:
            if span[at.PS_KIND] != at.SPAN_TIME:
                return None
            longest = max(longest, span[at.PS_LENGTH] + span[at.PS_RESOLUTION])
        return q - longest

    def _header(self, n_flags: int, answers: Sequence[Sequence[int]]) -> list[int]:
        events, source = self.events, self.events.source
        n_args = len(self._arg_kinds)
        lateness, ahead = self._lateness, source.max_ahead_us
        if source.arrival is None:
            ahead = 0
        text = f"{self._fingerprint}:{self._classes}:{self.totals.content}:{at.MAGIC}"
        digest = np.frombuffer(hashlib.sha256(text.encode()).digest()[:16], np.int64)
        at_args = at.PLAN_HEADER
        at_classes = at_args + at.PLAN_ARG * n_args
        at_spans = at_classes + at.PLAN_CLASS * len(self._classes)
        at_cells = at_spans + at.PLAN_SPAN * len(self._spans)
        at_answers = at_cells + at.PLAN_CELL * len(self._cells)
        at_families = at_answers + at.PLAN_ANSWER * len(answers)
        n_families, n_totals = len(self.totals.families), len(self.totals.totals)
        scratch = (
            at.ANSWER * len(answers)
            + at.SPAN_RESULT * len(self._spans)
            + at.CLASS * len(self._cells)
        )
        lists = scratch + SCRATCH_WORDS
        estimates = max((total[at.PT_MORE] for total in self.totals.totals), default=0)
        known = {
            at.P_ARGS: n_args, at.P_FILTERS: events.filters, at.P_FLAG_WORDS: n_flags,
            at.P_SLOT: self.slot_words, at.P_CLASSES: len(self._classes),
            at.P_CHUNK: self.chunk_words, at.P_HEADER: self.header_words,
            at.P_MAX_EVENTS: self._max_events, at.P_MAX_CAPACITY: self.max_capacity,
            at.P_SPANS: len(self._spans), at.P_CELLS: len(self._cells),
            at.P_ANSWERS: len(answers), at.P_AT_ARGS: at_args, at.P_AT_CLASSES: at_classes,
            at.P_AT_SPANS: at_spans, at.P_AT_CELLS: at_cells, at.P_AT_ANSWERS: at_answers,
            at.P_DIGEST: int(digest[0]), at.P_DIGEST_2: int(digest[1]),
            at.P_LATENESS: -1 if lateness is None else lateness,
            at.P_AHEAD: -1 if ahead is None else ahead,
            at.P_ID_UNSIGNED: int(events.program.outputs["id"].dtype.is_unsigned),
            at.P_SCRATCH: scratch, at.P_LISTS: lists,
            at.P_KEYS: lists + sum(self.rooms) + estimates,
            at.P_HAS_BLOCKS: int(self._has_blocks),
            at.P_AT_HEAD: self._at_head if self.has_totals else 0,
            at.P_FAMILIES: n_families, at.P_AT_FAMILIES: at_families, at.P_TOTALS: n_totals,
            at.P_AT_TOTALS: at_families + at.PLAN_FAMILY * n_families,
            at.P_TOTALS_HEAD: self.totals.head_words,
        }  # fmt: skip
        return [known.get(k, 0) for k in range(at.PLAN_HEADER)]

    def _is_summed(self, argument: int) -> bool:
        sums = at.NEEDS_SUM | at.NEEDS_SQUARES
        return any(c[at.PC_ARG] == argument and c[at.PC_NEEDS] & sums for c in self._classes)

    def _class(self, argument: int, filter: int | None, needs: int) -> int:
        kind = self._arg_kinds[argument] if argument >= 0 else at.KIND_UINT
        which = -1 if filter is None else filter
        g = self._place(self._classes, ("class", argument, which), [argument, which, 0, kind])
        self._classes[g][at.PC_NEEDS] |= needs
        return g

    def _place(self, records: list[list[int]], key: Any, record: list[int]) -> int:
        if key not in self._known:
            self._known[key] = len(records)
            records.append(record)
        return self._known[key]

    def _span(self, window: Window, filter: int | None) -> int:
        rows = window.n if isinstance(window, Rows) else getattr(window, "rows", None) or 0
        record = [0] * at.PLAN_SPAN
        record[at.PS_ROWS] = rows
        record[at.PS_CLASS] = self._class(-1, filter, 0) if rows else -1
        record[at.PS_CLOSED_END] = int(window.sees_now)
        record[at.PS_KIND], record[at.PS_FAMILY] = at.SPAN_LIFETIME, -1
        if isinstance(window, Last):
            record[at.PS_KIND] = at.SPAN_TIME
            record[at.PS_LENGTH] = window.length_us
            record[at.PS_RESOLUTION] = window.resolution_us or 0
            record[at.PS_OPEN_START] = int(window.closed in ("right", "none"))
        elif isinstance(window, Session):
            record[at.PS_KIND], record[at.PS_LENGTH] = at.SPAN_SESSION, window.gap_us
        elif isinstance(window, Calendar):
            record[at.PS_KIND] = at.SPAN_CALENDAR
        key = ("span", window, filter if rows else None)
        is_new = key not in self._known
        k = self._place(self._spans, key, record)
        if is_new and isinstance(window, Calendar):
            self.calendars.append((k, window))
        return k

    def _answer(self, plan: AggregatePlan) -> list[int]:
        made = plan.aggregate
        record = [0] * at.PLAN_ANSWER
        record[at.PW_OP] = self._op(made, plan)
        record[at.PW_SPAN] = span = self._span(plan.window, plan.filter)
        needs = 0
        for need in made.needs:
            needs |= _NEEDS.get(need, 0)
        first = plan.arguments[0] if plan.arguments else -1
        record[at.PW_CLASS] = g = self._class(first, plan.filter, needs)
        if made.merges:
            record[at.PW_CELL] = self._cell(span, g, plan, needs)
        number = self.aggregates.index(plan)
        record[at.PW_LIST] = sum(self.rooms[:number])
        most = getattr(made, "max_items", None)
        record[at.PW_MOST] = -1 if most is None else most
        _parameters(record, made)
        if len(plan.arguments) == 2:
            record[at.PW_BY] = plan.arguments[1]
            record[at.PW_BY_KIND] = self._arg_kinds[plan.arguments[1]]
        return record

    def _cell(self, span: int, g: int, plan: AggregatePlan, needs: int) -> int:
        """The number of a class in a span; its total, if it has one, is noted."""
        estimate = estimate_of(plan.aggregate, self._op(plan.aggregate, plan))
        k = self._place(self._cells, ("cell", span, g, estimate), [span, g, -1])
        family = self.totals.family(plan.window)
        self._spans[span][at.PS_FAMILY] = family
        if family >= 0:
            self._cell_totals[k] = self.totals.add(family, g, needs, estimate)
        return k

    def _op(self, made: kinds.Aggregate, plan: AggregatePlan) -> int:
        if isinstance(made, kinds.Sum):
            return at.SUM_FLOAT if plan.dtype.is_float else at.SUM_INT
        return _OPS[type(made)]


def _parameters(record: list[int], made: kinds.Aggregate) -> None:
    """Fills in what an aggregate's own parameters say."""
    numbers: dict[type[kinds.Aggregate], Callable[[Any], int]] = {
        kinds.Var: lambda a: a.ddof, kinds.Std: lambda a: a.ddof, kinds.Lag: lambda a: a.n,
        kinds.LastValue: lambda a: 1, kinds.TimeSinceLast: lambda a: 1, kinds.FirstK: lambda a: a.k,
        kinds.LastK: lambda a: a.k, kinds.TopK: lambda a: a.k, kinds.CountOf: lambda a: a.size,
        kinds.ApproxNUnique: lambda a: a.precision, kinds.ApproxQuantile: lambda a: a.precision,
    }  # fmt: skip
    if type(made) in numbers:
        record[at.PW_COUNT] = numbers[type(made)](made)
    if isinstance(made, (kinds.FirstK, kinds.LastK)):
        record[at.PW_FLAG] = int(made.distinct)
    if isinstance(made, kinds.Quantile):
        record[at.PW_FLAG] = RULES.index(made.rule)
        record[at.PW_PART] = made.share.numerator
        record[at.PW_WHOLE] = made.share.denominator
    if isinstance(made, kinds.DecayedSum):
        record[at.PW_PART], record[at.PW_WHOLE] = made.half_life_us, made.landmark_us
    if isinstance(made, kinds.ApproxNUnique):
        record[at.PW_PART] = int(np.float64(made.factor).view(np.int64))
    if isinstance(made, kinds.ApproxQuantile):
        record[at.PW_MOST] = made.max_buckets
        record[at.PW_PART] = made.share.numerator
        record[at.PW_WHOLE] = made.share.denominator
    if isinstance(made, kinds.NSessions):
        record[at.PW_PART] = made.gap_us


def _room(made: kinds.Aggregate, max_events: int) -> int:
    """Elements that a list may have; an Array always has all of them."""
    if isinstance(made, kinds.CountOf):
        return made.size
    return getattr(made, "k", 0)


def width_of(dtype: DType) -> int:
    """How a column of a type is stored."""
    if dtype.bits == 64:
        return at.WORD_64
    if dtype.kind == "f":
        return at.FLOAT_32
    if dtype.kind == "b":
        return at.UINT_8
    signed = {8: at.INT_8, 16: at.INT_16, 32: at.INT_32}
    unsigned = {8: at.UINT_8, 16: at.UINT_16, 32: at.UINT_32}
    return (signed if dtype.kind == "i" else unsigned)[dtype.bits]


__all__ = ["REASONS", "Lifetime", "Plan", "width_of"]

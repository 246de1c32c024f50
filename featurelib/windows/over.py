"""How authors write aggregates: ``ratings.over(last(days=7)).mean(fl.col("rating"))``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from featurelib.errors import DefinitionError
from featurelib.expr import Expr
from featurelib.expr_rows import inner
from featurelib.operators import Source, caller
from featurelib.windows import aggregates as kinds
from featurelib.windows.aggregates import Aggregate
from featurelib.windows.source import EventSource
from featurelib.windows.window import Rows, Window
from featurelib.windows.window_checks import MICROSECOND, microseconds

LANDMARK = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
"""The instant that decayed weights are counted from, unless stated."""
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, eq=False)
class WindowAggregate:
    """An aggregate over a window of an event source, not typed yet.

    Attributes:
        source: Whose events.
        window: Which of them.
        aggregate: What is computed.
        args: Row expressions over the source's columns.
        filter: A row expression; only events where it is true count. None: all.
        entity: The request's field that names the entity; by default named like the source's key.
        line: Where it was written.
    """

    source: EventSource
    window: Window
    aggregate: Aggregate
    args: tuple[Expr, ...]
    filter: Expr | None
    entity: str
    line: Source

    def on(self, field: str) -> WindowAggregate:
        """The same aggregate of the entity that this field of the request names."""
        if not isinstance(field, str) or not field:
            raise DefinitionError(f"{self.line}: on() takes a field's name, got {field!r}")
        return replace(self, entity=field)

    def __repr__(self) -> str:
        return f"<{self.aggregate} of {self.source.name} over {self.window}>"


def over(source: EventSource, window: Window) -> Over:
    """The events of a window of a source.

    Raises:
        DefinitionError: It is no window, or asks for more rows than the source keeps.
    """
    if not isinstance(window, Window):
        raise DefinitionError(
            f"event source `{source.name}`: expected a window, got {window!r} ({caller()})",
            hint="featurelib.windows has last(days=7), rows(10), lifetime(), session(minutes=30), "
            "calendar(unit, zone)",
        )
    n = window.n if isinstance(window, Rows) else getattr(window, "rows", None) or 0
    if n > source.max_events:
        raise DefinitionError(
            f"event source `{source.name}`: the window has {n} rows, but only "
            f"{source.max_events} events of an entity are kept ({caller()})",
            hint=f"raise max_events to {n} or more",
        )
    return Over(source, window, None)


@dataclass(frozen=True, eq=False)
class Over:
    """The events of a window; its methods aggregate them. Every aggregate may be null.

    Events whose argument is null are skipped. docs/windows.md has the value of each aggregate, and
    what it is where there is nothing to aggregate.
    """

    source: EventSource
    window: Window
    filter: Expr | None

    def where(self, condition: Expr) -> Over:
        """Only events where the condition is true; said twice, both must be."""
        _check_expr("where", condition, self.source)
        both = condition if self.filter is None else self.filter & condition
        return replace(self, filter=both)

    def by(self, category: Expr, values: Sequence[Any]) -> dict[Any, Over]:
        """The events of each stated category: ``{value: events where category == value}``.

        Use it to write one aggregate for several categories:
        ``{f"spent_{c}": part.sum(fl.col("amount")) for c, part in week.by(kind, KINDS).items()}``.
        """
        _check_expr("by", category, self.source)
        parts = {value: self.where(category == value) for value in values}
        if len(parts) != len(values) or not parts:
            raise DefinitionError(f"by: expected distinct values, got {values!r} ({caller()})")
        return parts

    def count(self, x: Expr | None = None) -> WindowAggregate:
        """How many events; with an argument, how many where it is not null. Int64."""
        return self._make(kinds.Count(), *(() if x is None else (x,)))

    def sum(self, x: Expr) -> WindowAggregate:
        """Exact sum: Int64 or UInt64 (wrapped), or Float64 (rounded once)."""
        return self._make(kinds.Sum(), x)

    def mean(self, x: Expr) -> WindowAggregate:
        """Exact mean, rounded once to Float64."""
        return self._make(kinds.Mean(), x)

    def var(self, x: Expr, *, ddof: int) -> WindowAggregate:
        """Exact variance, rounded once to Float64; ddof 0 of a population, 1 of a sample."""
        return self._make(kinds.Var(ddof), x)

    def std(self, x: Expr, *, ddof: int) -> WindowAggregate:
        """Exact standard deviation, rounded once to Float64."""
        return self._make(kinds.Std(ddof), x)

    def min(self, x: Expr) -> WindowAggregate:
        """The smallest value: -0.0 is below 0.0, NaN above all."""
        return self._make(kinds.Min(), x)

    def max(self, x: Expr) -> WindowAggregate:
        """The largest value: 0.0 is above -0.0, NaN above all."""
        return self._make(kinds.Max(), x)

    def first(self, x: Expr) -> WindowAggregate:
        """The first value in order."""
        return self._make(kinds.First(), x)

    def last(self, x: Expr) -> WindowAggregate:
        """The last value in order."""
        return self._make(kinds.LastValue(), x)

    def lag(self, x: Expr, n: int) -> WindowAggregate:
        """The n-th value from the end; ``lag(x, 1)`` is the last."""
        return self._make(kinds.Lag(n), x)

    def first_k(self, x: Expr, k: int, *, distinct: bool = False) -> WindowAggregate:
        """A List of the first k values; `distinct` keeps the earliest of equal ones."""
        return self._make(kinds.FirstK(k, distinct), x)

    def last_k(self, x: Expr, k: int, *, distinct: bool = False) -> WindowAggregate:
        """A List of the last k values in order; `distinct` keeps the latest of equal ones."""
        return self._make(kinds.LastK(k, distinct), x)

    def arg_min(self, x: Expr, *, by: Expr) -> WindowAggregate:
        """The value of `x` where `by` is smallest; of equals the first in order."""
        return self._make(kinds.ArgMin(), x, by)

    def arg_max(self, x: Expr, *, by: Expr) -> WindowAggregate:
        """The value of `x` where `by` is greatest; of equals the first in order."""
        return self._make(kinds.ArgMax(), x, by)

    def n_unique(self, x: Expr, *, max_items: int | None = None) -> WindowAggregate:
        """How many distinct values; null above `max_items` of them. Int64."""
        return self._make(kinds.NUnique(max_items), x)

    def top_k(self, x: Expr, k: int, *, max_items: int | None = None) -> WindowAggregate:
        """A List of the k most frequent values; null above `max_items` distinct ones."""
        return self._make(kinds.TopK(k, max_items), x)

    def count_of(self, x: Expr, values: Sequence[Any]) -> WindowAggregate:
        """An Array of Int64: how often each of these texts or integers occurs."""
        _check_expr("count_of", x, self.source)
        return self._make(kinds.CountOf(len(values)), x.ordinal(list(values)))

    def mode_ratio(self, x: Expr, *, max_items: int | None = None) -> WindowAggregate:
        """Share of the most frequent value; null above `max_items` distinct values. Float64."""
        return self._make(kinds.ModeRatio(max_items), x)

    def quantile(
        self, x: Expr, q: Any, *, rule: str, max_items: int | None = None
    ) -> WindowAggregate:
        """The exact quantile by a rule of `featurelib.quantiles`; null above `max_items` values.

        Args:
            x: Numbers.
            q: From 0 to 1; a float means its shortest decimal, ``"1/3"`` is exact.
            rule: ``linear``, ``lower``, ``higher``, ``midpoint``, ``nearest``, ``equiprobable``.
            max_items: Bound of the values that are looked at.
        """
        return self._make(kinds.Quantile(q, rule, max_items), x)

    def approx_n_unique(self, x: Expr, *, precision: int = 12) -> WindowAggregate:
        """About how many distinct values, by HyperLogLog of 2**precision registers. Int64."""
        return self._make(kinds.ApproxNUnique(precision), x)

    def approx_quantile(
        self, x: Expr, q: Any, *, precision: int = 7, max_buckets: int = 1024
    ) -> WindowAggregate:
        """The value at rank floor((n - 1) q), at most 2**-(precision + 1) of it away. Float64.

        Args:
            x: Numbers.
            q: From 0 to 1; a float means its shortest decimal, ``"1/3"`` is exact.
            precision: Bits of a fraction that name a bucket of values, from 1 to 16.
            max_buckets: With values in more buckets the answer is null.
        """
        return self._make(kinds.ApproxQuantile(q, precision, max_buckets), x)

    def decayed_sum(
        self, x: Expr, half_life: dt.timedelta, *, landmark: dt.datetime = LANDMARK
    ) -> WindowAggregate:
        """A sum in which an event weighs half as much after each half life. Float64.

        Args:
            x: Numbers.
            half_life: Above zero.
            landmark: The instant that weights are counted from; it moves last bits only.
        """
        if not isinstance(half_life, dt.timedelta):
            raise DefinitionError(f"decayed_sum: expected a timedelta, got half_life={half_life!r}")
        if not isinstance(landmark, dt.datetime) or landmark.tzinfo is None:
            raise DefinitionError(
                f"decayed_sum: expected a datetime with a zone, got landmark={landmark!r}"
            )
        mark = (landmark - _EPOCH) // MICROSECOND
        return self._make(kinds.DecayedSum(str(half_life // MICROSECOND), str(mark)), x)

    def time_since_last(self) -> WindowAggregate:
        """Query time minus the time of the last event. Duration."""
        return self._make(kinds.TimeSinceLast())

    def n_sessions(self, gap: dt.timedelta) -> WindowAggregate:
        """How many runs of events without a pause above `gap` between two of them. Int64."""
        return self._make(kinds.NSessions(str(microseconds("n_sessions", "gap", gap))))

    def _make(self, aggregate: Aggregate, *args: Expr) -> WindowAggregate:
        for x in args:
            _check_expr(aggregate.name, x, self.source)
        key = self.source.key
        return WindowAggregate(
            self.source, self.window, aggregate, args, self.filter, key, caller()
        )


def _check_expr(what: str, x: Any, source: EventSource) -> None:
    """An argument is an expression of one row: no analyzer looks at events."""
    if not isinstance(x, Expr):
        raise DefinitionError(
            f"`{what}` over {source.name} takes an expression, got {x!r} ({caller()})",
            hint='name a column: fl.col("amount")',
        )
    stack, seen = [x], set()
    while stack:
        expr = stack.pop()
        if id(expr) in seen:
            continue
        seen.add(id(expr))
        if expr.name == "analyze":
            raise DefinitionError(
                f"`{what}` over {source.name}: an analyzer cannot look at events ({expr.source})",
                hint="aggregate first, and use the analyzer in a feature that reads the aggregate",
            )
        stack.extend(inner(expr))


__all__ = ["LANDMARK", "Over", "WindowAggregate", "over"]

"""Records, queries and definitions that look for trouble, for every test of windows.

Times stand on a coarse grid around one instant, so that ties, edges of windows and duplicates are
the rule; a query often falls on an edge to the microsecond.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import Any, NamedTuple

from hypothesis import strategies as st

import featurelib as fl
from featurelib.windows import (
    Definition,
    EventSource,
    calendar,
    define,
    last,
    lifetime,
    rows,
    session,
)

ORIGIN = dt.datetime(2024, 3, 10, 5, 0, tzinfo=dt.UTC)
"""Midnight in New York, two hours before its clocks jump; query times lie around it."""
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)
STEP = dt.timedelta(minutes=30)
KEYS = ("ann", "bob", "")
FLOATS = (
    0.0, -0.0, 1.0, -1.0, 0.1, 1.5, 2.0, 3.0, 1e16, -1e16, 1e308, -1e308, 1.7976931348623157e308,
    5e-324, -5e-324, 2.2250738585072014e-308, 1e-300, math.nan, math.inf, -math.inf,
)  # fmt: skip
INTEGERS = (0, 1, -1, 2, 3, 7, (1 << 62), -(1 << 63), (1 << 63) - 1, (1 << 53) + 1)


class Thing(fl.Schema):
    """A record with a column of every sort that an aggregate may read."""

    user: str | None
    at: fl.Datetime | None
    got: fl.Datetime | None
    seq: fl.Int32
    id: int | None
    gone: bool | None
    x: float | None
    f: fl.Float32 | None
    n: int | None
    u: fl.UInt64 | None
    flag: bool | None
    word: str | None


X, N, U, FLAG, WORD = (fl.col(c) for c in ("x", "n", "u", "flag", "word"))

LARGE = fl.when(X > 0.0).then(1.7e308).otherwise(-0.6e308)


def source(
    *, max_events: int = 8, arrival: bool = True, late_h: int | None = 6, ahead_h: int | None = 2
) -> EventSource:
    """Things; few are kept, so that windows often reach beyond."""
    return EventSource(
        "things",
        Thing,
        key="user",
        time="at",
        id="id",
        arrival="got" if arrival else None,
        sequence="seq",
        deleted="gone",
        max_lateness=dt.timedelta(hours=late_h) if arrival and late_h is not None else None,
        max_ahead=dt.timedelta(hours=ahead_h) if arrival and ahead_h is not None else None,
        max_events=max_events,
    )


WINDOWS = {
    "left": last(hours=2),
    "right": last(hours=2, closed="right"),
    "both": last(hours=2, closed="both"),
    "none": last(hours=2, closed="none"),
    "long": last(days=400),
    "tiles": last(hours=3, resolution=dt.timedelta(hours=1)),
    "tiles_long": last(hours=28, resolution=dt.timedelta(minutes=15)),
    "few": last(hours=4, rows=3),
    "rows": rows(3),
    "rows_now": rows(2, closed="right"),
    "life": lifetime(),
    "life_now": lifetime(closed="both"),
    "session": session(hours=1),
    "session_now": session(minutes=90, closed="both"),
    "day": calendar("day", "America/New_York"),
    "day_now": calendar("day", "America/New_York", closed="both"),
    "week": calendar("week", "Asia/Kathmandu"),
    "month": calendar("month", "America/Havana"),
    "year": calendar("year", "Pacific/Apia"),
}


def numbers_over(part: Any, x: Any) -> dict[str, Any]:
    """The aggregates of the first speed target, and those that share their partial results."""
    return {
        "count": part.count(x),
        "sum": part.sum(x),
        "mean": part.mean(x),
        "var": part.var(x, ddof=1),
        "std": part.std(x, ddof=0),
        "min": part.min(x),
        "max": part.max(x),
    }


def ordered_over(part: Any, x: Any) -> dict[str, Any]:
    """Aggregates by time."""
    return {
        "all": part.count(),
        "first": part.first(x),
        "last": part.last(x),
        "lag": part.lag(x, 2),
        "since": part.time_since_last(),
        "sessions": part.n_sessions(STEP),
        "first_k": part.first_k(x, 3),
        "last_k": part.last_k(x, 3),
        "first_distinct": part.first_k(x, 2, distinct=True),
        "last_distinct": part.last_k(x, 2, distinct=True),
        "arg_min": part.arg_min(N, by=x),
        "arg_max": part.arg_max(N, by=x),
    }


def counted_over(part: Any, x: Any) -> dict[str, Any]:
    """Aggregates by value, and decay."""
    made = {
        "unique": part.n_unique(x),
        "unique_few": part.n_unique(x, max_items=2),
        "top": part.top_k(x, 2),
        "top_few": part.top_k(x, 2, max_items=2),
        "mode": part.mode_ratio(x),
        "words": part.count(WORD),
        "word_counts": part.count_of(WORD, ["a", "b"]),
        "decayed": part.decayed_sum(x, dt.timedelta(hours=3)),
        # Among values that are not finite an overflow would not show.
        "decayed_large": part.decayed_sum(LARGE, dt.timedelta(hours=3)),
    }
    for rule in ("linear", "lower", "higher", "midpoint", "nearest", "equiprobable"):
        made[f"q_{rule}"] = part.quantile(x, 0.3, rule=rule)
    return made | {"q_few": part.quantile(x, 0.5, rule="nearest", max_items=3)}


def estimated_over(part: Any, x: Any) -> dict[str, Any]:
    """Estimates, coarse and fine; few values fill half of 16 registers, or too many buckets."""
    return {
        "about": part.approx_n_unique(x, precision=4),
        "about_fine": part.approx_n_unique(x),
        "about_finest": part.approx_n_unique(x, precision=9),
        "low": part.approx_quantile(x, "1/3", precision=1, max_buckets=6),
        "middle": part.approx_quantile(x, 0.5, max_buckets=64),
        "top": part.approx_quantile(x, 1, precision=16, max_buckets=64),
        "few": part.approx_quantile(x, 0, precision=2, max_buckets=3),
    }


def over_windows(make: Any, things: EventSource, x: Any, names: Any = WINDOWS) -> dict[str, Any]:
    """The same aggregates over several windows; every other one is filtered."""
    made = {}
    for i, name in enumerate(names):
        part = things.over(WINDOWS[name])
        part = part.where(FLAG) if i % 2 else part
        made |= {f"{name}_{what}": a for what, a in make(part, x).items()}
    return made


def definition(make: Any, x: Any = X, names: Any = WINDOWS, **more: Any) -> Definition:
    """Aggregates of one family over several windows of `source(**more)`."""
    return define(over_windows(make, source(**more), x, names))


FAMILIES = {
    "numbers": numbers_over, "ordered": ordered_over, "counted": counted_over,
    "estimated": estimated_over,
}  # fmt: skip
ARGUMENTS = {"x": X, "n": N, "u": U, "flag": FLAG, "twice": X * 2.0 + 1.0}


class Asked(NamedTuple):
    """A definition by the names of its parts: what a failing example prints."""

    family: str
    argument: str
    windows: list[str]
    max_events: int
    arrival: bool
    late_h: int | None
    ahead_h: int | None

    @property
    def definition(self) -> Definition:
        """The definition; its one source is `things`."""
        family, argument, windows, *rules = self
        more = dict(zip(self._fields[3:], rules, strict=True))
        return definition(FAMILIES[family], ARGUMENTS[argument], windows, **more)


def asked() -> st.SearchStrategy[Asked]:
    """A family of aggregates of one argument over a few windows, with or without arrivals."""
    names = st.sampled_from(sorted(WINDOWS))
    return st.builds(
        Asked,
        st.sampled_from(sorted(FAMILIES)),
        st.sampled_from(sorted(ARGUMENTS)),
        st.lists(names, min_size=1, max_size=4, unique=True),
        max_events=st.sampled_from([4, 8, 100]),
        arrival=st.booleans(),
        late_h=st.sampled_from([None, 0, 6]),
        ahead_h=st.sampled_from([None, 0, 2]),
    )


def moments(low: int = -8, high: int = 8) -> st.SearchStrategy[dt.datetime]:
    """Instants on the grid, a few a microsecond off it."""
    off = st.sampled_from([0, 0, 0, 0, -1, 1]).map(lambda n: n * MICROSECOND)
    return st.builds(lambda k, o: ORIGIN + k * STEP + o, st.integers(low, high), off)


def values() -> st.SearchStrategy[dict[str, Any]]:
    """What a record says, nulls included."""
    return st.fixed_dictionaries(
        {
            "x": st.none() | st.sampled_from(FLOATS) | st.floats(),
            "f": st.none() | st.floats(width=32),
            "n": st.none() | st.sampled_from(INTEGERS) | st.integers(-3, 3),
            "u": st.none() | st.sampled_from([0, 1, 5, (1 << 64) - 1, 1 << 63]),
            "flag": st.sampled_from([True, True, False, None]),
            "word": st.sampled_from(["a", "b", "c", "", None]),
        }
    )


@st.composite
def records(draw: Any, max_size: int = 24) -> list[dict[str, Any]]:
    """Deliveries of a few events of a few entities: ties, duplicates, withdrawals, late ones.

    Some lack a key, a time, an id or an arrival. The order is that of delivery, not of arrival.
    """
    made = []
    for _ in range(draw(st.integers(0, 3) | st.integers(max_size // 2, max_size))):
        at = draw(moments())
        delay = draw(st.sampled_from([0, 0, 0, 1, 1, 2, 5, 12, 13, 40, -1, -4, -5]))
        record = {
            "user": draw(st.sampled_from(["ann"] * 6 + ["bob", ""])),
            "at": at,
            "got": at + delay * STEP,
            "seq": draw(st.sampled_from([0, 0, 0, 1, -1])),
            "id": draw(st.sampled_from([1, 2, 3, -1, (1 << 63) - 1])),
            "gone": draw(st.sampled_from([False, False, False, None, True])),
            **draw(values()),
        }
        lost = draw(st.sampled_from([None] * 30 + ["user", "at", "id", "got"]))
        made.append(record | ({lost: None} if lost else {}))
        if draw(st.integers(0, 3)) == 0:
            made.append(draw(_again(record)))
    return made


@st.composite
def _again(draw: Any, record: dict[str, Any]) -> dict[str, Any]:
    """The same event once more: a copy, other values, another arrival, or a withdrawal."""
    more = draw(st.sampled_from(["copy", "values", "arrival", "withdrawal"]))
    if more == "values":
        return record | draw(values())
    if more == "arrival":
        return record | {"got": record["got"] + draw(st.sampled_from([-1, 1, 2])) * STEP}
    return record | {"gone": more == "withdrawal" or record["gone"]}


def queries(max_size: int = 6) -> st.SearchStrategy[list[tuple[str, dt.datetime]]]:
    """Entities and query times: before the first event, on edges, after the last, years later."""
    far = st.sampled_from([ORIGIN - 900 * STEP, ORIGIN + 50 * STEP, ORIGIN + 20000 * STEP])
    whose = st.sampled_from(["ann"] * 6 + ["bob", "", "nobody"])
    return st.lists(
        st.tuples(whose, moments(-9, 13) | moments(0, 13) | far), min_size=1, max_size=max_size
    )


def microseconds(instant: dt.datetime) -> int:
    """An instant as the oracle has it."""
    return (instant - EPOCH) // MICROSECOND

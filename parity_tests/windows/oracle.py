"""The naive oracle of windows: plain Python over lists of records, from docs/windows.md alone.

It shares no code with featurelib. A record is a dict of what a source's program gives:

    key, t, a, s, id    key and id any text or integer, times in microseconds; None is null
    deleted             whether it is a withdrawal
    bad                 whether a field is not as the schema says (may be left out)
    args, filters       values of the arguments; True, False or None of the filters

A spec is a dict: ``max_lateness`` and ``max_ahead`` (microseconds or None), ``has_arrival``
(whether there is an arrival column; True if it is left out), ``max_events``, and ``aggregates``: by
name a dict of ``kind``, ``args`` and ``filter`` (indices), ``window`` and the parameters of the
kind. A window is a dict: ``{"kind": "last", "length", "closed", "resolution", "rows"}``, ``{"kind":
"rows", "n", "closed"}``, ``{"kind": "lifetime", "closed"}``, ``{"kind": "session", "gap",
"closed"}`` or ``{"kind": "calendar", "unit", "zone", "closed"}``.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import xxhash

from parity_tests.windows.oracle_numbers import bits, start_of
from parity_tests.windows.oracle_values import REASON_ORDER, value_of

Record = Mapping[str, Any]
Spec = Mapping[str, Any]
Answer = tuple[Any, str | None]
NEVER = 1 << 80
OF_TOTALS = (
    "count", "sum", "mean", "var", "std", "min", "max", "approx_n_unique", "approx_quantile",
)  # fmt: skip
"""Aggregates that have totals, over a lifetime and over tiles."""


@dataclass
class Event:
    """All records of one event."""

    t: int
    s: int
    id: int
    records: list[Record] = field(default_factory=list)

    @property
    def first_arrival(self) -> int:
        """The smallest arrival of any record."""
        return min(r["a"] for r in self.records)

    @property
    def arrival(self) -> int:
        """The smallest arrival of a record that is no withdrawal."""
        return min((r["a"] for r in self.records if not r["deleted"]), default=NEVER)

    def is_visible(self, q: int) -> bool:
        """Whether it has arrived at q and is not withdrawn then."""
        gone = min((r["a"] for r in self.records if r["deleted"]), default=NEVER)
        return self.arrival <= q < gone

    @property
    def first(self) -> list[Record]:
        """The records of the smallest arrival."""
        at = self.arrival
        return [r for r in self.records if not r["deleted"] and r["a"] == at]

    def argument(self, i: int) -> Any:
        """The smallest value by null, then by bits."""
        values = [r["args"][i] for r in self.first]
        return None if None in values else min(values, key=bits)

    def passes(self, i: int | None) -> bool:
        """Whether a filter is true in all first records."""
        return i is None or all(r["filters"][i] is True for r in self.first)


def refusal(record: Record, spec: Spec) -> str | None:
    """Why a record is not taken; None if it is."""
    for role, name in (("key", "key"), ("t", "time"), ("id", "id"), ("a", "arrival")):
        if record[role] is None:
            return f"null_{name}"
    if record.get("bad"):
        return "bad_value"
    late, ahead = spec.get("max_lateness"), spec.get("max_ahead")
    if late is not None and record["a"] - record["t"] > late:
        return "late"
    if ahead is not None and record["t"] - record["a"] > ahead:
        return "ahead"
    return None


def refusals(records: Sequence[Record], spec: Spec) -> dict[str, int]:
    """How many records are refused, by reason."""
    return dict(Counter(r for r in (refusal(x, spec) for x in records) if r is not None))


def events_of(records: Sequence[Record], spec: Spec) -> dict[Any, list[Event]]:
    """The events of each entity, in no order."""
    found: dict[Any, dict[Any, Event]] = {}
    for record in records:
        if refusal(record, spec) is None:
            number = record["id"]
            if isinstance(number, str):
                number = xxhash.xxh64_intdigest(number.encode(), 0)
            mine = found.setdefault(record["key"], {})
            name = (record["t"], record["s"], number)
            mine.setdefault(name, Event(*name)).records.append(record)
    return {key: list(events.values()) for key, events in found.items()}


def answers(
    records: Sequence[Record],
    queries: Sequence[tuple[Any, int]],
    spec: Spec,
    power_of_two: Callable[[float], float] | None = None,
) -> list[dict[str, Answer]]:
    """What every query is answered: for each aggregate its value and the reason of a null.

    Args:
        records: All records of a source, in any order.
        queries: Key of the entity and query time.
        spec: What is asked.
        power_of_two: featurelib's own ``2**f``: the one number of a decayed sum that the page
            leaves to it.
    """
    events = events_of(records, spec)
    return [
        {
            name: answer(events.get(key, []), q, about, spec, power_of_two)
            for name, about in spec["aggregates"].items()
        }
        for key, q in queries
    ]


def newest_lost(newest_first: Sequence[Event], q: int, spec: Spec) -> Event | None:
    """The newest event that had to leave while a record of it could still come.

    Args:
        newest_first: The events of which a record has arrived at q.
        q: The query time.
        spec: Its `max_lateness`, `has_arrival` and `max_events` are looked at.
    """
    lateness = spec.get("max_lateness") if spec.get("has_arrival", True) else 0
    most = spec["max_events"]
    arrivals: list[int] = []  # of the newer ones, the first record's of each, sorted
    for event in newest_first:
        in_time = q if lateness is None else min(q, event.t + lateness)
        if len(arrivals) >= most and arrivals[most - 1] <= in_time:
            return event
        insort(arrivals, event.first_arrival)
    return None


def has_totals(about: Mapping[str, Any]) -> bool:
    """Whether an aggregate is answered over events that are not kept, too."""
    window = about["window"]
    is_tiled = window["kind"] == "last" and window.get("resolution") is not None
    return about["kind"] in OF_TOTALS and (is_tiled or window["kind"] == "lifetime")


def answer(
    events: Sequence[Event],
    q: int,
    about: Mapping[str, Any],
    spec: Spec,
    power_of_two: Callable[[float], float] | None = None,
) -> Answer:
    """One aggregate of one entity at q."""
    known = sorted(
        (e for e in events if e.first_arrival <= q), key=lambda e: (e.t, e.s, e.id), reverse=True
    )
    if has_totals(about):
        seen, unreachable = known, newest_lost(known, q, spec)
    else:
        most = spec["max_events"]
        seen, unreachable = known[:most], next(iter(known[most:]), None)
    window = about["window"]
    sees_now = window["closed"] in ("right", "both")
    seen = [
        e
        for e in sorted(seen, key=lambda e: (e.t, e.s, e.arrival, e.id))
        if e.is_visible(q) and (e.t <= q if sees_now else e.t < q)
    ]
    is_after_start = start_test(window, q, [e.t for e in seen])
    inside = [e for e in seen if is_after_start(e.t) and e.passes(about["filter"])]
    n = window.get("n", window.get("rows"))
    reaches = unreachable is not None and is_after_start(unreachable.t)
    if n is not None:
        inside = inside[-n:]
        if reaches and len(inside) == n:
            first = inside[0]
            reaches = (first.t, first.s) <= (unreachable.t, unreachable.s)
    if reaches:
        return None, "beyond_kept"
    rows = [(e.t, tuple(e.argument(i) for i in about["args"])) for e in inside]
    value, reason = value_of(about, [r for r in rows if None not in r[1]], q, power_of_two)
    assert (value is None) == (reason in REASON_ORDER)
    return value, reason


def start_test(window: Mapping[str, Any], q: int, times: Sequence[int]) -> Callable[[int], bool]:
    """Whether a time is not before the start of a window at q, of what is seen at these times."""
    match window["kind"]:
        case "rows" | "lifetime":
            return lambda t: True
        case "calendar":
            first = start_of(window["unit"], window["zone"], q)
            return lambda t: t >= first
        case "session":
            begin = q
            for time in sorted(times, reverse=True):
                if time < begin - window["gap"]:
                    break
                begin = time
            return lambda t: t >= begin - window["gap"]
    tile = window.get("resolution")
    start = (q // tile * tile if tile else q) - window["length"]
    if window["closed"] in ("left", "both"):
        return lambda t: t >= start
    return lambda t: t > start

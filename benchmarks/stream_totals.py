"""Totals in serving: twelve aggregates over a lifetime and over tiles; few events are kept."""

from __future__ import annotations

import datetime as dt
import math
import random
from typing import Any

import featurelib as fl
from benchmarks.tables import Table, microseconds
from benchmarks.timing import race
from featurelib.windows import EventSource, define, last, lifetime
from featurelib_online import stream

START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)
KEPT = 1_000


class Payment(fl.Schema):
    """One number at a time."""

    account: str
    at: fl.Datetime
    id: int
    amount: float


def totals(quick: bool) -> Table:
    """A query and an event, for windows of more and more tiles."""
    table = Table(
        "Totals: count, sum, mean, std, min, max over the lifetime and over tiles of an hour",
        ("tiles in the window", "events in it", "a query, us", "an event, us", "bytes of totals"),
    )
    for tiles in (16, 64) if quick else (16, 64, 512, 4_096):
        made, rows = _stream(tiles), _payments(100_000)
        n = 2_000 if quick else 40_000
        state, rest, moment = made.new(), rows[n:], rows[n]["at"]
        for row in rows[:n]:
            made.apply(state, row)
        inside = _check(made.query(state, moment), rows[:n], tiles, moment)
        size = made.describe(state)["bytes_of_totals"]
        later = iter(rest)
        work = {
            "query": lambda m=made, s=state, q=moment: m.query(s, q),
            "event": lambda m=made, s=state, r=later: m.apply(s, next(r)),
        }
        found = race(work, rounds=3 if quick else 21, slice_s=0.001)
        times = (microseconds(found.median(k)) for k in work)
        table.rows.append((f"{tiles:,}", f"{inside:,}", *times, f"{size:,}"))
    kept = f"{KEPT:,} events are kept; an event pushes the oldest of them into the totals."
    checked = "Counts, sums and ends equal those of plain Python, checked here."
    table.notes = [f"{kept} {checked}"]
    return table


def _stream(tiles: int) -> stream.Stream:
    source = EventSource("payments", Payment, key="account", time="at", id="id", max_events=KEPT)
    made, x = {}, fl.col("amount")
    for name, window in {"life": lifetime(), "tiles": last(tiles * HOUR, resolution=HOUR)}.items():
        part = source.over(window)
        made |= {
            f"{name}_count": part.count(), f"{name}_sum": part.sum(x),
            f"{name}_mean": part.mean(x), f"{name}_std": part.std(x, ddof=1),
            f"{name}_min": part.min(x), f"{name}_max": part.max(x),
        }  # fmt: skip
    return stream.compile(define(made))


def _payments(n: int) -> list[dict[str, Any]]:
    """Events, every sixth minute or so."""
    random_, now = random.Random(1), START
    rows = []
    for i in range(n):
        now += random_.randint(1, 11) * MINUTE
        rows.append({"account": "a", "at": now, "id": i, "amount": random_.gauss(0.0, 100.0)})
    return rows


def _check(found: Any, rows: list[dict[str, Any]], tiles: int, moment: dt.datetime) -> int:
    """Compares with the plain list; how many events are in the window of tiles."""
    begin = moment.replace(minute=0) - tiles * HOUR
    parts = {"life": rows, "tiles": [row for row in rows if row["at"] >= begin]}
    for name, part in parts.items():
        x = [row["amount"] for row in part]
        expected = (len(x), math.fsum(x), min(x), max(x))
        got = tuple(found[f"{name}_{what}"] for what in ("count", "sum", "min", "max"))
        if got != expected:
            raise AssertionError(f"{name}: {got!r}, by hand {expected!r}")
    return len(parts["tiles"])

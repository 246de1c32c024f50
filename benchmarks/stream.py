"""A stream in serving: an event into the state of an entity, twelve aggregates out of it."""

from __future__ import annotations

import bisect
import datetime as dt
import itertools
import math
import random
from typing import Any

import numpy as np

import featurelib as fl
from benchmarks.stream_totals import totals
from benchmarks.tables import Table, microseconds, times
from benchmarks.timing import race
from featurelib.windows import EventSource, define, last
from featurelib_online import stream

START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
STEP = dt.timedelta(minutes=1)
WINDOWS = (1.0, 0.25)
"""Lengths of the two windows, in parts of what is kept."""


class Payment(fl.Schema):
    """One number at a time."""

    account: str
    at: fl.Datetime
    id: int
    amount: float


def measure(quick: bool) -> list[Table]:
    """The tables of this page."""
    sizes = (100, 1_000) if quick else (100, 1_000, 10_000, 100_000)
    return [_queries(sizes, quick), _events(quick), totals(quick)]


def twelve(n: int) -> stream.Stream:
    """count, sum, mean, std, min, max over a window of n events, one a minute, and a quarter."""
    source = EventSource("payments", Payment, key="account", time="at", id="id", max_events=n + 100)
    made = {}
    for part_of in WINDOWS:
        part = source.over(last(STEP * int(n * part_of)))
        x, name = fl.col("amount"), f"{part_of:g}"
        made |= {
            f"count_{name}": part.count(), f"sum_{name}": part.sum(x),
            f"mean_{name}": part.mean(x), f"std_{name}": part.std(x, ddof=1),
            f"min_{name}": part.min(x), f"max_{name}": part.max(x),
        }  # fmt: skip
    return stream.compile(define(made))


def payments(n: int, wide: bool = False) -> list[dict[str, Any]]:
    """Events, one a minute; wide ones span forty powers of ten."""
    r = random.Random(1)
    scale = (lambda: 10.0 ** r.randint(-20, 20)) if wide else (lambda: 100.0)
    return [
        {"account": "a", "at": START + i * STEP, "id": i, "amount": r.gauss(0.0, 1.0) * scale()}
        for i in range(n)
    ]


def _filled(made: stream.Stream, rows: list[dict[str, Any]]) -> stream.State:
    state = made.new()
    for row in rows:
        made.apply(state, row)
    return state


def _queries(sizes: tuple[int, ...], quick: bool) -> Table:
    table = Table(
        "A query: count, sum, mean, std, min, max over two windows",
        ("events in the longer window", "us", "wide values, us", "NumPy by hand, us", "Python, us"),
    )
    for n in sizes:
        rows, wide = payments(n + 50), payments(n + 50, wide=True)
        made = twelve(n)
        state, wide_state = _filled(made, rows), _filled(made, wide)
        moment = rows[-1]["at"] + STEP
        arrays, lists = _arrays(rows), _lists(rows)
        _agree(dict(made.query(state, moment)), _python(lists, moment, n))
        work = {
            "ours": lambda m=made, s=state, q=moment: m.query(s, q),
            "wide": lambda m=made, s=wide_state, q=moment: m.query(s, q),
            "numpy": lambda a=arrays, q=moment, n=n: _numpy(a, q, n),
            "python": lambda a=lists, q=moment, n=n: _python(a, q, n),
        }
        found = race(work, rounds=3 if quick else 21, slice_s=0.002 if quick else 0.02)
        table.rows.append((f"{n:,}", *(microseconds(found.median(k)) for k in work)))
    exact = (
        "Python: lists, `bisect`, `math.fsum`; its counts, sums and ends equal ours, checked here."
    )
    wide = "Wide values span more than 96 bits: they are summed event by event."
    table.notes = [f"Ours are exact sums, rounded once. {exact}", wide]
    return table


def _events(quick: bool) -> Table:
    made = twelve(1_000)
    rows = payments(60_000)
    state = _filled(made, rows[:2_000])
    endless = itertools.cycle(rows[2_000:])
    known = rows[1_999]
    vector = made.new() if quick else _filled(made, rows[:2_000])

    def one() -> None:
        row = next(endless)
        if row["id"] == 2_000:
            state.replace(made.new().words)  # round again
        made.apply(state, row)

    work = {
        "apply an event, the oldest one goes": one,
        "apply an event that is known": lambda: made.apply(vector, known),
        "read a state from its bytes, all checked": lambda: made.load(vector.vector),
    }
    found = race(work, rounds=3 if quick else 21, slice_s=0.002 if quick else 0.02)
    first = next(iter(work))
    table = Table("An event, from a dict", ("what", "us", "times an event"))
    for name in work:
        ratio = times(found.ratio(name, first))
        table.rows.append((name, microseconds(found.median(name)), ratio))
    table.notes = [f"1,100 events are kept, in {vector.nbytes:,} bytes."]
    return table


def _arrays(rows: list[dict[str, Any]]) -> tuple[Any, Any]:
    at = np.array([(r["at"] - START) // STEP for r in rows], np.int64)
    return at, np.array([r["amount"] for r in rows])


def _numpy(arrays: tuple[Any, Any], moment: dt.datetime, n: int) -> list[Any]:
    at, amounts = arrays
    q = (moment - START) // STEP
    made: list[Any] = []
    for part in WINDOWS:
        low, high = np.searchsorted(at, (q - int(n * part), q))
        x = amounts[low:high]
        made += [len(x), x.sum(), x.mean(), x.std(ddof=1), x.min(), x.max()]
    return made


def _lists(rows: list[dict[str, Any]]) -> tuple[list[int], list[float]]:
    at, amounts = _arrays(rows)
    return at.tolist(), amounts.tolist()


def _python(lists: tuple[list[int], list[float]], moment: dt.datetime, n: int) -> list[Any]:
    at, amounts = lists
    q = (moment - START) // STEP
    made: list[Any] = []
    for part in WINDOWS:
        x = amounts[bisect.bisect_left(at, q - int(n * part)) : bisect.bisect_left(at, q)]
        total = math.fsum(x)
        mean = total / len(x)
        std = math.sqrt(math.fsum([(v - mean) ** 2 for v in x]) / (len(x) - 1))
        made += [len(x), total, mean, std, min(x), max(x)]
    return made


def _agree(ours: dict[str, Any], theirs: list[Any]) -> None:
    for (name, mine), other in zip(ours.items(), theirs, strict=True):
        exact = name.split("_")[0] not in ("mean", "std")
        if mine != other and (exact or not math.isclose(mine, other, rel_tol=1e-12)):
            raise AssertionError(f"{name}: {mine!r}, by hand {other!r}")

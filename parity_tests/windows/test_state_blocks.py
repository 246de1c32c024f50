"""Large states keep sums of thousands of events; windows of any length are still exact."""

from __future__ import annotations

import datetime as dt
import math
import random

import featurelib as fl
from featurelib.windows import EventSource, define, last
from featurelib_online import stream

KEPT = 16_384
START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
WINDOWS = {"hours": last(hours=5), "week": last(days=7), "year": last(days=400)}


class Reading(fl.Schema):
    """One number at a time."""

    sensor: str
    at: fl.Datetime
    id: int
    x: float


def readings() -> stream.Stream:
    """Sums and ends over windows of hours to years."""
    source = EventSource(
        "readings", Reading, key="sensor", time="at", id="id", max_events=KEPT
    )  # fmt: skip
    made = {}
    for name, window in WINDOWS.items():
        part, x = source.over(window), fl.col("x")
        made |= {f"{name}_count": part.count(), f"{name}_sum": part.sum(x)}
        made |= {f"{name}_min": part.min(x), f"{name}_max": part.max(x)}
    return stream.compile(define(made))


def check(made: stream.Stream, state: stream.State, rows: list, moment: dt.datetime) -> None:
    """Count, sum, least and greatest are those of the plain list; `math.fsum` rounds once."""
    in_order = sorted(rows)
    kept, lost = in_order[-KEPT:], in_order[: max(0, len(rows) - KEPT)][-1:]
    found = made.query(state, moment)
    for name, window in WINDOWS.items():
        begin = moment - dt.timedelta(microseconds=window.length_us)
        if lost and lost[0][0] >= begin:
            assert found.reasons[f"{name}_sum"] == "beyond_kept"
            continue
        values = [x for t, x in kept if begin <= t < moment]
        expected = (len(values), math.fsum(values), min(values), max(values))
        got = tuple(found[f"{name}_{what}"] for what in ("count", "sum", "min", "max"))
        assert got == expected


def test_blocks_of_chunks_answer_as_the_events_do() -> None:
    """While blocks fill, while they move to the front, after an event far in the past, and later.

    The state is whole in between.
    """
    made = readings()
    state, random_, rows = made.new(), random.Random(2), []
    for i in range(30_000):
        late = random_.randint(0, 6000) if random_.random() < 0.002 else 0
        at, x = START + (i - late) * MINUTE, random_.gauss(0, 100)
        rows.append((at, x))
        made.apply(state, {"sensor": "a", "at": at, "id": i, "x": x})
        if i in (4_094, 4_095, 4_096, 12_345, 20_600, 29_999):
            assert made.load(state.vector) == state
            for back in (0, 1, 70, 5_000):
                moment = START + (i + 1 - min(back, i)) * MINUTE
                check(made, state, rows, moment)

"""A request with aggregates: by way of a dict of answers, and with states given to `Served`."""

from __future__ import annotations

from typing import Any

import featurelib as fl
import featurelib_online as online
from benchmarks.stream import START, STEP, Payment, payments
from benchmarks.tables import Table, microseconds, times
from benchmarks.timing import race
from featurelib.windows import EventSource, last
from featurelib_online import stream


class Request(fl.Schema):
    """A payment to be judged."""

    account: str
    at: fl.Datetime
    amount: float


def measure(quick: bool) -> list[Table]:
    """The table of this page."""
    bundle = _bundle()
    served, kernel = stream.Served(bundle), online.compile(bundle)
    table = Table(
        "A request with twelve aggregates, to tensors",
        ("events in the window", "served, us", "by a dict, us", "times", "kernel alone, us"),
    )
    for n in (10, 1_000):
        made = served.streams["payments"]
        state = made.new()
        for row in payments(n + 50):
            made.apply(state, {**row, "at": row["at"] + (1_000 - n) * STEP})
        now = START + 1_050 * STEP
        request = {"account": "a", "at": now, "amount": 12.5}
        given = {"payments": state}
        whole = {**request, **made.query(state, now)}

        def by_dict(made: Any = made, state: Any = state, request: Any = request) -> Any:
            return kernel({**request, **made.query(state, request["at"])}).tensors

        def at_once(request: Any = request, given: Any = given) -> Any:
            return served(request, given).tensors

        _agree(at_once(), by_dict())
        work = {
            "served": at_once,
            "dict": by_dict,
            "kernel": lambda whole=whole: kernel(whole).tensors,
        }
        found = race(work, rounds=3 if quick else 21, slice_s=0.002 if quick else 0.02)
        us = {k: microseconds(found.median(k)) for k in work}
        ratio = times(found.ratio("dict", "served"))
        table.rows.append((f"{n:,}", us["served"], us["dict"], ratio, us["kernel"]))
    table.notes = ["The kernel alone is given the aggregates: it asks no state."]
    return [table]


def _bundle() -> Any:
    """count, sum, mean, std, min, max over two windows, each as a feature in one tensor."""
    source = EventSource("payments", Payment, key="account", time="at", id="id", max_events=1_100)
    x, aggregates = fl.col("amount"), {}
    for minutes in (1_000, 250):
        part = source.over(last(minutes=minutes))
        aggregates |= {
            f"count_{minutes}": part.count(), f"sum_{minutes}": part.sum(x),
            f"mean_{minutes}": part.mean(x), f"std_{minutes}": part.std(x, ddof=1),
            f"min_{minutes}": part.min(x), f"max_{minutes}": part.max(x),
        }  # fmt: skip
    features = [
        fl.Feature(f"f_{name}", version=1, expr=fl.col(name).cast(fl.Float64).fill_null(0.0) - x)
        for name in aggregates
    ]
    made = fl.FeatureSet(
        "judged", version="1.0.0", inputs=Request, features=features, aggregates=aggregates,
        as_of="at", layout={"dense": [f.name for f in features]},
    )  # fmt: skip
    return made.bind()


def _agree(ours: Any, theirs: Any) -> None:
    if ours["dense"].tobytes() != theirs["dense"].tobytes():
        raise AssertionError(f"served {ours['dense']}, by a dict {theirs['dense']}")

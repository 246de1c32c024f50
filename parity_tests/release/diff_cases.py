"""Small sets for the tests of `diff`, and what Python says of their values."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from typing import Any

import featurelib as fl
from featurelib.release.diff import Difference, compare
from featurelib.windows import EventSource, last

Row = dict[str, Any]


def make(
    *features: fl.Feature, version: str = "1.0.0", inputs: Any = None, **more: Any
) -> fl.Bundle:
    """A bundle of features that need no fit, over two floats, one of them nullable."""
    schema = inputs or fl.InputSchema.from_fields({"x": float, "y": float | None})
    made = fl.FeatureSet("pairs", version=version, inputs=schema, features=features, **more)
    return made.bind()


def clicks(name: str = "clicks", **columns: Any) -> EventSource:
    """An event source with a number a record, and more columns."""
    fields = {"who": str, "at": fl.Datetime, "i": int, "n": float, **columns}
    return EventSource(name, fl.InputSchema.from_fields(fields), key="who", time="at", id="i")


def with_aggregate(
    days: int, version: str = "1.0.0", source: EventSource | None = None, number: Any = None
) -> fl.Bundle:
    """A bundle of one feature that reads the mean of a number over so many days of events."""
    number = fl.col("n") if number is None else number
    return make(
        feature("f", fl.col("mean_n").fill_null(0.0), days),
        inputs=fl.InputSchema.from_fields({"who": str, "as_of": fl.Datetime}),
        aggregates={"mean_n": (source or clicks()).over(last(days=days)).mean(number).on("who")},
        version=version,
    )


def feature(name: str, expr: Any, version: int = 1) -> fl.Feature:
    """A feature from an expression."""
    return fl.Feature(name, version=version, expr=expr)


def on_data(old: fl.Bundle, new: fl.Bundle, data: Any) -> Difference:
    """A comparison on these rows alone."""
    return compare(old, new, rows=0, data=data)


def same(a: float | None, b: float | None) -> bool:
    """Equal bits of Float64, all NaN alike, or both null."""
    if a is None or b is None:
        return a is b
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return struct.pack("<d", a) == struct.pack("<d", b)


def is_above(a: float, b: float) -> bool:
    """Whether a > b as docs/types.md has it: a NaN is above every number and equal to a NaN."""
    return not math.isnan(b) and (math.isnan(a) or a > b)


def expected(
    rows: Sequence[Row], old: Callable[[Row], float | None], new: Callable[[Row], float | None]
) -> dict[str, Any]:
    """What `Moves` should say of a Float64 feature, counted row by row in Python."""
    pairs = [(old(r), new(r)) for r in rows]
    moved = [(a, b) for a, b in pairs if not same(a, b)]
    both = [(a, b) for a, b in moved if a is not None and b is not None]
    far = [
        0.0 if a == b else abs(a - b) for a, b in both if not math.isnan(a) and not math.isnan(b)
    ]
    return {
        "rows": len(pairs),
        "moved": len(moved),
        "to_null": sum(a is not None and b is None for a, b in moved),
        "from_null": sum(a is None and b is not None for a, b in moved),
        "to_nan": sum(not math.isnan(a) and math.isnan(b) for a, b in both),
        "from_nan": sum(math.isnan(a) and not math.isnan(b) for a, b in both),
        "measured": len(far),
        "infinite": sum(map(math.isinf, far)),
        "largest": max(far, default=None),
    }

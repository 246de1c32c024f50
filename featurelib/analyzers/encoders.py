"""Encodings of a value by training rows: how often it occurred, what a target was beside it."""

from __future__ import annotations

from typing import Any

from featurelib.analyzers.counting import Count, Vocabulary
from featurelib.analyzers.counts import Counts
from featurelib.analyzers.keyed import at_key
from featurelib.analyzers.target_mean import TargetMean
from featurelib.dtypes import FLOAT64
from featurelib.node import Node, analyze, apply, number
from featurelib.op import method


@method("count_encode")
def count_encode(x: Node) -> Any:
    """How many training rows have this value of text or integers, as Int64, never null.

    0 for a value that none has, and for null: nulls are not counted (`x.fill_null("-")` makes a
    value of them).
    """
    return at_key(analyze(Counts(), x), x).fill_null(0)


@method("frequency_encode")
def frequency_encode(x: Node) -> Any:
    """The share of training rows with this value among those that are not null, as Float64.

    0.0 where `count_encode` is 0.
    """
    return count_encode(x).cast(FLOAT64) / analyze(Count(), x).cast(FLOAT64)


@method("target_encode")
def target_encode(x: Node, target: Node, *, smoothing: float, non_finite: str = "error") -> Any:
    """The mean of a target over the training rows with this value, as Float64, never null.

    It is drawn towards the mean of all rows: (sum + m * mean) / (n + m), exact and rounded once,
    with m = `smoothing`. Null is a value of its own; a value that no training row has is given the
    mean of all. A feature of a training row would know that row's target:
    `featurelib_offline.fit_transform` leaves each row's fold out. Serving reads no target: declare
    it `float | None = None`, and a request need not have it.

    Args:
        x: Text or integers.
        target: A column of numbers or truth values; rows without one are left out.
        smoothing: m, 0 or more: so many rows with the mean of all count beside those of the value.
        non_finite: See `fl.mean`.
    """
    table = analyze(TargetMean(smoothing, non_finite), number(target, "target_encode"), x)
    place = apply("vocabulary_index", (x, analyze(Vocabulary(), x)), {})
    # The table has an entry for every index, which the type of the op cannot know.
    return apply("fitted_value", (place, table), {}).fill_null(0.0)

"""Shorthands that compose an analyzer with row ops: standardize, min_max, quantile_bin, ..."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from featurelib.analyzers.counting import Vocabulary
from featurelib.analyzers.moments import Mean, Std
from featurelib.analyzers.order import Max, Min, Quantiles
from featurelib.dtypes import FLOAT64
from featurelib.errors import DefinitionError
from featurelib.node import Node, analyze, apply, literal
from featurelib.op import method


@method("standardize")
def standardize(x: Node, *, non_finite: str = "error") -> Any:
    """(x - mean) / deviation of the training rows, as Float64; a deviation of 0 divides by 1."""
    center = analyze(Mean(non_finite), x)
    return _scaled(x, center, analyze(Std(non_finite), x))


@method("min_max")
def min_max(x: Node, *, non_finite: str = "error") -> Any:
    """(x - min) / (max - min) of the training rows, as Float64; a range of 0 divides by 1.

    Rows beyond the training range give values below 0 or above 1: clip them if that is meant.
    """
    low = analyze(Min(non_finite), x).cast(FLOAT64)
    high = analyze(Max(non_finite), x).cast(FLOAT64)
    return _scaled(x, low, high - low)


@method("max_abs")
def max_abs(x: Node, *, non_finite: str = "error") -> Any:
    """x / the largest magnitude of the training rows, as Float64; a magnitude of 0 divides by 1.

    A zero stays a zero, so rows that are mostly zeros stay so.
    """
    ends = (analyze(Min(non_finite), x), analyze(Max(non_finite), x))
    low, high = (end.cast(FLOAT64).abs() for end in ends)
    return x.cast(FLOAT64) / _but_zero(low.max_horizontal(high))


@method("quantile_bin")
def quantile_bin(x: Node, n: int, *, rule: str = "linear", non_finite: str = "error") -> Any:
    """Which of n bins of equal training share x falls in: 0 to n - 1, as UInt32.

    The n - 1 edges are quantiles; a value on an edge is in the upper bin. Equal edges leave the
    bins between them empty.
    """
    if not isinstance(n, int) or isinstance(n, bool) or n < 2:
        raise DefinitionError(f"quantile_bin: expected n >= 2 bins, got n={n!r}")
    edges = Quantiles(tuple(Fraction(k, n) for k in range(1, n)), rule, non_finite)
    return apply("bucketize", (x.cast(FLOAT64), analyze(edges, x)), {"right": False})


@method("vocabulary_index")
def vocabulary_index(x: Node, *, max_size: int | None = None, min_count: int = 1) -> Any:
    """Place of x in the training vocabulary, as UInt32, never null.

    Null is 0, a value that is not in the vocabulary 1, then by falling count from 2 (ties by
    UTF-8 bytes, integers by value).
    """
    return apply("vocabulary_index", (x, analyze(Vocabulary(max_size, min_count), x)), {})


def _scaled(x: Node, center: Any, spread: Any) -> Any:
    """(x - center) / spread, where a spread of zero counts as one."""
    return (x.cast(FLOAT64) - center) / _but_zero(spread)


def _but_zero(spread: Any) -> Any:
    one = literal(1.0, FLOAT64)
    return apply("if_else", (spread == literal(0.0, FLOAT64), one, spread), {})

"""Shorthands that compose an analyzer with row ops: standardize, min_max, quantile_bin, ..."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from featurelib.analyzers.counting import Vocabulary
from featurelib.analyzers.keyed import statistic
from featurelib.analyzers.kmeans_edges import KMeansEdges
from featurelib.analyzers.moments import Mean, Std
from featurelib.analyzers.order import Max, Min, Quantiles
from featurelib.analyzers.quantile import Quantile
from featurelib.analyzers.uniform_edges import UniformEdges
from featurelib.dtypes import FLOAT64
from featurelib.errors import DefinitionError
from featurelib.node import Node, analyze, apply, literal
from featurelib.op import method

_NORMAL_ENDS = (-5.199337582605575, 5.19933758270342)
"""Of scikit-learn 1.9: the normal places of 1e-7 - 2**-52 and of 1 less that, rounded."""


@method("standardize")
def standardize(x: Node, by: Node | None = None, *, non_finite: str = "error") -> Any:
    """(x - mean) / deviation of the training rows, as Float64; a deviation of 0 divides by 1.

    With a key `by`, of text or integers, the training rows are those with this row's key; the
    result is null for a key that is null, that no training row has, or that has no value there.
    """
    center = statistic(Mean(non_finite), x, by)
    return _scaled(x, center, statistic(Std(non_finite), x, by))


@method("min_max")
def min_max(x: Node, by: Node | None = None, *, non_finite: str = "error") -> Any:
    """(x - min) / (max - min) of the training rows, as Float64; a range of 0 divides by 1.

    Rows beyond the training range give values below 0 or above 1: clip them if that is meant.
    `by` is that of `standardize`.
    """
    low = statistic(Min(non_finite), x, by).cast(FLOAT64)
    high = statistic(Max(non_finite), x, by).cast(FLOAT64)
    return _scaled(x, low, high - low)


@method("max_abs")
def max_abs(x: Node, by: Node | None = None, *, non_finite: str = "error") -> Any:
    """x / the largest magnitude of the training rows, as Float64; a magnitude of 0 divides by 1.

    A zero stays a zero, so rows that are mostly zeros stay so. `by` is that of `standardize`.
    """
    ends = (statistic(Min(non_finite), x, by), statistic(Max(non_finite), x, by))
    low, high = (end.cast(FLOAT64).abs() for end in ends)
    return x.cast(FLOAT64) / _but_zero(low.max_horizontal(high))


@method("robust_scale")
def robust_scale(
    x: Node,
    low: float = 0.25,
    high: float = 0.75,
    *,
    by: Node | None = None,
    rule: str = "linear",
    non_finite: str = "error",
) -> Any:
    """(x - median) / (upper - lower quantile) of the training rows, as Float64; 0 divides by 1.

    A few values that are far off move it little. `rule` is that of `fl.quantiles`; the median is
    always half way between two middle values. `by` is that of `standardize`.
    """
    center = statistic(Quantile(("1/2",), "linear", non_finite), x, by)
    lower, upper = (statistic(Quantile((p,), rule, non_finite), x, by) for p in (low, high))
    if not Fraction(str(low)) < Fraction(str(high)):
        raise DefinitionError(f"robust_scale: expected low < high, got low={low}, high={high}")
    return _scaled(x, center, upper - lower)


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


@method("uniform_bin")
def uniform_bin(x: Node, n: int, *, non_finite: str = "error") -> Any:
    """Which of n bins of equal width x falls in: 0 to n - 1, as UInt32.

    The bins go from the smallest to the largest value of the training rows; what is beyond is in
    the first or the last. A value on an edge is in the upper bin.
    """
    edges = analyze(UniformEdges(n, non_finite), x)
    return apply("bucketize", (x.cast(FLOAT64), edges), {"right": False})


@method("kmeans_bin")
def kmeans_bin(x: Node, n: int, *, non_finite: str = "error") -> Any:
    """Which of n bins x falls in, 0 to n - 1, as UInt32; a value is in the bin of the nearest mean.

    The bins are those of k-means in one dimension: of all cuts of the training values into n bins
    the one whose values are nearest to the means of their bins (the least sum of squares). It is
    the best there is, where searches from a starting point may end in another. Of over 4,096
    different values neighbours count as one. A value half way between two means is in the upper
    bin; fewer than n different values have a bin each.
    """
    edges = analyze(KMeansEdges(n, non_finite), x)
    return apply("bucketize", (x.cast(FLOAT64), edges), {"right": False})


@method("quantile_transform")
def quantile_transform(
    x: Node, n: int = 1000, *, output: str = "uniform", non_finite: str = "error"
) -> Any:
    """The share of training rows below x, from 0 to 1, by n quantiles, as Float64.

    The quantiles are at 0, 1 / (n - 1), ..., 1; between two of them the share grows in proportion.
    Up to the smallest training value it is 0, from the largest on 1; a value that several
    quantiles have is given the middle of them. So whatever the values are, they become uniform.

    Args:
        x: Numbers.
        n: How many quantiles.
        output: ``"uniform"`` for the share itself, ``"normal"`` for the place of a standard normal
            variable that has this share below it (`probit`): from -5.199 to 5.199, where
            scikit-learn cuts off, since a share of 0 or 1 has no such place.
        non_finite: ``"drop"`` leaves NaN and infinities out of the fit.
    """
    if output not in ("uniform", "normal"):
        raise DefinitionError(
            f'quantile_transform: expected output="uniform" or "normal", got output={output!r}'
        )
    if not isinstance(n, int) or isinstance(n, bool) or n < 2:
        raise DefinitionError(f"quantile_transform: expected n >= 2 quantiles, got n={n!r}")
    probs = tuple(Fraction(k, n - 1) for k in range(n))
    share: Node = apply(
        "quantile_rank", (x.cast(FLOAT64), analyze(Quantiles(probs, "linear", non_finite), x))
    )
    return share if output == "uniform" else share.probit().clip(*_NORMAL_ENDS)


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

"""Analyzers as users write them: ``fl.mean(x)`` stands for the mean of x over the training rows."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, TypeVar, cast

from featurelib.analyzers.counting import Count, Vocabulary
from featurelib.analyzers.keyed import statistic
from featurelib.analyzers.mode import Mode
from featurelib.analyzers.moments import Mean, Std, Var
from featurelib.analyzers.order import Max, Min, Quantiles
from featurelib.analyzers.quantile import Quantile

ANALYZERS = frozenset({
    "count", "max", "mean", "median", "min", "mode", "quantile", "quantiles", "std", "var",
    "vocabulary",
})  # fmt: skip
"""The functions of this module."""
E = TypeVar("E")
"""An expression where features are written, a node inside of a method."""


def count(x: E) -> E:
    """Number of rows that are not null, as Int64; NaN counts."""
    return _fitted(Count(), x)


def mean(x: E, *, by: E | None = None, non_finite: str = "error") -> E:
    """Exact mean of the values that are not null, rounded once, as Float64.

    Args:
        x: A column of numbers or truth values.
        by: A key of text or integers: the mean of the training rows with this row's key, null for a
            key that is null, that no training row has, or that has no value there. So it is for
            every statistic that takes a key, and always as Float64.
        non_finite: What NaN and infinities are in a fit: an ``"error"``, or left out (``"drop"``).
    """
    return _fitted(Mean(non_finite), x, by)


def var(x: E, *, ddof: int, by: E | None = None, non_finite: str = "error") -> E:
    """Exact variance with the divisor n - ddof, rounded once, as Float64; see `mean`."""
    return _fitted(Var(non_finite, ddof), x, by)


def std(x: E, *, ddof: int, by: E | None = None, non_finite: str = "error") -> E:
    """Square root of the exact variance, rounded once, as Float64; see `mean` and `var`."""
    return _fitted(Std(non_finite, ddof), x, by)


def min(x: E, *, by: E | None = None, non_finite: str = "error") -> E:
    """Smallest value, of the column's type; -0.0 is smaller than 0.0; see `mean`."""
    return _fitted(Min(non_finite), x, by)


def max(x: E, *, by: E | None = None, non_finite: str = "error") -> E:
    """Largest value, of the column's type; 0.0 is larger than -0.0; see `mean`."""
    return _fitted(Max(non_finite), x, by)


def median(x: E, *, by: E | None = None, non_finite: str = "error") -> E:
    """Exact median, as Float64: of two middle values half way between them, rounded once.

    See `mean`.
    """
    return _fitted(Quantile(("1/2",), "linear", non_finite), x, by)


def mode(x: E, *, non_finite: str = "error") -> E:
    """The value that occurs most often, of the column's type; of several the smallest.

    Args:
        x: A column of numbers, times, truth values or text (ordered by its UTF-8 bytes).
        non_finite: See `mean`.
    """
    return _fitted(Mode(non_finite), x)


def quantile(
    x: E,
    prob: float | Fraction | str,
    *,
    rule: str = "linear",
    by: E | None = None,
    non_finite: str = "error",
) -> E:
    """One exact quantile as a Float64; see `quantiles`."""
    return _fitted(Quantile((prob,), rule, non_finite), x, by)


def quantiles(
    x: E,
    probs: Sequence[float | Fraction | str],
    *,
    rule: str = "linear",
    non_finite: str = "error",
) -> E:
    """Exact quantiles as a table of Float64, for ops that take one.

    Args:
        x: A column of numbers.
        probs: Increasing, from 0 to 1; a float means its shortest decimal.
        rule: What a quantile between two values is: one of ``linear lower higher midpoint nearest
            equiprobable``, defined at `featurelib.analyzers.order.Quantiles`.
        non_finite: See `mean`.
    """
    return _fitted(Quantiles(tuple(probs), rule, non_finite), x)


def vocabulary(x: E, *, max_size: int | None = None, min_count: int = 1) -> E:
    """Distinct values by falling count, ties by UTF-8 bytes (integers by value), as a table.

    Args:
        x: A column of text or integers.
        max_size: At most so many values; None for all.
        min_count: Only values that occur at least so often.
    """
    return _fitted(Vocabulary(max_size, min_count), x)


def _fitted(analyzer: Any, x: E, by: E | None = None) -> E:
    return cast("E", statistic(analyzer, x, by))

"""Analyzers as users write them: ``fl.mean(x)`` stands for the mean of x over the training rows."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, TypeVar, cast

from featurelib.analyzers.counting import Count, Vocabulary
from featurelib.analyzers.moments import Mean, Std, Var
from featurelib.analyzers.order import Max, Min, Quantiles
from featurelib.node import analyze

ANALYZERS = frozenset({"count", "max", "mean", "min", "quantiles", "std", "var", "vocabulary"})
"""The functions of this module."""
E = TypeVar("E")
"""An expression where features are written, a node inside of a method."""


def count(x: E) -> E:
    """Number of rows that are not null, as Int64; NaN counts."""
    return _fitted(Count(), x)


def mean(x: E, *, non_finite: str = "error") -> E:
    """Exact mean of the values that are not null, rounded once, as Float64.

    Args:
        x: A column of numbers or truth values.
        non_finite: What NaN and infinities are in a fit: an ``"error"``, or left out (``"drop"``).
    """
    return _fitted(Mean(non_finite), x)


def var(x: E, *, ddof: int, non_finite: str = "error") -> E:
    """Exact variance with the divisor n - ddof, rounded once, as Float64; see `mean`."""
    return _fitted(Var(non_finite, ddof), x)


def std(x: E, *, ddof: int, non_finite: str = "error") -> E:
    """Square root of the exact variance, rounded once, as Float64; see `mean` and `var`."""
    return _fitted(Std(non_finite, ddof), x)


def min(x: E, *, non_finite: str = "error") -> E:
    """Smallest value, of the column's type; -0.0 is smaller than 0.0; see `mean`."""
    return _fitted(Min(non_finite), x)


def max(x: E, *, non_finite: str = "error") -> E:
    """Largest value, of the column's type; 0.0 is larger than -0.0; see `mean`."""
    return _fitted(Max(non_finite), x)


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


def _fitted(analyzer: Any, x: E) -> E:
    return cast("E", analyze(analyzer, x))

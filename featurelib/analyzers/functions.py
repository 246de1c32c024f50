"""Analyzers as users write them: ``fl.mean(x)`` stands for the mean of x over the training rows."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from featurelib.analyzers.counting import Count, Vocabulary
from featurelib.analyzers.moments import Mean, Std, Var
from featurelib.analyzers.order import Max, Min, Quantiles
from featurelib.node import analyze


def count(x: Any) -> Any:
    """Number of rows that are not null, as Int64; NaN counts."""
    return analyze(Count(), x)


def mean(x: Any, *, non_finite: str = "error") -> Any:
    """Exact mean of the values that are not null, rounded once, as Float64.

    Args:
        x: A column of numbers or truth values.
        non_finite: What NaN and infinities are in a fit: an ``"error"``, or left out (``"drop"``).
    """
    return analyze(Mean(non_finite), x)


def var(x: Any, *, ddof: int, non_finite: str = "error") -> Any:
    """Exact variance with the divisor n - ddof, rounded once, as Float64; see `mean`."""
    return analyze(Var(non_finite, ddof), x)


def std(x: Any, *, ddof: int, non_finite: str = "error") -> Any:
    """Square root of the exact variance, rounded once, as Float64; see `mean` and `var`."""
    return analyze(Std(non_finite, ddof), x)


def min(x: Any, *, non_finite: str = "error") -> Any:
    """Smallest value, of the column's type; -0.0 is smaller than 0.0; see `mean`."""
    return analyze(Min(non_finite), x)


def max(x: Any, *, non_finite: str = "error") -> Any:
    """Largest value, of the column's type; 0.0 is larger than -0.0; see `mean`."""
    return analyze(Max(non_finite), x)


def quantiles(
    x: Any,
    probs: Sequence[float | Fraction | str],
    *,
    rule: str = "linear",
    non_finite: str = "error",
) -> Any:
    """Exact quantiles as a table of Float64, for ops that take one.

    Args:
        x: A column of numbers.
        probs: Increasing, from 0 to 1; a float means its shortest decimal.
        rule: What a quantile between two values is: one of ``linear lower higher midpoint nearest
            equiprobable``, defined at `featurelib.analyzers.order.Quantiles`.
        non_finite: See `mean`.
    """
    return analyze(Quantiles(tuple(probs), rule, non_finite), x)


def vocabulary(x: Any, *, max_size: int | None = None, min_count: int = 1) -> Any:
    """Distinct values by falling count, ties by UTF-8 bytes (integers by value), as a table.

    Args:
        x: A column of text or integers.
        max_size: At most so many values; None for all.
        min_count: Only values that occur at least so often.
    """
    return analyze(Vocabulary(max_size, min_count), x)

"""Analyzers: statistics over all rows, found at fit. Importing this registers their methods too."""

from featurelib.analyzers import transforms as _transforms  # noqa: F401 - registers methods
from featurelib.analyzers.base import (
    Accumulator,
    Analyzer,
    ArrayBatch,
    ColumnBatch,
    FittedValue,
    TextBatch,
    all_analyzers,
    analyzer,
    from_json,
)
from featurelib.analyzers.counting import Count, Vocabulary
from featurelib.analyzers.functions import count, max, mean, min, quantiles, std, var, vocabulary
from featurelib.analyzers.moments import Mean, Std, Var
from featurelib.analyzers.order import Max, Min, Quantiles

__all__ = [
    "Accumulator",
    "Analyzer",
    "ArrayBatch",
    "ColumnBatch",
    "Count",
    "FittedValue",
    "Max",
    "Mean",
    "Min",
    "Quantiles",
    "Std",
    "TextBatch",
    "Var",
    "Vocabulary",
    "all_analyzers",
    "analyzer",
    "count",
    "from_json",
    "max",
    "mean",
    "min",
    "quantiles",
    "std",
    "var",
    "vocabulary",
]

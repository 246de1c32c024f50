"""The aggregates: a class each, whose fields are its parameters."""

from featurelib.windows.aggregates.base import Aggregate, all_aggregates, from_json, is_word
from featurelib.windows.aggregates.counted import CountOf, ModeRatio, NUnique, Quantile, TopK
from featurelib.windows.aggregates.estimated import ApproxNUnique, ApproxQuantile
from featurelib.windows.aggregates.merged import Count, Max, Mean, Min, Std, Sum, Var
from featurelib.windows.aggregates.ordered import (
    ArgMax,
    ArgMin,
    DecayedSum,
    First,
    FirstK,
    Lag,
    LastK,
    LastValue,
    NSessions,
    TimeSinceLast,
)

__all__ = [
    "Aggregate",
    "ApproxNUnique",
    "ApproxQuantile",
    "ArgMax",
    "ArgMin",
    "Count",
    "CountOf",
    "DecayedSum",
    "First",
    "FirstK",
    "Lag",
    "LastK",
    "LastValue",
    "Max",
    "Mean",
    "Min",
    "ModeRatio",
    "NSessions",
    "NUnique",
    "Quantile",
    "Std",
    "Sum",
    "TimeSinceLast",
    "TopK",
    "Var",
    "all_aggregates",
    "from_json",
    "is_word",
]

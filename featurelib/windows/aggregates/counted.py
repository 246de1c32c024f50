"""n_unique, top_k, count_of, mode_ratio, quantile: by the values themselves."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from featurelib import dtypes
from featurelib.analyzers.order import RULES
from featurelib.dtypes import FLOAT64, INT64, DType
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.windows.aggregates.base import (
    Aggregate,
    aggregate,
    check_count,
    check_most,
    exact_share,
    number,
    word,
)


@aggregate("n_unique")
@dataclass(frozen=True)
class NUnique(Aggregate):
    """How many distinct values: Int64; above `max_items` of them null."""

    max_items: int | None = None

    def __post_init__(self) -> None:
        check_most(self, self.max_items)

    def result(self, args: tuple[DType, ...]) -> DType:
        word(self, args[0])
        return INT64


@aggregate("top_k")
@dataclass(frozen=True)
class TopK(Aggregate):
    """A List of the most frequent values, ties by value; above `max_items` distinct ones null."""

    k: int
    max_items: int | None = None

    def __post_init__(self) -> None:
        check_count(self, "k", self.k)
        check_most(self, self.max_items)

    def result(self, args: tuple[DType, ...]) -> DType:
        return dtypes.list_type(word(self, args[0]))


@aggregate("count_of")
@dataclass(frozen=True)
class CountOf(Aggregate):
    """An Array of Int64: how often each of `size` values occurs.

    Its argument is the place of a value among them, from 0; null where it is none of them.
    """

    size: int

    def __post_init__(self) -> None:
        check_count(self, "size", self.size)

    def result(self, args: tuple[DType, ...]) -> DType:
        if not args[0].is_integer:
            raise FeatureTypeError(f"`count_of` counts places, got {args[0]}")
        return dtypes.array_type(INT64, self.size)


@aggregate("mode_ratio")
@dataclass(frozen=True)
class ModeRatio(Aggregate):
    """Count of the most frequent value over the count: Float64; above `max_items` values null."""

    max_items: int | None = None

    def __post_init__(self) -> None:
        check_most(self, self.max_items)

    def result(self, args: tuple[DType, ...]) -> DType:
        word(self, args[0])
        return FLOAT64


@aggregate("quantile")
@dataclass(frozen=True)
class Quantile(Aggregate):
    """Exact quantile as Float64; the rules are those of `featurelib.quantiles`.

    Attributes:
        q: From 0 to 1, held as text: ``"1/10"``. A float means its shortest decimal.
        rule: What stands between two values.
        max_items: Above so many values the answer is null.
    """

    q: Any
    rule: str
    max_items: int | None = None

    def __post_init__(self) -> None:
        check_most(self, self.max_items)
        if self.rule not in RULES:
            raise DefinitionError(f"quantile: expected a rule of {RULES}, got rule={self.rule!r}")
        object.__setattr__(self, "q", exact_share(self, self.q))

    @property
    def share(self) -> Fraction:
        """`q` as a number."""
        return Fraction(self.q)

    def result(self, args: tuple[DType, ...]) -> DType:
        number(self, args[0])
        return FLOAT64

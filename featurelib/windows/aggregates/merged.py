"""count, sum, mean, var, std, min, max: partial results of any split of the events merge."""

from __future__ import annotations

from dataclasses import dataclass

from featurelib.dtypes import FLOAT64, INT64, UINT64, DType
from featurelib.errors import DefinitionError
from featurelib.windows.aggregates.base import Aggregate, aggregate, number, word


@aggregate("count", needs="count")
@dataclass(frozen=True)
class Count(Aggregate):
    """Events; with an argument, events where it is not null. Int64, 0 of none."""

    def result(self, args: tuple[DType, ...]) -> DType:
        return INT64


@aggregate("sum", needs="count sum")
@dataclass(frozen=True)
class Sum(Aggregate):
    """Exact sum. Int64 (UInt64 of unsigned) wrapped to 64 bits, Float64 rounded once; 0 of none."""

    def result(self, args: tuple[DType, ...]) -> DType:
        dtype = number(self, args[0])
        return FLOAT64 if dtype.is_float else UINT64 if dtype.is_unsigned else INT64


@aggregate("mean", needs="count sum")
@dataclass(frozen=True)
class Mean(Aggregate):
    """Exact sum over the count, rounded once to Float64; null of none."""

    def result(self, args: tuple[DType, ...]) -> DType:
        number(self, args[0])
        return FLOAT64


@dataclass(frozen=True)
class _Spread(Aggregate):
    ddof: int

    def __post_init__(self) -> None:
        if type(self.ddof) is not int or not 0 <= self.ddof < 1 << 20:
            raise DefinitionError(f"{self.name}: expected ddof >= 0, got ddof={self.ddof!r}")

    def result(self, args: tuple[DType, ...]) -> DType:
        number(self, args[0])
        return FLOAT64


@aggregate("var", needs="count sum squares")
@dataclass(frozen=True)
class Var(_Spread):
    """Exact sum of squared distances from the mean over n - ddof, rounded once to Float64."""


@aggregate("std", needs="count sum squares")
@dataclass(frozen=True)
class Std(_Spread):
    """Square root of the exact variance, rounded once to Float64."""


@aggregate("min", needs="count min")
@dataclass(frozen=True)
class Min(Aggregate):
    """The smallest value, of the argument's type: -0.0 is below 0.0, NaN above all."""

    version = 2  # 1 gave of -0.0 and 0.0 the first in order

    def result(self, args: tuple[DType, ...]) -> DType:
        return word(self, args[0])


@aggregate("max", needs="count max")
@dataclass(frozen=True)
class Max(Aggregate):
    """The largest value, of the argument's type: 0.0 is above -0.0, NaN above all."""

    version = 2  # 1 gave of -0.0 and 0.0 the first in order

    def result(self, args: tuple[DType, ...]) -> DType:
        return word(self, args[0])

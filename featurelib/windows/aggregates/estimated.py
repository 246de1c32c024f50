"""Estimates of bounded size: approx_n_unique (HyperLogLog), approx_quantile (buckets of values)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from featurelib.dtypes import FLOAT64, INT64, DType
from featurelib.errors import DefinitionError
from featurelib.windows.aggregates.base import (
    Aggregate,
    aggregate,
    check_count,
    exact_share,
    number,
    word,
)


def _check_precision(made: Aggregate, value: Any, least: int) -> None:
    if type(value) is not int or not least <= value <= 16:
        raise DefinitionError(
            f"{made.name}: expected {least} <= precision <= 16, got precision={value!r}"
        )


@aggregate("approx_n_unique", needs="count registers")
@dataclass(frozen=True)
class ApproxNUnique(Aggregate):
    """About how many distinct values: Int64; the standard error is 1.04 / sqrt(2**precision).

    Attributes:
        precision: Bits of a hash that choose one of 2**precision registers, from 4 to 16.
    """

    precision: int = 12

    def __post_init__(self) -> None:
        _check_precision(self, self.precision, 4)

    @property
    def factor(self) -> float:
        """Over the sum of 2**-register it is the estimate: alpha m m, for m registers.

        The constants are those of Flajolet, Fusy, Gandouet and Meunier, "HyperLogLog" (2007).
        """
        m = float(1 << self.precision)
        alpha = {4: 0.673, 5: 0.697, 6: 0.709}.get(self.precision, 0.7213 / (1.0 + 1.079 / m))
        return alpha * m * m

    def result(self, args: tuple[DType, ...]) -> DType:
        word(self, args[0])
        return INT64


@aggregate("approx_quantile", needs="count buckets")
@dataclass(frozen=True)
class ApproxQuantile(Aggregate):
    """The middle of the bucket of the value at rank floor((n - 1) q): Float64.

    Attributes:
        q: From 0 to 1, held as text: ``"1/10"``. A float means its shortest decimal.
        precision: Bits of a fraction that name a bucket, from 1 to 16: of the value at that rank
            the answer is at most 2**-(precision + 1) of it away.
        max_buckets: Above so many buckets the answer is null.
    """

    q: Any
    precision: int = 7
    max_buckets: int = 1024

    def __post_init__(self) -> None:
        _check_precision(self, self.precision, 1)
        check_count(self, "max_buckets", self.max_buckets, 1 << 20)
        object.__setattr__(self, "q", exact_share(self, self.q))

    @property
    def share(self) -> Fraction:
        """`q` as a number."""
        return Fraction(self.q)

    def result(self, args: tuple[DType, ...]) -> DType:
        number(self, args[0])
        return FLOAT64

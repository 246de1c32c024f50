"""min, max, quantiles: statistics of the sorted column.

Floats are ordered by bits: -0.0 stands before 0.0, so that the smallest of the two is the same
whatever the order of rows.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from featurelib.analyzers.base import (
    Accumulator,
    Analyzer,
    analyzer,
    check_non_finite,
    exact,
    found_non_finite,
    no_values,
)
from featurelib.analyzers.batches import ColumnBatch, present
from featurelib.dtypes import DType, table_type
from featurelib.errors import DefinitionError
from featurelib.ratio import divide
from featurelib.tables import TableData

RULES = ("linear", "lower", "higher", "midpoint", "nearest", "equiprobable")
_MAGNITUDE = np.int64(0x7FFFFFFFFFFFFFFF)


@dataclass(frozen=True)
class _Extreme(Analyzer):
    """Smallest or largest value, of the column's own type.

    Attributes:
        non_finite: ``"error"``, or ``"drop"`` to leave NaN and infinities out.
    """

    non_finite: str = "error"

    def __post_init__(self) -> None:
        check_non_finite(self.name, self.non_finite)

    def result_dtype(self, arg: DType) -> DType:
        if not (arg.is_numeric or arg.is_temporal or arg.name == "Bool"):
            raise self.refuse(arg, "a number, a time or a truth value")
        return arg

    def start(self, dtype: DType) -> Accumulator:
        return _ExtremeAccumulator(self, dtype)


@analyzer
@dataclass(frozen=True)
class Min(_Extreme):
    """The smallest value; -0.0 is smaller than 0.0."""

    name: ClassVar[str] = "min"


@analyzer
@dataclass(frozen=True)
class Max(_Extreme):
    """The largest value; 0.0 is larger than -0.0."""

    name: ClassVar[str] = "max"


class _ExtremeAccumulator:
    def __init__(self, definition: _Extreme, dtype: DType) -> None:
        self._definition = definition
        self._dtype = dtype
        self._best: int | None = None
        self._non_finite = 0

    def update(self, batch: ColumnBatch) -> None:
        values = present(batch)
        keys, dropped = order_keys(values)
        self._non_finite += dropped
        if keys.size:
            self._take(int(keys.min() if self._definition.name == "min" else keys.max()))

    def merge(self, other: Any) -> None:
        self._non_finite += other._non_finite
        if other._best is not None:
            self._take(other._best)

    def finish(self, where: str = "") -> bool | int | float:
        if self._non_finite and self._definition.non_finite == "error":
            raise found_non_finite(self._definition.name, where, self._non_finite)
        if self._best is None:
            raise no_values(self._definition.name, where)
        if self._dtype.is_float:
            return float_of_key(self._best)
        return bool(self._best) if self._dtype.name == "Bool" else self._best

    def _take(self, key: int) -> None:
        better = min if self._definition.name == "min" else max
        self._best = key if self._best is None else better(self._best, key)


@analyzer
@dataclass(frozen=True)
class Quantiles(Analyzer):
    """Quantiles as a table of Float64, from all values (held in memory, eight bytes each).

    A float probability means its shortest decimal (0.1 is one tenth); ``Fraction(1, 3)`` or
    ``"1/3"`` are exact. At the position ``h = (n - 1) * p`` of the sorted values the rule says:

        linear        between the two neighbours in proportion, rounded once
        lower, higher the neighbour below, above
        midpoint      half way between the two neighbours, rounded once
        nearest       the nearer neighbour; of two equally near the one with the even index
        equiprobable  (not by h) the first value whose share of rows is at least p

    Attributes:
        probs: Increasing, from 0 to 1.
        rule: One of the six.
        non_finite: ``"error"``, or ``"drop"`` to leave NaN and infinities out.
    """

    name: ClassVar[str] = "quantiles"

    probs: tuple[Any, ...] = ()
    rule: str = "linear"
    non_finite: str = "error"

    def __post_init__(self) -> None:
        check_non_finite(self.name, self.non_finite)
        if self.rule not in RULES:
            raise DefinitionError(
                f"{self.name}: expected a rule of {RULES}, got rule={self.rule!r}"
            )
        try:
            probs = tuple(map(exact, self.probs))
        except (ValueError, TypeError):
            raise DefinitionError(
                f"{self.name}: expected numbers from 0 to 1, got probs={self.probs!r}"
            ) from None
        increasing = all(a < b for a, b in itertools.pairwise(probs))
        if not probs or not increasing or probs[0] < 0 or probs[-1] > 1:
            raise DefinitionError(
                f"{self.name}: expected increasing numbers from 0 to 1, got probs={self.probs!r}"
            )
        # Held as text: equal probabilities are equal parameters, whatever they were written as.
        object.__setattr__(self, "probs", tuple(map(str, probs)))

    @classmethod
    def from_params(cls, params: dict[str, Any]) -> Analyzer:
        return cls(**{**params, "probs": tuple(params["probs"])})

    def result_dtype(self, arg: DType) -> DType:
        if not arg.is_numeric:
            raise self.refuse(arg, "a number")
        return table_type("f64")

    def start(self, dtype: DType) -> Accumulator:
        return QuantileAccumulator(self, dtype)


class QuantileAccumulator:
    """All values of a column, eight bytes each; quantiles of them at the end."""

    def __init__(self, definition: Quantiles, dtype: DType) -> None:
        self._definition = definition
        self._is_float = dtype.is_float
        self._parts: list[np.ndarray] = []
        self._non_finite = 0

    def update(self, batch: ColumnBatch) -> None:
        keys, dropped = order_keys(present(batch))
        self._non_finite += dropped
        self._parts.append(keys)

    def merge(self, other: Any) -> None:
        self._parts.extend(other._parts)
        self._non_finite += other._non_finite

    def finish(self, where: str = "") -> TableData:
        name = self._definition.name
        if self._non_finite and self._definition.non_finite == "error":
            raise found_non_finite(name, where, self._non_finite)
        parts = [p for p in self._parts if p.size]
        if not parts:
            raise no_values(name, where)
        keys = np.concatenate(parts)
        places = [
            position(Fraction(p), keys.size, self._definition.rule) for p in self._definition.probs
        ]
        keys.partition(sorted({i for low, high, _ in places for i in (low, high)}))
        values = []
        for low, high, share in places:
            a, b = self._value(keys[low]), self._value(keys[high])
            between = Fraction(a) + (Fraction(b) - Fraction(a)) * share
            is_one = share == 0 or int(keys[low]) == int(keys[high])
            values.append(float(a) if is_one else divide(between.numerator, between.denominator))
        return TableData("f64", tuple(values))

    def _value(self, key: Any) -> int | float:
        return float_of_key(int(key)) if self._is_float else int(key)


def position(p: Fraction, n: int, rule: str) -> tuple[int, int, Fraction]:
    """Two indices into n sorted values, and how far to go from the first to the second."""
    if rule == "equiprobable":
        share = p * n
        index = max(-(-share.numerator // share.denominator) - 1, 0)
        return index, index, Fraction(0)
    h = (n - 1) * p
    low, high = h.numerator // h.denominator, -(-h.numerator // h.denominator)
    if rule in ("linear", "midpoint"):
        return low, high, h - low if rule == "linear" or low == high else Fraction(1, 2)
    index = {"lower": low, "higher": high, "nearest": round(h)}[rule]
    return index, index, Fraction(0)


def order_keys(values: np.ndarray) -> tuple[np.ndarray, int]:
    """New integers in the order of the finite values, and how many values were not finite."""
    if values.dtype.kind in "ub":
        return values.astype(np.uint64), 0
    if values.dtype.kind != "f":
        return values.astype(np.int64), 0
    floats = np.ascontiguousarray(values, np.float64)
    finite = np.isfinite(floats)
    dropped = int(floats.size - np.count_nonzero(finite))
    bits = (floats[finite] if dropped else floats).view(np.int64)
    return bits ^ ((bits >> np.int64(63)) & _MAGNITUDE), dropped


def float_of_key(key: int) -> float:
    """The float whose key in `order_keys` this is."""
    bits = key if key >= 0 else key ^ int(_MAGNITUDE)
    return float(np.int64(bits).view(np.float64))

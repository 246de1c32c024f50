"""Statistics of each group of rows: moments, extremes and quantiles, whatever the order of rows.

Each takes finite Float64 values with group numbers, takes over what another one found whose groups
have other numbers, and gives one value a group: NaN where the group has no such statistic.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, Protocol

import numpy as np

from featurelib.analyzers.base import out_of_range
from featurelib.analyzers.moments import Mean, Std, Var
from featurelib.analyzers.order import Quantiles, float_of_key, order_keys, position
from featurelib.analyzers.products import UNIT, GroupProducts, group_sums
from featurelib.ratio import divide, sqrt_of_ratio


class GroupStatistic(Protocol):
    """One statistic of many groups."""

    def update(self, values: np.ndarray, groups: np.ndarray, n_groups: int) -> None:
        """Adds rows; groups are below n_groups."""
        ...

    def take(self, other: Any, numbers: np.ndarray) -> None:
        """Adds what another one holds; `numbers` says what its groups are called here."""
        ...

    def finish(self, n_groups: int, where: str) -> list[float]:
        """The statistic of each group."""
        ...


class GroupMoments:
    """Mean, variance or deviation of each group, exact, rounded once."""

    def __init__(self, definition: Mean | Var | Std) -> None:
        self._definition = definition
        self._sums = group_sums(0)
        self._squares = GroupProducts(0) if definition.squares else None
        self._taken: list[tuple[np.ndarray, list[tuple[int, int, int]]]] = []

    def update(self, values: np.ndarray, groups: np.ndarray, n_groups: int) -> None:
        self._sums.grow(n_groups)
        self._sums.update(values, groups)
        if self._squares is not None:
            self._squares.grow(n_groups)
            self._squares.update(values, values, groups)

    def take(self, other: Any, numbers: np.ndarray) -> None:
        self._taken.append((numbers, other.totals(len(numbers))))

    def totals(self, n_groups: int) -> list[tuple[int, int, int]]:
        """Count, exact sum in units of 2**-1074 and of squares in 2**-2148, of each group."""
        totals = [(0, 0, 0)] * n_groups
        counts, sums = self._sums.counts.tolist(), self._sums.ratios()
        squares = self._squares.totals() if self._squares is not None else [0] * len(sums)
        own = list(zip(counts, sums, squares, strict=True))
        totals[: len(own)] = own
        for numbers, theirs in self._taken:
            for group, (n, total, square) in zip(numbers.tolist(), theirs, strict=True):
                mine = totals[group]
                totals[group] = (mine[0] + n, mine[1] + total, mine[2] + square)
        return totals

    def finish(self, n_groups: int, where: str) -> list[float]:
        values = [self._value(*total) for total in self.totals(n_groups)]
        if any(math.isinf(v) for v in values):
            raise out_of_range(self._definition.name, where)
        return values

    def _value(self, n: int, total: int, squares: int) -> float:
        ddof = 0 if isinstance(self._definition, Mean) else self._definition.ddof
        if n <= ddof:
            return math.nan
        if isinstance(self._definition, Mean):
            return divide(total, n << 1074)
        ratio = n * squares - total * total, (n * (n - ddof)) << UNIT
        return sqrt_of_ratio(*ratio) if isinstance(self._definition, Std) else divide(*ratio)


class GroupExtremes:
    """The smallest or the largest value of each group."""

    def __init__(self, *, largest: bool) -> None:
        self._better = np.maximum if largest else np.minimum
        ends = np.iinfo(np.int64)
        self._none = ends.min if largest else ends.max  # the key of a NaN, so of no finite value
        self._best = np.zeros(0, np.int64)

    def update(self, values: np.ndarray, groups: np.ndarray, n_groups: int) -> None:
        self._grow(n_groups)
        self._better.at(self._best, groups, order_keys(values)[0])

    def take(self, other: Any, numbers: np.ndarray) -> None:
        self._grow(int(numbers.max(initial=-1)) + 1)
        self._better.at(self._best, numbers[: other._best.size], other._best)

    def _grow(self, n_groups: int) -> None:
        more = max(n_groups - self._best.size, 0)
        self._best = np.concatenate([self._best, np.full(more, self._none, np.int64)])

    def finish(self, n_groups: int, where: str) -> list[float]:
        self._grow(n_groups)
        return [math.nan if k == self._none else float_of_key(k) for k in self._best.tolist()]


class GroupQuantiles:
    """A quantile of each group, from all values: sixteen bytes each."""

    def __init__(self, definition: Quantiles) -> None:
        self._definition = definition
        self._parts: list[tuple[np.ndarray, np.ndarray]] = []

    def update(self, values: np.ndarray, groups: np.ndarray, n_groups: int) -> None:
        self._parts.append((order_keys(values)[0], groups))

    def take(self, other: Any, numbers: np.ndarray) -> None:
        self._parts += [(keys, numbers[groups]) for keys, groups in other._parts]

    def finish(self, n_groups: int, where: str) -> list[float]:
        if not self._parts:
            return [math.nan] * n_groups
        keys, groups = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        keys = keys[np.lexsort((keys, groups))]
        ends = np.cumsum(np.bincount(groups, minlength=n_groups)).tolist()
        starts = [0, *ends[:-1]]
        return [self._value(keys[a:b]) for a, b in zip(starts, ends, strict=True)]

    def _value(self, keys: np.ndarray) -> float:
        """The quantile of the sorted keys of one group."""
        if not keys.size:
            return math.nan
        low, high, share = position(
            Fraction(self._definition.probs[0]), keys.size, self._definition.rule
        )
        first, second = float_of_key(int(keys[low])), float_of_key(int(keys[high]))
        if share == 0 or keys[low] == keys[high]:
            return first
        exact = Fraction(first) + (Fraction(second) - Fraction(first)) * share
        return divide(exact.numerator, exact.denominator)

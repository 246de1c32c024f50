"""Exact means and covariances of several columns: the Gram matrix in integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from featurelib.analyzers.batches import ColumnBatch
from featurelib.analyzers.products import UNIT, GroupProducts, group_sums
from featurelib.ratio import divide


class Gram:
    """Sums of n columns of Float64 and of their products, over rows in which none is null.

    A row with a NaN or an infinity is counted in `non_finite` and left out.

    Args:
        n: How many columns.
    """

    def __init__(self, n: int) -> None:
        self.rows = 0
        self.non_finite = 0
        self.n = n
        self._pairs = [(i, j) for i in range(n) for j in range(i, n)]
        self._sums = group_sums(n)
        self._products = GroupProducts(len(self._pairs))

    def update(self, batch: tuple[ColumnBatch, ...]) -> None:
        """Takes some rows, one batch a column."""
        columns = [column.arrays() for column in batch]
        present = np.ones(len(columns[0][0]), bool)
        for _, valid in columns:
            if valid is not None:
                present &= valid.astype(bool)
        finite = present.copy()
        for values, _ in columns:
            finite &= np.isfinite(values)
        self.non_finite += int(np.count_nonzero(present) - np.count_nonzero(finite))
        kept = [values[finite] for values, _ in columns]
        size = int(np.count_nonzero(finite))
        self.rows += size
        for i, values in enumerate(kept):
            self._sums.update(values, np.full(size, i, np.int64))
        for k, (i, j) in enumerate(self._pairs):
            self._products.update(kept[i], kept[j], np.full(size, k, np.int64))

    def merge(self, other: Any) -> None:
        """Adds what another one holds of the same columns."""
        self.rows += other.rows
        self.non_finite += other.non_finite
        self._sums.merge(other._sums)
        self._products.merge(other._products)

    def means(self) -> list[float]:
        """The mean of each column, rounded once; there must be a row."""
        return [divide(total, self.rows << 1074) for total in self._sums.ratios()]

    def covariances(self) -> list[list[float]]:
        """The matrix of sample covariances, each rounded once; an infinity above Float64's range.

        Of a single row all are 0.
        """
        sums, products, n = self._sums.ratios(), self._products.totals(), self.rows
        below = (n * max(n - 1, 1)) << UNIT
        made = [[0.0] * self.n for _ in range(self.n)]
        for (i, j), product in zip(self._pairs, products, strict=True):
            made[i][j] = made[j][i] = divide(n * product - sums[i] * sums[j], below)
        return made

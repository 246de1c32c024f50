"""From ids to the rows of a table, for many ids at once."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["RowLookup"]

Array = np.ndarray[Any, Any]
_SPARSE = 8
"""Ids that spread over more numbers than this for each of them are searched, not indexed."""


class RowLookup:
    """Knows the row of each of some ids. It does not change.

    Args:
        ids: The id of each row: int64, all different.
    """

    def __init__(self, ids: Array) -> None:
        self._order = np.argsort(ids)
        self._sorted = ids[self._order]
        self._lowest = self._sorted[:1]
        self._place = np.empty(0, np.int64)
        """The row of each id from the lowest to the highest, -1 of one between; then a -1."""
        if len(ids) and int(self._sorted[-1]) - int(self._sorted[0]) < _SPARSE * len(ids):
            self._place = np.full(int(self._sorted[-1] - self._sorted[0]) + 2, -1)
            self._place[self._sorted - self._lowest] = self._order

    def rows(self, ids: Array) -> Array:
        """The row of each id, int64; -1 of one that is not there."""
        if len(self._place):
            # What is below the lowest is, as a number without a sign, above all.
            away = np.subtract(ids, self._lowest).view(np.uint64)
            return self._place.take(np.minimum(away, np.uint64(len(self._place) - 1)))
        if not len(self._sorted):
            return np.full(len(ids), -1)
        at = np.minimum(np.searchsorted(self._sorted, ids), len(self._sorted) - 1)
        return np.where(self._sorted[at] == ids, self._order[at], -1)

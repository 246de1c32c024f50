"""Rows of numbers by key, for analyzers that give a table beside the vocabulary of keys."""

from __future__ import annotations

from collections import Counter
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from featurelib.analyzers.base import found_non_finite
from featurelib.analyzers.batches import ColumnBatch
from featurelib.analyzers.group_statistics import GroupStatistic


class _Named(Protocol):
    """Who is named where NaN and infinities are an error."""

    @property
    def name(self) -> str: ...

    @property
    def non_finite(self) -> str: ...


G = TypeVar("G", bound=GroupStatistic)


class RowsByKey(Generic[G]):
    """Numbers keys as they come, counts their rows, and lets a statistic of groups take the rows.

    Args:
        asked: What finds the statistic; of its `non_finite`.
        groups: The statistic.
        null_is_key: Rows with a null key are those of the key None; else they are left out. They
            are counted in no case: the vocabulary has no null.
    """

    def __init__(self, asked: _Named, groups: G, *, null_is_key: bool = False) -> None:
        self._asked, self.groups = asked, groups
        self._null_is_key = null_is_key
        self.number: dict[Any, int] = {}
        self.rows: Counter[Any] = Counter()
        self._non_finite = 0

    def update(self, batch: tuple[ColumnBatch, ColumnBatch]) -> None:
        """Takes some rows: their values, and their keys."""
        stored, valid = batch[0].arrays()
        values = stored.astype(np.float64, copy=False)
        keys, codes = batch[1].codes()
        # A null key has the code -1: the last of the numbers.
        numbers = self._numbers([*keys, None] if self._null_is_key else keys)
        found = np.bincount(codes[codes >= 0], minlength=len(keys)).tolist()
        self.rows.update(dict(zip(keys, found, strict=True)))
        rows = np.ones(len(values), bool) if self._null_is_key else codes >= 0
        if valid is not None:
            rows &= valid.astype(bool)
        finite = rows & np.isfinite(values)
        self._non_finite += int(np.count_nonzero(rows) - np.count_nonzero(finite))
        self.groups.update(values[finite], numbers[codes[finite]], len(self.number))

    def merge(self, other: Any) -> None:
        """Adds what another one holds of the same analyzer."""
        self.groups.take(other.groups, self._numbers(list(other.number)))
        self.rows.update(other.rows)
        self._non_finite += other._non_finite

    def check(self, where: str) -> None:
        """Refuses NaN and infinities where they are an error.

        Raises:
            FitError: There were some.
        """
        if self._non_finite and self._asked.non_finite == "error":
            raise found_non_finite(self._asked.name, where, self._non_finite)

    def _numbers(self, keys: list[Any]) -> np.ndarray:
        """The numbers of keys; new ones get the next."""
        every = self.number
        return np.array([every.setdefault(k, len(every)) for k in keys], np.int64)

"""Rows as accumulators take them: what an engine hands over, and two forms that need no engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np


class ColumnBatch(Protocol):
    """Some rows of one column, as an engine hands them to accumulators."""

    def arrays(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Values at the storage width, and one byte a row that is 0 for null (None: no nulls)."""
        ...

    def value_counts(self) -> Mapping[Any, int]:
        """How often each present value occurs: text as str, integers as int."""
        ...

    def codes(self) -> tuple[list[Any], np.ndarray]:
        """The distinct values, and where among them each row's is.

        Returns:
            Values: text as str, integers as int. Places as int64, -1 for null.
        """
        ...


@dataclass(frozen=True, slots=True)
class ArrayBatch:
    """Rows of a column of numbers, truth values or times, as NumPy arrays."""

    values: np.ndarray
    valid: np.ndarray | None = None

    def arrays(self) -> tuple[np.ndarray, np.ndarray | None]:
        """The arrays as they are."""
        return self.values, self.valid

    def value_counts(self) -> dict[int, int]:
        """Counted by sorting."""
        values, counts = np.unique(present(self), return_counts=True)
        return dict(zip(values.tolist(), counts.tolist(), strict=True))

    def codes(self) -> tuple[list[int], np.ndarray]:
        """Found by sorting."""
        return number_codes(self)


@dataclass(frozen=True, slots=True)
class TextBatch:
    """Rows of a column of text, as a Python sequence; None is null."""

    values: Sequence[str | None]

    def arrays(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Only which rows are there; text has no array of values."""
        valid = np.fromiter((v is not None for v in self.values), np.uint8, len(self.values))
        return np.zeros(len(self.values), np.uint8), valid

    def value_counts(self) -> dict[str, int]:
        """Counted one by one."""
        counts: dict[str, int] = {}
        for value in self.values:
            if value is not None:
                counts[value] = counts.get(value, 0) + 1
        return counts

    def codes(self) -> tuple[list[str], np.ndarray]:
        """Found one by one."""
        found = {value: i for i, value in enumerate(self.value_counts())}
        codes = (-1 if v is None else found[v] for v in self.values)
        return list(found), np.fromiter(codes, np.int64, len(self.values))


def present(batch: ColumnBatch) -> np.ndarray:
    """The values of the rows that are not null."""
    values, valid = batch.arrays()
    return values if valid is None else values[valid.astype(bool)]


def number_codes(batch: ColumnBatch) -> tuple[list[Any], np.ndarray]:
    """`ColumnBatch.codes` of a column of numbers."""
    values, valid = batch.arrays()
    rows = np.ones(len(values), bool) if valid is None else valid.astype(bool)
    distinct, places = np.unique(values[rows], return_inverse=True)
    codes = np.full(len(values), -1, np.int64)
    codes[rows] = places
    return distinct.tolist(), codes

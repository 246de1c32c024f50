"""count, vocabulary: how often values occur."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from featurelib.analyzers.base import Accumulator, Analyzer, analyzer, no_values
from featurelib.analyzers.batches import ColumnBatch
from featurelib.dtypes import INT64, DType, table_type
from featurelib.errors import DefinitionError
from featurelib.tables import TableData


@analyzer
@dataclass(frozen=True)
class Count(Analyzer):
    """How many rows are not null, of any type; NaN is a value and counts."""

    name: ClassVar[str] = "count"

    def result_dtype(self, arg: DType) -> DType:
        return INT64

    def start(self, dtype: DType) -> Accumulator:
        return _Counter()


class _Counter:
    def __init__(self) -> None:
        self.n = 0

    def update(self, batch: ColumnBatch) -> None:
        values, valid = batch.arrays()
        self.n += len(values) if valid is None else int(np.count_nonzero(valid))

    def merge(self, other: _Counter) -> None:
        self.n += other.n

    def finish(self, where: str = "") -> int:
        return self.n


@analyzer
@dataclass(frozen=True)
class Vocabulary(Analyzer):
    """Distinct values as a table, by falling count; equal counts by UTF-8 bytes, integers by value.

    The table may be empty: no value occurred `min_count` times. A column without any value is an
    error.

    Attributes:
        max_size: At most so many values; None for all.
        min_count: Only values that occur at least so often.
    """

    name: ClassVar[str] = "vocabulary"

    max_size: int | None = None
    min_count: int = 1

    def __post_init__(self) -> None:
        for what, value in (("max_size", self.max_size), ("min_count", self.min_count)):
            is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 1
            if not is_count and not (what == "max_size" and value is None):
                raise DefinitionError(f"vocabulary: expected {what} >= 1, got {what}={value!r}")

    def result_dtype(self, arg: DType) -> DType:
        if not (arg.is_integer or arg.name == "String"):
            raise self.refuse(arg, "text or an integer")
        return table_type("strings" if arg.name == "String" else "integers")

    def start(self, dtype: DType) -> Accumulator:
        return _VocabularyAccumulator(self, dtype)


class _VocabularyAccumulator:
    def __init__(self, definition: Vocabulary, dtype: DType) -> None:
        self._definition = definition
        self._kind = definition.result_dtype(dtype).table or ""
        self._counts: Counter[Any] = Counter()

    def update(self, batch: ColumnBatch) -> None:
        self._counts.update(batch.value_counts())

    def merge(self, other: Any) -> None:
        self._counts.update(other._counts)

    def finish(self, where: str = "") -> TableData:
        if not self._counts:
            raise no_values(self._definition.name, where)
        least = self._definition.min_count
        values = [v for v in falling(self._counts) if self._counts[v] >= least]
        return TableData(self._kind, tuple(values[: self._definition.max_size]))


def falling(counts: Counter[Any]) -> list[Any]:
    """Values by falling count, ties by UTF-8 bytes or by value."""
    # Strings compare by code point, which is the order of their UTF-8 bytes.
    return sorted(counts, key=lambda value: (-counts[value], value))

"""counts: how often each value occurs, as a table beside the vocabulary."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar

from featurelib.analyzers.base import Accumulator, Analyzer, analyzer, no_values
from featurelib.analyzers.batches import ColumnBatch
from featurelib.analyzers.counting import Vocabulary, falling
from featurelib.dtypes import DType, table_type
from featurelib.tables import TableData


@analyzer
@dataclass(frozen=True)
class Counts(Analyzer):
    """How often each value but null occurs, in the order of ``Vocabulary()``, as a table."""

    name: ClassVar[str] = "counts"

    def result_dtype(self, arg: DType) -> DType:
        Vocabulary().result_dtype(arg)
        return table_type("i64")

    def start(self, dtype: DType) -> Accumulator:
        return _CountsAccumulator(self)


class _CountsAccumulator:
    def __init__(self, definition: Counts) -> None:
        self._definition = definition
        self._counts: Counter[Any] = Counter()

    def update(self, batch: ColumnBatch) -> None:
        self._counts.update(batch.value_counts())

    def merge(self, other: Any) -> None:
        self._counts.update(other._counts)

    def finish(self, where: str = "") -> TableData:
        if not self._counts:
            raise no_values(self._definition.name, where)
        return TableData("i64", tuple(self._counts[value] for value in falling(self._counts)))

"""uniform_edges: what cuts the range of a column into equal widths."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

from featurelib.analyzers.base import (
    Accumulator,
    Analyzer,
    analyzer,
    check_non_finite,
    found_non_finite,
    no_values,
)
from featurelib.analyzers.batches import ColumnBatch, present
from featurelib.analyzers.order import float_of_key, order_keys
from featurelib.dtypes import DType, table_type
from featurelib.errors import DefinitionError
from featurelib.ratio import divide
from featurelib.tables import TableData


@analyzer
@dataclass(frozen=True)
class UniformEdges(Analyzer):
    """The n - 1 inner edges of n bins of equal width from the smallest to the largest value.

    Edge k is min + (max - min) k / n in exact arithmetic, rounded once, as Float64.

    Attributes:
        n: How many bins, 2 or more.
        non_finite: ``"error"``, or ``"drop"`` to leave NaN and infinities out.
    """

    name: ClassVar[str] = "uniform_edges"

    n: int = 2
    non_finite: str = "error"

    def __post_init__(self) -> None:
        check_non_finite(self.name, self.non_finite)
        if not isinstance(self.n, int) or isinstance(self.n, bool) or self.n < 2:
            raise DefinitionError(f"uniform_edges: expected n >= 2 bins, got n={self.n!r}")

    def result_dtype(self, arg: DType) -> DType:
        if not arg.is_numeric:
            raise self.refuse(arg, "a number")
        return table_type("f64")

    def start(self, dtype: DType) -> Accumulator:
        return _EdgeAccumulator(self, dtype)


class _EdgeAccumulator:
    def __init__(self, definition: UniformEdges, dtype: DType) -> None:
        self._definition = definition
        self._is_float = dtype.is_float
        self._ends: list[int] = []
        self._non_finite = 0

    def update(self, batch: ColumnBatch) -> None:
        keys, dropped = order_keys(present(batch))
        self._non_finite += dropped
        if keys.size:
            self._take([int(keys.min()), int(keys.max())])

    def merge(self, other: Any) -> None:
        self._non_finite += other._non_finite
        self._take(other._ends)

    def _take(self, ends: list[int]) -> None:
        every = self._ends + ends
        self._ends = [min(every), max(every)] if every else []

    def finish(self, where: str = "") -> TableData:
        if self._non_finite and self._definition.non_finite == "error":
            raise found_non_finite(self._definition.name, where, self._non_finite)
        if not self._ends:
            raise no_values(self._definition.name, where)
        low, high = (Fraction(float_of_key(k) if self._is_float else k) for k in self._ends)
        n = self._definition.n
        edges = (low + (high - low) * k / n for k in range(1, n))
        return TableData("f64", tuple(divide(e.numerator, e.denominator) for e in edges))

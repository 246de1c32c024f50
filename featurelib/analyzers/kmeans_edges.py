"""kmeans_edges: what cuts a column into bins of least spread."""

from __future__ import annotations

import itertools
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
from featurelib.analyzers.cells import Cells
from featurelib.analyzers.least_spread import least_spread
from featurelib.analyzers.order import float_of_key, order_keys
from featurelib.dtypes import DType, table_type
from featurelib.errors import DefinitionError
from featurelib.ratio import divide
from featurelib.tables import TableData

MAX_BINS = 256
"""Of 4,096 different values 10 bins took 0.5 s of one core to find, and the time grows with n."""


@analyzer
@dataclass(frozen=True)
class KMeansEdges(Analyzer):
    """The inner edges of the n bins whose values are nearest to their bins' means, as Float64.

    The sum of squared distances to the means is the least that n bins can have: it is found by
    dynamic programming, and does not depend on where a search starts, as Lloyd's does. An edge is
    half way between two neighbouring means, exact and rounded once. Fewer than n different values
    have a bin each. At most 4,096 different values are told apart: see `Cells`.

    Attributes:
        n: How many bins, from 2 to 256.
        non_finite: ``"error"``, or ``"drop"`` to leave NaN and infinities out.
    """

    name: ClassVar[str] = "kmeans_edges"

    n: int = 2
    non_finite: str = "error"

    def __post_init__(self) -> None:
        check_non_finite(self.name, self.non_finite)
        is_count = isinstance(self.n, int) and not isinstance(self.n, bool)
        if not is_count or not 2 <= self.n <= MAX_BINS:
            raise DefinitionError(
                f"kmeans_edges: expected 2 <= n <= {MAX_BINS} bins, got n={self.n!r}"
            )

    def result_dtype(self, arg: DType) -> DType:
        if not arg.is_numeric:
            raise self.refuse(arg, "a number")
        return table_type("f64")

    def start(self, dtype: DType) -> Accumulator:
        return _BinAccumulator(self, dtype)


class _BinAccumulator:
    def __init__(self, definition: KMeansEdges, dtype: DType) -> None:
        self._definition = definition
        self._is_float = dtype.is_float
        self._cells = Cells()
        self._non_finite = 0

    def update(self, batch: ColumnBatch) -> None:
        values = present(batch)
        # -0.0 is the value 0.0 here, and no second one beside it.
        keys, dropped = order_keys(values + values.dtype.type(0) if self._is_float else values)
        self._non_finite += dropped
        self._cells.update(keys)

    def merge(self, other: Any) -> None:
        self._non_finite += other._non_finite
        self._cells.merge(other._cells)

    def finish(self, where: str = "") -> TableData:
        name, n = self._definition.name, self._definition.n
        if self._non_finite and self._definition.non_finite == "error":
            raise found_non_finite(name, where, self._non_finite)
        keys, counts = self._cells.middles()
        if not keys:
            raise no_values(name, where)
        values = [Fraction(float_of_key(k)) if self._is_float else Fraction(k) for k in keys]
        means = least_spread(values, counts, n)
        edges = [(a + b) / 2 for a, b in itertools.pairwise(means)]
        return TableData("f64", tuple(divide(e.numerator, e.denominator) for e in edges))

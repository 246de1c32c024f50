"""principal_axes: the directions in which several columns vary most."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from featurelib.analyzers.base import (
    Accumulator,
    Analyzer,
    analyzer,
    check_non_finite,
    found_non_finite,
    no_values,
    out_of_range,
)
from featurelib.analyzers.gram import Gram
from featurelib.analyzers.jacobi import eigenvectors
from featurelib.dtypes import FLOAT64, DType, table_type
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.tables import TableData

MAX_COLUMNS = 256
"""More columns than anybody writes by name; the Gram matrix then has 32,896 exact sums."""


@analyzer
@dataclass(frozen=True)
class PrincipalAxes(Analyzer):
    """Means and the first n principal axes of Float64 columns, as one table of Float64.

    The table has the mean of each column, then axis after axis. Covariances are exact, each
    rounded once; their eigenvectors are found by Jacobi's rotations in a fixed order. An axis has
    length 1, its entry of largest magnitude is positive, and axes come by falling variance. Rows
    in which a column is null are left out.

    Attributes:
        n: How many axes, at most as many as columns.
        non_finite: ``"error"``, or ``"drop"`` to leave rows with NaN and infinities out.
    """

    name: ClassVar[str] = "principal_axes"

    n: int = 1
    non_finite: str = "error"

    def __post_init__(self) -> None:
        check_non_finite(self.name, self.non_finite)
        if not isinstance(self.n, int) or isinstance(self.n, bool) or self.n < 1:
            raise DefinitionError(f"principal_axes: expected n >= 1 axes, got n={self.n!r}")

    def result_dtype(self, arg: DType) -> DType:
        types = [dtype for _, dtype, _ in arg.fields] or [arg]
        if any(t != FLOAT64 for t in types):
            raise FeatureTypeError(
                f"`principal_axes` takes Float64 columns, got {', '.join(map(str, types))}"
            )
        if not self.n <= len(types) <= MAX_COLUMNS:
            raise DefinitionError(
                f"principal_axes: expected n <= columns <= {MAX_COLUMNS}, got n={self.n} of "
                f"{len(types)} columns"
            )
        return table_type("f64")

    def start(self, dtype: DType) -> Accumulator:
        return _AxesAccumulator(self, len(dtype.fields) or 1)


class _AxesAccumulator:
    def __init__(self, definition: PrincipalAxes, columns: int) -> None:
        self._definition = definition
        self._gram = Gram(columns)

    def update(self, batch: Any) -> None:
        self._gram.update(batch if isinstance(batch, tuple) else (batch,))

    def merge(self, other: Any) -> None:
        self._gram.merge(other._gram)

    def finish(self, where: str = "") -> TableData:
        name, gram = self._definition.name, self._gram
        if gram.non_finite and self._definition.non_finite == "error":
            raise found_non_finite(name, where, gram.non_finite)
        if gram.rows == 0:
            raise no_values(name, where)
        matrix = gram.covariances()
        if any(math.isinf(v) for row in matrix for v in row):
            raise out_of_range(name, where)
        axes = eigenvectors(matrix)[: self._definition.n]
        entries = (v for axis in axes for v in axis)
        return TableData("f64", (*gram.means(), *entries))

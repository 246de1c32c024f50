"""mean, var, std: one pass over a column, exact, rounded once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from featurelib.analyzers.base import (
    Accumulator,
    Analyzer,
    analyzer,
    check_non_finite,
    found_non_finite,
    no_values,
    out_of_range,
    place,
)
from featurelib.analyzers.batches import ColumnBatch
from featurelib.dtypes import FLOAT64, DType
from featurelib.errors import DefinitionError, FitError

if TYPE_CHECKING:
    from featurelib.jit.exact_sum import ExactMoments


@dataclass(frozen=True)
class _Moment(Analyzer):
    """What the three have in common.

    Attributes:
        non_finite: ``"error"``, or ``"drop"`` to leave NaN and infinities out.
    """

    non_finite: str = "error"

    squares: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_non_finite(self.name, self.non_finite)

    def result_dtype(self, arg: DType) -> DType:
        if not (arg.is_numeric or arg.name == "Bool"):
            raise self.refuse(arg, "a number or a truth value")
        return FLOAT64

    def start(self, dtype: DType) -> Accumulator:
        # A definition must load without numba; this edge of the layers is declared by name.
        from featurelib.jit.exact_sum import ExactMoments

        return _MomentAccumulator(self, ExactMoments(squares=self.squares))

    def statistic(self, moments: ExactMoments, where: str) -> float:
        """The statistic of at least one value."""
        raise NotImplementedError


@analyzer
@dataclass(frozen=True)
class Mean(_Moment):
    """The exact mean, rounded once."""

    name: ClassVar[str] = "mean"
    squares: ClassVar[bool] = False

    def statistic(self, moments: ExactMoments, where: str) -> float:
        return moments.mean()


@dataclass(frozen=True)
class _Spread(_Moment):
    """Statistics around the mean with the divisor n - ddof.

    Attributes:
        ddof: 0 for the deviation of these rows, 1 to estimate that of a larger population.
    """

    ddof: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.ddof, int) or isinstance(self.ddof, bool) or self.ddof < 0:
            raise DefinitionError(f"{self.name}: expected ddof >= 0, got ddof={self.ddof!r}")

    def enough(self, moments: ExactMoments, where: str) -> None:
        """Refuses a divisor that is not positive."""
        if moments.n <= self.ddof:
            raise FitError(
                f"{place(where)}`{self.name}` with ddof={self.ddof} needs more "
                f"than {self.ddof} values, got {moments.n}",
                hint="fit on more rows, or use ddof=0",
            )


@analyzer
@dataclass(frozen=True)
class Var(_Spread):
    """The exact variance, rounded once."""

    name: ClassVar[str] = "var"

    def statistic(self, moments: ExactMoments, where: str) -> float:
        self.enough(moments, where)
        return moments.variance(self.ddof)


@analyzer
@dataclass(frozen=True)
class Std(_Spread):
    """The square root of the exact variance, rounded once."""

    name: ClassVar[str] = "std"

    def statistic(self, moments: ExactMoments, where: str) -> float:
        self.enough(moments, where)
        return moments.std(self.ddof)


class _MomentAccumulator:
    def __init__(self, definition: _Moment, moments: ExactMoments) -> None:
        self._definition = definition
        self._moments = moments

    def update(self, batch: ColumnBatch) -> None:
        self._moments.update(*batch.arrays())

    def merge(self, other: Any) -> None:
        self._moments.merge(other._moments)

    def finish(self, where: str = "") -> float:
        name, moments = self._definition.name, self._moments
        if moments.non_finite and self._definition.non_finite == "error":
            raise found_non_finite(name, where, moments.non_finite)
        if moments.n == 0:
            raise no_values(name, where)
        value = self._definition.statistic(moments, where)
        if math.isinf(value):
            raise out_of_range(name, where)
        return value

"""quantile, median: one number of the sorted column; the table of several is `quantiles`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from featurelib.analyzers.base import Accumulator, analyzer
from featurelib.analyzers.order import QuantileAccumulator, Quantiles
from featurelib.dtypes import FLOAT64, DType
from featurelib.errors import DefinitionError


@analyzer
@dataclass(frozen=True)
class Quantile(Quantiles):
    """One exact quantile as a Float64, by the rules of `Quantiles`.

    Attributes:
        probs: The one probability, from 0 to 1.
        rule: See `Quantiles`.
        non_finite: See `Quantiles`.
    """

    name: ClassVar[str] = "quantile"

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.probs) != 1:
            raise DefinitionError(f"quantile: expected one probability, got probs={self.probs!r}")

    def result_dtype(self, arg: DType) -> DType:
        super().result_dtype(arg)
        return FLOAT64

    def start(self, dtype: DType) -> Accumulator:
        return _OneQuantile(self, dtype)


class _OneQuantile(QuantileAccumulator):
    def finish(self, where: str = "") -> Any:
        return super().finish(where).content[0]

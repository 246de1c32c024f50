"""target_mean: what a target is on average for each key, drawn towards the mean of all rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

from featurelib.analyzers.base import (
    Accumulator,
    Analyzer,
    analyzer,
    check_non_finite,
    exact,
    no_values,
)
from featurelib.analyzers.counting import falling
from featurelib.analyzers.group_statistics import GroupMoments
from featurelib.analyzers.moments import Mean
from featurelib.analyzers.rows_by_key import RowsByKey
from featurelib.dtypes import FLOAT64, DType, table_type
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.ratio import divide
from featurelib.tables import TableData

Totals = Mapping[Any, tuple[int, int]]
"""Count and exact sum, in units of 2**-1074, of each key; None is a key here."""


@analyzer
@dataclass(frozen=True)
class TargetMean(Analyzer):
    """(sum of the key's targets + m * mean of all) / (number of them + m), exact, rounded once.

    A table for `vocabulary_index` of the keys: first the rows without a key, then the mean of all
    for a key that no row has, then the keys of ``Vocabulary()`` in order. Rows without a target
    are left out; a key that has only such rows has the mean of all.

    Attributes:
        smoothing: m: so many rows with the mean of all are added to each key. Held as a fraction.
        non_finite: ``"error"``, or ``"drop"`` to leave NaN and infinities out.
    """

    name: ClassVar[str] = "target_mean"
    sees_target: ClassVar[bool] = True

    smoothing: Any = 0
    non_finite: str = "error"

    def __post_init__(self) -> None:
        check_non_finite(self.name, self.non_finite)
        try:
            smoothing = exact(self.smoothing)
        except ValueError:
            smoothing = Fraction(-1)
        if smoothing < 0:
            raise DefinitionError(
                f"target_mean: expected a number smoothing >= 0, got smoothing={self.smoothing!r}"
            )
        object.__setattr__(self, "smoothing", str(smoothing))

    def result_dtype(self, arg: DType) -> DType:
        types = [dtype for _, dtype, _ in arg.fields]
        fits = len(types) == 2 and types[0] == FLOAT64
        if not fits or not (types[1].is_integer or types[1].name == "String"):
            raise FeatureTypeError(
                "`target_mean` takes a Float64 target and a key that is text or an integer, "
                f"got {', '.join(map(str, types)) or arg}",
                hint="cast the key: key.cast(fl.Int64).target_encode(target)",
            )
        return table_type("f64")

    def start(self, dtype: DType) -> Accumulator:
        return TargetAccumulator(self)


class TargetAccumulator(RowsByKey[GroupMoments]):
    """Counts and exact sums of the target by key, for all rows or for those of one fold."""

    def __init__(self, definition: TargetMean) -> None:
        super().__init__(definition, GroupMoments(Mean()), null_is_key=True)
        self._definition = definition

    def finish(self, where: str = "") -> TableData:
        self.check(where)
        return self._table(self.rows, self._totals(), where)

    def out_of_fold(self, whole: Any, where: str = "") -> TableData:
        """What the rows of `whole` say that are not of this fold, for the keys of `whole`."""
        mine = self._totals()
        rest = {}
        for key, (n, total) in whole._totals().items():
            own_n, own_total = mine.get(key, (0, 0))
            rest[key] = (n - own_n, total - own_total)
        return self._table(whole.rows, rest, where)

    def _totals(self) -> Totals:
        totals = self.groups.totals(len(self.number))
        return {key: totals[i][:2] for key, i in self.number.items()}

    def _table(self, rows: Counter[Any], totals: Totals, where: str) -> TableData:
        n_all = sum(n for n, _ in totals.values())
        sum_all = sum(total for _, total in totals.values())
        if n_all == 0:
            raise no_values(self._definition.name, where)
        mean = divide(sum_all, n_all << 1074)
        m = Fraction(self._definition.smoothing)

        def entry(key: Any) -> float:
            n, total = totals.get(key, (0, 0))
            weight = n * m.denominator + m.numerator
            if weight == 0:
                return mean
            above = total * n_all * m.denominator + m.numerator * sum_all
            return divide(above, (n_all * weight) << 1074)

        return TableData("f64", (entry(None), mean, *map(entry, falling(rows))))

"""by_key: a statistic of the rows of each key, as a table beside the vocabulary of keys."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from featurelib.analyzers.base import Accumulator, Analyzer, analyzer, no_values
from featurelib.analyzers.counting import falling
from featurelib.analyzers.group_statistics import (
    GroupExtremes,
    GroupMoments,
    GroupQuantiles,
    GroupStatistic,
)
from featurelib.analyzers.moments import Mean, Std, Var
from featurelib.analyzers.order import Max, Min
from featurelib.analyzers.quantile import Quantile
from featurelib.analyzers.rows_by_key import RowsByKey
from featurelib.dtypes import DType, table_type
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.tables import TableData

Statistic = Mean | Var | Std | Min | Max | Quantile
STATISTICS: dict[str, type[Statistic]] = {c.name: c for c in (Mean, Var, Std, Min, Max, Quantile)}


@analyzer
@dataclass(frozen=True)
class ByKey(Analyzer):
    """A statistic of numbers, as Float64, over the rows of each key, as a table of Float64.

    The table is in the order of ``Vocabulary()`` of the keys: by falling number of rows, ties by
    bytes or value. A key without such a statistic (all its values null, or too few) has NaN there.
    Rows with a null key are left out.

    Attributes:
        statistic: What is asked of each key's values.
    """

    name: ClassVar[str] = "by_key"

    statistic: Statistic

    def __post_init__(self) -> None:
        if type(self.statistic) not in STATISTICS.values():
            raise DefinitionError(
                f"by_key: expected one of {', '.join(STATISTICS)}, got {self.statistic!r}"
            )

    def to_json(self) -> dict[str, Any]:
        params = {"statistic": self.statistic.name, **asdict(self.statistic)}
        return {"name": self.name, "version": self.version, "params": params}

    @classmethod
    def from_params(cls, params: dict[str, Any]) -> Analyzer:
        own = dict(params)
        known = STATISTICS[own.pop("statistic")]
        made = known.from_params(own)
        assert isinstance(made, known)
        return cls(made)

    def result_dtype(self, arg: DType) -> DType:
        types = [dtype for _, dtype, _ in arg.fields]
        fits = len(types) == 2 and (types[0].is_numeric or types[0].name == "Bool")
        if not fits or not (types[1].is_integer or types[1].name == "String"):
            raise FeatureTypeError(
                f"`{self.statistic.name}` by a key takes numbers or truth values, and a key "
                f"that is text or an integer, got {', '.join(map(str, types)) or arg}",
                hint="cast the key: by=key.cast(fl.Int64)",
            )
        return table_type("f64")

    def start(self, dtype: DType) -> Accumulator:
        return KeyedAccumulator(self)


def _started(statistic: Statistic) -> GroupStatistic:
    if isinstance(statistic, Quantile):
        return GroupQuantiles(statistic)
    if isinstance(statistic, (Min, Max)):
        return GroupExtremes(largest=isinstance(statistic, Max))
    return GroupMoments(statistic)


class KeyedAccumulator(RowsByKey[GroupStatistic]):
    """The statistic of the rows of each key."""

    def __init__(self, definition: ByKey) -> None:
        super().__init__(definition.statistic, _started(definition.statistic))
        self._name = definition.statistic.name

    def finish(self, where: str = "") -> TableData:
        self.check(where)
        values = self.groups.finish(len(self.number), where)
        if all(map(math.isnan, values)):
            raise no_values(self._name, where)
        return TableData("f64", tuple(values[self.number[key]] for key in falling(self.rows)))

"""What an analyzer is: a statistic over all rows of a column, found at fit, constant afterwards.

The definition half (name, parameters, result type) is frozen data that bundles describe. The
computing half is an accumulator: it takes batches in any order and any split, merges with others
of its kind, and gives a value that shows none of this, because nothing is rounded before the end.
"""

from __future__ import annotations

import dataclasses
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, Protocol, TypeVar

from featurelib.dtypes import DType, struct_type
from featurelib.errors import DefinitionError, FeatureTypeError, FitError, UnknownOpError
from featurelib.tables import TableData

FittedValue = bool | int | float | bytes | TableData
"""A scalar as kernels hold it (a Datetime is its microseconds, text its UTF-8), or a table."""


class Accumulator(Protocol):
    """The computing half of one analyzer on one column; used by one thread at a time."""

    def update(self, batch: Any) -> None:
        """Takes some rows: a `ColumnBatch`; for several columns a tuple with one of each."""
        ...

    def merge(self, other: Any) -> None:
        """Takes what another accumulator of the same analyzer has seen."""
        ...

    def finish(self, where: str = "") -> FittedValue:
        """The statistic of all rows seen.

        Args:
            where: The feature at fault, for the error: ``feature `delay_z```.

        Raises:
            FitError: These rows have no such statistic.
        """
        ...


@dataclass(frozen=True)
class Analyzer(ABC):
    """Base of the analyzers; a subclass is a frozen dataclass whose fields are its parameters."""

    name: ClassVar[str]
    version: ClassVar[int] = 1
    sees_target: ClassVar[bool] = False
    """Whether `fit_transform` gives a row what the other folds say: its accumulator has
    ``out_of_fold(whole, where)``, the statistic of a whole without the rows that it took."""

    @abstractmethod
    def result_dtype(self, arg: DType) -> DType:
        """The type of the statistic of a column.

        Args:
            arg: The column's type; of several columns a Struct of theirs (`argument_type`).

        Raises:
            FeatureTypeError: The analyzer does not take this type.
        """

    @abstractmethod
    def start(self, dtype: DType) -> Accumulator:
        """An empty accumulator for a column of this type."""

    @property
    def key(self) -> str:
        """``name@version``, as bundles write it."""
        return f"{self.name}@{self.version}"

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` reads back."""
        return {"name": self.name, "version": self.version, "params": dataclasses.asdict(self)}

    @classmethod
    def from_params(cls, params: dict[str, Any]) -> Analyzer:
        """The analyzer with these parameters, as `to_json` wrote them."""
        return cls(**params)

    def refuse(self, arg: DType, takes: str) -> FeatureTypeError:
        """The error for a column of the wrong type."""
        return FeatureTypeError(
            f"`{self.name}` takes {takes}, got {arg}", hint="cast the column: x.cast(fl.Float64)"
        )


A = TypeVar("A", bound=type[Analyzer])
_NUMBER = re.compile(r"[+-]?(\d+/\d*[1-9]\d*|(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?)")
_MOST_DIGITS = 400
_ANALYZERS: dict[str, type[Analyzer]] = {}


def analyzer(cls: A) -> A:
    """Class decorator: bundles that name this analyzer and version can be read."""
    _ANALYZERS[f"{cls.name}@{cls.version}"] = cls
    return cls


def from_json(data: dict[str, Any]) -> Analyzer:
    """The analyzer that `Analyzer.to_json` wrote.

    Raises:
        UnknownOpError: No such analyzer or version is installed.
    """
    key = f"{data['name']}@{data['version']}"
    if key not in _ANALYZERS:
        raise UnknownOpError(
            f"no analyzer `{key}` here, only {', '.join(sorted(_ANALYZERS))}",
            hint="a newer featurelib may have it: pip install -U featurelib",
        )
    return _ANALYZERS[key].from_params(data["params"])


def all_analyzers() -> tuple[type[Analyzer], ...]:
    """Every registered analyzer, by name."""
    return tuple(_ANALYZERS[key] for key in sorted(_ANALYZERS))


def argument_type(dtypes: Sequence[DType]) -> DType:
    """What an analyzer is asked about: a column's type, or a Struct of those of several."""
    if len(dtypes) == 1:
        return dtypes[0]
    return struct_type(tuple((str(i), dtype, True) for i, dtype in enumerate(dtypes)))


def check_non_finite(name: str, non_finite: str) -> None:
    """Refuses any value of the parameter `non_finite` but the two that have a meaning."""
    if non_finite not in ("error", "drop"):
        raise DefinitionError(
            f'{name}: expected non_finite="error" or "drop", got non_finite={non_finite!r}'
        )


def exact(value: Any) -> Fraction:
    """The fraction that a number's shortest decimal means, or a text such as ``1/3``.

    Raises:
        ValueError: It is neither, or has more digits than a number of a person: 10**1000000 in a
            file would take all memory.
    """
    text = str(value)
    if len(text) > _MOST_DIGITS or not _NUMBER.fullmatch(text):
        raise ValueError(f"expected a number, got {text[:_MOST_DIGITS]!r}")
    return Fraction(text)


def no_values(name: str, where: str) -> FitError:
    """The error for a column without a value to take a statistic of."""
    return FitError(
        f"{place(where)}`{name}` of a column without a value",
        hint="every row was null (or dropped); fit on other rows, or fill_null before",
    )


def found_non_finite(name: str, where: str, count: int) -> FitError:
    """The error for NaN and infinities in a column whose fit does not drop them."""
    return FitError(
        f"{place(where)}`{name}` met {count} value{'s' * (count > 1)} that are NaN or infinite",
        hint=f'leave them out with fl.{name}(..., non_finite="drop"), or replace them before',
    )


def out_of_range(name: str, where: str) -> FitError:
    """The error for a statistic that no Float64 can hold."""
    return FitError(
        f"{place(where)}`{name}` is above the range of Float64",
        hint="scale the column before: x / 1e200",
    )


def place(where: str) -> str:
    """The beginning of an error's message."""
    return f"{where}: " if where else ""

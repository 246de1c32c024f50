"""What an analyzer is: a statistic over all rows of a column, found at fit, constant afterwards.

The definition half (name, parameters, result type) is frozen data that bundles describe. The
computing half is an accumulator: it takes batches in any order and any split, merges with others
of its kind, and gives a value that shows none of this, because nothing is rounded before the end.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np

from featurelib.dtypes import DType
from featurelib.errors import DefinitionError, FeatureTypeError, FitError, UnknownOpError
from featurelib.tables import TableData

FittedValue = bool | int | float | TableData
"""A scalar as kernels hold it (a Datetime is its microseconds), or a table."""


class ColumnBatch(Protocol):
    """Some rows of one column, as an engine hands them to accumulators."""

    def arrays(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Values at the storage width, and one byte a row that is 0 for null (None: no nulls)."""
        ...

    def value_counts(self) -> Mapping[Any, int]:
        """How often each present value occurs: text as str, integers as int."""
        ...


class Accumulator(Protocol):
    """The computing half of one analyzer on one column; used by one thread at a time."""

    def update(self, batch: ColumnBatch) -> None:
        """Takes some rows."""
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

    @abstractmethod
    def result_dtype(self, arg: DType) -> DType:
        """The type of the statistic of a column.

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


def check_non_finite(name: str, non_finite: str) -> None:
    """Refuses any value of the parameter `non_finite` but the two that have a meaning."""
    if non_finite not in ("error", "drop"):
        raise DefinitionError(
            f'{name}: expected non_finite="error" or "drop", got non_finite={non_finite!r}'
        )


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


@dataclass(frozen=True, slots=True)
class ArrayBatch:
    """Rows of a column of numbers, truth values or times, as NumPy arrays."""

    values: np.ndarray
    valid: np.ndarray | None = None

    def arrays(self) -> tuple[np.ndarray, np.ndarray | None]:
        """The arrays as they are."""
        return self.values, self.valid

    def value_counts(self) -> dict[int, int]:
        """Counted by sorting."""
        values, counts = np.unique(present(self), return_counts=True)
        return dict(zip(values.tolist(), counts.tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class TextBatch:
    """Rows of a column of text, as a Python sequence; None is null."""

    values: Sequence[str | None]

    def arrays(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Only which rows are there; text has no array of values."""
        valid = np.fromiter((v is not None for v in self.values), np.uint8, len(self.values))
        return np.zeros(len(self.values), np.uint8), valid

    def value_counts(self) -> dict[str, int]:
        """Counted one by one."""
        counts: dict[str, int] = {}
        for value in self.values:
            if value is not None:
                counts[value] = counts.get(value, 0) + 1
        return counts


def present(batch: ColumnBatch) -> np.ndarray:
    """The values of the rows that are not null."""
    values, valid = batch.arrays()
    return values if valid is None else values[valid.astype(bool)]

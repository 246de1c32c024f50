"""mode: the value that occurs most often."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from featurelib.analyzers.base import (
    Accumulator,
    Analyzer,
    analyzer,
    check_non_finite,
    found_non_finite,
    no_values,
)
from featurelib.analyzers.batches import ColumnBatch, present
from featurelib.dtypes import DType


@analyzer
@dataclass(frozen=True)
class Mode(Analyzer):
    """The value that occurs most often, of the column's own type; of several the smallest.

    Text is ordered by its UTF-8 bytes. Both zeros are one value, 0.0. Every distinct value is held
    in memory with its count.

    Attributes:
        non_finite: ``"error"``, or ``"drop"`` to leave NaN and infinities out.
    """

    name: ClassVar[str] = "mode"

    non_finite: str = "error"

    def __post_init__(self) -> None:
        check_non_finite(self.name, self.non_finite)

    def result_dtype(self, arg: DType) -> DType:
        known = arg.is_numeric or arg.is_temporal or arg.name in ("Bool", "String")
        if not known:
            raise self.refuse(arg, "a number, a time, a truth value or text")
        return arg

    def start(self, dtype: DType) -> Accumulator:
        return _ModeAccumulator(self, dtype)


class _ModeAccumulator:
    def __init__(self, definition: Mode, dtype: DType) -> None:
        self._definition = definition
        self._dtype = dtype
        self._counts: Counter[Any] = Counter()
        self._non_finite = 0

    def update(self, batch: ColumnBatch) -> None:
        if self._dtype.name == "String":
            self._counts.update(batch.value_counts())
            return
        values = present(batch)
        if self._dtype.is_float:
            finite = values[np.isfinite(values)]
            self._non_finite += values.size - finite.size
            values = finite + finite.dtype.type(0)  # -0.0 becomes 0.0
        found, counts = np.unique(values, return_counts=True)
        self._counts.update(dict(zip(found.tolist(), counts.tolist(), strict=True)))

    def merge(self, other: Any) -> None:
        self._counts.update(other._counts)
        self._non_finite += other._non_finite

    def finish(self, where: str = "") -> bool | int | float | bytes:
        if self._non_finite and self._definition.non_finite == "error":
            raise found_non_finite(self._definition.name, where, self._non_finite)
        if not self._counts:
            raise no_values(self._definition.name, where)
        # Strings compare by code point, which is the order of their UTF-8 bytes.
        value, _ = min(self._counts.items(), key=lambda item: (-item[1], item[0]))
        if isinstance(value, str):
            return value.encode()
        return bool(value) if self._dtype.name == "Bool" else value

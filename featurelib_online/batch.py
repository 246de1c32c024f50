"""What a kernel gives for several rows: their features column by column, and their tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from featurelib.borders import from_canonical
from featurelib.dtypes import DType
from featurelib.errors import InputError
from featurelib.jit.kernel import Array, Column


@dataclass(frozen=True)
class RowError:
    """A row that was left out.

    Attributes:
        row: Its index in what was given.
        reason: What is wrong with it.
    """

    row: int
    reason: str


@dataclass(frozen=True)
class Batch:
    """The features of several rows, column by column.

    Attributes:
        tensors: The tensors of the layout, shape (rows, width); a ragged one as its values and its
            offsets. They are the caller's buffers where such were given.
        types: Type of each feature.
        rows: How many rows there are.
        errors: Rows that were left out, with their reasons.
    """

    tensors: dict[str, Array]
    types: dict[str, DType]
    rows: int
    errors: list[RowError] = field(default_factory=list)
    _own: Mapping[str, Column] = field(default_factory=dict, repr=False)
    """Features that stand in no tensor, with room for the rows or more."""
    _placed: Mapping[str, tuple[str, int]] = field(default_factory=dict, repr=False)
    """Tensor and column of the others."""

    @cached_property
    def columns(self) -> dict[str, Array]:
        """Values by feature: NumPy arrays, zero under a null.

        Text and lists are object arrays of bytes and tuples. A number that stands in a tensor is a
        view of it.
        """
        return {name: self._values(name) for name in self.types}

    @cached_property
    def valid(self) -> dict[str, Array | None]:
        """One byte a row where a feature may be null, else None, by feature."""
        flags = {n: None if c.valid is None else c.valid[: self.rows] for n, c in self._own.items()}
        return {name: flags.get(name) for name in self.types}

    def _values(self, name: str) -> Array:
        if name in self._own:
            return self._own[name].values[: self.rows]
        tensor, start = self._placed[name]
        return self.tensors[tensor][:, start]

    def __len__(self) -> int:
        return self.rows

    def canonical(self, name: str) -> list[Any]:
        """Values of a feature as kernels hold them; None for null."""
        values, valid, dtype = self.columns[name].tolist(), self.valid[name], self.types[name]
        if dtype.name == "Bool":
            values = [bool(v) for v in values]
        if valid is None:
            return list(values)
        return [v if ok else None for v, ok in zip(values, valid.tolist(), strict=True)]

    def __getitem__(self, row: int) -> dict[str, Any]:
        """One row as Python values."""
        if not isinstance(row, (int, np.integer)):
            raise InputError(
                f"a batch is indexed by the number of a row, got {row!r}",
                hint=f'batch.columns["{row}"] has a feature, batch.valid where it is not null',
            )
        if not -len(self) <= row < len(self):
            raise IndexError(f"row {row} of a batch of {len(self)}")
        made = {}
        for name, dtype in self.types.items():
            flags, value = self.valid[name], self.columns[name][row]
            present = flags is None or bool(flags[row])
            plain = value.item() if isinstance(value, np.generic) else value
            if dtype.name == "Bool":
                plain = bool(plain)
            made[name] = from_canonical(plain if present else None, dtype)
        return made

"""Row kernel against batch job, value by value and bit by bit, for `parity_tests.demo`.

It shares no code with the comparisons of `featurelib.parity`: a second opinion on "equal".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl


@dataclass(frozen=True)
class Mismatch:
    """One value that is not the same on both sides.

    Attributes:
        feature: Name of the feature, or of the tensor's place: ``dense[3]``.
        row: Index in the whole data.
        batch: What the batch job wrote.
        kernel: What the row kernel gave.
    """

    feature: str
    row: int
    batch: Any
    kernel: Any

    def __str__(self) -> str:
        return (
            f"{self.feature}, row {self.row}: batch {show(self.batch)}, "
            f"row kernel {show(self.kernel)}"
        )


def show(value: Any) -> str:
    """A value, floats with their bits."""
    if isinstance(value, float):
        return f"{value!r} (bits {struct.pack('>d', value).hex()})"
    return repr(value)


def compare(batch: pl.DataFrame, rows: Sequence[Any], start: int) -> Iterator[Mismatch]:
    """Every difference between rows of the Parquet file and what the row kernel gave for them.

    Args:
        batch: The features as read back from Parquet.
        rows: The kernel's answers for the same rows.
        start: Index of the first of them, for the messages.
    """
    assert batch.height == len(rows), f"{batch.height} rows in batch, {len(rows)} from the kernel"
    for name in batch.columns:
        expected = canonical(batch[name])
        got = [row.canonical(name) for row in rows]
        for at in differences(expected, got):
            yield Mismatch(name, start + at, expected[at], got[at])


def compare_tensors(
    batch: pl.DataFrame, rows: Sequence[Any], layout: Any, start: int
) -> Iterator[Mismatch]:
    """Every place of a model's tensors that does not hold the batch job's value."""
    for tensor in layout.tensors:
        parts = [_matrix(batch[m], tensor.dtype.storage) for m in tensor.members]
        expected = np.hstack(parts)
        got = np.concatenate([row.tensors[tensor.name] for row in rows])
        if got.shape != expected.shape or got.dtype != expected.dtype:
            yield Mismatch(tensor.name, start, (expected.shape, expected.dtype), got.shape)
            continue
        for row, column in np.argwhere(_bits(expected) != _bits(got)).tolist():
            place = f"{tensor.name}[{column}]"
            values = expected[row, column].item(), got[row, column].item()
            yield Mismatch(place, start + row, *values)


def canonical(column: pl.Series) -> list[Any]:
    """Values as kernels hold them: times as integers, text as bytes, lists as tuples."""
    if column.dtype.is_temporal():
        return column.to_physical().to_list()
    values = column.to_list()
    if column.dtype == pl.String:
        return [None if v is None else v.encode() for v in values]
    if column.dtype in (pl.List, pl.Array):
        return [None if v is None else tuple(v) for v in values]
    return values


def differences(expected: list[Any], got: list[Any]) -> list[int]:
    """Where two columns are not the same: by type, and floats by their bits."""
    if list(map(type, expected)) == list(map(type, got)):
        kinds = set(map(type, expected))
        if kinds <= {float, type(None)}:
            unlike = _bits(_numbers(expected)) != _bits(_numbers(got))
            return [int(i) for i in np.flatnonzero(unlike)]
        if not kinds & {float, tuple} and expected == got:
            return []
    return [i for i, pair in enumerate(zip(expected, got, strict=True)) if _unlike(*pair)]


def _unlike(a: Any, b: Any) -> bool:
    if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
        return any(map(_unlike, a, b))
    if isinstance(a, float) and isinstance(b, float):
        return struct.pack("<d", a) != struct.pack("<d", b)
    return type(a) is not type(b) or a != b


def _numbers(values: list[Any]) -> np.ndarray:
    """Floats with a zero for each null; where nulls are was compared by type."""
    return np.array([0.0 if v is None else v for v in values])


def _bits(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values).view(f"u{values.dtype.itemsize}")


def _matrix(column: pl.Series, storage: str) -> np.ndarray:
    array = column.to_numpy()
    if array.ndim == 1:
        array = array[:, None]
    return array.astype(storage, casting="safe")

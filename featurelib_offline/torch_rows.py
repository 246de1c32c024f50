"""Rows of tensors in memory: cut, joined, drawn and padded, those of Lists included.

Only NumPy: torch sees the memory at the very end, without a copy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from featurelib.jit import arrow_text

__all__ = ["Array", "Key", "Lists", "Rows"]

Array = np.ndarray[Any, Any]
Key = tuple[str, str]
"""What it belongs to (``tensors`` or ``labels``), and its name."""


@dataclass(frozen=True, slots=True)
class Lists:
    """A ragged tensor.

    Attributes:
        values: The elements of all rows, one after another.
        offsets: Where each row begins, and the end of the last; the first is 0.
    """

    values: Array
    offsets: Array

    def between(self, start: int, stop: int) -> Lists:
        """Some rows; the values are not copied."""
        offsets = self.offsets[start : stop + 1]
        return Lists(self.values[offsets[0] : offsets[-1]], offsets - offsets[0])

    def drawn(self, order: Array) -> Lists:
        """These rows in this order, in memory of their own."""
        pairs = np.empty((len(order), 2), np.int64)
        pairs[:, 0] = self.values.ctypes.data + self.offsets[order] * self.values.itemsize
        pairs[:, 1] = self.offsets[order + 1] - self.offsets[order]
        offsets = np.empty(len(order) + 1, np.int64)
        arrow_text.list_offsets(pairs, None, offsets)
        values = np.empty(int(offsets[-1]), self.values.dtype)
        arrow_text.copy_lists(pairs, offsets, values.itemsize, values.ctypes.data)
        return Lists(values, offsets)

    def padded(self, rows: int) -> Lists:
        """With so many empty rows behind."""
        end = np.full(rows, self.offsets[-1], np.int64)
        return Lists(self.values, np.concatenate([self.offsets, end]))

    @staticmethod
    def joined(parts: Sequence[Lists]) -> Lists:
        """The rows of all parts, in memory of their own."""
        ends = np.cumsum([0, *(len(p.values) for p in parts)])
        offsets = [p.offsets[1:] + end for p, end in zip(parts, ends, strict=False)]
        return Lists(
            np.concatenate([p.values for p in parts]),
            np.concatenate([np.zeros(1, np.int64), *offsets]),
        )


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of all tensors and labels.

    Attributes:
        count: How many.
        flat: What takes the same room in every row: (rows, width) or (rows,).
        lists: Ragged tensors.
    """

    count: int
    flat: Mapping[Key, Array]
    lists: Mapping[Key, Lists]

    def arrays(self) -> dict[Key, Array]:
        """All memory by name: of a ragged tensor values and offsets."""
        made = dict(self.flat)
        for (place, name), lists in self.lists.items():
            made[place, name] = lists.values
            made[place, f"{name}.offsets"] = lists.offsets
        return made

    def between(self, start: int, stop: int) -> Rows:
        """Some rows; values are not copied."""
        return Rows(
            stop - start,
            {key: values[start:stop] for key, values in self.flat.items()},
            {key: lists.between(start, stop) for key, lists in self.lists.items()},
        )

    def drawn(self, order: Array) -> Rows:
        """These rows in this order, in memory of their own."""
        return Rows(
            len(order),
            {key: np.take(values, order, axis=0) for key, values in self.flat.items()},
            {key: lists.drawn(order) for key, lists in self.lists.items()},
        )

    def padded(self, count: int) -> Rows:
        """With rows of zeros and empty Lists behind, so that there are `count`."""
        more = count - self.count
        if not more:
            return self
        flat = {
            key: np.concatenate([values, np.zeros((more, *values.shape[1:]), values.dtype)])
            for key, values in self.flat.items()
        }
        return Rows(count, flat, {key: lists.padded(more) for key, lists in self.lists.items()})

    @staticmethod
    def joined(parts: Sequence[Rows]) -> Rows:
        """The rows of all parts; one part as it is, else in memory of their own."""
        if len(parts) == 1:
            return parts[0]
        return Rows(
            sum(p.count for p in parts),
            {key: np.concatenate([p.flat[key] for p in parts]) for key in parts[0].flat},
            {key: Lists.joined([p.lists[key] for p in parts]) for key in parts[0].lists},
        )

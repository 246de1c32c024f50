"""Tensors of a micro-batch of Criteo-shaped rows, and how Numba by hand fills them."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable
from typing import Any

import numba as nb
import numpy as np
import torch

from benchmarks.criteo import BUCKETS, INTS, TEXTS
from benchmarks.numba_peer import xxh64

Tensors = tuple[torch.Tensor, ...]
Peer = Callable[[Any], Tensors]


class Out:
    """Memory of tensors for some rows, as torch and as NumPy sees it.

    Attributes:
        dense: (rows, 13) of float32.
        ids: (rows, 26) of int64.
    """

    def __init__(self, rows: int) -> None:
        self.dense = torch.zeros((rows, len(INTS)), dtype=torch.float32)
        self.ids = torch.zeros((rows, len(TEXTS)), dtype=torch.int64)
        self.dense_array, self.ids_array = self.dense.numpy(), self.ids.numpy()

    def first(self, rows: int) -> Tensors:
        """The tensors of the first rows: views."""
        return self.dense[:rows], self.ids[:rows]


def fill_packed(numbers: Any, values: list[str], by_column: bool, out: Out) -> None:
    """Tensors from numbers and texts, row by row or column by column.

    Args:
        numbers: int64, without nulls.
        values: As many as there are ids.
        by_column: The first column comes first, else the first row.
        out: What is filled.
    """
    text = "".join(values)
    if text.isascii():
        encoded, sizes = text.encode(), array("q", map(len, values))
    else:
        parts = [s.encode() for s in values]
        encoded, sizes = b"".join(parts), array("q", map(len, parts))
    _packed(
        np.frombuffer(numbers, np.int64),
        np.frombuffer(encoded, np.uint8),
        np.frombuffer(sizes, np.int64),
        by_column,
        out.dense_array,
        out.ids_array,
    )


@nb.njit(nogil=True)
def _packed(numbers: Any, text: Any, sizes: Any, by_column: bool, dense: Any, ids: Any) -> None:
    rows = len(numbers) // dense.shape[1]
    for at in range(len(numbers)):
        log = math.log1p(np.float64(max(numbers[at], 0)))
        if by_column:
            dense[at % rows, at // rows] = log
        else:
            dense[at // dense.shape[1], at % dense.shape[1]] = log
    start = 0
    for at in range(len(sizes)):
        bucket = xxh64(text[start : start + sizes[at]]) % np.uint64(BUCKETS)
        start += sizes[at]
        if by_column:
            ids[at % rows, at // rows] = bucket
        else:
            ids[at // ids.shape[1], at % ids.shape[1]] = bucket

"""How often values occur, in bounded memory and with nothing that shows the order of rows."""

from __future__ import annotations

import numpy as np

MAX_CELLS = 4096


class Cells:
    """Counts of at most 4,096 runs of neighbouring values, all of one length.

    A value is an integer in whose order the values are (`order_keys`). A run is 2**s neighbours,
    with the least s that leaves at most 4,096 runs that occur: no more than 4,096 different values
    are told apart exactly, and of more at least 2,049 runs remain. Parts of the rows never need a
    larger s than all of them, so neither order nor merges can show.
    """

    def __init__(self) -> None:
        self._shift = 0
        self._runs = np.zeros(0, np.int64)
        self._counts = np.zeros(0, np.int64)

    def update(self, keys: np.ndarray) -> None:
        """Counts some values: int64 or uint64, always the same."""
        runs, counts = np.unique(keys, return_counts=True)
        self._take(runs, counts.astype(np.int64), 0)

    def merge(self, other: Cells) -> None:
        """Counts what another one has seen."""
        self._take(other._runs, other._counts, other._shift)

    def middles(self) -> tuple[list[int], list[int]]:
        """The key in the middle of each run, rising, and how many values are in it."""
        half = (1 << self._shift) - 1
        middles = [((run << self._shift) * 2 + half) // 2 for run in self._runs.tolist()]
        return middles, self._counts.tolist()

    def _take(self, runs: np.ndarray, counts: np.ndarray, shift: int) -> None:
        if not runs.size:
            return
        common = max(self._shift, shift)
        mine = self._runs.astype(runs.dtype) >> runs.dtype.type(common - self._shift)
        every = np.concatenate([mine, runs >> runs.dtype.type(common - shift)])
        counted = np.concatenate([self._counts, counts])
        further = _needed(np.unique(every))
        every >>= every.dtype.type(further)
        self._shift = common + further
        self._runs, places = np.unique(every, return_inverse=True)
        self._counts = np.zeros(self._runs.size, np.int64)
        np.add.at(self._counts, places, counted)


def _needed(runs: np.ndarray) -> int:
    """By how many bits rising runs must be cut so that at most 4,096 differ."""
    low, high = 0, 64
    while low < high:
        middle = (low + high) // 2
        cut = runs >> runs.dtype.type(middle)
        if np.count_nonzero(cut[1:] != cut[:-1]) < MAX_CELLS:
            high = middle
        else:
            low = middle + 1
    return low

"""Latencies as counts by buckets: 128 buckets for each doubling, so a bound is at most 0.8% high.

The layout is that of HdrHistogram. Its Python package records by a call for each value; here the
machine code of `kernel` counts, and this class reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from serving_example.load.kernel import BUCKETS, FINE

__all__ = ["Histogram", "upper_us"]

Counts = np.ndarray[Any, np.dtype[np.int64]]


class Histogram:
    """Counts of durations in microseconds.

    Args:
        counts: int64 of `BUCKETS`, shared with who counts; None: nothing yet.
    """

    def __init__(self, counts: Counts | None = None) -> None:
        self.counts: Counts = np.zeros(BUCKETS, np.int64) if counts is None else counts

    @property
    def total(self) -> int:
        """How many were counted."""
        return int(self.counts.sum())

    def quantile_ms(self, q: float) -> float | None:
        """The least bound in milliseconds that a share `q` of the values does not exceed.

        It is the end of a bucket, never less than the true value. None where nothing was counted.
        """
        total = self.total
        if not total:
            return None
        rank = max(1, int(np.ceil(q * total - 1e-9)))
        return upper_us(int(np.searchsorted(np.cumsum(self.counts), rank))) / 1000

    def rows(self) -> Iterator[tuple[float, int]]:
        """The upper end in milliseconds and the count of each bucket that has one."""
        for i in np.flatnonzero(self.counts):
            yield upper_us(int(i)) / 1000, int(self.counts[i])


def upper_us(bucket: int) -> int:
    """The largest whole number of microseconds of a bucket."""
    shift = max(0, bucket // FINE - 1)
    return ((bucket - FINE * shift + 1) << shift) - 1

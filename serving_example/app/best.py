"""The best of each request, in order: all requests of a micro-batch in one call of machine code."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from featurelib.jit.addresses import address_of
from serving_example.app.ranking_code import best
from serving_example.devices.protocol import Array

__all__ = ["Best", "best_of"]


class Best(NamedTuple):
    """The best of some runs of scores.

    Attributes:
        ids: Of the best, those of a run behind those of the one before it.
        scores: Theirs.
        counts: How many each run has; -1 of a run with a score that is no finite number, whose ids
            and scores mean nothing.
        starts: Where those of each run begin.
        oldest: Of each run the lowest time above 0; 0 if there is none.
    """

    ids: list[int]
    scores: list[float]
    counts: list[int]
    starts: list[int]
    oldest: list[int]


def best_of(
    scores: Array,
    rows: Array,
    ids: Array,
    times: Array,
    counts: Sequence[int],
    wanted: Sequence[int],
) -> Best:
    """For each run so many of its best, the best first; of equal ones the lower id.

    Args:
        scores: One run after another: float32.
        rows: Of each score the row of `ids` and `times`: int64.
        ids: int64.
        times: int64.
        counts: The length of each run.
        wanted: How many of each; of a shorter run all.

    Raises:
        IndexError: A row is not there.
    """
    shown = list(map(min, wanted, counts))
    starts = list(itertools.accumulate(shown, initial=0))
    ends = np.array(list(itertools.accumulate(counts)), np.int64)
    found, values = np.empty(starts[-1], np.int64), np.empty(starts[-1], np.float32)
    sizes, oldest = np.array(shown, np.int64), np.empty(len(shown), np.int64)
    given: list[Array] = [
        np.ascontiguousarray(scores, np.float32),
        *(np.ascontiguousarray(array, np.int64) for array in (rows, ids, times)),
    ]
    assert len(scores) == len(rows) == (ends[-1] if len(ends) else 0) and len(ids) == len(times)
    addresses = [address_of(a) for a in (*given, ends, sizes, found, values, oldest)]
    wrong = best(len(ends), len(ids), *addresses)
    if wrong >= 0:
        raise IndexError(f"item {wrong}: expected a row below {len(ids)}, got {rows[wrong]}")
    return Best(found.tolist(), values.tolist(), sizes.tolist(), starts, oldest.tolist())

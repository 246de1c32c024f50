"""The best of each request, in order: all requests of a micro-batch in one call of machine code."""

from __future__ import annotations

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
        places: Of the best among all scores, those of a run behind those of the one before it.
        counts: How many each run has; -1 of a run with a score that is no finite number. Its places
            are there, and mean nothing.
        starts: Where those of each run begin.
    """

    places: Array
    counts: list[int]
    starts: list[int]


def best_of(scores: Array, ids: Array, counts: Sequence[int], wanted: Sequence[int]) -> Best:
    """For each run the places of so many of its best, the best first; of equal ones the lower id.

    Args:
        scores: One run after another: float32.
        ids: Of each score: int64.
        counts: The length of each run.
        wanted: How many of each; of a shorter run all.
    """
    sizes = np.array(counts, np.int64)
    ends, shown = sizes.cumsum(), np.minimum(np.array(wanted, np.int64), sizes)
    stops = shown.cumsum()
    starts = (stops - shown).tolist()
    places = np.empty(stops[-1] if len(stops) else 0, np.int64)
    score, film = np.ascontiguousarray(scores, np.float32), np.ascontiguousarray(ids, np.int64)
    assert len(score) == len(film) == (ends[-1] if len(ends) else 0)
    addresses = [address_of(array) for array in (score, film, ends, shown, places)]
    best(len(ends), len(score), *addresses)
    return Best(places, shown.tolist(), starts)

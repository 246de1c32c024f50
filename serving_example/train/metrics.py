"""How good an order of films is: NDCG, recall, and intervals over users.

Gains are 1 for a film of the test and 0 for any other. Films with equal scores stand in the order
of their places, so a metric has one value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Interval", "bootstrap", "found", "ndcg", "ranked"]

Array = np.ndarray[Any, Any]
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean over users, and where it may lie for other users of the same kind.

    Attributes:
        mean: The mean.
        low: Lower end of the 95 % interval.
        high: Upper end.
    """

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.4f} [{self.low:.4f}, {self.high:.4f}]"


def ranked(scores: Array, known: Array, k: int) -> Array:
    """The best films of each user that the user had not rated: (users, k) places.

    Args:
        scores: (users, films).
        known: Whether a film is no candidate, (users, films).
        k: How many; each user has so many candidates.
    """
    left = np.where(known, -np.inf, scores)
    return np.argsort(-left, axis=1, kind="stable")[:, :k]


def ndcg(best: Array, wanted: Array) -> Array:
    """Normalised discounted cumulative gain of each user.

    Args:
        best: What `ranked` gave.
        wanted: Whether a film is of the user's test, (users, films); each user has at least one.

    Returns:
        (users): 1 if the films of the test stand first.
    """
    discount = 1.0 / np.log2(np.arange(2, best.shape[1] + 2))
    gains = np.take_along_axis(wanted, best, axis=1)
    most = np.minimum(wanted.sum(axis=1), best.shape[1])
    return np.asarray((gains * discount).sum(axis=1) / np.cumsum(discount)[most - 1])


def found(best: Array, wanted: Array) -> Array:
    """The share of each user's test among the first 1, 2, ... of the best: (users, k).

    Recall@k is its last column.
    """
    hits = np.take_along_axis(wanted, best, axis=1).cumsum(axis=1)
    return np.asarray(hits / wanted.sum(axis=1, keepdims=True))


def bootstrap(values: Array, seed: int = 0, times: int = 2000) -> Interval:
    """The mean over users and its 95 % interval: percentiles of means of users drawn anew.

    Args:
        values: One for each user: of a metric, or the difference of two models for the same user.
        seed: Of the draws.
        times: How often users are drawn.
    """
    random = np.random.default_rng(seed)
    drawn = random.multinomial(len(values), np.full(len(values), 1 / len(values)), times)
    tail = (1 - _CONFIDENCE) / 2
    low, high = np.quantile(drawn @ values / len(values), [tail, 1 - tail])
    return Interval(float(values.mean()), float(low), float(high))

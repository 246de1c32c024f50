"""What scores are worth: all films that a user had not rated, at the moment of being asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from featurelib.bundle import Bundle
from serving_example.instants import microseconds_of
from serving_example.train import features
from serving_example.train.data import MovieLens
from serving_example.train.metrics import Interval, bootstrap, found, ndcg, ranked
from serving_example.train.split import Seen, Split

__all__ = ["Asked", "Evaluation", "difference", "measure"]

K = 10
CANDIDATES = 100
"""Films that the towers hand to a ranker."""

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Asked:
    """What is asked, and what would be right.

    Attributes:
        tensors: The layout's tensors of each user with each film at the user's moment, user after
            user, (users x films, width).
        known: Whether a user had rated a film in training: no candidate, (users, films).
        wanted: Whether the user's last ratings have the film, (users, films).
        liked: Whether they have it with at least four stars, (users, films).
        popularity: Ratings of each film before the user's moment, (users, films).
    """

    tensors: Mapping[str, Tensor]
    known: Array
    wanted: Array
    liked: Array
    popularity: Array

    @staticmethod
    def of(bundle: Bundle, data: MovieLens, parts: Split, seen: Seen) -> Asked:
        """The test of a split; one point-in-time join makes its features."""
        moments, films = parts.moments, seen.films
        pairs = moments.join(
            pl.DataFrame({"item_id": films}), how="cross", maintain_order="left_right"
        )
        events = features.events_of(data.events)
        made = features.tensors(bundle, features.queries(data, pairs), events)
        shape = (len(moments), len(films))
        users = np.searchsorted(seen.users, moments["user_id"].to_numpy())[:, None]
        ever = np.array(np.iinfo(np.int64).max - 1)
        return Asked(
            {name: torch.from_numpy(x) for name, x in made.items()},
            seen.by(users, np.arange(len(films))[None], ever),
            _places(parts.test, moments, films),
            _places(parts.test.filter(pl.col("rating") >= 4), moments, films),
            _popularity(data.events, moments, films).reshape(shape),
        )

    def scores(self, module: nn.Module, size: int) -> Array:
        """(users, films), from batches of this size; the last one is filled up with zeros."""
        rows = self.known.size
        made = np.empty(rows, np.float32)
        with torch.inference_mode():
            for at in range(0, rows, size):
                batch = {n: x[at : at + size] for n, x in self.tensors.items()}
                short = size - len(next(iter(batch.values())))
                if short:
                    batch = {
                        n: torch.cat([x, x.new_zeros((short, x.shape[1]))])
                        for n, x in batch.items()
                    }
                made[at : at + size] = module(batch).numpy()[: size - short]
        return made.reshape(self.known.shape)


@dataclass(frozen=True)
class Evaluation:
    """What one order of films is worth, for each user.

    Attributes:
        ndcg: NDCG@10 over all candidates, (users).
        found: The share of the test among the first 1, 2, ... 100 of all candidates, (users, 100).
        of_candidates: NDCG@10 where the towers chose 100 candidates before; None for towers.
        liked: NDCG@10 where only films with at least four stars are right, of users with some.
    """

    ndcg: Array
    found: Array
    of_candidates: Array | None
    liked: Array

    @property
    def recall(self) -> Array:
        """Recall@100 over all candidates, (users)."""
        return np.asarray(self.found[:, -1])

    def metrics(self) -> dict[str, float]:
        """Means over users, for the card of a model."""
        made = {
            "ndcg_at_10": float(self.ndcg.mean()),
            "recall_at_100": float(self.recall.mean()),
            "ndcg_at_10_liked": float(self.liked.mean()),
        }
        if self.of_candidates is not None:
            made["ndcg_at_10_of_candidates"] = float(self.of_candidates.mean())
        return made


def measure(test: Asked, scores: Array, candidates: Array | None = None) -> Evaluation:
    """What scores are worth.

    Args:
        test: What is right.
        scores: (users, films).
        candidates: The films that the towers hand over, (users, 100) places.
    """
    best = ranked(scores, test.known, CANDIDATES)
    some = test.liked.any(axis=1)
    narrowed = None
    if candidates is not None:
        left = np.ones_like(test.known)
        np.put_along_axis(left, candidates, False, axis=1)
        narrowed = ndcg(ranked(scores, left, K), test.wanted)
    return Evaluation(
        ndcg(best[:, :K], test.wanted),
        found(best, test.wanted),
        narrowed,
        ndcg(best[some, :K], test.liked[some]),
    )


def difference(one: Array, other: Array) -> Interval:
    """How much better the one is for the same users, with its interval."""
    return bootstrap(one - other)


def _places(ratings: pl.DataFrame, moments: pl.DataFrame, films: Array) -> Array:
    made = np.zeros((len(moments), len(films)), bool)
    rows = np.searchsorted(moments["user_id"].to_numpy(), ratings["user_id"].to_numpy())
    made[rows, np.searchsorted(films, ratings["item_id"].to_numpy())] = True
    return made


def _popularity(events: pl.DataFrame, moments: pl.DataFrame, films: Array) -> Array:
    """How often each film was rated strictly before each moment: a count, by no feature of ours."""
    made = np.zeros((len(moments), len(films)))
    asked = microseconds_of(moments["requested_at"])
    for (film,), ratings in events.group_by("item_id"):
        times = np.sort(microseconds_of(ratings["rated_at"]))
        made[:, np.searchsorted(films, film)] = np.searchsorted(times, asked, side="left")
    return made

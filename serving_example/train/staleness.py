"""What staleness costs: NDCG@10 of the same questions, answered with features or results of before.

Each user of the test is asked once, in the middle of their last ratings: what they rated from then
on is right. Three ways of being late are measured, each with its age:

    kept        a result that was kept while the user rated nothing: films' features are old
    features    features of user and film are old, the moment of the request is now
    results     all is as it was then, whatever the user has rated since

A film that the user is not yet known to have rated takes a place in the answer, as it would.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

import featurelib as fl
from featurelib.bundle import Bundle
from featurelib.errors import FeaturelibError
from serving_example import models
from serving_example.artifacts import ArtifactStore
from serving_example.definition import BY_FILM, BY_USER
from serving_example.instants import microseconds_of
from serving_example.train import features
from serving_example.train.data import MovieLens, load
from serving_example.train.metrics import Interval, bootstrap, ndcg, ranked
from serving_example.train.split import Seen, Split, split

__all__ = ["AGES", "WAYS", "Question", "Stale", "measure", "questions"]

AGES: Final = tuple(
    timedelta(seconds=seconds) for seconds in (0, 10, 30, 60, 300, 1800, 3600, 6 * 3600, 86400)
)
"""Up to `max_lateness`: an event that arrives later is refused."""
WAYS: Final = ("kept", "features", "results")
OTHERS = 100
"""Films beside those that are right, drawn by how often they were rated."""
K = 10
CONVERSION = 0.02
"""Assumed, and no measurement: of a hundred answers as good as fresh ones two are followed."""

Array = np.ndarray[Any, Any]
Scorer = Callable[[dict[str, Tensor]], Tensor]


@dataclass(frozen=True)
class Question:
    """The questions, all with the same candidates whatever the age.

    Attributes:
        pairs: ``user_id``, ``item_id`` and ``requested_at`` of each candidate, by question.
        users: Places of the users, (questions).
        films: Places of the candidates, (questions, width); filled up with the last one.
        is_there: Whether a place is a candidate and not filled up, (questions, width).
        moments: Microseconds since 1970, (questions).
        wanted: Whether the user rates a candidate from then on, (questions, width).
    """

    pairs: pl.DataFrame
    users: Array
    films: Array
    is_there: Array
    moments: Array
    wanted: Array


@dataclass(frozen=True)
class Stale:
    """What one way and age are worth.

    Attributes:
        way: One of `WAYS`.
        age: How old.
        ndcg: NDCG@10 of each question.
        lost: How much less than fresh, with its interval over users.
    """

    way: str
    age: timedelta
    ndcg: Array
    lost: Interval


def questions(data: MovieLens, parts: Split, seen: Seen, count: int | None, seed: int) -> Question:
    """Asks each user at one of the last ratings but the first, drawn evenly.

    Args:
        data: The ratings.
        parts: Whose test is asked.
        seen: Who has rated what by when.
        count: How many users, the first ones; None for all.
        seed: Of what is drawn.
    """
    random, every = np.random.default_rng(seed), np.arange(len(seen.films))
    often = np.bincount(
        np.searchsorted(seen.films, parts.train["item_id"].to_numpy()), minlength=len(seen.films)
    )
    rows: list[Array] = []
    right: list[Array] = []
    users, moments = [], []
    longest = round(max(AGES).total_seconds() * 1e6)
    for (user,), test in list(parts.test.group_by("user_id", maintain_order=True))[:count]:
        times = microseconds_of(test["rated_at"])
        moment = int(times[random.integers(1, len(times))])
        place = int(np.searchsorted(seen.users, user))
        wanted = np.searchsorted(seen.films, test["item_id"].to_numpy()[times >= moment])
        ends = [np.iinfo(np.int64).max - 1, moment - 1, moment - longest - 1]
        ever, now, then = seen.by(np.array(place), every, np.array(ends)[:, None])
        recent = np.flatnonzero(now & ~then)
        share = np.where(ever, 0, often).astype(np.float64)
        others = random.choice(len(share), OTHERS, replace=False, p=share / share.sum())
        rows.append(np.concatenate([wanted, others, recent]))
        right.append(wanted)
        users.append(place)
        moments.append(moment)
    width = max(map(len, rows))
    films = np.stack([np.pad(row, (0, width - len(row)), mode="edge") for row in rows])
    is_there = np.arange(width) < np.array([len(row) for row in rows])[:, None]
    is_right = np.arange(width) < np.array([len(row) for row in right])[:, None]
    asked = np.array(moments)
    pairs = pl.DataFrame(
        {
            "user_id": np.repeat(seen.users[users], [len(row) for row in rows]),
            "item_id": seen.films[films[is_there]],
            "requested_at": np.repeat(asked, [len(row) for row in rows]),
        }
    ).with_columns(pl.col("requested_at").cast(pl.Datetime("us", "UTC")))
    return Question(pairs, np.array(users), films, is_there, asked, is_right)


def measure(
    bundle: Bundle, data: MovieLens, scorer: Scorer, asked: Question, seen: Seen, way: str,
    age: timedelta,
) -> Array:  # fmt: skip
    """NDCG@10 of each question, answered in one way at one age."""
    late = round(age.total_seconds() * 1e6)
    pairs, delayed = asked.pairs, data.events.with_columns(pl.col("received_at") + age)
    events: Mapping[str, pl.DataFrame] = features.events_of(delayed)
    if way == "kept":
        events = {BY_USER.name: data.events, BY_FILM.name: delayed}
    elif way == "results":
        events = features.events_of(data.events)
        pairs = pairs.with_columns(pl.col("requested_at") - age)
    made = features.tensors(bundle, features.queries(data, pairs), events)
    with torch.inference_mode():
        told = scorer({name: torch.from_numpy(x) for name, x in made.items()}).numpy()
    scores = np.full(asked.films.shape, -np.inf, np.float32)
    scores[asked.is_there] = told
    by = asked.moments - (0 if way == "kept" else late) - 1  # strictly before
    known = seen.by(asked.users[:, None], asked.films, by[:, None])
    best = ranked(scores, known | ~asked.is_there, K)
    return ndcg(best, asked.wanted)


def sweep(
    folder: Path, data: MovieLens, ranker: str, users: int | None, console: Console
) -> list[Stale]:
    """All ways and ages with the ranker of a training.

    Raises:
        FeaturelibError: The folder holds no such model, or another bundle's.
    """
    bundle, store = fl.load(folder / "bundle.json"), ArtifactStore(folder / "artifacts")
    artifact = store.get(store.digest(ranker))
    artifact.card.inputs.check(bundle)
    module, parts = models.load(artifact), split(data.events)
    ids = (data.profiles["user_id"].to_numpy(), data.catalogue["item_id"].to_numpy())
    seen = Seen(data.events, *ids)
    asked = questions(data, parts, seen, users, seed=0)
    fresh = measure(bundle, data, module, asked, seen, "features", AGES[0])
    found = []
    for way in WAYS:
        for age in AGES:
            if age:
                worth = measure(bundle, data, module, asked, seen, way, age)
                found.append(Stale(way, age, worth, bootstrap(fresh - worth)))
                console.print(f"{way} {age}: {worth.mean():.4f}", style="dim")
    return [Stale("fresh", AGES[0], fresh, bootstrap(fresh - fresh)), *found]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; 0 if it was measured, 1 with the reason if not."""
    parser = argparse.ArgumentParser(
        prog="python -m serving_example.train.staleness",
        description="What old features and results cost: NDCG@10 on MovieLens 100k, by age.",
    )
    parser.add_argument("--data", type=Path, required=True, help="the folder of a training")
    parser.add_argument("--ranker", default="ranker", help="the model (%(default)s)")
    parser.add_argument("--users", type=int, help="the first N users; all without it")
    args = parser.parse_args(argv)
    console = Console(stderr=True)
    try:
        found = sweep(args.data, load(), args.ranker, args.users, console)
    except (FeaturelibError, OSError) as error:
        console.print(f"error: {error}", style="red", soft_wrap=True, markup=False)
        return 1
    Console(width=100).print(_table(found))
    return 0


def _table(found: Sequence[Stale]) -> Table:
    table = Table("way", "age", "NDCG@10", "lost to fresh", "of it", "followed of a million")
    fresh = float(found[0].ndcg.mean())
    for stale in found:
        worth = float(stale.ndcg.mean()) / fresh
        table.add_row(
            stale.way, str(stale.age), f"{stale.ndcg.mean():.4f}", str(stale.lost),
            f"{1 - worth:.1%}", f"{1e6 * CONVERSION * worth:,.0f}",
        )  # fmt: skip
    return table


if __name__ == "__main__":
    sys.exit(main())

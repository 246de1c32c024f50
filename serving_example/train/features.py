"""Pairs of users and films at moments, and their tensors: every value comes from featurelib.

Positives are ratings, at their own time. Negatives are films that the user had not rated by then:
films that are rated later may be among them, those of the test too. To leave them out would tell
the model which films the test holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from featurelib.bundle import Bundle
from featurelib_offline import transform
from serving_example import definition
from serving_example.instants import microseconds_of
from serving_example.train.data import MovieLens
from serving_example.train.split import Seen

__all__ = ["draw_negatives", "events_of", "queries", "tensors", "with_negatives"]

Array = np.ndarray[Any, Any]
Tensors = Mapping[str, Array]


def events_of(events: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The records for each event source: a rating is an event of its user and of its film."""
    return {source.name: events for source in (definition.BY_USER, definition.BY_FILM)}


def queries(data: MovieLens, pairs: pl.DataFrame) -> pl.DataFrame:
    """Rows of `definition.Pair`, in the order of the pairs.

    Args:
        data: Profiles and catalogue.
        pairs: ``user_id``, ``item_id``, ``requested_at``.
    """
    films = data.catalogue.drop("title")
    rows = pairs.join(data.profiles, on="user_id", how="left", maintain_order="left").join(
        films, on="item_id", how="left", maintain_order="left"
    )
    return rows.select(list(definition.Pair.model_fields))


def draw_negatives(seen: Seen, ratings: pl.DataFrame, count: int, seed: int) -> Array:
    """Films that a user had not rated by the time of a rating, drawn evenly.

    Args:
        seen: Who has rated what by when.
        ratings: The positives.
        count: Films for each of them; one may be drawn twice.
        seed: Of the generator.

    Returns:
        Numbers of films, (ratings, count).
    """
    random = np.random.default_rng(seed)
    users = np.searchsorted(seen.users, ratings["user_id"].to_numpy())[:, None]
    moments = microseconds_of(ratings["rated_at"])[:, None]
    drawn = random.integers(0, len(seen.films), (len(ratings), count))
    while (again := seen.by(users, drawn, moments)).any():
        drawn[again] = random.integers(0, len(seen.films), int(again.sum()))
    return np.asarray(seen.films[drawn])


def with_negatives(ratings: pl.DataFrame, negatives: Array) -> pl.DataFrame:
    """Pairs: each rating, then its negatives at its time."""
    films = np.column_stack([ratings["item_id"].to_numpy(), negatives])
    width = films.shape[1]
    return pl.DataFrame(
        {
            "user_id": np.repeat(ratings["user_id"].to_numpy(), width),
            "item_id": films.reshape(-1),
            "requested_at": np.repeat(microseconds_of(ratings["rated_at"]), width),
        }
    ).with_columns(pl.col("requested_at").cast(pl.Datetime("us", "UTC")))


def tensors(bundle: Bundle, rows: pl.DataFrame, events: Mapping[str, pl.DataFrame]) -> Tensors:
    """The tensors of the layout, (rows, width) each, by the point-in-time join.

    Args:
        bundle: The fitted features.
        rows: What `queries` gave.
        events: What `events_of` gave.
    """
    made = transform(bundle, rows, events=events)
    tensors: dict[str, Array] = {}
    for tensor in bundle.layout.tensors:
        columns = [made[name].to_numpy() for name in tensor.members]
        tensors[tensor.name] = np.stack(columns, axis=1).astype(tensor.dtype.storage, copy=False)
    return tensors

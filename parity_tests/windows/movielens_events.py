"""MovieLens 100k as events: 100,000 ratings by 943 users of 1,682 films, half of them tied in time.

Where the files lie, and what may be done with them, says `serving_example.train.data`.
"""

from __future__ import annotations

import polars as pl

import featurelib as fl
from featurelib.windows import Definition, EventSource, define, last, lifetime, rows
from serving_example.train.data import load

RATINGS = 100_000


class Rating(fl.Schema):
    """A record."""

    rating_id: int
    user_id: int
    item_id: int
    rating: float
    rated_at: fl.Datetime


def load_ratings() -> tuple[pl.DataFrame, pl.DataFrame]:
    """All ratings as records in the order of the file, and each as a query at its moment."""
    records = load().events.select(list(Rating.model_fields))
    return records, records.select("user_id", "item_id", as_of="rated_at")


def by(key: str) -> Definition:
    """Aggregates of a user (``user_id``) or of a film (``item_id``)."""
    source = EventSource(
        f"ratings_by_{key}", Rating, key=key, time="rated_at", id="rating_id", max_events=600
    )
    rating, other = fl.col("rating"), fl.col("item_id" if key == "user_id" else "user_id")
    week, now = source.over(last(days=7)), source.over(lifetime(closed="right"))
    ever, few = source.over(lifetime()), source.over(rows(20, closed="right"))
    return define(
        {
            "ratings_7d": week.count(),
            "mean_7d": week.mean(rating),
            "std_7d": week.std(rating, ddof=1),
            "good_7d": week.where(rating >= 4).count(),
            "ratings": ever.count(),
            "mean": ever.mean(rating),
            "ratings_now": now.count(),
            "top_2": now.top_k(rating, 2),
            "mode_ratio": now.mode_ratio(rating),
            "last_20": few.last_k(other, 20),
            "first_5": few.first_k(other, 5, distinct=True),
            "best": few.arg_max(other, by=rating),
            "quartile": few.quantile(rating, 0.25, rule="linear"),
        }
    )

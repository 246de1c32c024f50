"""What the recommender looks at: one feature set, for training and for every request.

A row is a user and a film at a moment. Ratings are events, of their user and of their film; a
film's aggregates look at counts and rows only, never at the clock, so they stand still between two
ratings.
"""

from __future__ import annotations

from datetime import timedelta

import featurelib as fl
from featurelib.windows import EventSource, WindowAggregate, last, lifetime, rows

ZONE = "America/Chicago"
"""MovieLens was rated from a site in Minnesota."""

GENRES = (
    "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama",
    "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War",
    "Western",
)  # fmt: skip
TASTES = ("Action", "Comedy", "Drama", "Romance", "Sci-Fi", "Thriller")
"""Genres whose ratings are counted for each user: the most frequent, no two of one kind."""

MAX_EVENTS = 1024
"""Kept of a user or a film. Nobody in MovieLens 100k has more (737 and 583)."""


class Rating(fl.Schema):
    """A film that a user rated, with the film's genres as the catalogue had them."""

    rating_id: int
    user_id: int
    item_id: int
    rating: float
    genres: str
    rated_at: fl.Datetime
    received_at: fl.Datetime


class Pair(fl.Schema):
    """A user, a film and the moment of the request."""

    user_id: int
    age: int | None
    gender: str | None
    occupation: str | None
    item_id: int
    release_year: int | None
    genres: str
    requested_at: fl.Datetime


def _source(name: str, key: str) -> EventSource:
    return EventSource(
        name, Rating, key=key, time="rated_at", id="rating_id", arrival="received_at",
        max_lateness=timedelta(days=1), max_ahead=timedelta(0), max_events=MAX_EVENTS,
    )  # fmt: skip


BY_USER = _source("ratings_by_user", "user_id")
BY_FILM = _source("ratings_by_film", "item_id")


def _slug(genre: str) -> str:
    return genre.lower().replace("-", "_").replace("'", "")


def _has(genre: str) -> fl.Expr:
    return fl.col("genres").str.contains(genre, literal=True)


def _aggregates() -> dict[str, WindowAggregate]:
    stars = fl.col("rating")
    ever, hour, recent = (BY_USER.over(w) for w in (lifetime(), last(hours=1), rows(10)))
    made = {
        "user_ratings": ever.count(),
        "user_mean": ever.mean(stars),
        "user_std": ever.std(stars, ddof=0),
        "user_ratings_1h": hour.count(),
        "user_recent_mean": recent.mean(stars),
        "user_idle": ever.time_since_last(),
        "user_last_film": ever.lag(fl.col("item_id"), 1),
    }
    for genre in TASTES:
        liked = ever.where(_has(genre))
        made[f"user_{_slug(genre)}_mean"] = liked.mean(stars)
    ever, recent = BY_FILM.over(lifetime()), BY_FILM.over(rows(20))
    made |= {
        "film_ratings": ever.count(),
        "film_mean": ever.mean(stars),
        "film_std": ever.std(stars, ddof=0),
        "film_recent_mean": recent.mean(stars),
        "film_last_rated": ever.max(fl.col("rated_at")),
    }
    return made


def _number(x: fl.Expr, otherwise: float = 0.0) -> fl.Expr:
    """A dense value: nothing known is the stated number."""
    return x.fill_null(otherwise).cast(fl.Float32)


def _log(x: fl.Expr) -> fl.Expr:
    return _number(x.fill_null(0).cast(fl.Float64).log1p())


def _user() -> dict[str, fl.Expr]:
    """Of the user alone: the tower of users reads nothing else."""
    mean, stars = fl.col("user_mean"), fl.col("user_ratings")
    made = {
        "u_ratings": _log(stars),
        "u_mean": _number(mean - 3.5),
        "u_std": _number(fl.col("user_std")),
        "u_session": _log(fl.col("user_ratings_1h")),
        "u_mood": _number(fl.col("user_recent_mean") - mean),
        "u_idle_hours": _log(fl.col("user_idle").dt.total_hours().clip(0, 24 * 365)),
        "u_age": _number(fl.col("age").cast(fl.Float64).fill_null(33.0) / 10.0 - 3.3),
        "u_is_female": _number((fl.col("gender") == "F").cast(fl.Float64)),
    }
    for genre in TASTES:
        made[f"u_taste_{_slug(genre)}"] = _number(fl.col(f"user_{_slug(genre)}_mean") - mean)
    return made


def _film() -> dict[str, fl.Expr]:
    """Of the film alone: they move when it is rated, and else stand still."""
    mean = fl.col("film_mean")
    made = {
        "f_ratings": _log(fl.col("film_ratings")),
        "f_mean": _number(mean - 3.5),
        "f_std": _number(fl.col("film_std")),
        "f_trend": _number(fl.col("film_recent_mean") - mean),
        "f_year": _number(
            (fl.col("release_year").cast(fl.Float64).fill_null(1990.0) - 1990.0) / 10.0
        ),
    }
    for genre in GENRES:
        made[f"f_is_{_slug(genre)}"] = _number(_has(genre).cast(fl.Float64))
    return made


def _pair() -> dict[str, fl.Expr]:
    """Of both, and of the moment."""
    mean = fl.col("user_mean")
    taste, known = fl.lit(0.0), fl.lit(0.0)
    for genre in TASTES:
        liked = (fl.col(f"user_{_slug(genre)}_mean") - mean).fill_null(0.0)
        has = _has(genre).cast(fl.Float64)
        taste, known = taste + has * liked, known + has
    local = fl.col("requested_at").dt.convert_time_zone(ZONE)
    rested = fl.col("requested_at") - fl.col("film_last_rated")
    return {
        "p_taste": _number(taste / known.clip(1.0, 18.0)),
        "p_above_user": _number(fl.col("film_mean") - mean),
        "p_film_idle_hours": _log(rested.dt.total_hours().clip(0, 24 * 365)),
        "p_film_age": _number((local.dt.year() - fl.col("release_year")).cast(fl.Float64) / 10.0),
        "p_evening": _number(local.dt.hour().is_between(18, 23).cast(fl.Float64)),
        "p_weekend": _number((local.dt.weekday() >= 6).cast(fl.Float64)),
    }


def _ids() -> dict[str, fl.Expr]:
    """Rows of embedding tables."""
    return {
        "i_user": fl.col("user_id").vocabulary_index(),
        "i_occupation": fl.col("occupation").vocabulary_index(),
        "i_last_film": fl.col("user_last_film").vocabulary_index(),
        "i_film": fl.col("item_id").vocabulary_index(),
    }


def feature_set() -> fl.FeatureSet:
    """The set `films`: tensors for the two towers, and more of both for the ranker."""
    user, film, pair, ids = _user(), _film(), _pair(), _ids()
    made = {**user, **film, **pair, **ids}
    return fl.FeatureSet(
        "films", version="1.0.0", inputs=Pair,
        features=[fl.Feature(name, version=1, expr=expr) for name, expr in made.items()],
        layout={
            "user": list(user), "user_ids": ["i_user", "i_occupation", "i_last_film"],
            "film": list(film), "film_ids": ["i_film"], "pair": list(pair),
        },
        aggregates=_aggregates(), as_of="requested_at",
        description="A user and a film at a moment: what towers and rankers of films look at.",
    )  # fmt: skip

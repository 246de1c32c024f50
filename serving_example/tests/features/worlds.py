"""A small made-up world: users, films and ratings, and the bundle that is fitted on it."""

from __future__ import annotations

import datetime as dt
import functools
import json
from typing import Any

import numpy as np
import polars as pl

import featurelib as fl
from featurelib_offline import fit
from serving_example.definition import BY_FILM, BY_USER, GENRES, feature_set
from serving_example.instants import instant, microseconds

USERS, FILMS, RATINGS = 12, 30, 400
START = microseconds(dt.datetime(2024, 1, 1, tzinfo=dt.UTC))
HOUR = 3_600_000_000
SOURCES = (BY_USER.name, BY_FILM.name)


@functools.cache
def catalogue() -> dict[int, dict[str, Any]]:
    """Films by id; one has no year and no genre."""
    rng = np.random.default_rng(1)
    made = {
        film: {
            "title": f"Film {film}", "release_year": int(rng.integers(1930, 1999)),
            "genres": " ".join(rng.choice(GENRES, rng.integers(1, 4), replace=False)),
        }
        for film in range(100, 100 + FILMS)
    }  # fmt: skip
    made[100] |= {"release_year": None, "genres": ""}
    return made


@functools.cache
def profiles() -> dict[int, dict[str, Any]]:
    """Users by id; one has told nothing."""
    rng = np.random.default_rng(2)
    made: dict[int, dict[str, Any]] = {
        user: {
            "age": int(rng.integers(10, 80)), "gender": str(rng.choice(["F", "M"])),
            "occupation": str(rng.choice(["artist", "doctor", "student"])),
        }
        for user in range(1, 1 + USERS)
    }  # fmt: skip
    made[1] = {"age": None, "gender": None, "occupation": None}
    return made


def ratings(seed: int, count: int = RATINGS) -> list[dict[str, Any]]:
    """Events of `definition.Rating` in the order of arrival; ties, and some that arrive late."""
    rng = np.random.default_rng(seed)
    made = []
    at = START
    for i in range(count):
        at += int(rng.integers(0, 3)) * HOUR // 4
        film = int(rng.integers(100, 100 + FILMS))
        late = int(rng.integers(0, 30)) * HOUR if rng.random() < 0.2 else 0
        made.append(
            {
                "rating_id": i, "user_id": int(rng.integers(1, 1 + USERS)), "item_id": film,
                "rating": float(rng.integers(1, 6)), "genres": catalogue()[film]["genres"],
                "rated_at": instant(at - late), "received_at": instant(at),
            }
        )  # fmt: skip
    return made


def frame(events: list[dict[str, Any]]) -> pl.DataFrame:
    """Events as offline reads them."""
    moment = pl.Datetime("us", "UTC")
    return pl.DataFrame(
        events,
        schema={
            "rating_id": pl.Int64, "user_id": pl.Int64, "item_id": pl.Int64, "rating": pl.Float64,
            "genres": pl.String, "rated_at": moment, "received_at": moment,
        },
    )  # fmt: skip


def pairs(asked: list[tuple[int, int, int]]) -> pl.DataFrame:
    """Queries: user, film and moment."""
    rows = [
        {"user_id": u, **profiles()[u], "item_id": f, **catalogue()[f], "requested_at": instant(q)}
        for u, f, q in asked
    ]
    moment = pl.Datetime("us", "UTC")
    kept = pl.DataFrame(rows, schema_overrides={"requested_at": moment, "age": pl.Int64})
    return kept.drop("title")


@functools.cache
def bundle() -> fl.Bundle:
    """The set, fitted on the ratings of seed 0 as queries at their moments."""
    events = ratings(0)
    asked = [(e["user_id"], e["item_id"], microseconds(e["received_at"])) for e in events]
    made = feature_set()
    records = frame(events)
    return made.bind(fit(made, pairs(asked), events=dict.fromkeys(SOURCES, records)))


def as_json(event: dict[str, Any]) -> bytes:
    """An event as the log holds it."""
    times = {n: event[n].isoformat() for n in ("rated_at", "received_at")}
    return json.dumps(event | times).encode()

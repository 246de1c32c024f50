"""A small feature set for tests of the offline package: every type out, native and kernel ways."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import numpy as np
import polars as pl

import featurelib as fl
from featurelib_offline.types import polars_type


class Trip(fl.Schema):
    """A row with nulls, bounds, text, time and a list."""

    carrier: str
    distance: float
    delay: float | None
    seats: fl.Int16
    gate: str | None
    left_at: fl.Datetime
    day: Annotated[fl.Date, fl.Constraints()]
    stops: list[float]
    rating: Annotated[fl.Float32, fl.Constraints(ge=0.0, le=5.0)] | None = None


def _made(name: str, expr: Any) -> fl.Feature:
    return fl.Feature(name, version=1, expr=expr)


DELAY = fl.col("delay").fill_null(0.0).clip(-30.0, 180.0)
FEATURES = [
    _made("log_distance", fl.col("distance").log1p().cast(fl.Float32)),
    _made("delay_z", ((DELAY - fl.mean(DELAY)) / fl.std(DELAY, ddof=0)).cast(fl.Float32)),
    _made("is_late", fl.col("delay") > 15.0),
    _made("same_delay", fl.col("delay")),
    _made("seats_wrap", fl.col("seats") * fl.col("seats")),
    _made("carrier_bucket", fl.col("carrier").hash_bucket(1000)),
    _made("carrier_index", fl.col("carrier").vocabulary_index(max_size=10)),
    _made("gate_or_none", fl.concat_str([fl.col("gate").fill_null("-"), fl.col("carrier")])),
    _made("gate_length", fl.col("gate").str.len_chars()),
    _made("gate_tail", fl.col("gate").str.slice(1, 20)),
    _made("hour", fl.col("left_at").dt.hour()),
    _made("left_shown", fl.col("left_at")),
    _made("day_of", fl.col("day")),
    _made("stops_as_they_are", fl.col("stops")),
    _made("rating_half", fl.col("rating") * 0.5),
]
trips = fl.FeatureSet("trips", version="1.0.0", inputs=Trip, features=FEATURES)


def trip_frame(rows: int, seed: int = 1) -> pl.DataFrame:
    """Rows that the schema takes."""
    rng = np.random.default_rng(seed)
    words = ["", "UA", "DL", "é" * 10, "a text of over twelve bytes", "😀x"]
    start = dt.datetime(2013, 1, 1, tzinfo=dt.UTC)
    minutes = rng.integers(0, 10**6, rows).tolist()

    def some(values: list[Any], nulls: float) -> list[Any]:
        gone = (rng.random(rows) < nulls).tolist()
        return [None if g else v for g, v in zip(gone, values, strict=True)]

    distance = rng.exponential(1000.0, rows)
    distance[rng.random(rows) < 0.05] = np.nan
    values: dict[str, list[Any]] = {
        "carrier": rng.choice(words, rows).tolist(),
        "distance": distance.tolist(),
        "delay": some(rng.normal(0, 60, rows).tolist(), 0.2),
        "seats": rng.integers(-(2**15), 2**15, rows).tolist(),
        "gate": some(rng.choice(words, rows).tolist(), 0.3),
        "left_at": [start + dt.timedelta(minutes=m) for m in minutes],
        "day": [start.date() + dt.timedelta(days=m % 4000) for m in minutes],
        "stops": [rng.normal(size=k).tolist() for k in rng.integers(0, 4, rows)],
        "rating": some((5 * rng.random(rows)).tolist(), 0.3),
    }
    types = {f.name: polars_type(f.dtype) for f in trips.inputs.fields}
    return pl.DataFrame(values, schema=types)

"""Two sets that a model is trained on, and the same by hand: Criteo-shaped rows and flights.

A set by hand is a function of a part of a file that gives ``dense`` (float32) and ``ids`` (int64)
as arrays of NumPy. The functions stand at the top of a module: they travel to workers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import xxhash

import featurelib as fl
from benchmarks import criteo, criteo_frames
from benchmarks import flights as by_hand
from benchmarks.criteo import BUCKETS, INTS, TEXTS
from featurelib.bundle import Bundle
from parity_tests.feature_sets.flights import Flight, flights, load_flights

Arrays = tuple[Any, Any]
_DENSE = ("dep_delay_log", "log_distance", "hour_sin", "hour_cos")
_IDS = ("local_hour", "local_weekday", "delay_class")


@dataclass(frozen=True)
class TrainingSet:
    """What is trained on.

    Attributes:
        title: For people.
        rows: How many make an epoch of about a second.
        bundle: Makes it ours.
        write: Writes that many rows to a Parquet file.
        polars: By hand, of a frame of Polars.
        arrow: By hand with pyarrow and NumPy, of a record batch.
        row: By hand in Python, of a dict.
    """

    title: str
    rows: int
    bundle: Callable[[], Bundle]
    write: Callable[[Path, int], None]
    polars: Callable[[pl.DataFrame], Arrays]
    arrow: Callable[[Any], Arrays]
    row: Callable[[dict[str, Any]], tuple[list[float], list[int]]]


# --- Criteo-shaped rows -----------------------------------------------------------------------


def write_criteo(path: Path, rows: int) -> None:
    """The rows as one Parquet file."""
    criteo.frame(rows).write_parquet(path, row_group_size=1 << 16)


def criteo_polars(frame: pl.DataFrame) -> Arrays:
    """Polars expressions, XXH64 by the plugin polars-hash."""
    made = frame.select(_criteo_expressions())
    ids = made.select(pl.col(TEXTS).cast(pl.Int64))
    return made.select(INTS).to_numpy(order="c"), ids.to_numpy(order="c")


@cache
def _criteo_expressions() -> list[Any]:
    return criteo_frames.polars_expressions() or criteo_frames.polars_expressions(own_hash=True)  # type: ignore[return-value]


def criteo_arrow(batch: Any) -> Arrays:
    """NumPy over Arrow columns; the hash once for each text of a dictionary."""
    import pyarrow.compute as pc

    dense = np.empty((batch.num_rows, len(INTS)), np.float32)
    ids = np.empty((batch.num_rows, len(TEXTS)), np.int64)
    for k, name in enumerate(INTS):
        numbers = pc.fill_null(batch[name], 0).to_numpy(zero_copy_only=False)
        dense[:, k] = np.log1p(np.maximum(numbers, 0).astype(np.float64))
    for k, name in enumerate(TEXTS):
        coded = pc.fill_null(batch[name], "").dictionary_encode()
        words = coded.dictionary.to_pylist()
        hashes = np.array([xxhash.xxh64_intdigest(w.encode()) % BUCKETS for w in words], np.int64)
        ids[:, k] = hashes[coded.indices.to_numpy()]
    return dense, ids


def criteo_row(row: dict[str, Any]) -> tuple[list[float], list[int]]:
    """Plain Python and the xxhash package."""
    return (
        [math.log1p(x) if (x := row[n] or 0) > 0 else 0.0 for n in INTS],
        [xxhash.xxh64_intdigest((row[n] or "").encode()) % BUCKETS for n in TEXTS],
    )


# --- flights ----------------------------------------------------------------------------------


def flights_bundle() -> Bundle:
    """Four numbers and three ids; nothing is fitted."""
    # No class is null, but a `when` over a nullable column may be, so far as types tell.
    ids = [
        fl.Feature(f"{n}_id", version=1, expr=fl.col(n).fill_null(0).cast(fl.Int64)) for n in _IDS
    ]
    needed = [f for f in flights.features if f.name in (*_DENSE, *_IDS)]
    made: Bundle = fl.FeatureSet(
        "flights_to_train",
        version="1.0.0",
        inputs=Flight,
        features=[*needed, *ids],
        layout={"dense": list(_DENSE), "ids": [f.name for f in ids]},
    ).bind()
    return made


def write_flights(path: Path, rows: int) -> None:
    """The flights, again and again, as one Parquet file."""
    frame = load_flights()
    frame = pl.concat([frame] * -(-rows // len(frame)))[:rows]
    frame.write_parquet(path, row_group_size=1 << 16)


def flights_polars(frame: pl.DataFrame) -> Arrays:
    """Polars expressions."""
    made = by_hand.by_hand(frame.lazy()).select(*_DENSE, *_IDS).collect(engine="in-memory")
    ids = made.select(pl.col(_IDS).cast(pl.Int64))
    return made.select(_DENSE).to_numpy(order="c"), ids.to_numpy(order="c")


def flights_arrow(batch: Any) -> Arrays:
    """NumPy, and Arrow's functions for local time."""
    import pyarrow.compute as pc

    local = pc.local_timestamp(batch["time_hour"].cast(_local_time()))
    hour = pc.hour(local).to_numpy()
    delay = batch["dep_delay"].to_numpy(zero_copy_only=False)  # NaN under a null
    known = np.where(np.isnan(delay), 0.0, delay)
    dense = np.empty((batch.num_rows, len(_DENSE)), np.float32)
    dense[:, 0] = np.sign(known) * np.log1p(np.abs(known))
    dense[:, 1] = np.log1p(batch["distance"].to_numpy().astype(np.float64))
    angle = hour * (2.0 * math.pi / 24.0)
    dense[:, 2], dense[:, 3] = np.sin(angle), np.cos(angle)
    ids = np.empty((batch.num_rows, len(_IDS)), np.int64)
    ids[:, 0], ids[:, 1] = hour, pc.day_of_week(local, count_from_zero=False).to_numpy()
    cases = [np.isnan(delay), delay >= 120, delay > 15, delay < 0]
    ids[:, 2] = np.select(cases, [4, 3, 2, 0], 1)
    return dense, ids


@cache
def _local_time() -> Any:
    import pyarrow as pa

    return pa.timestamp("us", "America/New_York")


def flights_row(row: dict[str, Any]) -> tuple[list[float], list[int]]:
    """Plain Python."""
    made = by_hand.plain_python(row)
    return [made[n] for n in _DENSE], [made[n] for n in _IDS]


SETS = (
    TrainingSet(
        "Criteo-shaped rows",
        200_000,
        lambda: criteo.bundle(wide_ids=True),
        write_criteo,
        criteo_polars,
        criteo_arrow,
        criteo_row,
    ),
    TrainingSet(
        "flights",
        600_000,
        flights_bundle,
        write_flights,
        flights_polars,
        flights_arrow,
        flights_row,
    ),
)

"""The flights: 20 features with text, a zone and nulls, against the same by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

import featurelib as fl
import featurelib_online as online
from benchmarks import equality
from benchmarks.one_row import over
from benchmarks.tables import Table, microseconds, times
from benchmarks.timing import race
from featurelib.bundle import Bundle
from featurelib_offline import transform
from parity_tests.feature_sets.flights import Flight, flights, load_flights

NAMES = (
    *("dep_delay_log", "is_late", "is_cancelled", "delay_class", "log_distance", "sqrt_distance"),
    *("speed_mph", "air_hours", "local_hour", "leaves_at_rush_hour", "hour_sin", "hour_cos"),
    *("local_weekday", "is_weekend", "is_on_the_hour", "route", "is_american", "tail_length"),
    *("tail_suffix", "fleet_mark"),
)
_ZONE = "America/New_York"
_NEW_YORK = ZoneInfo(_ZONE)
_TURN = 2.0 * math.pi / 24.0


def bundle() -> Bundle:
    """The features of `NAMES`; none is fitted, and each can be written in plain Polars."""
    features = [f for f in flights.features if f.name in NAMES]
    made: Bundle = fl.FeatureSet(
        "flights_by_hand",
        version="1.0.0",
        inputs=Flight,
        features=sorted(features, key=lambda f: NAMES.index(f.name)),
    ).bind()
    return made


def by_hand(frame: pl.LazyFrame) -> pl.LazyFrame:
    """The same features in Polars; what several share is made once."""
    c = pl.col
    local = c.time_hour.dt.convert_time_zone(_ZONE)
    frame = frame.with_columns(
        local_hour=local.dt.hour(),
        local_weekday=local.dt.weekday(),
        delay=c.dep_delay.fill_null(0.0),
        distance_f=c.distance.cast(pl.Float64),
        end=c.tailnum.str.slice(-2),
    )
    angle = c.local_hour.cast(pl.Float64) * _TURN
    late = pl.when(c.dep_delay.is_null()).then(4).when(c.dep_delay >= 120).then(3)
    late = late.when(c.dep_delay > 15).then(2).when(c.dep_delay < 0).then(0).otherwise(1)
    made = {
        "dep_delay_log": (c.delay.sign() * c.delay.abs().log1p()).cast(pl.Float32),
        "is_late": c.dep_delay > 15,
        "is_cancelled": c.dep_time.is_null(),
        "delay_class": late.cast(pl.Int8),
        "log_distance": c.distance_f.log1p().cast(pl.Float32),
        "sqrt_distance": c.distance_f.sqrt(),
        "speed_mph": c.distance_f / (c.air_time.cast(pl.Float64) / 60.0),
        "air_hours": c.air_time // 60,
        "local_hour": c.local_hour,
        "leaves_at_rush_hour": c.local_hour.is_between(7, 9) | c.local_hour.is_between(16, 19),
        "hour_sin": angle.sin().cast(pl.Float32),
        "hour_cos": angle.cos().cast(pl.Float32),
        "local_weekday": c.local_weekday,
        "is_weekend": c.local_weekday.is_in([6, 7]),
        "is_on_the_hour": c.minute == 0,
        "route": c.origin + "-" + c.dest,
        "is_american": c.tailnum.str.starts_with("N"),
        "tail_length": c.tailnum.str.len_chars().fill_null(0),
        "tail_suffix": c.end.str.to_lowercase(),
        "fleet_mark": c.carrier + "/" + c.end.fill_null("??"),
    }
    return frame.select([made[name].alias(name) for name in NAMES])


def plain_python(row: dict[str, Any]) -> dict[str, Any]:
    """The same features of one row."""
    delay, air, tail = row["dep_delay"], row["air_time"], row["tailnum"]
    known = 0.0 if delay is None else delay
    local: datetime = row["time_hour"].astimezone(_NEW_YORK)
    hour, weekday = local.hour, local.isoweekday()
    if delay is None:
        late = 4
    else:
        late = 3 if delay >= 120 else 2 if delay > 15 else 0 if delay < 0 else 1
    end = None if tail is None else tail[-2:]
    return {
        "dep_delay_log": math.copysign(math.log1p(abs(known)), known),
        "is_late": None if delay is None else delay > 15,
        "is_cancelled": row["dep_time"] is None,
        "delay_class": late,
        "log_distance": math.log1p(row["distance"]),
        "sqrt_distance": math.sqrt(row["distance"]),
        "speed_mph": None if air is None else row["distance"] / (air / 60.0),
        "air_hours": None if air is None else air // 60,
        "local_hour": hour,
        "leaves_at_rush_hour": 7 <= hour <= 9 or 16 <= hour <= 19,
        "hour_sin": math.sin(hour * _TURN),
        "hour_cos": math.cos(hour * _TURN),
        "local_weekday": weekday,
        "is_weekend": weekday >= 6,
        "is_on_the_hour": row["minute"] == 0,
        "route": row["origin"] + "-" + row["dest"],
        "is_american": None if tail is None else tail.startswith("N"),
        "tail_length": 0 if tail is None else len(tail),
        "tail_suffix": None if end is None else end.lower(),
        "fleet_mark": row["carrier"] + "/" + ("??" if end is None else end),
    }


def measure(quick: bool) -> list[Table]:
    """The tables of this page."""
    frame = load_flights()
    frame = frame[:20_000] if quick else pl.concat([frame] * 3)
    made = bundle()
    return [_batch(frame, made, quick), _row(frame, made, quick)]


def _batch(frame: pl.DataFrame, made: Bundle, quick: bool) -> Table:
    lazy = frame.lazy()
    work: dict[str, Callable[[], pl.DataFrame]] = {
        "Polars by hand, streaming": lambda: by_hand(lazy).collect(engine="streaming"),
        "Polars by hand, in memory": lambda: by_hand(lazy).collect(engine="in-memory"),
        "featurelib, streaming": lambda: transform(made, frame, engine="streaming"),
        "featurelib, in memory": lambda: transform(made, frame),
        "featurelib, streaming, no native lowering": (
            lambda: transform(made, frame, engine="streaming", native="never")
        ),
    }
    ours = transform(made, frame)
    equal = {n: _agreement(n, ours, w()) for n, w in work.items()}
    found = race(work, rounds=2 if quick else 11, slice_s=0.0)
    limit = next(iter(work))
    table = Table(
        f"A batch: {len(frame):,} flights, {len(NAMES)} features, {pl.thread_pool_size()} threads",
        ("who", "s", "million rows/s", "rate of Polars streaming", "values equal to ours"),
    )
    for name in work:
        seconds = found.median(name)
        rate, ratio = f"{len(frame) / seconds / 1e6:.2f}", times(found.ratio(limit, name))
        table.rows.append((name, f"{seconds:.3f}", rate, ratio, equal[name]))
    return table


def _agreement(name: str, ours: pl.DataFrame, theirs: pl.DataFrame) -> str:
    distance = 0
    for feature in NAMES:
        a, b = ours[feature], theirs[feature].cast(ours[feature].dtype)
        if not (a.is_null() == b.is_null()).all():
            raise equality.WrongPeerError(f"{name}: {feature} is null elsewhere")
        if a.dtype.is_float():
            both = (x.fill_null(0.0).to_numpy() for x in (a, b))
            distance = max(distance, equality.check(f"{name}, {feature}", *both))
        elif not a.equals(b, null_equal=True):
            raise equality.WrongPeerError(f"{name}: {feature} has other values")
    return equality.told(distance)


def _row(frame: pl.DataFrame, made: Bundle, quick: bool) -> Table:
    kernel = online.compile(made)
    rows = frame.sample(512, seed=1).to_dicts()
    # Polars gives a zone of another class; a service has datetime.UTC.
    utc = [{**r, "time_hour": r["time_hour"].astimezone(UTC)} for r in rows]
    for row in utc[:64]:
        ours, theirs = dict(kernel(row)), plain_python(row)
        for name in NAMES:
            expected = theirs[name]
            if kernel.types[name].name == "Float32":
                both = (np.array([x], np.float32) for x in (ours[name], expected))
                equality.check(f"plain Python, {name}", *both)
            elif ours[name] != expected:
                raise equality.WrongPeerError(
                    f"plain Python, {name}: expected {ours[name]!r}, got {expected!r}"
                )
    work = {
        "plain Python": over(plain_python, utc),
        "featurelib, kernel(row)": over(kernel, utc),
        "featurelib, kernel(row).items()": over(lambda row: kernel(row).items(), utc),
    }
    found = race(work, rounds=3 if quick else 41, slice_s=0.002 if quick else 0.02)
    table = Table(
        f"One flight: dict to {len(NAMES)} features", ("who", "us", "times plain Python's time")
    )
    limit = next(iter(work))
    for name in work:
        table.rows.append((name, microseconds(found.median(name)), times(found.ratio(name, limit))))
    table.notes = [
        "`kernel(row)` holds the values in machine form; `items` makes all of them objects."
    ]
    return table

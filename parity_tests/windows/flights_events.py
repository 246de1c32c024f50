"""Flights as events: a departure is known when it has happened, its delay with it.

A flight's time is its scheduled departure; its record arrives at the actual one, that of a
cancelled flight at the scheduled one. Some leave early: their records arrive before their time.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

import featurelib as fl
from featurelib.windows import Definition, EventSource, calendar, define, last, lifetime, rows
from parity_tests.feature_sets.flights_data import load_flights


class Departure(fl.Schema):
    """A record."""

    flight_id: int
    tailnum: str | None
    origin: str
    carrier: str
    scheduled: fl.Datetime
    departed: fl.Datetime
    dep_delay: float | None
    distance: fl.Int16


def load_departures() -> tuple[pl.DataFrame, pl.DataFrame]:
    """All flights as records, and each as a query at its scheduled departure."""
    flights = load_flights()
    scheduled = pl.col("time_hour") + pl.duration(minutes="minute")
    records = flights.select(
        pl.int_range(pl.len()).alias("flight_id"), "tailnum", "origin", "carrier",
        scheduled.alias("scheduled"),
        (scheduled + pl.duration(minutes=pl.col("dep_delay").fill_null(0))).alias("departed"),
        "dep_delay", "distance",
    )  # fmt: skip
    return records, records.select("tailnum", "origin", as_of="scheduled")


def _source(key: str) -> EventSource:
    return EventSource(
        f"departures_by_{key}",
        Departure,
        key=key,
        time="scheduled",
        arrival="departed",
        id="flight_id",
        max_lateness=dt.timedelta(hours=10),
        max_ahead=dt.timedelta(minutes=25),
        max_events=1000,
    )


def by_aircraft() -> Definition:
    """What is known of an aircraft before it leaves."""
    source, delay = _source("tailnum"), fl.col("dep_delay")
    day, ever, few = source.over(last(days=1)), source.over(lifetime()), source.over(rows(5))
    local = source.over(calendar("day", "America/New_York"))
    return define(
        {
            "flights_1d": day.count(),
            "delay_mean_1d": day.mean(delay),
            "delay_std_1d": day.std(delay, ddof=1),
            "delay_max_1d": day.max(delay),
            "late_today": local.where(delay > 15).count(),
            "delay_last": ever.last(delay),
            "delay_lag_2": ever.lag(delay, 2),
            "delays_5": few.last_k(delay, 5),
            "delay_mean_5": few.mean(delay),
            "distance_ever": ever.sum(fl.col("distance")),
            "delay_decayed": source.over(last(days=30)).decayed_sum(delay, dt.timedelta(days=2)),
            "rested": ever.time_since_last(),
        }
    )


def by_airport() -> Definition:
    """What is known of an airport: about a flight every five minutes of the day."""
    source, delay = _source("origin"), fl.col("dep_delay")
    hour = source.over(last(hours=1))
    tiles = source.over(last(hours=6, resolution=dt.timedelta(minutes=15)))
    return define(
        {
            "flights_1h": hour.count(),
            "delay_mean_1h": hour.mean(delay),
            "delay_std_1h": hour.std(delay, ddof=0),
            "delay_min_1h": hour.min(delay),
            "delay_max_1h": hour.max(delay),
            "delay_median_1h": hour.quantile(delay, 0.5, rule="linear"),
            "late_share_6h": tiles.mean((delay > 15).cast(fl.Float64)),
            "carriers_6h": tiles.n_unique(fl.col("carrier").hash_bucket(64)),
            "cancelled_1d": source.over(last(days=1)).where(delay.is_null()).count(),
            "flights_3d": source.over(last(days=3)).count(),
        }
    )

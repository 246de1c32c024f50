"""Features of flights that use every family of ops: the set that demo, parity and golden data run.

A request comes when a flight should have left: a cancelled one has no delay, and may have no tail
number either. Instants are UTC; what people do at an hour is told in New York's local time.
"""

from __future__ import annotations

from typing import Annotated, Literal

import featurelib as fl
from parity_tests.feature_sets.flights_data import load_flights
from parity_tests.feature_sets.flights_text import TEXT_FEATURES
from parity_tests.feature_sets.flights_time import TIME_FEATURES

__all__ = ["Flight", "flights", "load_flights"]


class Flight(fl.Schema):
    """What is known of a flight while it is in the air."""

    carrier: Annotated[str, fl.Constraints(max_length=2)]
    flight: fl.Int16
    tailnum: str | None
    origin: Literal["EWR", "JFK", "LGA"]
    dest: Annotated[str, fl.Constraints(max_length=3)]
    distance: Annotated[fl.Int16, fl.Constraints(gt=0)]
    time_hour: fl.Datetime
    minute: Annotated[fl.Int8, fl.Constraints(ge=0, lt=60)]
    sched_dep_time: fl.Int16
    sched_arr_time: fl.Int16
    dep_time: fl.Int16 | None
    dep_delay: Annotated[float, fl.Constraints(finite=True)] | None
    air_time: fl.Int16 | None


# --- delays -----------------------------------------------------------------------------------


@fl.feature(version=1, owner="punctuality", tags=["delay", "fitted"])
def dep_delay_z(dep_delay: fl.Expr) -> fl.Expr:
    """Departure delay in training deviations; a missing delay counts as on time."""
    return dep_delay.fill_null(0.0).clip(-30.0, 180.0).standardize().cast(fl.Float32)


@fl.feature(version=1, owner="punctuality", tags=["delay", "fitted"])
def dep_delay_over_mean(dep_delay: fl.Expr) -> fl.Expr:
    """Minutes above the mean delay of the flights that left, null for one that did not."""
    return dep_delay - fl.mean(dep_delay)


@fl.feature(version=1, owner="punctuality", tags=["delay"])
def dep_delay_log(dep_delay: fl.Expr) -> fl.Expr:
    """Delay on a log scale on both sides of zero; early is negative."""
    delay = dep_delay.fill_null(0.0)
    return (delay.sign() * delay.abs().log1p()).cast(fl.Float32)


@fl.feature(version=1, tags=["delay"])
def is_late(dep_delay: fl.Expr) -> fl.Expr:
    """Whether it left more than 15 minutes late, null if it never left."""
    return dep_delay > 15


@fl.feature(version=1, tags=["delay"])
def is_cancelled(dep_time: fl.Expr) -> fl.Expr:
    """Whether it never left."""
    return dep_time.is_null()


@fl.feature(version=1, tags=["delay"])
def may_miss_connection(dep_delay: fl.Expr, air_time: fl.Expr) -> fl.Expr:
    """Late by an hour, or by half an hour on a short hop: known from either side (Kleene)."""
    return (dep_delay > 60) | ((dep_delay > 30) & (air_time < 60)) | dep_delay.is_null()


@fl.feature(version=1, tags=["delay"])
def is_surely_short(dep_delay: fl.Expr, air_time: fl.Expr) -> fl.Expr:
    """On time and an hour at most in the air; null while it cannot be told."""
    return ~(dep_delay > 0) & (air_time <= 60)


@fl.feature(version=1, tags=["delay"])
def delay_class(dep_delay: fl.Expr) -> fl.Expr:
    """0 early, 1 on time, 2 late, 3 very late, 4 never left."""
    return (
        fl.when(dep_delay.is_null()).then(4)
        .when(dep_delay >= 120).then(3)
        .when(dep_delay > 15).then(2)
        .when(dep_delay < 0).then(0)
        .otherwise(1)
        .cast(fl.Int8)
    )  # fmt: skip


@fl.feature(version=1, tags=["delay"])
def delay_step(dep_delay: fl.Expr) -> fl.Expr:
    """Which step of the delay statistics: (-inf, -15], (-15, 0], (0, 15], ... (180, inf)."""
    return dep_delay.bucketize([-15, 0, 15, 30, 60, 120, 180], right=True)


# --- distance and time in the air -------------------------------------------------------------


@fl.feature(version=1, owner="routes", tags=["distance"])
def log_distance(distance: fl.Expr) -> fl.Expr:
    """Great-circle miles, on a log scale."""
    return distance.cast(fl.Float64).log1p().cast(fl.Float32)


@fl.feature(version=1, owner="routes", tags=["distance"])
def distance_decay(distance: fl.Expr) -> fl.Expr:
    """Nearness: 1 at zero miles, falling by e every thousand."""
    return (-distance / 1000.0).exp().cast(fl.Float32)


@fl.feature(version=1, owner="routes", tags=["distance"])
def sqrt_distance(distance: fl.Expr) -> fl.Expr:
    """Square root of the miles."""
    return distance.cast(fl.Float64).sqrt()


@fl.feature(version=1, owner="routes", tags=["distance", "fitted"])
def distance_bin(distance: fl.Expr) -> fl.Expr:
    """Tenth of the training flights by distance, 0 to 9."""
    return distance.quantile_bin(10)


@fl.feature(version=1, owner="routes", tags=["distance"])
def distance_km(distance: fl.Expr) -> fl.Expr:
    """Kilometres, to one decimal."""
    return (distance.cast(fl.Float64) * 1.609344).round(1)


@fl.feature(version=1, tags=["air time", "fitted"])
def air_time_unit(air_time: fl.Expr) -> fl.Expr:
    """Minutes in the air, from the shortest training flight (0) to the longest (1); else -1."""
    return air_time.min_max().clip(0.0, 1.0).fill_null(-1.0).cast(fl.Float32)


@fl.feature(version=1, tags=["air time"])
def speed_mph(distance: fl.Expr, air_time: fl.Expr) -> fl.Expr:
    """Miles an hour in the air, null if it never flew."""
    return distance / (air_time / 60.0)


@fl.feature(version=1, tags=["air time"])
def log_speed(speed_mph: fl.Expr) -> fl.Expr:
    """Natural logarithm of another feature; 0 if it never flew."""
    return speed_mph.log().fill_null(0.0).cast(fl.Float32)


@fl.feature(version=1, tags=["air time"])
def air_hours(air_time: fl.Expr) -> fl.Expr:
    """Whole hours in the air."""
    return air_time // 60


@fl.feature(version=1, tags=["air time"])
def minutes_per_flight_digit(air_time: fl.Expr, flight: fl.Expr) -> fl.Expr:
    """Nobody's feature: integer division whose divisor is zero for every tenth flight number."""
    return air_time // (flight % 10)


@fl.feature(version=1)
def flight_as_int8(flight: fl.Expr) -> fl.Expr:
    """The flight number where it fits 8 bits, else null."""
    return flight.cast(fl.Int8)


flights = fl.FeatureSet(
    "flights",
    version="1.0.0",
    inputs=Flight,
    features=[
        *(dep_delay_z, dep_delay_over_mean, dep_delay_log, is_late, is_cancelled),
        *(may_miss_connection, is_surely_short, delay_class, delay_step),
        *(log_distance, distance_decay, sqrt_distance, distance_bin, distance_km),
        *(air_time_unit, speed_mph, log_speed, air_hours, minutes_per_flight_digit),
        flight_as_int8,
        *TIME_FEATURES,
        *TEXT_FEATURES,
    ],
    layout={
        "dense": [
            *("dep_delay_z", "dep_delay_log", "log_distance", "distance_decay"),
            *("air_time_unit", "log_speed", "hour_sin", "hour_cos", "origin_one_hot"),
        ],
        "ids": ["carrier_index", "dest_index", "tail_index", "distance_bin", "route_bucket"],
    },
    description="Flights that left New York in 2013: delays, distances, hours and aircraft.",
)

"""A small fitted set that has each kind of thing to show."""

import datetime as dt

import polars as pl

import featurelib as fl
import featurelib_offline as offline


class Trip(fl.Schema):
    """A trip."""

    delay: float | None
    city: str
    at: fl.Datetime


@fl.feature(version=1, owner="<b>team</b>", tags=["a&b", "fitted"])
def delay_z(delay: fl.Expr) -> fl.Expr:
    """Delay in deviations; <script>alert(1)</script> is text here."""
    return delay.fill_null(0.0).clip(-30.0, 180.0).standardize().cast(fl.Float32)


@fl.feature(version=3)
def hour(at: fl.Expr) -> fl.Expr:
    """The hour in New York."""
    return at.dt.convert_time_zone("America/New_York").dt.hour()


@fl.feature(version=1)
def rush_hour(hour: fl.Expr) -> fl.Expr:
    """Whether people go to work or home."""
    return hour.is_between(7, 9) | hour.is_between(16, 19)


@fl.feature(version=1)
def city_index(city: fl.Expr) -> fl.Expr:
    """The city, by how often it occurs."""
    return city.vocabulary_index(max_size=5)


@fl.feature(version=1)
def late_and_rush(delay: fl.Expr, rush_hour: fl.Expr) -> fl.Expr:
    """Late when everyone travels."""
    return (delay > 15.0) & rush_hour


small = fl.FeatureSet(
    "small & <fine>",
    version="1.0.0",
    inputs=Trip,
    features=[delay_z, hour, rush_hour, city_index, late_and_rush],
    layout={"dense": ["delay_z"]},
)
row = {"delay": 20.0, "city": "Oslo", "at": dt.datetime(2013, 7, 1, 12, tzinfo=dt.UTC)}
rows = pl.DataFrame(
    [row, {**row, "delay": None}, {**row, "city": "Rome"}],
    schema={"delay": pl.Float64, "city": pl.String, "at": pl.Datetime("us", "UTC")},
)
bundle = small.bind(offline.fit(small, rows))

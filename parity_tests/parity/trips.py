"""A small feature set, for tests of the parity tools: every kind of output, with a fit."""

from typing import Annotated

import featurelib as fl


class Trip(fl.Schema):
    fare: Annotated[float, fl.Constraints(finite=True, ge=0)] | None
    city: Annotated[str, fl.Constraints(max_length=12)]
    at: fl.Datetime
    tips: list[float]


@fl.feature(version=1)
def fare_z(fare: fl.Expr) -> fl.Expr:
    return fare.fill_null(0.0).clip(0.0, 100.0).standardize().cast(fl.Float32)


@fl.feature(version=1)
def city_index(city: fl.Expr) -> fl.Expr:
    return city.vocabulary_index(max_size=5)


@fl.feature(version=1)
def is_night(at: fl.Expr) -> fl.Expr:
    return at.dt.convert_time_zone("America/New_York").dt.hour() < 6


@fl.feature(version=1)
def city_mark(city: fl.Expr) -> fl.Expr:
    return city.str.slice(0, 1).str.to_uppercase()


@fl.feature(version=1)
def day(at: fl.Expr) -> fl.Expr:
    return at.dt.truncate("1d")


trips = fl.FeatureSet(
    "trips", version="1.0.0", inputs=Trip, features=[fare_z, city_index, is_night, city_mark, day]
)

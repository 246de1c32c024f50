"""Small feature sets that the tests of the core share."""

from __future__ import annotations

import datetime as dt
from typing import Any

import featurelib as fl
from featurelib.tables import TableData

INSTANT = dt.datetime(2023, 11, 5, 5, 30, tzinfo=dt.UTC)


class Trip(fl.Schema):
    """One column of each sort."""

    carrier: str
    tail: str | None
    distance: float
    delay: float | None
    small: fl.Float32
    seats: int
    gate: fl.Int8 | None
    ticket: fl.UInt64
    pax: fl.UInt16
    is_late: bool
    is_full: bool | None
    leaves: fl.Datetime
    day: fl.Date | None


ROW: dict[str, Any] = {
    "carrier": "UA",
    "tail": None,
    "distance": 733.0,
    "delay": -0.0,
    "small": 1.5,
    "seats": -7,
    "gate": -128,
    "ticket": (1 << 64) - 1,
    "pax": 65535,
    "is_late": True,
    "is_full": None,
    "leaves": INSTANT,
    "day": INSTANT.date(),
}


def make_set(
    *features: fl.Feature, name: str = "trips", inputs: Any = Trip, **more: Any
) -> fl.FeatureSet:
    """A set of these features."""
    return fl.FeatureSet(name, version="1.0.0", inputs=inputs, features=features, **more)


def feature(name: str, expr: Any, version: int = 1, **more: Any) -> fl.Feature:
    """A feature from an expression."""
    return fl.Feature(name, version=version, expr=expr, **more)


def node(expr: Any, inputs: Any = Trip) -> Any:
    """The typed node of an expression over the columns of `Trip`."""
    return make_set(feature("made", expr), inputs=inputs).program.outputs["made"]


def fitted(features: fl.FeatureSet, scale: float = 1.5) -> fl.FittedState:
    """A state for every analyzer of a set, without a fit."""
    values: dict[str, Any] = {}
    for fit in features.program.fits:
        value: Any = scale
        if fit.dtype.name == "Table":
            value = {
                "strings": TableData("strings", ("UA", "Zürich", "")),
                "integers": TableData("integers", (3, -7, 1 << 62)),
                "f64": TableData("f64", (-1.0, 0.0, scale)),
            }[str(fit.dtype.table)]
        elif fit.dtype.is_integer:
            value = 3
        values[fit.key] = (fit.dtype, value)
    return fl.FittedState(values)


def rich_set() -> fl.FeatureSet:
    """Features of every family, with analyzers, tables, text, zones, an Array and a layout."""
    distance, delay, carrier = fl.col("distance"), fl.col("delay"), fl.col("carrier")
    local = fl.col("leaves").dt.convert_time_zone("America/New_York")
    filled = delay.fill_null(0.0).clip(-30.0, 180.0)
    return make_set(
        feature("log_distance", distance.log1p().cast(fl.Float32), description="On a log scale."),
        feature("delay_z", ((filled - fl.mean(filled)) / fl.std(filled, ddof=0)).cast(fl.Float32)),
        feature("hour", local.dt.hour(), tags=("time",), owner="core"),
        feature("carrier_index", carrier.vocabulary_index(max_size=10)),
        feature("carrier_bucket", carrier.hash_bucket(1000)),
        feature("tail_upper", fl.col("tail").str.to_uppercase().str.slice(1, 3)),
        feature("joined", fl.concat_str([carrier, fl.col("tail")])),
        feature("narrow", fl.col("gate") * 3 + fl.col("pax")),
        feature("chosen", fl.when(delay > 10).then(1).when(distance < 100).then(2).otherwise(None)),
        feature("one_hot", (fl.col("pax") % 4).cast(fl.UInt32).one_hot(4)),
        feature("among", fl.col("seats").is_in([3, -7, 1 << 62])),
        feature("binned", distance.quantile_bin(4)),
        layout={"dense": ["log_distance", "delay_z", "one_hot"], "ids": ["carrier_index"]},
    )


def rich_bundle(scale: float = 1.5) -> fl.Bundle:
    """`rich_set` with a state."""
    features = rich_set()
    return features.bind(fitted(features, scale))

"""The public API as mypy sees it: this file is type-checked by `make check` and never run.

Each `assert_type` states what an editor shows to a user; a comment ``type: ignore[...]`` stands
where a mistake must be found (mypy reports the comment if it is not).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, assert_type

import featurelib as fl
from featurelib import windows as windows_
from featurelib_offline import fit, transform
from featurelib_online import RowKernel, compile


class Flight(fl.Schema):
    """A request; it is a pydantic model, so its fields have the Python types."""

    carrier: str
    distance: Annotated[float, fl.Constraints(ge=0)]
    dep_delay: float | None
    seats: fl.Int16
    time_hour: fl.Datetime


def requests(flight: Flight) -> None:
    """Aliases of types are the Python types to a type checker."""
    assert_type(flight.seats, int)
    assert_type(flight.dep_delay, float | None)
    assert_type(flight.time_hour, datetime)


def expressions(x: fl.Expr, s: fl.Expr, t: fl.Expr) -> None:
    """Operators, methods and namespaces give expressions."""
    assert_type(x + 1, fl.Expr)
    assert_type(1 / x, fl.Expr)
    assert_type((x > 2.0) & ~x.is_null(), fl.Expr)
    assert_type(x == None, fl.Expr)  # noqa: E711 - what a reader may write
    assert_type(x.fill_null(0.0).clip(-30.0, 180.0).log1p().cast(fl.Float32), fl.Expr)
    assert_type(s.str.len_chars(), fl.Expr)
    assert_type(s.str.slice(0, 3).str.to_lowercase(), fl.Expr)
    assert_type(t.dt.convert_time_zone("America/New_York").dt.hour(), fl.Expr)
    assert_type(x.struct.field("lat"), fl.Expr)
    assert_type(x.list.head(20).list.hash_bucket(1000).fill_null([]), fl.Expr)
    assert_type(fl.when(x > 0).then("a").when(x < 0).then("b").otherwise(None), fl.Expr)
    assert_type(fl.coalesce(x, 0.0), fl.Expr)
    assert_type(fl.concat_str([s, s], separator="-"), fl.Expr)
    assert_type(fl.cross_bucket(s, x, n=1000), fl.Expr)
    assert_type((x - fl.mean(x)) / fl.std(x, ddof=0), fl.Expr)
    assert_type(x.bucketize(fl.quantiles(x, [0.25, 0.5])), fl.Expr)
    assert_type(x.quantile_bin(10), fl.Expr)
    assert_type(fl.col("arr delay") / 2, fl.Expr)


def mistakes(x: fl.Expr) -> None:
    """What can be seen without running is seen by a type checker."""
    x.no_such_method()  # type: ignore[attr-defined]
    x.str.no_such_method()  # type: ignore[attr-defined]
    x.dt.hour("UTC")  # type: ignore[call-arg]
    x.quantile_bin("ten")  # type: ignore[arg-type]
    fl.std(x)  # type: ignore[call-arg]


@fl.feature(version=1)
def log_distance(distance: fl.Expr) -> fl.Expr:
    """Great-circle miles, on a log scale."""
    return distance.log1p().cast(fl.Float32)


@fl.op("half", version=1)
def half(x: fl.Float64) -> fl.Float64:
    """Half of x."""
    return x * 0.5


def sets() -> None:
    """From features to a bundle."""
    assert_type(log_distance, fl.Feature)
    flights = fl.FeatureSet("flights", version="1.0.0", inputs=Flight, features=[log_distance])
    bundle = flights.bind()
    assert_type(bundle, fl.Bundle)
    assert_type(bundle.save("flights.json"), Path)
    assert_type(fl.load("flights.json").fingerprint, str)
    assert_type(bundle.features["log_distance"].dtype, fl.DType)
    assert_type(bundle.layout.tensors[0].is_ragged, bool)


def models(bundle: fl.Bundle) -> None:
    """What a model stores of its inputs, and the check before it is served."""
    inputs = fl.ModelInputs.of(bundle)
    assert_type(inputs.save("model.inputs.json"), Path)
    assert_type(fl.ModelInputs.load("model.inputs.json"), fl.ModelInputs)
    inputs.check(bundle)
    fl.check_tensors(bundle, {"dense": (fl.Float32, 14), "ids": (fl.UInt32, None)})


def engines(bundle: fl.Bundle, flights: fl.FeatureSet, frame: Any, row: dict[str, Any]) -> None:
    """The same bundle in both engines."""
    assert_type(fit(flights, frame), fl.FittedState)
    transform(bundle, frame, keep=["label"])
    kernel = compile(bundle)
    assert_type(kernel, RowKernel)
    kernel(row)
    kernel.many([row])


def windows(things: windows_.EventSource) -> None:
    """Aggregates over events, alone and in a feature set."""
    week = things.over(windows_.last(days=7)).where(fl.col("rating") >= 4)
    assert_type(week, windows_.Over)
    assert_type(week.std(fl.col("rating"), ddof=1).on("user"), windows_.WindowAggregate)
    made = windows_.define({"n": week.count()}, as_of="now")
    assert_type(made, windows_.Definition)
    assert_type(made.fingerprints["n"], str)
    flights = fl.FeatureSet(
        "s", version="1.0.0", inputs=Flight, features=[], aggregates={"n": week.count()}
    )
    assert_type(flights.aggregates, windows_.Definition | None)

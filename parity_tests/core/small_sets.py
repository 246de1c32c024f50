"""Small feature sets that the tests of the core share."""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import featurelib as fl
from featurelib.evaluate import Evaluator
from featurelib.jit.kernel import Column, Kernel
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


def bits(value: Any) -> Any:
    """A value so that equal means equal bits."""
    if isinstance(value, float):
        return ("f", struct.pack("<d", value))
    if isinstance(value, tuple):
        return tuple(map(bits, value))
    return (type(value).__name__, value)


def column(values: Sequence[Any], of: Any) -> Column:
    """Canonical values of an input node as the column that a kernel reads."""
    valid = np.array([v is not None for v in values], np.uint8) if of.nullable else None
    if of.dtype.kind != "v":
        kept = [0 if v is None else v for v in values]
        return Column(np.array(kept, of.dtype.storage), valid)
    texts = [v or b"" for v in values]
    data = np.frombuffer(b"".join(texts) + b"\0", np.uint8)
    ends = np.cumsum([len(t) for t in texts], dtype=np.int64)
    pairs = np.zeros((len(texts), 2), np.int64)
    for i, text in enumerate(texts):
        pairs[i] = data.ctypes.data + ends[i] - len(text), len(text)
    return Column(pairs, valid, data)


def read(made: Column, dtype: fl.DType, row: int) -> Any:
    """One value of an output column, as the reference evaluator gives it."""
    if made.valid is not None and not made.valid[row]:
        return None
    if dtype.kind == "v":
        import ctypes

        address, length = map(int, made.values[row])
        size = max(dtype.bits // 8, 1)
        data = ctypes.string_at(address, length * size) if length else b""
        if dtype.name == "String":
            return data
        return tuple(np.frombuffer(data, dtype.storage).tolist())
    value = made.values[row].item()
    return bool(value) if dtype.name == "Bool" else value


def machine_rows(
    program: Any,
    state: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    *,
    wide: bool = True,
    limit: int = 65536,
) -> list[dict[str, Any]]:
    """Rows of canonical values through machine code, in the form that `reference_rows` gives."""
    kernel = Kernel(program, state, wide=wide, limit=limit)
    columns = [column([r[n] for r in rows], program.inputs[n]) for n in kernel.inputs]
    made = kernel.run(columns, len(rows))
    return [
        {
            name: bits(read(out, program.outputs[name].dtype, i))
            for name, out in zip(program.outputs, made, strict=True)
        }
        for i in range(len(rows))
    ]


def reference_rows(
    program: Any, state: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], limit: int = 65536
) -> list[dict[str, Any]]:
    """Rows of canonical values through the reference evaluator."""
    from featurelib.intrinsics import Arena

    evaluator = Evaluator(program, state, Arena(limit))
    return [{n: bits(v) for n, v in evaluator.row(r).items()} for r in rows]

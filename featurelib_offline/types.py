"""featurelib's types as Polars and Arrow types."""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from featurelib.dtypes import DType

_POLARS: dict[str, pl.DataType] = {
    "Bool": pl.Boolean(),
    "Int8": pl.Int8(),
    "Int16": pl.Int16(),
    "Int32": pl.Int32(),
    "Int64": pl.Int64(),
    "UInt8": pl.UInt8(),
    "UInt16": pl.UInt16(),
    "UInt32": pl.UInt32(),
    "UInt64": pl.UInt64(),
    "Float32": pl.Float32(),
    "Float64": pl.Float64(),
    "String": pl.String(),
    "Date": pl.Date(),
    "Duration": pl.Duration("us"),
}
_ARROW: dict[str, pa.DataType] = {
    "Bool": pa.bool_(),
    "Int8": pa.int8(),
    "Int16": pa.int16(),
    "Int32": pa.int32(),
    "Int64": pa.int64(),
    "UInt8": pa.uint8(),
    "UInt16": pa.uint16(),
    "UInt32": pa.uint32(),
    "UInt64": pa.uint64(),
    "Float32": pa.float32(),
    "Float64": pa.float64(),
    "String": pa.string_view(),
    "Date": pa.date32(),
    "Duration": pa.duration("us"),
}


def polars_type(dtype: DType) -> pl.DataType:
    """The Polars type of a column."""
    if dtype.name == "Datetime":
        return pl.Datetime("us", dtype.zone)
    if dtype.fields:
        return pl.Struct({name: polars_type(t) for name, t, _ in dtype.fields})
    if dtype.inner is not None:
        inner = polars_type(dtype.inner)
        return pl.List(inner) if dtype.size is None else pl.Array(inner, dtype.size)
    return _POLARS[dtype.name]


def arrow_type(dtype: DType) -> pa.DataType:
    """The Arrow type in which kernels' output columns are handed over."""
    if dtype.name == "Datetime":
        return pa.timestamp("us", dtype.zone)
    if dtype.inner is not None:
        inner = arrow_type(dtype.inner)
        return pa.large_list(inner) if dtype.size is None else pa.list_(inner, dtype.size)
    return _ARROW[dtype.name]

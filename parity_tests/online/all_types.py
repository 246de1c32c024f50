"""A feature set with an input of every type, rows for it, and their comparison by bits."""

from __future__ import annotations

import ctypes
import datetime as dt
from functools import cache
from typing import Any

import numpy as np

import featurelib as fl
import featurelib_online as online
from featurelib.dtypes import DType
from featurelib.fields import Constraints, Field, InputSchema
from featurelib.jit.kernel import Column
from featurelib.parity.golden_values import same_bits
from featurelib_online import Batch, RowKernel

EDGES: dict[str, list[Any]] = {
    "Bool": [True, False],
    "Int8": [-128, 127, 0],
    "Int16": [-(2**15), 2**15 - 1],
    "Int32": [-(2**31), 2**31 - 1],
    "Int64": [-(2**63), 2**63 - 1, 0],
    "UInt8": [0, 255],
    "UInt16": [0, 2**16 - 1],
    "UInt32": [0, 2**32 - 1],
    "UInt64": [0, 2**64 - 1],
    "Float32": [0.5, -0.0, float("inf"), float("nan"), 2.0**-149],
    "Float64": [0.1, -0.0, float("-inf"), float("nan"), 5e-324],
    "String": ["", "é", "twelve bytes", "thirteen byte", "naïve and long enough for a buffer"],
    "Date": [dt.date.min, dt.date.max, dt.date(1969, 12, 31)],
    "Datetime": [
        dt.datetime(1, 1, 1, tzinfo=dt.UTC),
        dt.datetime(9999, 12, 31, 23, 59, 59, 999_999, dt.UTC),
    ],
    "Duration": [dt.timedelta(-1, 1, 1), dt.timedelta(0), dt.timedelta(100_000)],
}
TYPES = {name.lower(): fl.dtypes.SCALARS[name] for name in EDGES}
TYPES |= {
    "floats": fl.dtypes.list_type(fl.dtypes.FLOAT64),
    "bools": fl.dtypes.list_type(fl.dtypes.BOOL),
    "pair": fl.dtypes.array_type(fl.dtypes.INT16, 2),
}
SCHEMA = InputSchema(
    "everything",
    (
        *(Field(name, dtype, nullable=True) for name, dtype in TYPES.items()),
        *(Field(f"{name}_must", dtype) for name, dtype in TYPES.items()),
        Field("seats", fl.dtypes.INT32, default=100, constraints=Constraints(ge=0)),
    ),
)


@cache
def kernel() -> RowKernel:
    """Every input as an output, some computed ones, and two tensors."""
    features = [
        fl.Feature(f"f_{name}", version=1, expr=fl.col(name)) for name in (*SCHEMA.names, "seats")
    ]
    features[-1] = fl.Feature("size", version=1, expr=fl.col("string").str.len_bytes())
    features.append(fl.Feature("upper", version=1, expr=fl.col("string_must").str.to_uppercase()))
    features.append(fl.Feature("log", version=1, expr=fl.col("float64_must").log1p()))
    layout = {
        "dense": ["float64_must", "log"],
        "ids": ["int32_must", "f_seats"],
        "pairs": ["f_pair_must"],
    }
    made = fl.FeatureSet(
        "everything", version="1.0.0", inputs=SCHEMA, features=features, layout=layout
    )
    return online.compile(made)


def random_rows(rng: np.random.Generator, n: int) -> list[dict[str, Any]]:
    """Rows of edge values and nulls."""

    def value(dtype: DType) -> Any:
        if dtype.inner is not None:
            size = dtype.size if dtype.size is not None else int(rng.integers(0, 4))
            return [value(dtype.inner) for _ in range(size)]
        return EDGES[dtype.name][rng.integers(len(EDGES[dtype.name]))]

    rows = []
    for _ in range(n):
        row = {f.name: value(f.dtype) for f in SCHEMA.fields if f.name != "seats"}
        for name in TYPES:
            if rng.random() < 0.3:
                row[name] = None
        rows.append(row | {"seats": int(rng.integers(0, 300))})
    return rows


def assert_same(left: Batch, right: Batch) -> None:
    """Two batches hold the same bits, tensors included."""
    assert list(left.columns) == list(right.columns)
    for name, dtype in left.types.items():
        pairs = zip(left.canonical(name), right.canonical(name), strict=True)
        for row, (a, b) in enumerate(pairs):
            assert same_bits(a, b, dtype), (name, row, a, b)
        a, b = left.columns[name], right.columns[name]
        assert a.dtype == b.dtype and (a.dtype == object or a.tobytes() == b.tobytes()), name
    for name, tensor in left.tensors.items():
        assert tensor.tobytes() == right.tensors[name].tobytes(), name


def stored(column: Column, dtype: DType, row: int) -> Any:
    """A value of a kernel's column in canonical form."""
    if column.valid is not None and not column.valid[row]:
        return None
    if dtype.kind == "v":
        address, length = column.values[row].tolist()
        size = 1 if dtype.inner is None else dtype.bits // 8
        data = ctypes.string_at(address, length * size) if length else b""
        if dtype.inner is None:
            return data
        items = np.frombuffer(data, dtype.storage).tolist()
        return tuple(map(bool, items) if dtype.inner.name == "Bool" else items)
    value = column.values[row].item()
    return bool(value) if dtype.name == "Bool" else value

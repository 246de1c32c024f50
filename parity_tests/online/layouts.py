"""Layouts of every shape over one small schema, and what their tensors must hold.

The expected tensors come from the reference evaluator and from plain Python that puts values side
by side; neither shares code with the kernels that fill tensors.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from hypothesis import strategies as st

import featurelib as fl
from featurelib import borders
from featurelib.bundle import Bundle
from featurelib.evaluate import Evaluator


class Offer(fl.Schema):
    price: float
    weight: fl.Float32 | None
    share: fl.Float32
    stock: fl.Int16
    big: fl.UInt64
    is_new: bool
    name: str | None
    when: fl.Datetime
    pair: Annotated[list[fl.Float32], fl.Size(2)]
    tags: list[fl.Int64]
    scores: list[fl.Float32]


def _feature(name: str, expr: fl.Expr) -> fl.Feature:
    return fl.Feature(name, version=1, expr=expr)


FEATURES = [
    _feature("half", (fl.col("price") / 2).cast(fl.Float32)),
    _feature("heavy", fl.col("weight").fill_null(-1.0)),
    _feature("kind", fl.col("name").fill_null("").one_hot(["x", "yy", "é"])),
    _feature("bucket", fl.col("name").fill_null("").hash_bucket(1000)),
    _feature("more", fl.col("stock") + 1),
    _feature("log", fl.col("price").log1p()),
    _feature("is_old", ~fl.col("is_new")),
    _feature("shout", fl.col("name").str.to_uppercase()),
    _feature("maybe", fl.col("weight") * 2),
    _feature("same_tags", fl.col("tags")),
]
MEMBERS = {
    "f32": ["half", "heavy", "share", "kind", "pair"],
    "f64": ["price", "log"],
    "i16": ["stock", "more"],
    "u32": ["bucket"],
    "u64": ["big"],
    "bool": ["is_new", "is_old"],
}
RAGGED = ["tags", "same_tags", "scores"]
STORAGE = {
    "f32": "<f4", "f64": "<f8", "i16": "<i2", "u32": "<u4", "u64": "<u8", "bool": "u1",
    "tags": "<i8", "same_tags": "<i8", "scores": "<f4",
}  # fmt: skip
Layout = dict[str, list[str]]

FULL: Layout = {
    "dense": ["half", "kind", "share", "half", "pair", "heavy"],
    "wide": ["price", "log", "price"],
    "ids": ["bucket"],
    "counts": ["stock", "more"],
    "flags": ["is_new", "is_old", "is_new"],
    "big": ["big"],
    "tags": ["tags"],
    "scores": ["scores"],
    "again": ["same_tags"],
    "more": ["half", "kind"],
}
"""Several tensors of a type, repeated members, Arrays, inputs, and three Lists."""


def layouts() -> st.SearchStrategy[Layout]:
    """Up to five tensors: members of one type in any order, repeated, or one List."""
    dense = st.sampled_from(list(MEMBERS)).flatmap(
        lambda kind: st.lists(st.sampled_from(MEMBERS[kind]), min_size=1, max_size=5)
    )
    ragged = st.sampled_from(RAGGED).map(lambda name: [name])
    return st.lists(dense | ragged, max_size=5).map(
        lambda made: {f"t{i}": members for i, members in enumerate(made)}
    )


def bundle_of(layout: Layout) -> Bundle:
    """The features with a layout, bound."""
    made: Bundle = fl.FeatureSet(
        "offers", version="1.0.0", inputs=Offer, features=FEATURES, layout=layout
    ).bind()
    return made


_FLOATS = [0.0, -0.0, 1.5, -2.25, 1e30, 2.0**-149, float("inf"), float("nan"), 0.1]
_PAYLOAD = float(np.frombuffer(b"\1\0\0\0\0\0\xf8\xff", "<f8")[0])
"""A NaN of other bits than the canonical one."""


def random_rows(n: int, *, seed: int = 7, finite: bool = False) -> list[dict[str, Any]]:
    """Rows of edge values; JSON takes the finite ones."""
    random = np.random.default_rng([seed, n])
    floats = [x for x in _FLOATS if math.isfinite(x)] if finite else [*_FLOATS, _PAYLOAD]

    def one(values: Sequence[Any]) -> Any:
        return values[random.integers(len(values))]

    def some(values: Sequence[Any], most: int) -> list[Any]:
        return [one(values) for _ in range(random.integers(most + 1))]

    return [
        {
            "price": one(floats),
            "weight": one([*floats[:4], None]),
            "share": one(floats),
            "stock": one([0, -1, 2**15 - 1, -(2**15)]),
            "big": one([0, 2**64 - 1, 3]),
            "is_new": one([True, False]),
            "name": one(["", "x", "yy", "é", "ß" * 40, None]),
            "when": dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC),
            "pair": [one(floats), one(floats)],
            "tags": some([0, -1, 2**63 - 1, 5], 4),
            "scores": some(floats, 3),
        }
        for _ in range(n)
    ]


def as_columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray[Any, Any]]:
    """The rows as arrays of objects by name."""
    made = {}
    for field in Offer.input_schema().fields:
        column = np.empty(len(rows), object)
        for i, row in enumerate(rows):
            column[i] = row[field.name]
        made[field.name] = column
    return made


def as_json(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as an array of JSON objects."""
    return json.dumps(rows, default=lambda moment: moment.isoformat())


def expected(
    bundle: Bundle, layout: Layout, rows: Sequence[Mapping[str, Any]]
) -> dict[str, np.ndarray[Any, Any]]:
    """The tensors by name, from the reference evaluator."""
    evaluator = Evaluator(bundle.program, bundle.state)
    canonical = [borders.canonical_row(row, bundle.schema) for row in rows]
    values = [given | evaluator.row(given) for given in canonical]
    made: dict[str, np.ndarray[Any, Any]] = {}
    for name, members in layout.items():
        if members[0] in RAGGED:
            lists = [row[members[0]] for row in values]
            flat = [item for items in lists for item in items]
            made[name] = _stored(flat, STORAGE[members[0]])
            ends = np.cumsum([0, *map(len, lists)])
            made[f"{name}.offsets"] = ends.astype(np.int64)
            continue
        kind = next(k for k, known in MEMBERS.items() if members[0] in known)
        flat = [item for row in values for member in members for item in _items(row[member])]
        width = sum(_WIDTHS.get(member, 1) for member in members)
        made[name] = _stored(flat, STORAGE[kind]).reshape(len(rows), width)
    return made


_WIDTHS = {"kind": 3, "pair": 2}


def _items(value: Any) -> Sequence[Any]:
    return value if isinstance(value, tuple) else (value,)


def _stored(values: Sequence[Any], storage: str) -> np.ndarray[Any, Any]:
    """Numbers in a type; every NaN is the canonical one."""
    canonical = [math.nan if x != x else x for x in values]
    return np.array(canonical, storage)


def assert_tensors(
    got: Mapping[str, np.ndarray[Any, Any]], wanted: Mapping[str, np.ndarray[Any, Any]]
) -> None:
    """Equal names in order, shapes, dtypes and bits."""
    assert list(got) == list(wanted)
    for name, tensor in wanted.items():
        assert got[name].shape == tensor.shape, name
        assert got[name].dtype == tensor.dtype, name
        assert got[name].tobytes() == tensor.tobytes(), name

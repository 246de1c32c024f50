"""A hundred items for one user: the whole row a hundred times, whole columns, and stages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import featurelib as fl
import featurelib_online as online
from benchmarks.tables import Table, microseconds, times
from benchmarks.timing import race
from featurelib_online.staged import Staged

USER = [f"u{i}" for i in range(10)]
ITEM = [f"i{i}" for i in range(20)]
WORDS = [f"w{i}" for i in range(10)]
PAIRS = 6


class Request(fl.Schema):
    """A user and an item."""

    __annotations__ = {
        **dict.fromkeys(USER, float | None), **dict.fromkeys(ITEM, float | None),
        **dict.fromkeys(WORDS, str),
    }  # fmt: skip


def measure(quick: bool) -> list[Table]:
    """The table of this page."""
    bundle = _bundle()
    kernel = online.compile(bundle)
    staged = Staged(bundle, {"user": USER, "item": [*ITEM, *WORDS]})
    rng = np.random.default_rng(0)
    table = Table(
        "Tensors of a user and n items, 10 and 30 fields, 46 features; microseconds",
        ("items", "staged", "columns", "rows one by one", "columns / staged", "rows / staged"),
    )
    rounds, slice_s = (3, 0.002) if quick else (15, 0.03)
    for n in (100, 1_600):
        user = {name: float(rng.normal()) for name in USER}
        items = [
            {i: float(rng.normal()) for i in ITEM} | {w: f"word{rng.integers(50)}" for w in WORDS}
            for _ in range(n)
        ]
        columns: dict[str, Any] = {i: np.array([item[i] for item in items]) for i in ITEM}
        columns |= {w: np.array([item[w] for item in items], object) for w in WORDS}
        columns |= {name: online.Constant(value) for name, value in user.items()}
        known = staged.table("item", [staged.vector("item", item) for item in items])
        numbers, zeros = np.arange(n), np.zeros(n, np.int64)

        def by_stages(known: Any = known, numbers: Any = numbers, zeros: Any = zeros,
                      user: Any = user) -> Any:  # fmt: skip
            mine = staged.table("user", [staged.vector("user", user)])
            return staged.fill({"user": (mine, zeros), "item": (known, numbers)})["x"]

        def by_rows(items: Any = items, user: Any = user) -> Any:
            return kernel.many([{**user, **item} for item in items]).tensors["x"]

        def by_columns(columns: Any = columns) -> Any:
            return kernel.columns(columns).tensors["x"]

        work: dict[str, Callable[[], Any]] = {
            "staged": by_stages, "columns": by_columns, "rows": by_rows
        }  # fmt: skip
        if len({made().tobytes() for made in work.values()}) != 1:
            raise AssertionError("stages, columns and rows differ")
        found = race(work, rounds=rounds, slice_s=slice_s)
        us = [microseconds(found.median(name)) for name in work]
        ratios = [times(found.ratio(name, "staged")) for name in ("columns", "rows")]
        table.rows.append((f"{n:,}", *us, *ratios))
    table.notes = ["Stages: the user's from a dict, the items' from vectors that lie in a table."]
    return [table]


def _bundle() -> fl.Bundle:
    user = [fl.col(u).fill_null(0.0).clip(-3.0, 3.0) for u in USER]
    item = [(fl.col(i).fill_null(0.0) ** 2 + 1.0).log() for i in ITEM]
    words = [(fl.col(w).hash_bucket(1000)).cast(fl.Float64) for w in WORDS]
    pairs = [u * i for u, i in zip(user[:PAIRS], item[:PAIRS], strict=True)]
    features = [
        fl.Feature(f"f{k}", version=1, expr=e.cast(fl.Float32))
        for k, e in enumerate([*user, *item, *words, *pairs])
    ]
    return fl.FeatureSet(
        "staged", version="1.0.0", inputs=Request, features=features,
        layout={"x": [f.name for f in features]},
    ).bind()  # fmt: skip

"""The Criteo-shaped workload: 13 nullable integers and 26 nullable strings of 8 characters.

An integer is filled with 0, clipped at 0, log1p, Float32; a string is filled with "", XXH64, modulo
100,003. The model reads two tensors, float32 `dense` and uint32 `ids`. Rows are made up by a seeded
generator: an eighth of all values is missing, strings come from 50,000 a column.
"""

from __future__ import annotations

import json
import sys
from functools import lru_cache
from typing import Any

import numpy as np

import featurelib as fl
from featurelib import dtypes
from featurelib.bundle import Bundle
from featurelib.fields import Field, InputSchema

INTS = tuple(f"i{k}" for k in range(1, 14))
TEXTS = tuple(f"c{k}" for k in range(1, 27))
BUCKETS = 100_003
_SEED = 20_261_122
_MISSING = 0.125
_WORDS = 50_000


@lru_cache(maxsize=2)
def bundle(wide_ids: bool = False) -> Bundle:
    """The feature set, bound: nothing is fitted.

    Args:
        wide_ids: With ids of int64, which `torch.nn.Embedding` takes; it does not take uint32.
    """
    fields = [Field(n, dtypes.INT64, nullable=True) for n in INTS]
    fields += [Field(n, dtypes.STRING, nullable=True) for n in TEXTS]
    logs = [
        fl.Feature(
            f"{n}_log",
            version=1,
            expr=fl.col(n).fill_null(0).clip(0).cast(fl.Float64).log1p().cast(fl.Float32),
        )
        for n in INTS
    ]
    hashes = [fl.col(n).fill_null("").hash_bucket(BUCKETS) for n in TEXTS]
    ids = [
        fl.Feature(f"{n}_id", version=1, expr=h.cast(fl.Int64) if wide_ids else h)
        for n, h in zip(TEXTS, hashes, strict=True)
    ]
    made: Bundle = fl.FeatureSet(
        "criteo",
        version="1.0.0",
        inputs=InputSchema("Criteo", tuple(fields)),
        features=[*logs, *ids],
        layout={"dense": [f.name for f in logs], "ids": [f.name for f in ids]},
    ).bind()
    return made


def frame(rows: int) -> Any:
    """The rows as a Polars frame."""
    import polars as pl

    random = np.random.default_rng(_SEED)
    columns: dict[str, Any] = {}
    for name in INTS:
        values = np.floor(random.lognormal(3.0, 2.5, rows)).astype(np.int64) - 2
        columns[name] = _with_nulls(pl.Series(values), random)
    for name in TEXTS:
        words = pl.Series([f"{w:08x}" for w in random.integers(0, 1 << 32, _WORDS).tolist()])
        # Few are frequent, as in a log of clicks.
        at = np.minimum(random.zipf(1.3, rows) - 1, _WORDS - 1)
        columns[name] = _with_nulls(words.gather(at), random)
    return pl.DataFrame(columns)


def _with_nulls(values: Any, random: np.random.Generator) -> Any:
    import polars as pl

    there = pl.Series(random.random(len(values)) >= _MISSING)
    return pl.select(pl.when(there).then(values)).to_series()


def rows(count: int) -> list[dict[str, Any]]:
    """The first rows as dicts whose keys are interned, as those of a literal in a program are."""
    names = [sys.intern(n) for n in (*INTS, *TEXTS)]
    columns = frame(max(count, 1000))[:count]
    return [dict(zip(names, row, strict=True)) for row in columns.rows()]


def parsed(row: dict[str, Any]) -> dict[str, Any]:
    """The row as a service has it: parsed from JSON, every key an object of its own."""
    made: dict[str, Any] = json.loads(json.dumps(row))
    return made

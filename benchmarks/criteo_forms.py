"""Criteo-shaped rows in the forms in which they come: dicts, JSON, columns and frames."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from benchmarks.criteo import INTS, TEXTS

Rows = list[dict[str, Any]]


def as_dicts(rows: Rows) -> Rows:
    """The rows as they are."""
    return rows


def as_json(rows: Rows) -> bytes:
    """An array of objects."""
    return json.dumps(rows).encode()


def as_numpy(rows: Rows) -> dict[str, Any]:
    """Masked int64 by name, and texts as arrays of objects."""
    made: dict[str, Any] = {}
    for name in INTS:
        values = [row[name] for row in rows]
        numbers = np.array([x or 0 for x in values], np.int64)
        made[name] = np.ma.masked_array(numbers, [x is None for x in values])
    return made | {n: np.array([row[n] for row in rows], object) for n in TEXTS}


def as_matrix(rows: Rows) -> Any:
    """The numbers as (rows, 13) of int64; a null is 0."""
    return np.array([[row[n] or 0 for n in INTS] for row in rows], np.int64)


def as_pandas(rows: Rows) -> Any:
    """A frame of pandas."""
    import pandas as pd

    return pd.DataFrame(rows)


def as_arrow(rows: Rows) -> Any:
    """A record batch of pyarrow."""
    import pyarrow as pa

    types = [(n, pa.int64()) for n in INTS] + [(n, pa.string()) for n in TEXTS]
    return pa.RecordBatch.from_pylist(rows, schema=pa.schema(types))


def as_store(rows: Rows) -> dict[Any, Any]:
    """As an online store may have it: numbers as one matrix, a column of texts each."""
    batch = as_arrow(rows)
    return {INTS: as_matrix(rows)} | {n: batch[n] for n in TEXTS}


def as_polars(rows: Rows) -> Any:
    """A frame of Polars."""
    import polars as pl

    return pl.DataFrame(rows, schema=polars_schema())


def polars_schema() -> dict[str, Any]:
    """Types of the columns for Polars."""
    import polars as pl

    return {**dict.fromkeys(INTS, pl.Int64()), **dict.fromkeys(TEXTS, pl.String())}

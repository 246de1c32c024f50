"""Peers for one row: dict in, filled tensors out, each as its users would write it well."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from itertools import accumulate
from operator import itemgetter
from typing import Any

import numba as nb
import numpy as np
import xxhash

from benchmarks import c_peer, criteo_forms
from benchmarks.criteo import BUCKETS, INTS, TEXTS
from benchmarks.numba_peer import xxh64

Fill = Callable[[dict[str, Any]], Any]


class Tensors:
    """The two tensors that a peer fills."""

    def __init__(self) -> None:
        self.dense = np.zeros(len(INTS), np.float32)
        self.ids = np.zeros(len(TEXTS), np.uint32)


def python(into: Tensors) -> Fill:
    """Plain Python with the xxhash package."""
    ints, texts = itemgetter(*INTS), itemgetter(*TEXTS)
    log1p, digest = math.log1p, xxhash.xxh64_intdigest
    pack_dense = struct.Struct(f"{len(INTS)}f").pack_into
    pack_ids = struct.Struct(f"{len(TEXTS)}I").pack_into
    dense, ids = memoryview(into.dense).cast("B"), memoryview(into.ids).cast("B")

    def fill(row: dict[str, Any]) -> None:
        pack_dense(dense, 0, *[log1p(x) if x is not None and x > 0 else 0.0 for x in ints(row)])
        pack_ids(ids, 0, *[digest((s or "").encode()) % BUCKETS for s in texts(row)])

    return fill


def c_extension(into: Tensors) -> Fill:
    """The limit."""
    fill, dense, ids = c_peer.extension().fill, into.dense, into.ids
    return lambda row: fill(row, dense, ids)


def numba_packed(into: Tensors) -> Fill:
    """Numba over a packed row: numbers by struct, texts joined and encoded once."""
    ints, texts = itemgetter(*INTS), itemgetter(*TEXTS)
    numbers = np.zeros(len(INTS), np.int64)
    ends = np.zeros(len(TEXTS), np.int64)
    pack_ints = struct.Struct(f"{len(INTS)}q").pack_into
    pack_ends = struct.Struct(f"{len(TEXTS)}q").pack_into
    n_bytes, e_bytes = memoryview(numbers).cast("B"), memoryview(ends).cast("B")
    dense, ids = into.dense, into.ids

    def fill(row: dict[str, Any]) -> None:
        pack_ints(n_bytes, 0, *[x or 0 for x in ints(row)])
        words: list[Any] = [s or "" for s in texts(row)]
        text = "".join(words)
        if not text.isascii():
            words = [s.encode() for s in words]
        pack_ends(e_bytes, 0, *accumulate(map(len, words)))
        _packed(numbers, np.frombuffer(text.encode(), np.uint8), ends, dense, ids)

    return fill


@nb.njit(nogil=True)
def _packed(numbers: Any, text: Any, ends: Any, dense: Any, ids: Any) -> None:
    for k in range(len(numbers)):
        dense[k] = math.log1p(np.float64(max(numbers[k], 0)))
    start = 0
    for k in range(len(ends)):
        ids[k] = xxh64(text[start : ends[k]]) % np.uint64(BUCKETS)
        start = ends[k]


def polars(into: Tensors) -> Fill | None:
    """A frame of one row through the expressions of the batch."""
    from benchmarks import criteo_frames

    expressions = criteo_frames.polars_expressions()
    if expressions is None:
        return None
    import polars as pl

    schema = criteo_forms.polars_schema()

    def fill(row: dict[str, Any]) -> None:
        made = pl.DataFrame([row], schema=schema).select(expressions)
        values = made.row(0)
        into.dense[:] = values[: len(INTS)]
        into.ids[:] = values[len(INTS) :]

    return fill


def pandas(into: Tensors) -> Fill:
    """A frame of one row through the functions of the batch."""
    import pandas as pd

    from benchmarks import criteo_frames

    def fill(row: dict[str, Any]) -> None:
        made = criteo_frames.pandas(pd.DataFrame([row]))
        into.dense[:] = made[list(INTS)].to_numpy()[0]
        into.ids[:] = made[list(TEXTS)].to_numpy()[0]

    return fill


def onnx(into: Tensors) -> Fill:
    """ONNX Runtime, numbers only: it has no dicts, no XXH64, and takes nulls as filled before."""
    from benchmarks import onnx_peer

    session = onnx_peer.session()
    ints = itemgetter(*INTS)

    def fill(row: dict[str, Any]) -> None:
        numbers = np.array([[x or 0 for x in ints(row)]], np.int64)
        into.dense[:] = session.run(None, {"x": numbers})[0][0]

    return fill

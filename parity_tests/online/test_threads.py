"""One row kernel, many threads: rows, batches and columns at once, each caller its own values."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import polars as pl

from featurelib.parity.golden_values import same_bits
from featurelib_offline.types import polars_type
from parity_tests.online.all_types import SCHEMA, assert_same, kernel, random_rows

THREADS = 8
ROUNDS = 10
POLARS = {f.name: polars_type(f.dtype) for f in SCHEMA.fields}


def test_threads_do_not_see_each_others_rows() -> None:
    """Eight threads mix calls, `many`, `columns` and bad rows, and get what one thread gets."""
    made = kernel()
    rows = [random_rows(np.random.default_rng(seed), 20) for seed in range(THREADS)]
    expected = [made.many(r) for r in rows]
    frames = [pl.DataFrame(r, schema=POLARS) for r in rows]
    tables = [f.to_arrow().to_batches()[0] for f in frames]
    start = threading.Barrier(THREADS)

    def work(me: int) -> None:
        start.wait()
        for i in range(ROUNDS):
            at = i % 20
            alone = made(rows[me][at])
            for name, dtype in made.types.items():
                value = expected[me].canonical(name)[at]
                assert same_bits(alone.canonical(name), value, dtype), (me, name)
            dense = expected[me].tensors["dense"][at : at + 1]
            assert alone.tensors["dense"].tobytes() == dense.tobytes()
            assert_same(made.many(rows[me]), expected[me])
            data: Any = tables[me] if i % 2 else frames[me]
            assert_same(made.columns(data), expected[me])
            kept = made.many([*rows[me][:3], {"bool": me}, *rows[me][3:]], errors="collect")
            assert [e.row for e in kept.errors] == [3]
            assert_same(kept, expected[me])

    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(work, me) for me in range(THREADS)]:
            done.result()


def test_results_of_many_threads_are_kept_apart_after_the_calls() -> None:
    """A row is a value: later calls, in any thread, do not change it."""
    made, rows = kernel(), random_rows(np.random.default_rng(3), 64)
    with ThreadPoolExecutor(THREADS) as pool:
        results = list(pool.map(made, rows))
    expected = made.many(rows)
    for name, dtype in made.types.items():
        for row, value in zip(results, expected.canonical(name), strict=True):
            assert same_bits(row.canonical(name), value, dtype), name

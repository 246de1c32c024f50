"""The torch dataset: rows/s of an epoch, beside a plain DataLoader and only reading the file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from torch.utils.data import DataLoader

from benchmarks import equality
from benchmarks.tables import Table, times
from benchmarks.timing import race
from benchmarks.training_peers import (
    Batch,
    RowGroups,
    SingleRows,
    by_row_groups,
    one_thread_for_polars,
    read_arrow,
    read_polars,
    whole,
)
from benchmarks.training_sets import SETS, TrainingSet
from featurelib_offline.torch_dataset import FeatureDataset, TensorBatch

BATCH_ROWS = 4096
_OURS = "featurelib, FeatureDataset"
_SINGLE = "a Dataset of single rows, plain Python"
Loader = Iterable[Any]
Contestants = dict[tuple[str, int], Loader]
"""By name and number of workers."""


def measure(quick: bool) -> list[Table]:
    """The tables of this page."""
    with tempfile.TemporaryDirectory() as place:
        return [_table(s, Path(place), quick) for s in SETS]


def _table(given: TrainingSet, place: Path, quick: bool) -> Table:
    rows, few = (20_000, 2_000) if quick else (given.rows, 10_000)
    path = place / "rows.parquet"
    given.write(path, rows)
    loaders = _loaders(given, str(path), quick)
    single = SingleRows(pl.read_parquet(path, n_rows=few).to_dicts(), given.row)
    loaders[_SINGLE, 0] = DataLoader(single, batch_size=BATCH_ROWS)
    with one_thread_for_polars():  # in each worker, as ours does
        equal = _agreement(loaders)
    work: dict[tuple[str, int], Callable[[], Any]] = {
        who: (lambda loader=loader: _epoch(loader)) for who, loader in loaders.items()
    }
    slow = {(_SINGLE, 0): work.pop((_SINGLE, 0))}
    work["only reading, pl.read_parquet", 0] = lambda: read_polars(str(path))
    work["only reading, pyarrow's iter_batches", 0] = lambda: read_arrow(str(path), BATCH_ROWS)
    ours = (_OURS, 0)
    found = race(_named(work), rounds=1 if quick else 5, slice_s=0.0)
    found_slow = race(_named({ours: work[ours]} | slow), rounds=1 if quick else 3, slice_s=0.0)
    table = Table(
        f"The torch dataset: {rows:,} {given.title} of Parquet ({_megabytes(path)}), an epoch",
        ("who", "workers", "million rows/s", "rate of ours", "values equal to ours"),
    )
    for who in work:
        rate, ratio = rows / found.median(_key(who)), found.ratio(_key(ours), _key(who))
        table.rows.append(_line(who, rate, ratio, equal))
    for who in slow:
        rate = few / found_slow.median(_key(who))
        ratio = found_slow.ratio(_key(ours), _key(who)) * few / rows
        table.rows.append(_line(who, rate, ratio, equal))
    table.notes = [
        f"Batches of {BATCH_ROWS:,}; {_widths(loaders[ours])}; the file is in the page cache.",
        "Workers are spawned and stay: their start is not counted.",
        f"Single rows are dicts in memory, {few:,} of them: their reading is not counted.",
        "By hand: a row group of 65,536 at a time, nothing is checked or shuffled.",
    ]
    return table


def _loaders(given: TrainingSet, path: str, quick: bool) -> Contestants:
    bundle = given.bundle()

    def ours(workers: int, **more: Any) -> Loader:
        made: Loader = FeatureDataset(bundle, path, batch_rows=BATCH_ROWS, **more).loader(
            workers=workers
        )
        return made

    found: Contestants = {
        (_OURS, 0): ours(0),
        (f"{_OURS}, shuffle_rows=200_000", 0): ours(0, shuffle_rows=200_000),
    }
    if not quick:  # two processes that import torch: seconds
        found[_OURS, 2] = ours(2)
    for name, compute, as_polars in (
        ("a plain DataLoader, Polars by hand", given.polars, True),
        ("a plain DataLoader, pyarrow and NumPy by hand", given.arrow, False),
    ):
        for workers in (0,) if quick else (0, 2):
            rows = RowGroups(path, BATCH_ROWS, compute, as_polars)
            found[name, workers] = by_row_groups(rows, workers)
    return found


def _epoch(loader: Loader) -> int:
    """One epoch; a model would take the batches."""
    return sum(1 for _ in loader)


def _agreement(loaders: Contestants) -> dict[tuple[str, int], str]:
    """What each gives in an epoch, against ours."""
    expected = _whole(loaders[_OURS, 0])
    made: dict[tuple[str, int], str] = {}
    for who, loader in loaders.items():
        name, workers = who
        got = _whole(loader)
        wanted = [tensor[: len(got[0])] for tensor in expected]
        if name.startswith(_OURS):  # all bits are equal, so an order of rows can be found again
            wanted, got = _sorted(expected), _sorted(got)
        if workers and (name, 0) in made and len(got[0]) == len(expected[0]):
            made[who] = made[name, 0]  # batches of two workers come in turns, in another order
        else:
            pairs = zip(wanted, got, strict=True)
            made[who] = equality.told(max(equality.check(name, a, b) for a, b in pairs))
    return made


def _whole(loader: Loader) -> list[np.ndarray[Any, Any]]:
    return whole([_pair(batch) for batch in loader])


def _pair(batch: TensorBatch | Batch) -> Batch:
    if isinstance(batch, TensorBatch):
        return batch.tensors["dense"], batch.tensors["ids"]
    return batch


def _sorted(tensors: list[np.ndarray[Any, Any]]) -> list[np.ndarray[Any, Any]]:
    """The same rows, in an order that all of their values decide."""
    words = np.column_stack([t.view(f"u{t.itemsize}").astype(np.uint64) for t in tensors])
    odd = np.random.default_rng(1).integers(1 << 63, size=words.shape[1], dtype=np.uint64) * 2 + 1
    order = np.argsort(words @ odd)
    return [tensor[order] for tensor in tensors]


def _key(who: tuple[str, int]) -> str:
    return f"{who[0]} {who[1]}"


def _named(work: dict[tuple[str, int], Callable[[], Any]]) -> dict[str, Callable[[], Any]]:
    return {_key(who): run for who, run in work.items()}


def _line(
    who: tuple[str, int], rate: float, ratio: float, equal: dict[tuple[str, int], str]
) -> tuple[str, ...]:
    told = "" if who == (_OURS, 0) else equal.get(who, "")
    return who[0], str(who[1]), f"{rate / 1e6:.3g}", times(ratio), told


def _widths(loader: Loader) -> str:
    dense, ids = _pair(next(iter(loader)))
    return f"{dense.shape[1]} x float32 and {ids.shape[1]} x int64"


def _megabytes(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:,.0f} MB"

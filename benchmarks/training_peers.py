"""Peers of the torch dataset: what a plain `DataLoader` over Parquet is usually built of."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info

from benchmarks.training_sets import Arrays

Batch = tuple[torch.Tensor, torch.Tensor]


class RowGroups(IterableDataset[Batch]):
    """Reads row groups, computes each by a function, and cuts batches out of it.

    Args:
        path: The file.
        batch_rows: Rows of a batch; the last one of a row group is smaller.
        compute: Of a record batch or of a frame of Polars.
        as_polars: Which of the two.
    """

    def __init__(
        self, path: str, batch_rows: int, compute: Callable[[Any], Arrays], as_polars: bool
    ) -> None:
        self.path, self.batch_rows = path, batch_rows
        self.compute, self.as_polars = compute, as_polars

    def __iter__(self) -> Iterator[Batch]:
        info = get_worker_info()
        first, step = (0, 1) if info is None else (info.id, info.num_workers)
        file = pq.ParquetFile(self.path)
        for group in range(first, file.num_row_groups, step):
            table = file.read_row_group(group)
            made = pl.DataFrame(table) if self.as_polars else table.combine_chunks().to_batches()[0]
            dense, ids = map(torch.from_numpy, self.compute(made))
            for start in range(0, len(dense), self.batch_rows):
                stop = start + self.batch_rows
                yield dense[start:stop], ids[start:stop]


class SingleRows(Dataset[Batch]):
    """The first that one writes: a row of a frame in memory for each index.

    Args:
        rows: Dicts, in memory: their reading is not counted.
        compute: Of one row.
    """

    def __init__(self, rows: list[dict[str, Any]], compute: Callable[[Any], Any]) -> None:
        self.rows, self.compute = rows, compute

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Batch:
        dense, ids = self.compute(self.rows[index])
        return torch.tensor(dense, dtype=torch.float32), torch.tensor(ids, dtype=torch.int64)


def by_row_groups(dataset: RowGroups, workers: int) -> DataLoader[Batch]:
    """Its loader; workers stay from epoch to epoch and are spawned, as ours are."""
    if not workers:
        return DataLoader(dataset, batch_size=None)
    return DataLoader(
        dataset,
        batch_size=None,
        num_workers=workers,
        persistent_workers=True,
        multiprocessing_context="spawn",
    )


@contextlib.contextmanager
def one_thread_for_polars() -> Iterator[None]:
    """For workers that start meanwhile: else Polars in each of them would take every core."""
    before = os.environ.get("POLARS_MAX_THREADS")
    os.environ["POLARS_MAX_THREADS"] = "1"
    try:
        yield
    finally:
        del os.environ["POLARS_MAX_THREADS"]
        if before is not None:
            os.environ["POLARS_MAX_THREADS"] = before


def read_arrow(path: str, batch_rows: int) -> int:
    """Only reads, by pyarrow."""
    return sum(b.num_rows for b in pq.ParquetFile(path).iter_batches(batch_rows))


def read_polars(path: str) -> int:
    """Only reads, by Polars."""
    return len(pl.read_parquet(path))


def whole(batches: list[Batch]) -> list[np.ndarray[Any, Any]]:
    """All batches of an epoch end to end."""
    return [torch.cat(list(parts)).numpy() for parts in zip(*batches, strict=True)]

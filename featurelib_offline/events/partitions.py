"""Records on disk, by partition: what is sorted at once stays within memory."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa

__all__ = ["spilled"]


def spilled(taken: Iterable[pl.DataFrame], partitions: int, folder: Path) -> Iterator[pl.DataFrame]:
    """The records of one partition after the other, by way of files.

    Args:
        taken: Records in batches, with their ``entity``.
        partitions: How many; entity number k is in partition k modulo this, and has the number
            k // partitions there.
        folder: Where files go; each is removed when it was read.
    """
    paths = [folder / f"{number}.arrow" for number in range(partitions)]
    empty = None
    with contextlib.ExitStack() as stack:
        writers: list[pa.RecordBatchFileWriter | None] = [None] * partitions
        for batch in taken:
            empty = batch.clear() if empty is None else empty
            parts = batch.with_columns(
                (pl.col("entity") % partitions).alias("partition"), pl.col("entity") // partitions
            ).partition_by("partition", as_dict=True, include_key=False)
            for (number,), part in parts.items():
                table = part.to_arrow(compat_level=pl.CompatLevel.newest())
                writer = writers[number]
                if writer is None:
                    writer = stack.enter_context(pa.ipc.new_file(paths[number], table.schema))
                    writers[number] = writer
                writer.write_table(table)
    assert empty is not None
    for path in paths:
        if not path.exists():
            yield empty
            continue
        yield pl.read_ipc(path)
        path.unlink()

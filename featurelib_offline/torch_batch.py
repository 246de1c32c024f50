"""One batch of tensors for a model, and its way from a worker to the process that trains."""

from __future__ import annotations

import pickle
from typing import Any, NamedTuple

from featurelib_offline.torch_library import torch
from featurelib_offline.torch_rows import Array, Key, Rows

__all__ = ["Parcel", "TensorBatch"]


class TensorBatch(NamedTuple):
    """One batch.

    Attributes:
        tensors: By name in the layout: (rows, width); a ragged one as its values, and its offsets
            under `Tensor.offsets_name`.
        labels: By name, (rows,) of the column's own type.
        rows: How many rows are real; those behind them are zeros (``pad_last=True``).
    """

    tensors: dict[str, torch.Tensor]
    labels: dict[str, torch.Tensor]
    rows: int

    @staticmethod
    def of(batch: Rows, rows: int) -> TensorBatch:
        """Tensors over the memory of the rows, of which so many are real."""
        return _tensors(batch.arrays(), rows)


class Parcel:
    """Rows that a worker gives: they are pickled as one block, and come out as a `TensorBatch`.

    torch alone hands over each tensor in shared memory by a file handle: for 4,096 rows of three
    tensors that took 5 ms, one block through the worker's pipe 1.2. One block in shared memory was
    slower than that from 0.1 to 4 MB.
    """

    def __init__(self, batch: TensorBatch) -> None:
        self.batch = batch

    def __reduce__(self) -> Any:
        parts = {"tensors": self.batch.tensors, "labels": self.batch.labels}
        arrays = {(p, name): x.numpy() for p, part in parts.items() for name, x in part.items()}
        # This protocol copies once, and memory is writable where it arrives.
        return _opened, (pickle.dumps(arrays, protocol=5), self.batch.rows)


def _opened(data: bytes, rows: int) -> TensorBatch:
    return _tensors(pickle.loads(data), rows)


def _tensors(arrays: dict[Key, Array], rows: int) -> TensorBatch:
    made: dict[str, dict[str, torch.Tensor]] = {"tensors": {}, "labels": {}}
    for (place, name), values in arrays.items():
        made[place][name] = torch.from_numpy(values)
    return TensorBatch(made["tensors"], made["labels"], rows)

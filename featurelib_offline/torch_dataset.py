"""A torch dataset that streams Parquet: the tensors that serving fills, in training.

    dataset = FeatureDataset(bundle, "flights/*.parquet", batch_rows=4096, labels=["arr_delay"],
                             shuffle_rows=1_000_000)
    loader = dataset.loader(workers=2)
    for epoch in range(3):
        for batch in loader:
            logits = model(batch.tensors["dense"], batch.tensors["ids"])
            loss(logits, batch.labels["arr_delay"]).backward()

Memory does not grow with the files: a worker holds two pieces of 131,072 rows, and its own buffer
of rows to shuffle. What is shuffled are rows of tensors and not of inputs: for flights drawing them
took 9 ms where drawing the inputs took 27 to 36 (text has no fixed place), and they need less room.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from featurelib.bundle import Bundle, as_bundle
from featurelib.errors import DefinitionError, InputError
from featurelib.feature_set import FeatureSet
from featurelib.model_inputs import ModelInputs
from featurelib_offline.files import Source
from featurelib_offline.torch_batch import Parcel, TensorBatch
from featurelib_offline.torch_library import data, torch
from featurelib_offline.torch_loader import FeatureLoader, WorkerInit
from featurelib_offline.torch_order import batches, pieces_of, share, shuffled
from featurelib_offline.torch_source import ParquetSource

__all__ = ["FeatureDataset", "FeatureLoader", "TensorBatch"]

_PIECE_ROWS = 131_072
"""Rows that are read and computed in one go: Polars reads a slice of so many as fast as a whole
file, 8 to 25 million rows/s; a quarter of it at half the speed."""


class FeatureDataset(data.IterableDataset[TensorBatch]):  # type: ignore[misc]
    """Batches of a bundle's tensors, computed from Parquet files while they are read.

    The tensors have the bits that a row kernel gives for the same rows. Each row comes once an
    epoch, whatever the number of workers and ranks. With one seed, and as many workers and ranks,
    an epoch has the same rows in the same order again; another epoch has another order.

    Args:
        bundle: Definition, fitted state and layout; or a feature set that needs no fit.
        files: A path, a glob, a directory, or several of these: Parquet. The columns are those of
            the input schema, and the labels.
        batch_rows: Rows of a batch.
        labels: Columns of numbers that go along as they are.
        drop_null_labels: Leave out rows where a label is null, else such a row is refused.
        shuffle_rows: Rows of the buffer that rows are drawn from at random; pieces of files are
            visited in random order too. 0 leaves rows in the order of the files.
        seed: Of all that is random.
        rank: Which of `ranks` processes this is; each gets its own share of the rows.
        ranks: Processes that train together.
        drop_last: Leave out a last batch that is smaller. Then all workers of all ranks give
            equally many batches.
        pad_last: Fill a last batch that is smaller with rows of zeros and empty Lists.
        model_inputs: What a model was trained with; a bundle that does not fit is refused.
        threads: Threads that compute a piece.

    Raises:
        DefinitionError: A number is out of its range, or the bundle has no layout.
        InputError: There are no files, one is not readable, or its columns do not fit.
        LayoutMismatchError: The bundle does not fit `model_inputs`.
    """

    def __init__(
        self,
        bundle: Bundle | FeatureSet,
        files: Source,
        *,
        batch_rows: int,
        labels: Sequence[str] = (),
        drop_null_labels: bool = False,
        shuffle_rows: int = 0,
        seed: int = 0,
        rank: int = 0,
        ranks: int = 1,
        drop_last: bool = False,
        pad_last: bool = False,
        model_inputs: ModelInputs | None = None,
        threads: int = 1,
    ) -> None:
        _check_number("batch_rows", batch_rows, 1)
        _check_number("shuffle_rows", shuffle_rows, 0)
        _check_number("seed", seed, 0)
        _check_number("ranks", ranks, 1)
        _check_number("rank", rank, 0, ranks - 1)
        _check_number("threads", threads, 1)
        if drop_last and pad_last:
            raise DefinitionError("expected one of drop_last and pad_last, got both")
        made = as_bundle(bundle)
        if model_inputs is not None:
            model_inputs.check(made)
        self.source = ParquetSource(
            made, files, labels, drop_null_labels=drop_null_labels, threads=threads
        )
        self.batch_rows, self.shuffle_rows, self.seed = batch_rows, shuffle_rows, seed
        self.rank, self.ranks = rank, ranks
        self.drop_last, self.pad_last = drop_last, pad_last
        self._next_epoch = 0
        self.worker_epoch: torch.Tensor | None = None
        """In a worker: the epoch, which the process that trains writes."""

    @property
    def rows(self) -> int:
        """Rows in all files, those without a label included."""
        return self.source.rows

    @property
    def epoch(self) -> int:
        """The epoch that the next iteration gives; the first is 0."""
        return self._next_epoch

    def set_epoch(self, epoch: int) -> None:
        """Makes the next iteration this epoch, e.g. when a training is resumed."""
        _check_number("epoch", epoch, 0)
        self._next_epoch = epoch

    def begin_epoch(self) -> int:
        """Goes on to the next epoch, and gives its number; each iteration calls it."""
        self._next_epoch += 1
        return self._next_epoch - 1

    def loader(
        self,
        *,
        workers: int = 0,
        prefetch: int = 2,
        pin_memory: bool = False,
        persistent: bool = True,
        worker_init: WorkerInit | None = None,
    ) -> FeatureLoader:
        """The ready `DataLoader`.

        Args:
            workers: Processes that read and compute; 0 does it in this one. They are spawned, since
                Polars and machine code do not survive a fork: a script needs the guard
                ``if __name__ == "__main__":``.
            prefetch: Batches that each worker prepares ahead.
            pin_memory: Copy batches to pinned memory, from which a CUDA device copies by itself.
            persistent: Keep workers from epoch to epoch; each takes seconds to start.
            worker_init: Called in each worker with its number.

        Raises:
            DefinitionError: A number is out of its range.
            InputError: Memory is to be pinned, and torch has no CUDA device.
            CompileError: The bundle cannot be compiled here.
        """
        _check_number("workers", workers, 0)
        _check_number("prefetch", prefetch, 1)
        if pin_memory and not torch.cuda.is_available():
            raise InputError(
                "pin_memory=True needs a CUDA device, and torch sees none",
                hint="pin_memory=torch.cuda.is_available()",
            )
        _ = self.source.kernel  # refused here and not in a worker, which finds it in the disk cache
        return FeatureLoader(
            self,
            workers=workers,
            prefetch=prefetch,
            pin_memory=pin_memory,
            persistent=persistent,
            worker_init=worker_init,
        )

    def __iter__(self) -> Iterator[TensorBatch | Parcel]:
        """One epoch: of all rows, or of the share of a worker of a `FeatureLoader`.

        Raises:
            DefinitionError: In a worker of another `DataLoader`. It would be forked, which Polars
                does not survive, or would not know its epoch.
        """
        info = data.get_worker_info()
        if info is None:
            return self._batches(self.begin_epoch(), self.rank, self.ranks)
        if self.worker_epoch is None:
            raise DefinitionError(
                f"{self.source.bundle.name}: a worker of a DataLoader made elsewhere",
                hint=f"dataset.loader(workers={info.num_workers}) makes one",
            )
        part, parts = self.rank * info.num_workers + info.id, self.ranks * info.num_workers
        return map(Parcel, self._batches(int(self.worker_epoch[0]), part, parts))

    def __len__(self) -> int:
        """Batches of an epoch on this rank, without workers; see `batch_count`."""
        return self.batch_count()

    def batch_count(self, workers: int = 0) -> int:
        """Batches of an epoch on this rank: each worker may end with a smaller one.

        Raises:
            TypeError: Rows may be left out (``drop_null_labels``), so nobody knows.
        """
        if self.source.drop_null_labels:
            raise TypeError("the number of batches is not known with drop_null_labels=True")
        workers = max(1, workers)
        mine = range(self.rank * workers, (self.rank + 1) * workers)
        return sum(self._count(part, self.ranks * workers) for part in mine)

    def _count(self, part: int, parts: int) -> int:
        if self.drop_last:
            return self.rows // parts // self.batch_rows
        rows = self.rows * (part + 1) // parts - self.rows * part // parts
        return -(-rows // self.batch_rows)

    def _batches(self, epoch: int, part: int, parts: int) -> Iterator[TensorBatch]:
        size = max(1, _PIECE_ROWS // self.batch_rows) * min(self.batch_rows, _PIECE_ROWS)
        pieces = pieces_of(self.source.file_rows, size)
        if self.shuffle_rows:
            order = np.random.default_rng([self.seed, epoch]).permutation(len(pieces))
            pieces = [pieces[i] for i in order]
        mine = share(pieces, part, parts)
        read = self.source.read_ahead(mine)
        if self.shuffle_rows:
            rng = np.random.default_rng([self.seed, epoch, part])
            read = shuffled(read, self.shuffle_rows, rng)
        most = self._count(part, parts) if self.drop_last else None
        for number, batch in enumerate(batches(read, self.batch_rows)):
            if self.drop_last and (batch.count < self.batch_rows or number == most):
                return
            rows = batch.count
            yield TensorBatch.of(batch.padded(self.batch_rows) if self.pad_last else batch, rows)


def _check_number(name: str, value: Any, least: int, most: int | None = None) -> None:
    if type(value) is int and least <= value and (most is None or value <= most):
        return
    wanted = f"{name} >= {least}" if most is None else f"{least} <= {name} <= {most}"
    raise DefinitionError(f"expected {wanted}, got {name}={value!r}")

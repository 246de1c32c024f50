"""The `DataLoader` of a dataset: processes that read and compute, each of which knows its epoch."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from featurelib_offline.torch_batch import TensorBatch
from featurelib_offline.torch_library import data, torch

if TYPE_CHECKING:
    from featurelib_offline.torch_dataset import FeatureDataset

__all__ = ["FeatureLoader"]

WorkerInit = Callable[[int], None]


class FeatureLoader(data.DataLoader[TensorBatch]):  # type: ignore[misc]
    """A `DataLoader` whose every iteration is the next epoch, in workers that stay too.

    Made by `FeatureDataset.loader`, which says what the arguments are.
    """

    dataset: FeatureDataset

    def __init__(
        self,
        dataset: FeatureDataset,
        *,
        workers: int,
        prefetch: int,
        pin_memory: bool,
        persistent: bool,
        worker_init: WorkerInit | None,
    ) -> None:
        more: dict[str, Any] = {}
        if workers:
            more = {
                "prefetch_factor": prefetch,
                "persistent_workers": persistent,
                "multiprocessing_context": "spawn",
            }
        super().__init__(
            dataset,
            batch_size=None,
            num_workers=workers,
            pin_memory=pin_memory,
            collate_fn=_as_it_is,
            **more,
        )
        self._worker_init = worker_init
        self._epoch: torch.Tensor | None = None

    def __iter__(self) -> Any:
        """One epoch."""
        if not self.num_workers:  # the dataset is iterated in this process, and counts itself
            return super().__iter__()
        # Workers look at their epoch seconds after this. Another iteration may have begun by then:
        # only workers that stay, and begin anew with it, share the memory of one before.
        if self._epoch is None or not self.persistent_workers:
            self._epoch = torch.zeros(1, dtype=torch.int64).share_memory_()
        self._epoch[0] = self.dataset.begin_epoch()
        self.worker_init_fn = _WorkerStart(self._epoch, self._worker_init)
        # Workers are processes that begin here: Polars in each would take every core.
        with _default_environment(POLARS_MAX_THREADS=max(1, _cores() // self.num_workers)):
            return super().__iter__()

    def __len__(self) -> int:
        """Batches of an epoch; see `FeatureDataset.batch_count`."""
        return self.dataset.batch_count(self.num_workers)


class _WorkerStart:
    """What a worker does first: its dataset learns where the epoch stands."""

    def __init__(self, epoch: torch.Tensor, then: WorkerInit | None) -> None:
        self._epoch, self._then = epoch, then

    def __call__(self, worker: int) -> None:
        data.get_worker_info().dataset.worker_epoch = self._epoch
        if self._then is not None:
            self._then(worker)


def _cores() -> int:
    return len(os.sched_getaffinity(0))


@contextlib.contextmanager
def _default_environment(**values: int) -> Iterator[None]:
    """Variables for processes that begin meanwhile, where the caller's environment has none."""
    added = {name: str(value) for name, value in values.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def _as_it_is(batch: Any) -> Any:
    return batch

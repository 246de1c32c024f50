"""Workers give each row once, whatever their number, and say what went wrong in them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl
import pytest
import torch
from torch.utils.data import DataLoader

import featurelib as fl
from featurelib.errors import DefinitionError, FieldValueError, FloatEnvironmentError
from featurelib_offline import fit
from featurelib_offline.torch_batch import Parcel, TensorBatch
from featurelib_offline.torch_dataset import FeatureDataset
from parity_tests.models.flight_model import LABEL, departures, departures_frame

ROWS = 5_000


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    made = departures_frame(ROWS).drop(LABEL)
    return made.with_columns(row=pl.int_range(ROWS, dtype=pl.Int32))


@pytest.fixture(scope="module")
def bundle(frame: pl.DataFrame) -> fl.Bundle:
    return departures.bind(fit(departures, frame.drop("row")))


@pytest.fixture(scope="module")
def path(frame: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("flights") / "flights.parquet"
    frame.write_parquet(place, row_group_size=1_000)
    return place


@pytest.fixture
def flushing() -> Iterator[None]:
    """This thread flushes subnormal numbers to zero, and threads that it starts."""
    assert torch.set_flush_denormal(True)
    yield
    torch.set_flush_denormal(False)


def rows_of(batches: Iterable[TensorBatch]) -> list[int]:
    return [row for batch in batches for row in batch.labels["row"].tolist()]


def flush_in_worker(worker: int) -> None:
    torch.set_flush_denormal(True)


def test_two_workers_give_the_rows_that_none_gives(bundle: fl.Bundle, path: Path) -> None:
    """Each row once an epoch with the same tensors; epochs differ in workers that stay, too."""
    plain = FeatureDataset(bundle, path, batch_rows=ROWS, labels=["row"])
    (whole,) = plain.loader()
    dataset = FeatureDataset(bundle, path, batch_rows=300, labels=["row"], shuffle_rows=1_000)
    loader = dataset.loader(workers=2)
    orders = []
    for _ in range(2):
        given = list(loader)
        assert len(given) == len(loader) == 2 * -(-ROWS // 2 // 300)
        orders.append([row for batch in given for row in batch.labels["row"].tolist()])
        for batch in given:
            rows = batch.labels["row"].long()
            assert torch.equal(batch.tensors["dense"], whole.tensors["dense"][rows])
            assert torch.equal(batch.tensors["ids"], whole.tensors["ids"][rows])
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(ROWS))
    assert orders[0] != orders[1]
    dataset.set_epoch(0)
    assert [row for batch in loader for row in batch.labels["row"].tolist()] == orders[0]


def test_an_iteration_keeps_its_epoch_whatever_begins_beside_it(
    bundle: fl.Bundle, path: Path
) -> None:
    """Workers take seconds to start, and what happens meanwhile is not for them.

    Else two workers could give their shares of different epochs, with rows twice or never.
    """
    made = {"batch_rows": 300, "labels": ["row"], "shuffle_rows": 1_000}
    again = FeatureDataset(bundle, path, **made)
    expected = [rows_of(again), rows_of(again), rows_of(again)]
    dataset = FeatureDataset(bundle, path, **made)
    loader = dataset.loader(workers=1, persistent=False)
    first, second = iter(loader), iter(loader)
    third = iter(dataset)
    dataset.set_epoch(70)
    assert [rows_of(first), rows_of(second), rows_of(third)] == expected
    assert dataset.epoch == 70


def test_a_worker_that_another_loader_made_is_refused(bundle: fl.Bundle, path: Path) -> None:
    """A forked worker would wait forever for Polars' threads, which a fork leaves behind."""
    dataset = FeatureDataset(bundle, path, batch_rows=300, labels=["row"])
    list(dataset)
    with pytest.raises(DefinitionError, match=r"dataset\.loader\(workers=1\)"):
        list(DataLoader(dataset, batch_size=None, num_workers=1, timeout=120))


def test_a_bad_value_and_a_thread_that_flushes_are_named_by_the_worker(
    bundle: fl.Bundle, frame: pl.DataFrame, tmp_path: Path, path: Path
) -> None:
    """The error of a worker is the one that this process would raise, with file and row."""
    row = pl.int_range(ROWS)
    bad = frame.with_columns(origin=pl.when(row != 4_321).then("origin"))
    bad.write_parquet(tmp_path / "bad.parquet")
    dataset = FeatureDataset(bundle, tmp_path, batch_rows=100, labels=["row"])
    with pytest.raises(FieldValueError, match=r"bad\.parquet: field `origin`.*row 4321"):
        list(dataset.loader(workers=1))
    flushing = FeatureDataset(bundle, path, batch_rows=100, labels=["row"])
    with pytest.raises(FloatEnvironmentError, match=r"flushes subnormal(.|\n)*set_flush_denormal"):
        list(flushing.loader(workers=1, worker_init=flush_in_worker))


@pytest.mark.usefixtures("flushing")
def test_a_process_that_flushes_subnormals_is_refused(bundle: fl.Bundle, path: Path) -> None:
    """A training loop that switched them off gets no tensors with other bits than serving."""
    dataset = FeatureDataset(bundle, path, batch_rows=100, labels=["row"])
    with pytest.raises(FloatEnvironmentError, match=r"featurelib read.*flushes subnormal"):
        next(iter(dataset))


@pytest.mark.parametrize("rows", [0, 3, 100_000])
def test_a_parcel_opens_as_the_batch(rows: int) -> None:
    """Equal bits, dtypes and order of names, in memory of its own that a model may write to."""
    from multiprocessing.reduction import ForkingPickler

    batch = TensorBatch(
        {"dense": torch.rand(rows, 3), "ids": torch.arange(rows, dtype=torch.uint8)},
        {"y": torch.rand(rows, dtype=torch.float64), "late": torch.rand(rows) > 0.5},
        rows,
    )
    opened = ForkingPickler.loads(ForkingPickler.dumps(Parcel(batch)))
    assert isinstance(opened, TensorBatch) and opened.rows == rows
    for given, made in ((batch.tensors, opened.tensors), (batch.labels, opened.labels)):
        assert list(given) == list(made)
        for name in given:
            assert given[name].dtype == made[name].dtype
            assert torch.equal(given[name], made[name])
            made[name].zero_()
    assert batch.tensors["dense"].any() or not rows


def test_without_torch_the_error_names_the_extra() -> None:
    """The package itself loads without torch; the dataset says how to get it."""
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import featurelib_offline\n"
        "import featurelib_offline.torch_dataset\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert "MissingExtraError: a dataset for a model needs torch" in done.stderr
    assert "pip install 'featurelib[offline,serving]'" in done.stderr

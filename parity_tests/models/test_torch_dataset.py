"""The dataset gives each row once, in batches that are reproducible, and refuses what it cannot."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

import featurelib as fl
from featurelib_offline import transform
from featurelib_offline.torch_dataset import FeatureDataset, TensorBatch
from parity_tests.models.flight_model import LABEL, ROWS


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of few rows, so that files have many and batches cross their edges."""
    monkeypatch.setattr("featurelib_offline.torch_dataset._PIECE_ROWS", 128)


def rows_in(batches: Iterable[TensorBatch]) -> list[int]:
    return [row for batch in batches for row in batch.labels["row"][: batch.rows].tolist()]


def epochs(dataset: FeatureDataset, count: int) -> list[list[int]]:
    return [rows_in(dataset) for _ in range(count)]


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("batch_rows", [1, 100, 128, 1_000, 5_000])
def test_tensors_are_the_features_that_transform_gives(
    batch_rows: int, bundle: fl.Bundle, folder: Path, frame: pl.DataFrame
) -> None:
    """For each batch size, by the bits: numbers and Arrays side by side, Lists end to end."""
    expected = transform(bundle, frame.drop(LABEL, "row"))
    dense = np.column_stack(
        [
            expected["dep_delay_z"].to_numpy(),
            expected["origin_one_hot"].to_numpy(),
            expected["log_distance"].to_numpy(),
        ]
    ).astype(np.float32)
    ids = expected.select("carrier_id", "route_id").to_numpy()
    at = 0
    for batch in FeatureDataset(bundle, folder, batch_rows=batch_rows, labels=["row"]):
        part = slice(at, at + batch.rows)
        at += batch.rows
        assert batch.tensors["dense"].numpy().tobytes() == dense[part].tobytes()
        assert batch.tensors["ids"].numpy().tobytes() == np.ascontiguousarray(ids[part]).tobytes()
        ends = batch.tensors["before.offsets"].tolist()
        flat = batch.tensors["before"].tolist()
        lists = [flat[a:b] for a, b in itertools.pairwise(ends)]
        assert lists == expected["before_buckets"][part].to_list()
        assert batch.labels["row"].dtype == torch.int32
    assert at == ROWS


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("ranks", [1, 2, 5])
def test_every_row_comes_once_an_epoch_over_all_ranks(
    ranks: int, bundle: fl.Bundle, folder: Path
) -> None:
    """Shuffled or not: the union of the ranks is every row, and their steps differ by one."""
    for shuffle_rows in (0, 500):
        parts = [
            FeatureDataset(bundle, folder, batch_rows=70, labels=["row"], shuffle_rows=shuffle_rows,
                           rank=rank, ranks=ranks)
            for rank in range(ranks)
        ]  # fmt: skip
        for _ in range(2):
            given = [list(part) for part in parts]
            assert sorted(row for batches in given for row in rows_in(batches)) == list(range(ROWS))
            assert [len(batches) for batches in given] == [len(part) for part in parts]


@pytest.mark.usefixtures("small_pieces")
def test_an_epoch_is_reproducible_and_no_two_are_alike(bundle: fl.Bundle, folder: Path) -> None:
    """One seed gives one order for each epoch; `set_epoch` goes back to one."""
    made = {"batch_rows": 64, "labels": ["row"], "shuffle_rows": 700}
    first = epochs(FeatureDataset(bundle, folder, seed=1, **made), 3)
    again = FeatureDataset(bundle, folder, seed=1, **made)
    assert epochs(again, 3) == first
    assert len({tuple(order) for order in first}) == 3
    again.set_epoch(1)
    assert again.epoch == 1 and rows_in(again) == first[1] and again.epoch == 2
    assert rows_in(FeatureDataset(bundle, folder, seed=2, **made)) != first[0]
    plain = FeatureDataset(bundle, folder, batch_rows=64, labels=["row"])
    assert epochs(plain, 2) == [list(range(ROWS))] * 2


@pytest.mark.usefixtures("small_pieces")
def test_shuffled_rows_keep_their_tensors_and_labels(bundle: fl.Bundle, folder: Path) -> None:
    """Labels, numbers and Lists of a row stay together when rows are drawn."""
    made = {"batch_rows": ROWS, "labels": ["row"]}
    whole = next(iter(FeatureDataset(bundle, folder, **made)))
    mixed = next(iter(FeatureDataset(bundle, folder, shuffle_rows=200, **made)))
    order = mixed.labels["row"].long()
    for name in ("dense", "ids"):
        assert torch.equal(mixed.tensors[name], whole.tensors[name][order])
    ends, flat = whole.tensors["before.offsets"].tolist(), whole.tensors["before"].tolist()
    lists = [flat[ends[i] : ends[i + 1]] for i in order.tolist()]
    assert mixed.tensors["before"].tolist() == [item for items in lists for item in items]
    assert mixed.tensors["before.offsets"].diff().tolist() == [len(items) for items in lists]


def test_the_last_batch_is_smaller_left_out_or_padded(bundle: fl.Bundle, folder: Path) -> None:
    """Padding is zeros and empty Lists behind the real rows, whose number the batch says."""
    made = {"batch_rows": 700, "labels": ["row"]}
    short = list(FeatureDataset(bundle, folder, **made))
    assert [batch.rows for batch in short] == [700] * 4 + [200]
    left = FeatureDataset(bundle, folder, drop_last=True, **made)
    assert [batch.rows for batch in left] == [700] * 4 and len(left) == 4
    padded = list(FeatureDataset(bundle, folder, pad_last=True, **made))[-1]
    assert padded.rows == 200 and padded.labels["row"].shape == (700,)
    for name in ("dense", "ids"):
        assert torch.equal(padded.tensors[name][:200], short[-1].tensors[name])
        assert padded.tensors[name].shape[0] == 700 and not padded.tensors[name][200:].any()
    assert torch.equal(padded.tensors["before"], short[-1].tensors["before"])
    assert padded.tensors["before.offsets"].diff()[200:].tolist() == [0] * 500


def test_all_ranks_take_equally_many_steps_with_drop_last(bundle: fl.Bundle, folder: Path) -> None:
    """Ranks that average gradients wait for each other: none has a batch more."""
    parts = [
        FeatureDataset(
            bundle, folder, batch_rows=250, labels=["row"], rank=rank, ranks=7, drop_last=True
        )
        for rank in range(7)
    ]
    assert [len(list(part)) for part in parts] == [len(part) for part in parts] == [1] * 7


def test_tensors_share_the_memory_that_the_kernel_wrote(bundle: fl.Bundle, folder: Path) -> None:
    """Batches of one piece are views of it, and a model may write into its own."""
    path = folder / "0.parquet"
    first, second = list(FeatureDataset(bundle, path, batch_rows=550, labels=["row"]))
    a, b = first.tensors["dense"], second.tensors["dense"]
    assert b.data_ptr() - a.data_ptr() == 550 * 5 * 4
    before = b.clone()
    a.zero_()
    assert torch.equal(b, before)


def test_a_dataset_travels_by_pickle(bundle: fl.Bundle, folder: Path) -> None:
    """With its bundle and epoch, without machine code: it is loaded where it arrives."""
    dataset = FeatureDataset(bundle, folder, batch_rows=500, labels=["row"], shuffle_rows=100)
    first, second = epochs(dataset, 2)
    dataset.set_epoch(1)
    there = pickle.loads(pickle.dumps(dataset))
    assert len(pickle.dumps(dataset)) < 100_000
    assert rows_in(there) == second != first

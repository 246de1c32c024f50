"""The dataset gives each row once, in batches that are reproducible, and refuses what it cannot."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

import featurelib as fl
from featurelib.errors import DefinitionError, FieldValueError, InputError, MissingFieldError
from featurelib_offline import fit, transform
from featurelib_offline.torch_dataset import FeatureDataset, TensorBatch
from parity_tests.models.flight_model import LABEL, departures, departures_frame

ROWS = 3_000
COUNTS = (1_100, 1, 1_899)


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    """Flights, and the number of the row as a label."""
    return departures_frame(ROWS).with_columns(row=pl.int_range(ROWS, dtype=pl.Int32))


@pytest.fixture(scope="module")
def bundle(frame: pl.DataFrame) -> fl.Bundle:
    return departures.bind(fit(departures, frame.drop(LABEL, "row")))


@pytest.fixture(scope="module")
def folder(frame: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rows in three files of different sizes."""
    place = tmp_path_factory.mktemp("flights")
    for k, rows in enumerate(COUNTS):
        part = frame.drop(LABEL).slice(sum(COUNTS[:k]), rows)
        part.write_parquet(place / f"{k}.parquet", row_group_size=300)
    return place


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


def test_null_labels_are_refused_by_file_and_row_or_left_out(
    bundle: fl.Bundle, frame: pl.DataFrame, tmp_path: Path
) -> None:
    """Without `drop_null_labels` the error names both; with it the rows are gone."""
    some = frame.with_columns(pl.when(pl.col("row") != 7).then(LABEL).alias(LABEL)).drop("row")
    some = some.with_columns(pl.col(LABEL).fill_null(pl.when(pl.int_range(ROWS) != 7).then(0.0)))
    some.write_parquet(tmp_path / "a.parquet")
    with pytest.raises(FieldValueError, match=r"a\.parquet: label `late` is null in row 7\n") as e:
        list(FeatureDataset(bundle, tmp_path / "a.parquet", batch_rows=9, labels=[LABEL]))
    assert e.value.row == 7 and "drop_null_labels" in str(e.value)
    kept = FeatureDataset(
        bundle, tmp_path / "a.parquet", batch_rows=ROWS, labels=[LABEL], drop_null_labels=True
    )
    (batch,) = kept
    assert batch.rows == ROWS - 1
    expected = some[LABEL].drop_nulls().to_numpy()
    assert batch.labels[LABEL].numpy().tobytes() == expected.tobytes()
    with pytest.raises(TypeError, match="number of batches is not known"):
        len(kept)


def test_what_does_not_fit_the_schema_is_named_with_its_file(
    bundle: fl.Bundle, frame: pl.DataFrame, tmp_path: Path
) -> None:
    """A missing column, another type, and a value: the file, and the row in the file."""
    good, inputs = tmp_path / "0.parquet", frame.drop(LABEL, "row")
    inputs.head(500).write_parquet(good)

    def refused(second: pl.DataFrame, **more: Any) -> Any:
        second.write_parquet(tmp_path / "1.parquet")
        with pytest.raises(InputError, match=r"1\.parquet") as error:
            list(FeatureDataset(bundle, tmp_path, batch_rows=100, **more))
        return error.value

    assert isinstance(refused(inputs.drop("dest")), MissingFieldError)
    assert "got a column of String" in str(refused(inputs.cast({"distance": pl.String})))
    row = pl.int_range(ROWS)
    null = inputs.with_columns(dest=pl.when(row != 2_345).then("dest"))
    error = refused(null)
    assert error.field == "dest" and error.row == 2_345
    frame.drop("row").head(5).write_parquet(good)
    assert "there is no label `late`" in str(refused(inputs, labels=[LABEL]))
    text = refused(frame.drop("row").cast({LABEL: pl.String}), labels=[LABEL])
    assert "label `late` is String" in str(text)
    wide = refused(frame.drop("row").cast({LABEL: pl.Float64}), labels=[LABEL])
    assert "is Float32 in" in str(wide) and "Float64 in" in str(wide)


def test_columns_of_several_widths_are_one_input(
    bundle: fl.Bundle, frame: pl.DataFrame, folder: Path, tmp_path: Path
) -> None:
    """Files whose types differ within what the border takes give the tensors of the schema."""
    part = frame.drop(LABEL)
    part.head(1_500).cast({"distance": pl.Int64}).write_parquet(tmp_path / "0.parquet")
    part.tail(1_500).cast({"distance": pl.UInt16}).write_parquet(tmp_path / "1.parquet")
    made = {"batch_rows": ROWS, "labels": ["row"]}
    (mixed,) = FeatureDataset(bundle, tmp_path, **made)
    (plain,) = FeatureDataset(bundle, folder, **made)
    assert all(torch.equal(mixed.tensors[n], plain.tensors[n]) for n in plain.tensors)


def test_files_that_cannot_be_read_are_refused_by_name(
    bundle: fl.Bundle, folder: Path, tmp_path: Path
) -> None:
    """No file, another format, one cut off at its end or in its middle, one replaced meanwhile."""
    with pytest.raises(InputError, match="no file matches"):
        FeatureDataset(bundle, tmp_path / "*.parquet", batch_rows=8)
    (tmp_path / "x.csv").write_text("carrier\n")
    with pytest.raises(InputError, match=r"x\.csv: a dataset streams Parquet"):
        FeatureDataset(bundle, tmp_path / "x.csv", batch_rows=8)
    content, path = (folder / "0.parquet").read_bytes(), tmp_path / "cut.parquet"
    path.write_bytes(content[:-100])
    with pytest.raises(InputError, match=r"cut\.parquet"):
        FeatureDataset(bundle, path, batch_rows=8)
    path.write_bytes(content)
    dataset = FeatureDataset(bundle, path, batch_rows=8, labels=["row"])
    path.write_bytes((folder / "1.parquet").read_bytes())
    with pytest.raises(InputError, match=r"cut\.parquet: the file has changed"):
        list(dataset)
    path.write_bytes(content[:2_000])
    with pytest.raises(InputError, match=r"cut\.parquet"):
        list(dataset)
    pl.read_parquet(folder / "0.parquet").clear().write_parquet(path)
    with pytest.raises(InputError, match=r"cut\.parquet: there are no rows"):
        FeatureDataset(bundle, path, batch_rows=8, labels=["row"])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"batch_rows": 0}, "batch_rows >= 1, got batch_rows=0"),
        ({"batch_rows": 8.0}, r"batch_rows >= 1, got batch_rows=8\.0"),
        ({"shuffle_rows": -1}, "shuffle_rows >= 0"),
        ({"rank": 2, "ranks": 2}, "0 <= rank <= 1, got rank=2"),
        ({"drop_last": True, "pad_last": True}, "one of drop_last and pad_last"),
        ({"labels": "row"}, "a list of labels, got labels='row'"),
        ({"labels": ["row", "row"]}, "label `row` stands twice"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    wrong: dict[str, Any], said: str, bundle: fl.Bundle, folder: Path
) -> None:
    """With the option, its value, and what is expected, before a file is looked at."""
    with pytest.raises(DefinitionError, match=said):
        FeatureDataset(bundle, folder, **{"batch_rows": 8, **wrong})


def test_a_bundle_without_layout_is_refused(bundle: fl.Bundle, folder: Path) -> None:
    """The hint says what to give it."""
    bare = fl.FeatureSet(
        "bare", version="1.0.0", inputs=departures.inputs, features=departures.features
    ).bind(bundle.state)
    with pytest.raises(DefinitionError, match=r"bare: there is no layout[^$]*layout=\{"):
        FeatureDataset(bare, folder, batch_rows=8)


def test_a_loader_refuses_what_it_cannot_do(bundle: fl.Bundle, folder: Path) -> None:
    """Pinned memory without a device, and numbers of workers that are none."""
    dataset = FeatureDataset(bundle, folder, batch_rows=500, labels=["row"])
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="pin_memory=True needs a CUDA device"):
            dataset.loader(pin_memory=True)
    with pytest.raises(DefinitionError, match="workers >= 0, got workers=-1"):
        dataset.loader(workers=-1)
    with pytest.raises(DefinitionError, match="prefetch >= 1, got prefetch=0"):
        dataset.loader(workers=1, prefetch=0)


def test_a_dataset_travels_by_pickle(bundle: fl.Bundle, folder: Path) -> None:
    """With its bundle and epoch, without machine code: it is loaded where it arrives."""
    dataset = FeatureDataset(bundle, folder, batch_rows=500, labels=["row"], shuffle_rows=100)
    first, second = epochs(dataset, 2)
    dataset.set_epoch(1)
    there = pickle.loads(pickle.dumps(dataset))
    assert len(pickle.dumps(dataset)) < 100_000
    assert rows_in(there) == second != first

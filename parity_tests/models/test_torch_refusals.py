"""What a torch dataset refuses: labels, files, columns and options, by name and before it harms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch

import featurelib as fl
from featurelib.errors import DefinitionError, FieldValueError, InputError, MissingFieldError
from featurelib_offline.torch_dataset import FeatureDataset
from parity_tests.models.flight_model import LABEL, ROWS, departures


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
    path.unlink()
    with pytest.raises(InputError, match=r"cut\.parquet: the file cannot be read: No such file"):
        list(dataset)
    pl.read_parquet(folder / "0.parquet").clear().write_parquet(path)
    with pytest.raises(InputError, match=r"cut\.parquet: there are no rows"):
        FeatureDataset(bundle, path, batch_rows=8, labels=["row"])


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: pl.concat([frame, frame]),
        lambda frame: frame.with_columns(pl.col("row").cast(pl.String)),
        lambda frame: frame.with_columns(pl.col("row").cast(pl.Float64) / 7),
    ],
    ids=["more rows", "text as label", "floats as label"],
)
def test_a_file_that_was_replaced_is_refused(
    change: Any, bundle: fl.Bundle, folder: Path, frame: pl.DataFrame, tmp_path: Path
) -> None:
    """An epoch would leave rows out that are there now, or change the type of a label."""
    path = tmp_path / "one.parquet"
    frame.drop(LABEL).write_parquet(path)
    dataset = FeatureDataset(bundle, path, batch_rows=500, labels=["row"])
    change(frame.drop(LABEL)).write_parquet(path)
    with pytest.raises(InputError, match=r"one\.parquet: the file has changed"):
        list(dataset)


def test_what_names_no_files_is_refused(
    bundle: fl.Bundle, frame: pl.DataFrame, tmp_path: Path
) -> None:
    """Nothing, numbers, and a folder that holds folders only, whose files a glob finds."""
    for files in (None, [], [3]):
        with pytest.raises(InputError, match=r"expected a path, a glob, .* got"):
            FeatureDataset(bundle, files, batch_rows=8)  # type: ignore[arg-type]
    (tmp_path / "month=1").mkdir()
    frame.drop(LABEL).write_parquet(tmp_path / "month=1" / "0.parquet")
    with pytest.raises(InputError, match=r"(.|\n)*folders inside a folder are left out: .*\*\*"):
        FeatureDataset(bundle, tmp_path, batch_rows=8)
    glob = tmp_path / "**" / "*.parquet"
    assert FeatureDataset(bundle, glob, batch_rows=8, labels=["row"]).rows == ROWS


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"batch_rows": 0}, "batch_rows >= 1, got batch_rows=0"),
        ({"batch_rows": 8.0}, r"batch_rows >= 1, got batch_rows=8\.0"),
        ({"shuffle_rows": -1}, "shuffle_rows >= 0"),
        ({"rank": 2, "ranks": 2}, "0 <= rank <= 1, got rank=2"),
        ({"drop_last": True, "pad_last": True}, "one of drop_last and pad_last"),
        ({"labels": "row"}, "a list of labels, got labels='row'"),
        ({"labels": None}, "a list of labels, got labels=None"),
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

"""Every sort of input reaches a tensor through the dataset as it does through the row kernel."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from pydantic import BaseModel

import featurelib as fl
import featurelib_online as online
from featurelib.dtypes import FLOAT32, array_type
from featurelib.errors import FieldValueError
from featurelib_offline.torch_dataset import FeatureDataset


class Place(BaseModel):
    """Where it is."""

    lat: float
    name: str | None


class Visit(fl.Schema):
    """One column of each sort that a tensor can come from."""

    place: Place
    seen: fl.Datetime
    is_new: bool
    code: fl.UInt64
    vector: Annotated[list[fl.Float32], array_type(FLOAT32, 3)]
    words: list[fl.Int64]
    channel: fl.Int16 = 7
    note: str | None = None


FEATURES = [
    fl.Feature("lat", version=1, expr=fl.col("place").struct.field("lat").cast(fl.Float32)),
    fl.Feature("is_named", version=1, expr=fl.col("place").struct.field("name").is_not_null()),
    fl.Feature("hour", version=1, expr=fl.col("seen").dt.hour().cast(fl.Int64)),
    fl.Feature("note_bucket", version=1, expr=fl.col("note").hash_bucket(9).fill_null(0)),
    fl.Feature("one", version=1, expr=fl.lit(1.5).cast(fl.Float32)),
]
LAYOUT = {
    "dense": ["lat", "vector", "one", "lat"],
    "flags": ["is_new", "is_named"],
    "hours": ["hour"],
    "note": ["note_bucket"],
    "channel": ["channel"],
    "code": ["code"],
    "words": ["words"],
}
visits = fl.FeatureSet("visits", version="1.0.0", inputs=Visit, features=FEATURES, layout=LAYOUT)


def row(i: int) -> dict[str, Any]:
    return {
        "place": {"lat": -i / 3, "name": None if i % 4 == 0 else f"Zürich {i}"},
        "seen": dt.datetime(2024, 3, 10, tzinfo=dt.UTC) + dt.timedelta(minutes=37 * i),
        "is_new": i % 3 == 0,
        "code": (1 << 64) - 1 - i,
        "vector": [i, -0.0, 1 / (i + 1)],
        "words": list(range(i % 4)),
    }


ROWS = [row(i) for i in range(300)]
SCHEMA = pa.schema(
    {
        "place": pa.struct({"lat": pa.float64(), "name": pa.string()}),
        "seen": pa.timestamp("us", "UTC"),
        "is_new": pa.bool_(),
        "code": pa.uint64(),
        "vector": pa.list_(pa.float32(), 3),
        "words": pa.list_(pa.int64()),
    }
)


def write(rows: list[dict[str, Any]], path: Path) -> Path:
    """As another writer does it: pyarrow, with dictionaries and small row groups."""
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), path, row_group_size=70)
    return path


def test_structs_times_arrays_defaults_and_inputs(tmp_path: Path) -> None:
    """By bits and dtypes what `many` gives, also for columns that the file lacks."""
    path = write(ROWS, tmp_path / "visits.parquet")
    expected = online.compile(visits.bind()).many(ROWS).tensors
    (batch,) = FeatureDataset(visits, path, batch_rows=len(ROWS))
    assert list(expected) == [*LAYOUT, "words.offsets"]
    assert set(batch.tensors) == set(expected)
    for name, values in expected.items():
        made = batch.tensors[name].numpy()
        assert made.dtype == values.dtype and made.shape == values.shape, name
        assert made.tobytes() == values.tobytes(), name


def test_tensors_that_read_no_column(tmp_path: Path) -> None:
    """Constants and defaults alone are as long as the file."""
    alone = fl.FeatureSet(
        "alone",
        version="1.0.0",
        inputs=Visit,
        features=FEATURES,
        layout={"ones": ["one"], "channel": ["channel"]},
    )
    path = write(ROWS, tmp_path / "visits.parquet")
    first, second = FeatureDataset(alone, path, batch_rows=200)
    assert torch.equal(first.tensors["ones"], torch.full((200, 1), 1.5))
    assert torch.equal(second.tensors["channel"], torch.full((100, 1), 7, dtype=torch.int16))


def test_a_label_may_be_an_input_too(tmp_path: Path) -> None:
    """It is given as the column's own type, beside the tensors that read it."""
    path = write(ROWS, tmp_path / "visits.parquet")
    (batch,) = FeatureDataset(visits, path, batch_rows=300, labels=["code", "is_new"])
    assert batch.labels["code"].dtype == torch.uint64
    assert batch.labels["code"].numpy().tolist() == [r["code"] for r in ROWS]
    assert batch.labels["is_new"].tolist() == [r["is_new"] for r in ROWS]


def test_a_null_under_a_struct_is_named(tmp_path: Path) -> None:
    """With the path to the member, the file and the row."""
    rows = [*ROWS, {**row(300), "place": {"lat": None, "name": "x"}}]
    path = write(rows, tmp_path / "visits.parquet")
    with pytest.raises(FieldValueError, match=r"visits\.parquet: .*place.*row 300"):
        list(FeatureDataset(visits, path, batch_rows=64))


@pytest.mark.parametrize("unit", ["ms", "ns"])
def test_times_of_other_units_are_the_same_instants(unit: str, tmp_path: Path) -> None:
    """As pandas and Spark write them."""
    table = pa.Table.from_pylist(ROWS, SCHEMA)
    seen = table["seen"].cast(pa.timestamp(unit, "UTC"))
    pq.write_table(table.set_column(1, "seen", seen), tmp_path / "other.parquet")
    (other,) = FeatureDataset(visits, tmp_path / "other.parquet", batch_rows=300)
    hours = pl.Series([r["seen"] for r in ROWS]).dt.hour().to_numpy()
    assert other.tensors["hours"].numpy()[:, 0].tolist() == hours.astype(np.int64).tolist()

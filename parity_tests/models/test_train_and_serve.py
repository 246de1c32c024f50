"""A model that was trained on the dataset gives a request the logits that it gave in training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

import featurelib as fl
import featurelib_online as online
from featurelib.errors import LayoutMismatchError
from featurelib_offline import fit
from featurelib_offline.torch_dataset import FeatureDataset
from parity_tests.models.flight_model import LABEL, LateModel, departures, departures_frame

Tensors = Mapping[str, torch.Tensor]
ROWS, SCORED, PADDED = 20_000, 700, 256


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    return departures_frame(ROWS)


@pytest.fixture(scope="module")
def bundle(frame: pl.DataFrame) -> fl.Bundle:
    return departures.bind(fit(departures, frame.drop(LABEL)))


@pytest.fixture(scope="module")
def folder(frame: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The flights in three files, with small row groups."""
    place = tmp_path_factory.mktemp("flights")
    for k, start in enumerate(range(0, ROWS, 7_000)):
        frame.slice(start, 7_000).write_parquet(place / f"{k}.parquet", row_group_size=1_500)
    return place


@pytest.fixture(scope="module")
def trained(bundle: fl.Bundle, folder: Path) -> tuple[LateModel, list[float]]:
    """A model after two epochs, and the mean loss of each."""
    torch.manual_seed(0)
    model, losses = LateModel(), []
    step = torch.optim.Adam(model.parameters(), lr=0.01)
    dataset = FeatureDataset(
        bundle, folder, batch_rows=512, labels=[LABEL], drop_null_labels=True, shuffle_rows=5_000
    )
    loader = dataset.loader()
    for _ in range(2):
        total, rows = 0.0, 0
        for batch in loader:
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                model(batch.tensors), batch.labels[LABEL]
            )
            step.zero_grad()
            loss.backward()
            step.step()
            total, rows = total + loss.item() * batch.rows, rows + batch.rows
        losses.append(total / rows)
    return model.eval(), losses


def in_training(bundle: fl.Bundle, folder: Path) -> list[dict[str, torch.Tensor]]:
    """The first rows as the dataset gives them, in batches of one size."""
    dataset = FeatureDataset(
        bundle, folder / "0.parquet", batch_rows=PADDED, labels=[LABEL], drop_null_labels=True
    )
    return [b.tensors for b, _ in zip(dataset, range(-(-SCORED // PADDED)), strict=False)]


def requests(frame: pl.DataFrame) -> pl.DataFrame:
    """The same rows, as requests."""
    return frame.drop_nulls(LABEL).drop(LABEL).head(-(-SCORED // PADDED) * PADDED)


def one_by_one(kernel: Any, rows: Sequence[Any]) -> list[dict[str, torch.Tensor]]:
    """Batches put together from the tensors of single rows."""
    made = []
    for start in range(0, len(rows), PADDED):
        single = [dict(kernel(row).tensors) for row in rows[start : start + PADDED]]
        single = [{n: np.array(t) for n, t in one.items()} for one in single]
        lengths = [len(one["before"]) for one in single]
        made.append(
            {
                "dense": torch.from_numpy(np.stack([one["dense"].reshape(-1) for one in single])),
                "ids": torch.from_numpy(np.stack([one["ids"].reshape(-1) for one in single])),
                "before": torch.from_numpy(np.concatenate([one["before"] for one in single])),
                "before.offsets": torch.from_numpy(np.cumsum([0, *lengths])),
            }
        )
    return made


def from_batch(tensors: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(np.array(values)) for name, values in tensors.items()}


def same_bits(a: Tensors, b: Tensors) -> bool:
    """Whether names, dtypes, shapes and all bytes are equal."""
    return list(a) == list(b) and all(
        a[n].dtype == b[n].dtype
        and a[n].shape == b[n].shape
        and a[n].contiguous().numpy().tobytes() == b[n].contiguous().numpy().tobytes()
        for n in a
    )


def test_the_model_learns(trained: tuple[LateModel, list[float]]) -> None:
    """Two epochs over the files bring the loss down: the tensors and labels belong together."""
    _, losses = trained
    assert losses[1] < losses[0] < 0.6


@pytest.mark.parametrize("way", ["one by one", "many", "columns", "json"])
def test_a_request_has_the_tensors_and_logits_of_training(
    way: str,
    bundle: fl.Bundle,
    folder: Path,
    frame: pl.DataFrame,
    trained: tuple[LateModel, list[float]],
) -> None:
    """By every way into the row kernel: equal bits of tensors, and of logits at one batch size."""
    kernel, asked = online.compile(bundle), requests(frame)
    parts = [asked.slice(start, PADDED) for start in range(0, len(asked), PADDED)]
    if way == "one by one":
        served = one_by_one(kernel, asked.to_dicts())
    elif way == "many":
        served = [from_batch(kernel.many(part.to_dicts()).tensors) for part in parts]
    elif way == "columns":
        served = [from_batch(kernel.columns(part.to_arrow()).tensors) for part in parts]
    else:
        served = [from_batch(kernel.json(part.write_json().encode()).tensors) for part in parts]
    expected, model = in_training(bundle, folder), trained[0]
    assert len(served) == len(expected) == 3
    with torch.no_grad():
        for mine, theirs in zip(served, expected, strict=True):
            assert same_bits(mine, theirs)
            assert model(mine).numpy().tobytes() == model(theirs).numpy().tobytes()


def test_rows_padded_to_one_batch_size_have_the_logits_of_a_full_batch(
    bundle: fl.Bundle, folder: Path, trained: tuple[LateModel, list[float]]
) -> None:
    """A logit does not depend on the rows beside it, if the batch has as many: zeros will do."""
    model, whole = trained[0], in_training(bundle, folder)[0]
    with torch.no_grad():
        logits = model(whole)
        for rows in (1, 3, 100):
            ends = whole["before.offsets"].clone()
            ends[rows:] = ends[rows]
            padded = {
                "dense": whole["dense"].clone(),
                "ids": whole["ids"].clone(),
                "before": whole["before"][: int(ends[-1])],
                "before.offsets": ends,
            }
            padded["dense"][rows:] = 0
            padded["ids"][rows:] = 0
            assert torch.equal(model(padded)[:rows], logits[:rows])


def test_a_model_keeps_what_it_was_trained_with(
    bundle: fl.Bundle, frame: pl.DataFrame, folder: Path, tmp_path: Path
) -> None:
    """A bundle with another order or another fit is refused before the first batch."""
    fl.ModelInputs.of(bundle).save(tmp_path / "inputs.json")
    stored = fl.ModelInputs.load(tmp_path / "inputs.json")
    FeatureDataset(bundle, folder, batch_rows=8, labels=[LABEL], model_inputs=stored)

    other_fit = departures.bind(fit(departures, frame.drop(LABEL).head(999)))
    with pytest.raises(LayoutMismatchError, match="dep_delay_z") as refused:
        FeatureDataset(other_fit, folder, batch_rows=8, labels=[LABEL], model_inputs=stored)
    for side in (bundle, other_fit):
        assert side.fingerprints["dep_delay_z"][:12] in str(refused.value)

    swapped = fl.FeatureSet(
        "departures",
        version="1.0.1",
        inputs=departures.inputs,
        features=departures.features,
        layout={
            "dense": ["log_distance", "origin_one_hot", "dep_delay_z"],
            "ids": ["carrier_id", "route_id"],
            "before": ["before_buckets"],
        },
    ).bind(bundle.state)
    with pytest.raises(LayoutMismatchError, match="dense"):
        FeatureDataset(swapped, folder, batch_rows=8, labels=[LABEL], model_inputs=stored)

"""A small training of real ratings, and what it leaves for a service."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

import featurelib as fl
from featurelib.errors import DefinitionError
from serving_example import definition
from serving_example.artifacts import ArtifactStore
from serving_example.devices.ladder import DEFAULT_SIZES
from serving_example.models import differing_rows, load, make, shapes_of
from serving_example.models.invariance import random_tensors
from serving_example.tests.train.conftest import Trained, small_run
from serving_example.train.__main__ import main, options
from serving_example.train.data import MovieLens
from serving_example.train.evaluate import Asked
from serving_example.train.split import Seen, Split
from serving_example.train.variants import DEFAULT, VARIANTS, Variant, chosen


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_no_models_scores_depend_on_the_batch(variant: Variant, trained: Trained) -> None:
    """Each row has the same bits at every size of the ladder, in any place, beside any rows."""
    shapes = shapes_of(fl.load(trained.out / "bundle.json"))
    torch.manual_seed(variant.seed)
    module = make(variant.kind, {"shapes": shapes.to_json(), **variant.config})
    module.requires_grad_(False).eval()
    rows = random_tensors(shapes, DEFAULT_SIZES[-1], seed=4)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        assert differing_rows(module, rows, DEFAULT_SIZES) == 0
    finally:
        torch.set_num_threads(before)


def test_there_are_models_enough_for_a_pool() -> None:
    """At least twelve with names of their own; any number of them has both defaults."""
    assert len({variant.name for variant in VARIANTS}) == len(VARIANTS) >= 12
    assert {variant.kind for variant in VARIANTS} == {"towers", "ranker"}
    assert {variant.name for variant in chosen(2)} == {*DEFAULT.values()}
    for models in (1, len(VARIANTS) + 1):
        with pytest.raises(DefinitionError, match=f"got {models}"):
            chosen(models)


def test_names_stand_for_models_that_run_on_the_bundle(trained: Trained) -> None:
    """Every name loads, checks against the saved bundle, and was proven at the ladder."""
    store, bundle = ArtifactStore(trained.out / "artifacts"), fl.load(trained.out / "bundle.json")
    names = store.manifest().names
    assert {*names} == {*DEFAULT, *DEFAULT.values()}
    for name, digest in names.items():
        card = store.get(digest).card
        card.inputs.check(bundle)
        assert card.bundle == bundle.digest and card.ladder == DEFAULT_SIZES
        assert card.name == DEFAULT.get(name, name) and 0 <= card.metrics["ndcg_at_10"] <= 1
    assert names["ranker"] == names[DEFAULT["ranker"]]


def test_a_stored_model_scores_as_the_trained_one_was_measured(
    trained: Trained, films: MovieLens, parts: Split, seen: Seen
) -> None:
    """What is loaded from the store gives the metrics on its card, at the smallest size as well."""
    bundle = fl.load(trained.out / "bundle.json")
    store = ArtifactStore(trained.out / "artifacts")
    few = Split(parts.train, parts.test.filter(pl.col("user_id") <= 5), parts.moments.head(5))
    asked = Asked.of(bundle, films, few, seen)
    for name in DEFAULT:
        module = load(store.get(store.digest(name)))
        scores = asked.scores(module, DEFAULT_SIZES[-1])
        assert scores.shape == (5, 1682) and np.isfinite(scores).all()
        assert np.array_equal(scores, asked.scores(module, DEFAULT_SIZES[0]))
    # The baseline's own count is what the feature counts: its column is log1p of it.
    counted = np.rint(np.expm1(asked.tensors["film"][:, 0].numpy().astype(np.float64)))
    assert np.array_equal(asked.popularity.reshape(-1), counted)
    assert (asked.wanted.sum(axis=1) == 10).all() and not (asked.wanted & asked.known).any()


def test_the_same_training_gives_the_same_bytes(
    trained: Trained, films: MovieLens, tmp_path: Path
) -> None:
    """Bundle, weights and cards do not depend on how many models learn at a time."""
    again = small_run(tmp_path / "again", films, jobs=1)
    assert [m.digest for m in again.models] == [m.digest for m in trained.models]
    for name in ("bundle.json", "offline/events.parquet"):
        assert (again.out / name).read_bytes() == (trained.out / name).read_bytes()


def test_models_learn(trained: Trained) -> None:
    """One epoch brings the loss below that of a guess among a rating and three films."""
    ranker = next(m for m in trained.models if m.variant.kind == "ranker")
    assert ranker.losses[-1] < np.log(4) * 0.95


def test_the_offline_files_are_what_an_online_store_is_made_from(
    trained: Trained, films: MovieLens
) -> None:
    """Every record, profile and film, with the definition's columns."""
    folder = trained.out / "offline"
    events = pl.read_parquet(folder / "events.parquet")
    assert events.equals(films.events) and events.columns == list(definition.Rating.model_fields)
    assert pl.read_parquet(folder / "profiles.parquet").equals(films.profiles)
    assert pl.read_parquet(folder / "catalogue.parquet").equals(films.catalogue)


def test_the_report_stands_alone_and_holds_no_row_of_the_data(
    trained: Trained, films: MovieLens
) -> None:
    """One file: every plot is well-formed SVG inside it, nothing is fetched, no film is named."""
    text = (trained.out / "report.html").read_text(encoding="utf-8")
    plots = [part[: part.index("</svg>") + 6] for part in text.split("<svg")[1:]]
    for plot in plots:
        ElementTree.fromstring(f"<svg{plot}")
    assert len(plots) == 5 and "<script" not in text and "<img" not in text
    assert not [title for title in films.catalogue["title"] if len(title) > 12 and title in text]
    for model in trained.models:
        assert model.variant.name in text and model.digest[:12] in text
    assert "GroupLens" in text and str(len(films.events)) not in text.replace(",", "")


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A place without data and a number of models that there is not: exit 1, with the way out."""
    assert main(["--out", str(tmp_path / "o"), "--data", str(tmp_path)]) == 1
    assert "no MovieLens 100k" in capsys.readouterr().err
    assert main(["--out", str(tmp_path / "o"), "--models", "1"]) == 1
    assert "expected 2 <= models" in capsys.readouterr().err
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0 and "--quick" in capsys.readouterr().out


def test_a_quick_training_is_small() -> None:
    """The defaults alone, one epoch each; all of them and all of the data without it."""
    quick, whole = options(True, None), options(False, None)
    assert {v.epochs for v in quick.variants} == {1} and len(quick.variants) == 2
    assert whole.variants == VARIANTS and whole.ratings is None and whole.users is None

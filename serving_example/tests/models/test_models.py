"""The modules: what they read, what an artifact brings back, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

import featurelib as fl
from featurelib.bundle import Bundle
from featurelib_offline import fit
from serving_example.artifacts import ArtifactError, ModelArtifact
from serving_example.models import Ranker, Shapes, Towers, artifact_of, load, make, shapes_of
from serving_example.models.invariance import differing_rows, random_tensors

LADDER = (128, 256, 512, 1024)
SHAPES = Shapes(
    {"film": 23, "pair": 6, "user": 14}, {"film_ids": (1684,), "user_ids": (945, 23, 1557)}
)
CONFIGS: list[tuple[str, dict[str, object]]] = [
    ("towers", {"embedding": 8, "hidden": [32], "dim": 16}),
    ("towers", {"embedding": 24, "hidden": [96, 48], "dim": 48}),
    ("ranker", {"embedding": 4, "hidden": []}),
    ("ranker", {"embedding": 8, "hidden": [32], "products": 16, "knows_user": False}),
    ("ranker", {"embedding": 16, "hidden": [128, 64]}),
    ("ranker", {"embedding": 32, "hidden": [256, 128, 64], "products": 64}),
]
"""Of each kind the smallest and the widest, and each option once."""


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As a device of this example computes; two threads on busy cores wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def made(kind: str, config: dict[str, object]) -> torch.nn.Module:
    torch.manual_seed(3)
    return make(kind, {"shapes": SHAPES.to_json(), **config}).requires_grad_(False).eval()


class Row(fl.Schema):
    user_id: int
    work: str
    film_id: int
    age: float


def small_bundle() -> Bundle:
    user, film, work, age = (fl.col(n) for n in ("user_id", "film_id", "work", "age"))
    features = {
        "i_user": user.vocabulary_index(), "i_work": work.vocabulary_index(),
        "i_film": film.vocabulary_index(), "u_age": age.cast(fl.Float32),
        "f_half": (film / 2).cast(fl.Float32), "p_sum": (age + film).cast(fl.Float32),
    }  # fmt: skip
    rows = {
        "user_id": [5, 6, 7],
        "work": ["a", "a", "b"],
        "film_id": [1, 2, 3],
        "age": [1.0, 2.0, 3.0],
    }
    made = fl.FeatureSet(
        "small", version="1.0.0", inputs=Row,
        features=[fl.Feature(n, version=1, expr=e) for n, e in features.items()],
        layout={"user": ["u_age"], "user_ids": ["i_user", "i_work"], "film": ["f_half"],
                "film_ids": ["i_film"], "pair": ["p_sum"]},
    )  # fmt: skip
    return made.bind(fit(made, pl.DataFrame(rows)))


@pytest.mark.parametrize("kind, config", CONFIGS)
def test_a_score_depends_neither_on_the_size_of_the_batch_nor_on_neighbours(
    kind: str, config: dict[str, object]
) -> None:
    """Every row has the same bits at every size of the ladder, in any place, beside any rows."""
    tensors = random_tensors(SHAPES, LADDER[-1], seed=8)
    assert differing_rows(made(kind, config), tensors, LADDER) == 0


def test_a_batch_of_one_row_is_seen_to_differ() -> None:
    """The check would find a score that moves: a module that adds what its neighbours have."""

    class Leaks(torch.nn.Module):  # type: ignore[misc]
        def forward(self, tensors: dict[str, torch.Tensor]) -> torch.Tensor:
            return tensors["user"].sum(dim=1) + tensors["user"].mean()

        def outputs(self) -> tuple[torch.nn.Module]:
            return (self,)

    assert differing_rows(Leaks(), random_tensors(SHAPES, 1024, seed=8), LADDER) == 1024


@pytest.mark.parametrize("kind, config", CONFIGS)
def test_an_artifact_brings_back_the_same_scores(kind: str, config: dict[str, object]) -> None:
    """A module that was stored and loaded gives the same bits."""
    module = made(kind, config)
    artifact = artifact_of(module, name="m", bundle=small_bundle(), ladder=LADDER, metrics={})
    again = load(artifact)
    tensors = random_tensors(SHAPES, 128, seed=1)
    assert torch.equal(module(tensors), again(tensors)) and not again.training
    assert (
        artifact_of(again, name="m", bundle=small_bundle(), ladder=LADDER, metrics={}) == artifact
    )


def test_the_shapes_are_those_of_the_bundle() -> None:
    """A table of embeddings has a row for each word of a vocabulary, for null and for the rest."""
    assert shapes_of(small_bundle()) == Shapes(
        {"film": 1, "pair": 1, "user": 1}, {"film_ids": (5,), "user_ids": (5, 4)}
    )


def test_towers_give_unit_vectors_and_their_scaled_product() -> None:
    """A tower reads its own tensors only; a score is the product of both vectors, scaled."""
    module = made(*CONFIGS[0])
    tensors = random_tensors(SHAPES, 64, seed=2)
    users = module.user({n: tensors[n] for n in ("user", "user_ids")}).numpy().astype(np.float64)
    films = module.film({n: tensors[n] for n in ("film", "film_ids")}).numpy().astype(np.float64)
    assert np.abs(np.linalg.norm(users, axis=1) - 1).max() < 1e-6  # Float32 rounds
    wanted = (users * films).sum(axis=1) * np.exp(2.5)
    assert np.abs(module(tensors).numpy() - wanted).max() < 1e-5


def test_a_ranker_without_users_gives_every_user_the_same_score() -> None:
    """Without a vector for each user the number of the user is not looked at."""
    module = made(*CONFIGS[3])
    tensors = random_tensors(SHAPES, 64, seed=2)
    others = tensors["user_ids"].clone()
    others[:, 0] = 7
    assert torch.equal(module(tensors), module({**tensors, "user_ids": others}))


@pytest.mark.parametrize(
    "kind, change, message",
    [
        ("forest", {}, "no module is of the kind 'forest'"),
        ("ranker", {"hidden": "wide"}, "Expected `array`, got `str` - at `$.hidden`"),
        ("ranker", {"embeding": 3}, "unknown field `embeding`"),
        ("ranker", {"hidden": [8]}, "one column or of at least 16, got 8"),
        ("towers", {"dim": None}, "Expected `int`, got `null` - at `$.dim`"),
    ],
)
def test_a_wrong_configuration_is_refused(
    kind: str, change: dict[str, object], message: str
) -> None:
    """Kind and argument are named."""
    config = {"shapes": SHAPES.to_json(), "embedding": 4, "hidden": [16]}
    with pytest.raises(ArtifactError) as caught:
        make(kind, {**config, **change})
    assert message in str(caught.value)


def test_weights_of_another_module_are_refused(tmp_path: Path) -> None:
    """Weights must have the names and shapes of the configuration, and be safetensors."""
    bundle = small_bundle()
    one, other = (
        artifact_of(made(*CONFIGS[i]), name="m", bundle=bundle, ladder=LADDER, metrics={})
        for i in (2, 3)
    )
    for weights in (other.weights, one.weights[:-4], b"", b"\x80\x04."):
        with pytest.raises(ArtifactError, match="its weights are not those of a ranker"):
            load(ModelArtifact(weights, one.card))


def test_kinds_are_told_by_their_classes() -> None:
    """A module says of which kind it is."""
    assert (Towers.kind, Ranker.kind) == ("towers", "ranker")

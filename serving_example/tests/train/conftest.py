"""One small training of real ratings for all tests of it."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from serving_example.progress import Progress
from serving_example.train.data import MovieLens, load
from serving_example.train.pipeline import Options, run
from serving_example.train.report import Measured
from serving_example.train.split import Seen, Split, split
from serving_example.train.variants import QUICK, chosen

SMALL = Options(
    tuple(replace(variant, epochs=1) for variant in chosen(QUICK)),
    negatives=3, ratings=3_000, users=20,
)  # fmt: skip


@dataclass(frozen=True)
class Trained:
    """A small training: its folder, and what it gave."""

    out: Path
    models: list[Measured]


def small_run(out: Path, data: MovieLens, jobs: int) -> Trained:
    """Two models on part of the data, by so many threads."""
    with Progress(Console(file=io.StringIO())) as progress:
        return Trained(out, run(out, data, replace(SMALL, jobs=jobs), progress))


@pytest.fixture(scope="session")
def films() -> MovieLens:
    return load()


@pytest.fixture(scope="session")
def parts(films: MovieLens) -> Split:
    return split(films.events)


@pytest.fixture(scope="session")
def seen(films: MovieLens, parts: Split) -> Seen:
    users, items = films.profiles["user_id"].to_numpy(), films.catalogue["item_id"].to_numpy()
    return Seen(parts.train, np.asarray(users), np.asarray(items))


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, films: MovieLens) -> Trained:
    return small_run(tmp_path_factory.mktemp("train") / "out", films, jobs=2)

"""What staleness costs: the questions, and the three ways of being late, against loops."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
import torch

import featurelib as fl
from serving_example.instants import microseconds_of
from serving_example.tests.train.conftest import Trained
from serving_example.train import staleness
from serving_example.train.data import MovieLens
from serving_example.train.split import Seen, Split
from serving_example.train.staleness import AGES, WAYS, Question, measure, questions


@pytest.fixture(scope="module")
def ever(films: MovieLens) -> Seen:
    """Who has rated what, the test included."""
    users, items = films.profiles["user_id"].to_numpy(), films.catalogue["item_id"].to_numpy()
    return Seen(films.events, np.asarray(users), np.asarray(items))


@pytest.fixture(scope="module")
def asked(films: MovieLens, parts: Split, ever: Seen) -> Question:
    return questions(films, parts, ever, count=15, seed=3)


def test_right_is_what_the_user_rates_from_then_on(
    films: MovieLens, parts: Split, ever: Seen, asked: Question
) -> None:
    """Beside it films that the user never rates, and those of the last day, which may be stale."""
    for row, (user, moment) in enumerate(zip(asked.users, asked.moments, strict=True)):
        user_id = ever.users[user]
        rated = films.events.filter(films.events["user_id"] == user_id)
        times = dict(zip(rated["item_id"], microseconds_of(rated["rated_at"]), strict=True))
        test = parts.test.filter(parts.test["user_id"] == user_id)
        later = {f for f in test["item_id"] if times[f] >= moment}
        there = asked.is_there[row]
        assert set(ever.films[asked.films[row][asked.wanted[row]]]) == later
        others = set(ever.films[asked.films[row][there & ~asked.wanted[row]]])
        assert len(others) + len(later) == there.sum(), "no film twice"
        day = round(max(AGES).total_seconds() * 1e6)
        assert {f for f in others if f in times} == {
            f for f, at in times.items() if moment - day <= at < moment
        }
        assert len(others - set(times)) == staleness.OTHERS
    mine = asked.pairs.filter(asked.pairs["user_id"] == ever.users[asked.users[0]])
    assert len(mine) == asked.is_there[0].sum()


class Probe:
    """Scores by one column of a tensor, so that a test knows what was asked for."""

    def __init__(self, tensor: str, column: int) -> None:
        self.tensor, self.column = tensor, column
        self.told: list[torch.Tensor] = []

    def __call__(self, tensors: dict[str, torch.Tensor]) -> torch.Tensor:
        self.told.append(tensors[self.tensor][:, self.column].clone())
        return self.told[-1]


@pytest.mark.parametrize("way", WAYS)
def test_each_way_is_late_in_its_own_features(
    trained: Trained, films: MovieLens, ever: Seen, asked: Question, way: str
) -> None:
    """A day late: `kept` knows all of the user, the others count fewer ratings."""
    bundle = fl.load(trained.out / "bundle.json")
    user, film = Probe("user", 0), Probe("film", 0)  # logarithms of how many ratings
    for probe in (user, film):
        for age in (timedelta(0), timedelta(days=1)):
            worth = measure(bundle, films, probe, asked, ever, way, age)
            assert worth.shape == asked.moments.shape and ((worth >= 0) & (worth <= 1)).all()
    assert (film.told[1] <= film.told[0]).all() and (film.told[1] < film.told[0]).any()
    if way == "kept":
        assert torch.equal(user.told[1], user.told[0])
    else:
        assert (user.told[1] <= user.told[0]).all() and (user.told[1] < user.told[0]).any()


def test_a_folder_without_a_training_is_refused(
    trained: Trained, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its name."""
    assert staleness.main(["--data", str(trained.out / "nothing")]) == 1
    assert "nothing" in capsys.readouterr().err

"""What scores are worth, against loops over users."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from serving_example.train.evaluate import Asked, difference, measure


def asked_of(seed: int) -> Asked:
    """Five users and 120 films: some known, ten wanted of each user, some of those liked."""
    random = np.random.default_rng(seed)
    wanted, known = np.zeros((5, 120), bool), np.zeros((5, 120), bool)
    for row in range(5):
        places = random.permutation(120)
        wanted[row, places[:10]], known[row, places[10:20]] = True, True
    liked = wanted & (random.random(wanted.shape) < 0.5)
    liked[0] = False
    return Asked({}, known, wanted, liked, np.zeros((5, 120)))


def gain(order: Sequence[Any], right: set[Any]) -> float:
    most = sum(1 / math.log2(i + 2) for i in range(min(10, len(right))))
    return sum(1 / math.log2(i + 2) for i, p in enumerate(order[:10]) if p in right) / most


@pytest.mark.parametrize("seed", range(3))
def test_what_scores_are_worth_is_what_a_loop_says(seed: int) -> None:
    """Over all films, over the candidates alone, and of films that were liked."""
    asked, random = asked_of(seed), np.random.default_rng(seed + 9)
    scores = random.random((5, 120)).astype(np.float32)
    candidates = np.stack([random.permutation(np.flatnonzero(~k))[:40] for k in asked.known])
    made = measure(asked, scores, candidates)
    assert made.of_candidates is not None
    liked = []
    for row in range(5):
        order = sorted(np.flatnonzero(~asked.known[row]), key=lambda p: -scores[row, p])
        right = {*np.flatnonzero(asked.wanted[row])}
        some = {*candidates[row]}
        assert made.ndcg[row] == pytest.approx(gain(order, right), abs=1e-12)
        chosen = [p for p in order if p in some]
        assert made.of_candidates[row] == pytest.approx(gain(chosen, right), abs=1e-12)
        assert made.recall[row] == len(right & {*order[:100]}) / 10
        if asked.liked[row].any():
            liked.append(gain(order, {*np.flatnonzero(asked.liked[row])}))
    assert made.liked.tolist() == pytest.approx(liked, abs=1e-12)
    assert made.metrics()["ndcg_at_10"] == made.ndcg.mean()


def test_without_candidates_there_is_no_figure_of_them() -> None:
    """Towers choose the candidates, so they have none before them."""
    made = measure(asked_of(0), np.zeros((5, 120)))
    assert made.of_candidates is None and "ndcg_at_10_of_candidates" not in made.metrics()


def test_a_difference_is_of_the_same_users() -> None:
    """Two models that differ by the same amount for each user differ by it with certainty."""
    one = np.random.default_rng(1).random(50)
    it = difference(one + 0.125, one)
    assert it.mean == pytest.approx(0.125) and it.high - it.low < 1e-12

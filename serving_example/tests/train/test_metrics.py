"""Metrics against loops over one user at a time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving_example.train.metrics import bootstrap, found, ndcg, ranked

Array = np.ndarray[Any, Any]
CASE = st.tuples(st.integers(1, 6), st.integers(4, 12), st.integers(0, 2**32 - 1))


def case(users: int, films: int, seed: int) -> tuple[Array, Array, Array]:
    """Scores with ties, some films known, at least one wanted, none of them both."""
    random = np.random.default_rng(seed)
    scores = random.integers(0, 4, (users, films)).astype(np.float32)
    wanted = random.random((users, films)) < 0.3
    wanted[:, 0] = True
    known = (random.random((users, films)) < 0.3) & ~wanted
    known[:, 1:4] = False
    return scores, known, wanted


@given(CASE)
def test_the_best_films_are_those_of_a_stable_sort(sizes: tuple[int, int, int]) -> None:
    """By falling score, equal ones by place; films that are known never come before others."""
    scores, known, _ = case(*sizes)
    for row, (line, gone) in zip(
        ranked(scores, known, 3), zip(scores, known, strict=True), strict=True
    ):
        left = [place for place in range(len(line)) if not gone[place]]
        assert row.tolist() == sorted(left, key=lambda place: (-line[place], place))[:3]


@given(CASE)
def test_ndcg_and_recall_are_those_of_their_definitions(sizes: tuple[int, int, int]) -> None:
    """Sums of 1 / log2(place + 1) over the largest that can be had, and shares of the test."""
    scores, known, wanted = case(*sizes)
    best = ranked(scores, known, 4)
    for row, right, value, share in zip(
        best, wanted, ndcg(best, wanted), found(best, wanted), strict=True
    ):
        gain = sum(1 / math.log2(i + 2) for i, place in enumerate(row) if right[place])
        most = sum(1 / math.log2(i + 2) for i in range(min(4, right.sum())))
        assert value == pytest.approx(gain / most, abs=1e-12)  # another order of summing
        assert share.tolist() == [right[row[: n + 1]].sum() / right.sum() for n in range(4)]


def test_a_perfect_order_is_worth_one_and_an_empty_one_nothing() -> None:
    """The films of the test first: 1. None of them among the first: 0."""
    wanted = np.array([[True, True, False, False]])
    assert ndcg(np.array([[1, 0]]), wanted).tolist() == [1.0]
    assert ndcg(np.array([[2, 3]]), wanted).tolist() == [0.0]


def test_an_interval_holds_the_mean_and_narrows_with_users() -> None:
    """Equal values have no width; four times as many users halve it, about."""
    values = np.random.default_rng(1).random(400)
    few, many = bootstrap(values[:100]), bootstrap(values)
    assert few.low < few.mean < few.high and bootstrap(values) == many
    assert 1.5 < (few.high - few.low) / (many.high - many.low) < 2.7
    same = bootstrap(np.full(10, 0.25))
    assert (same.mean, same.low, same.high) == (0.25, 0.25, 0.25)
    assert str(many).startswith(f"{values.mean():.4f} [")


def test_an_interval_is_that_of_the_normal_for_many_users() -> None:
    """An independent formula: mean plus and minus 1.96 standard errors, within a tenth of them."""
    values = np.random.default_rng(2).exponential(size=2_000)
    error = values.std() / math.sqrt(len(values))
    it = bootstrap(values)
    assert abs(it.low - (it.mean - 1.96 * error)) < 0.15 * error
    assert abs(it.high - (it.mean + 1.96 * error)) < 0.15 * error

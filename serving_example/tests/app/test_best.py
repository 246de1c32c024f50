"""The best of each request, and the terms of its pairs: oracles in plain Python and in NumPy."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity_tests.soak import amount, examples
from serving_example.app.best import best_of
from serving_example.app.pair_terms import join_into

SCORES = [0.0, -0.0, 1.0, -2.5, 7.0, math.nan, math.inf, -math.inf]


@examples(60, 2000)
@given(
    st.lists(
        st.tuples(
            st.lists(
                st.tuples(
                    st.sampled_from(SCORES[:5]) | st.floats(-1, 1, width=32)
                    | st.sampled_from(SCORES),
                    st.integers(-(2**63), 2**63 - 1),
                ),
                max_size=amount(12, 60), unique_by=lambda pair: pair[1],
            ),
            st.integers(0, 70),
        ),
        max_size=5,
    )
)  # fmt: skip
def test_the_best_come_first_and_of_equal_ones_the_lower_id(asked: Any) -> None:
    """As a sort of pairs has them, for runs of any length, in any order of ids.

    A run with a score that is no finite number says so, and those beside it are as they were.
    """
    runs = [run for run, _ in asked]
    scores = np.array([score for run in runs for score, _ in run], np.float32)
    films = [film for run in runs for _, film in run]
    table = np.random.default_rng(len(films)).permutation(len(films))
    ids, times = np.zeros((2, len(films)), np.int64)
    ids[table], times[table] = films, [film % 5 - 1 for film in films]
    lengths, wanted = [len(run) for run in runs], [k for _, k in asked]
    got = best_of(scores, table, ids, times, lengths, wanted)
    for (run, k), count, start, oldest in zip(
        asked, got.counts, got.starts[:-1], got.oldest, strict=True
    ):
        if all(math.isfinite(score) for score, _ in run):
            best = sorted(run, key=lambda pair: (-pair[0], pair[1]))[:k]
            assert got.ids[start : start + count] == [film for _, film in best]
            assert [got.scores[start + i].hex() for i in range(count)] == [
                np.float32(score).item().hex() for score, _ in best
            ]
        else:
            assert count == -1
        after_zero = [film % 5 - 1 for _, film in run if film % 5 > 1]
        assert oldest == min(after_zero, default=0)


def test_an_item_that_is_not_there_is_refused() -> None:
    """Machine code reads no memory beside the tables."""
    scores, rows, table = np.zeros(2, np.float32), np.array([0, 3]), np.arange(3)
    with pytest.raises(IndexError, match="item 1: expected a row below 3, got 3"):
        best_of(scores, rows, table, table, [2], [1])


@examples(30, 500)
@given(st.data())
def test_terms_are_joined_as_the_oracle_has_them(data: Any) -> None:
    """Sums, then the numbers of the pair and products, bit for bit, for pairs in any order."""
    seed, n = data.draw(st.integers(0, 2**32)), data.draw(st.integers(0, 40))
    hidden, products, n_pairs = (data.draw(st.integers(0, 20)) for _ in range(3))
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(12, hidden + products)) * 10.0 ** rng.integers(-30, 30, (12, 1))
    users, films = numbers.astype(np.float32)[:5], numbers.astype(np.float32)[5:]
    owners, rows = rng.integers(0, 5, n), rng.integers(0, 7, n)
    pairs = rng.normal(size=(n, n_pairs)).astype(np.float32)
    widths = {"sums": hidden, "mixed": n_pairs + products}
    got = {name: np.full((n, width), np.nan, np.float32) for name, width in widths.items()}
    join_into(got, users, films, owners, rows, pairs)
    user, film = users[owners], films[rows]
    with np.errstate(all="ignore"):
        mixed = np.concatenate([pairs, user[:, hidden:] * film[:, hidden:]], axis=1)
    assert got["sums"].tobytes() == (user[:, :hidden] + film[:, :hidden]).tobytes()
    assert got["mixed"].tobytes() == mixed.tobytes()


@pytest.mark.parametrize(("owner", "row"), [(-1, 0), (2, 0), (0, 3), (0, -1)])
def test_a_row_that_is_not_there_is_refused(owner: int, row: int) -> None:
    """Machine code reads no memory beside the tables."""
    users, films = np.zeros((2, 4), np.float32), np.zeros((3, 4), np.float32)
    pairs = np.zeros((1, 2), np.float32)
    room = {"sums": np.zeros((1, 4), np.float32), "mixed": pairs.copy()}
    with pytest.raises(IndexError, match="pair 0: expected a user below 2 and a film below 3"):
        join_into(room, users, films, np.array([owner]), np.array([row]), pairs)

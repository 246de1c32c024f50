"""Sums by group are exact: they equal fractions, for every order, split and merge."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib.jit.exact_groups import ExactGroupSums
from featurelib.jit.exact_sum import ExactMoments

ROWS = st.lists(
    st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 4), st.booleans()),
    max_size=40,
)


def update(sums: ExactGroupSums, rows: list[tuple[float, int, bool]]) -> None:
    """Adds (value, group, present) rows."""
    values, groups, valid = zip(*rows, strict=True) if rows else ((), (), ())
    sums.update(np.array(values, np.float64), np.array(groups, np.int64), np.array(valid, np.uint8))


@given(ROWS, st.randoms(use_true_random=False))
def test_group_sums_are_the_fractions_for_every_order_and_split(
    rows: list[tuple[float, int, bool]], rng: random.Random
) -> None:
    """Shuffled and split over three accumulators, one of which has seen fewer groups."""
    expected = [
        sum((Fraction(v) for v, g, ok in rows if ok and g == k), Fraction(0)) for k in range(5)
    ]
    counts = [sum(ok and g == k for _, g, ok in rows) for k in range(5)]
    rng.shuffle(rows)
    parts = [ExactGroupSums(5) for _ in range(3)]
    for row in rows:
        update(parts[rng.randrange(3)], [row])
    total = ExactGroupSums(1)
    for part in parts:
        total.merge(part)
    assert [Fraction(s, 1 << 1074) for s in total.ratios()] == expected
    assert total.counts.tolist() == counts


def test_group_sums_equal_column_sums() -> None:
    """Each group gives the bits that a column of only its rows gives."""
    rng = np.random.default_rng(3)
    values = rng.lognormal(0, 20, 20_000) * rng.choice([-1, 1], 20_000)
    groups = rng.integers(0, 7, 20_000)
    sums = ExactGroupSums(7)
    sums.update(values, groups)
    for group in range(7):
        moments = ExactMoments(squares=False)
        moments.update(values[groups == group])
        assert sums.sums()[group] == moments.sum()
        assert sums.means()[group] == moments.mean()


def test_carries_do_not_lose_the_sign() -> None:
    """Propagating carries twice, of sums below and above zero, changes nothing."""
    sums = ExactGroupSums(2)
    values = np.array([-1e308, -1e308, 5e-324, 1e308, 1e308])
    sums.update(values, np.array([0, 0, 0, 1, 1]))
    first = sums.ratios()
    assert sums.ratios() == first
    assert Fraction(first[0], 1 << 1074) == 2 * Fraction(-1e308) + Fraction(5e-324)
    assert sums.sums().tolist() == [-np.inf, np.inf]
    assert sums.means()[1] == 1e308


def test_non_finite_values_are_counted_by_group() -> None:
    """They do not enter sums; a group without values has the sum 0.0 and no mean."""
    sums = ExactGroupSums(3)
    sums.update(np.array([np.nan, 1.5, np.inf]), np.array([0, 0, 1]))
    assert sums.non_finite.tolist() == [1, 1, 0]
    assert sums.sums().tolist() == [1.5, 0.0, 0.0]
    assert np.isnan(sums.means()[2])


def test_a_group_out_of_range_is_refused() -> None:
    """Before machine code could write outside its table."""
    with pytest.raises(IndexError, match="from 0 to 1, got -1 to 2"):
        ExactGroupSums(2).update(np.array([1.0, 2.0]), np.array([-1, 2]))

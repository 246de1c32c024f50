"""Bins by k-means: what is counted in bounded memory, and how large the error may be."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib.analyzers.cells import MAX_CELLS, Cells
from featurelib.analyzers.order import order_keys
from parity_tests.soak import amount


@settings(max_examples=amount(20, soak=300))
@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(1, 12_000),
    width=st.floats(0.0, 300.0),
    cuts=st.lists(st.integers(0, 12_000), max_size=4),
)
def test_runs_are_the_same_for_every_order_and_split(
    seed: int, rows: int, width: float, cuts: list[int]
) -> None:
    """Of few values each is exact; of many 2,049 to 4,096 runs are left, in any order and split."""
    rng = np.random.default_rng(seed)
    values = rng.choice([-1.0, 1.0], rows) * 10.0 ** rng.uniform(-width, width, rows)
    keys, _ = order_keys(np.round(values, 3))
    whole = Cells()
    whole.update(keys)
    mixed = rng.permutation(keys)
    parts = [Cells() for _ in range(len(cuts) + 1)]
    bounds = [0, *sorted(min(c, rows) for c in cuts), rows]
    for part, (start, stop) in zip(parts, itertools.pairwise(bounds), strict=True):
        part.update(mixed[start:stop])
    total, *others = reversed(parts)
    for other in others:
        total.merge(other)
    middles, counts = whole.middles()
    assert total.middles() == (middles, counts)
    assert sum(counts) == rows
    distinct = np.unique(keys)
    if distinct.size <= MAX_CELLS:
        assert middles == distinct.tolist()
    else:
        assert MAX_CELLS // 2 < len(middles) <= MAX_CELLS

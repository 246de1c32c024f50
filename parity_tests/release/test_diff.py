"""`compare` finds what is written differently, and exactly the rows that move."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import featurelib as fl
from featurelib.release.diff import compare
from featurelib.release.diff_counts import QUANTILES
from parity_tests.release.diff_cases import Row, expected, feature, is_above, make, on_data

FLOATS = st.one_of(
    st.sampled_from([0.0, -0.0, math.nan, math.inf, -math.inf, 5e-324, 1.7e308, -1.7e308]),
    st.floats(-100, 100),
)
ROWS = st.lists(st.fixed_dictionaries({"x": FLOATS, "y": st.none() | FLOATS}), max_size=30)
col_x, col_y = fl.col("x"), fl.col("y")


@st.composite
def chains(draw: Any) -> tuple[list[int], list[float], int, float]:
    """For each feature the earlier one that it computes on (-1: the input); a constant changes."""
    size = draw(st.integers(1, 6))
    reads = [draw(st.integers(-1, i - 1)) for i in range(size)]
    constants = [draw(st.floats(-10, 10)) for _ in range(size)]
    at = draw(st.integers(0, size - 1))
    return reads, constants, at, draw(st.floats(11, 20))


def chain(reads: list[int], constants: list[float]) -> fl.Bundle:
    made: list[Any] = []
    for before, constant in zip(reads, constants, strict=True):
        # The place in the list is a constant too: no two features are the same by chance.
        made.append((col_x if before < 0 else made[before]) * (len(made) + 2.0) + constant)
    return make(*(feature(f"f{i}", e) for i, e in enumerate(made)))


@given(chains())
@settings(max_examples=40, deadline=None)
def test_a_changed_constant_changes_a_feature_and_what_computes_on_it(
    case: tuple[list[int], list[float], int, float],
) -> None:
    """Exactly these have another fingerprint; a feature beside them has not."""
    reads, constants, at, value = case
    changed = {at}
    for i, before in enumerate(reads):
        if before in changed:
            changed.add(i)
    other = [value if i == at else c for i, c in enumerate(constants)]
    found = compare(chain(reads, constants), chain(reads, other), rows=0)
    for i in range(len(reads)):
        change = found.features[f"f{i}"]
        assert change.status == ("changed" if i in changed else "same")
        assert (change.part is not None) == (i in changed)
    assert not found.layout_changed and not found.inputs_changed


@given(ROWS, FLOATS, FLOATS)
@settings(max_examples=60, deadline=None)
def test_the_rows_that_move_are_those_that_python_says(
    rows: list[Row], below: float, above: float
) -> None:
    """Counts, flips and the largest distance of a feature whose two versions Python computes."""

    def old(row: Row) -> float | None:
        return row["y"] if is_above(row["x"], below) else row["x"]

    def new(row: Row) -> float | None:
        return row["x"] if is_above(row["x"], above) else row["y"]

    sides = (
        make(
            feature("f", fl.when(col_x > below).then(col_y).otherwise(col_x)), feature("g", col_x)
        ),
        make(
            feature("f", fl.when(col_x > above).then(col_x).otherwise(col_y)), feature("g", col_x)
        ),
    )
    frame = pl.DataFrame(rows, schema={"x": pl.Float64, "y": pl.Float64})
    found = on_data(*sides, frame)
    moves = found.features["f"].moves["data"]
    wanted = expected(rows, old, new)
    assert {name: getattr(moves, name) for name in wanted} == wanted
    assert found.features["g"].moved_rows == 0
    assert len(moves.examples) <= 5
    for example in moves.examples:
        assert example.inputs["x"][0] == rows[example.row]["x"] or math.isnan(
            rows[example.row]["x"]
        )


def test_moved_gives_the_values_of_both_sides() -> None:
    """`moved` has a mask for each kind of rows, and the values that it is made of."""
    old = make(feature("f", col_x.clip(0.0, 10.0)))
    new = make(feature("f", col_x.clip(0.0, 5.0)))
    found = compare(old, new, rows=500, seed=3, data=pl.DataFrame({"x": [1.0, 7.0], "y": None}))
    moved = found.moved("f")
    assert list(moved) == ["generated", "data"]
    before, after, mask = moved["data"]
    assert mask.tolist() == [False, True]
    assert (before.data.tolist(), after.data.tolist()) == ([1.0, 7.0], [1.0, 5.0])
    assert moved["generated"][2].sum() == found.features["f"].moves["generated"].moved > 0


def test_distances_of_many_chunks_are_those_of_all_rows() -> None:
    """Counts and the largest are exact over chunks; quantiles are within a bucket's width."""
    x = np.random.default_rng(5).lognormal(0.0, 3.0, 200_000)
    found = on_data(
        make(feature("f", col_x * 1.0)),
        make(feature("f", fl.when(col_x > 0.5).then(col_x * 3.0).otherwise(col_x))),
        pl.DataFrame({"x": x, "y": None}, schema={"x": pl.Float64, "y": pl.Float64}),
    )
    moves = found.features["f"].moves["data"]
    far = np.sort((x * 3.0 - x)[x > 0.5])
    assert (moves.rows, moves.moved, moves.largest) == (len(x), len(far), far[-1])
    for (share, value), q in zip(moves.quantiles, QUANTILES, strict=True):
        exact = far[math.ceil(q * len(far)) - 1]
        assert share == q
        assert exact * (1 - 2**-12) <= value <= exact


@pytest.mark.parametrize(
    ("dtype", "old", "new", "far"),
    [
        (fl.Int64, [-(1 << 63)], [(1 << 63) - 1], float((1 << 64) - 1)),
        (fl.UInt64, [(1 << 64) - 1], [(1 << 64) - 2], 1.0),
        (fl.Int8, [-128], [127], 255.0),
        (fl.Date, [-719_162], [2_932_896], 3_652_058.0),
    ],
)
def test_distances_of_integers_are_exact(dtype: Any, old: list, new: list, far: float) -> None:
    """No difference wraps around, and none goes through Float64 before it is taken."""
    from featurelib.parity.values import Values
    from featurelib.release.diff_counts import _distances

    sides = (Values.of(v, fl.dtypes.as_dtype(dtype, "test")) for v in (old, new))
    distances = _distances(*sides)
    assert distances is not None and distances.tolist() == [far]

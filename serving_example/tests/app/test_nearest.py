"""Which films are nearest to users: an oracle in plain Python, in float32 and in the same order."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from parity_tests.soak import amount, examples
from serving_example.app.nearest import Snapshot
from serving_example.features.lookup import RowLookup

PLAIN = [-1.0, 0.0, -0.0, 0.5, 1.0, 0.1, 3e38, -3e38, 1e-30, np.nan, np.inf]
TOWERS: Any = None
"""What computed the vectors is not looked at."""


def product(user: Any, film: Any) -> np.float32:
    """From the first place to the last; each term is rounded, and each sum."""
    total = np.float32(0.0)
    with np.errstate(all="ignore"):
        for a, b in zip(user, film, strict=True):
            total = np.float32(total + np.float32(a * b))
    return total


def wanted(user: Any, vectors: Any, ids: Any, count: int, without: Any) -> list[int]:
    """By a full sort: the larger product first, of equal ones the lower id; then by row."""
    products = [product(user, film) for film in vectors]
    left = [row for row, p in enumerate(products) if p > -np.inf and row not in set(without)]
    return sorted(sorted(left, key=lambda row: (-products[row], ids[row]))[:count])


def asked(snapshot: Any, users: Any, count: int, without: Any) -> list[list[int]]:
    """What the snapshot finds for users who leave out rows."""
    ends = np.cumsum([len(rows) for rows in without], dtype=np.int64)
    flat = np.array([row for rows in without for row in rows], np.int64)
    return [rows.tolist() for rows in snapshot.nearest(users, count, flat, ends)]


@examples(60, 2000)
@given(st.data())
def test_the_nearest_are_those_of_a_full_sort(data: Any) -> None:
    """Whatever the numbers, in any batch: as many as there are, in rising order of rows."""
    dim, films = data.draw(st.integers(1, 5)), data.draw(st.integers(0, amount(25, 90)))
    some = st.sampled_from(PLAIN) if data.draw(st.booleans()) else st.floats(-1, 1, width=32)
    vectors = data.draw(arrays.arrays(np.float32, (films, dim), elements=some))
    users = data.draw(arrays.arrays(np.float32, (3, dim), elements=some))
    numbers = st.integers(-(2**63), 2**63 - 1)
    ids = data.draw(st.lists(numbers, min_size=films, max_size=films, unique=True))
    count = data.draw(st.integers(0, films + 2))
    without = [data.draw(st.lists(st.integers(-1, films), max_size=films)) for _ in users]
    got = asked(Snapshot(TOWERS, np.array(ids, np.int64), vectors), users, count, without)
    for user, rows, out in zip(users, got, without, strict=True):
        assert rows == wanted(user, vectors, ids, count, out)


def test_who_else_is_asked_for_changes_nothing() -> None:
    """A user's films are the same alone and in batches of any size, at any place."""
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(777, 32)).astype(np.float32)
    users = rng.normal(size=(9, 32)).astype(np.float32)
    snapshot = Snapshot(TOWERS, rng.permutation(777), vectors)
    without = [rng.choice(777, n, replace=False).tolist() for n in range(0, 450, 50)]
    together = asked(snapshot, users, 100, without)
    assert together[0] == wanted(users[0], vectors, snapshot.ids.tolist(), 100, [])
    for order in ([0], [8], [3, 3], [8, 7, 6, 5], [1, 0, 2]):
        alone = asked(snapshot, users[order], 100, [without[u] for u in order])
        assert alone == [together[u] for u in order]


@examples(40, 500)
@given(
    st.sets(st.integers(-20, 20) | st.integers(-(2**63), 2**63 - 1), max_size=20).map(list),
    st.lists(st.integers(-25, 25) | st.integers(-(2**63), 2**63 - 1), max_size=20),
)
def test_the_row_of_an_id_is_where_it_stands(ids: Any, others: Any) -> None:
    """Of ids close together and far apart, at both ends of the numbers; -1 of one not there."""
    asked_for = [*others, *ids]
    got = RowLookup(np.array(ids, np.int64)).rows(np.array(asked_for, np.int64))
    assert got.tolist() == [ids.index(one) if one in ids else -1 for one in asked_for]

"""Rows of tensors are cut, joined and drawn as lists of Python are."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib_offline.torch_order import Piece, batches, pieces_of, share, shuffled
from featurelib_offline.torch_rows import Lists, Rows

PlainRow = tuple[int, tuple[int, ...]]
NUMBERS, LISTS = ("tensors", "dense"), ("tensors", "ids")
plain_rows = st.lists(
    st.tuples(st.integers(-9, 9), st.lists(st.integers(0, 99), max_size=3).map(tuple)), max_size=30
)


def rows_of(plain: list[PlainRow]) -> Rows:
    """A number in both columns of a tensor, and a List."""
    dense = np.array([[n, -n] for n, _ in plain], np.float32).reshape(-1, 2)
    ends = np.cumsum([0, *(len(items) for _, items in plain)])
    values = np.array([i for _, items in plain for i in items], np.int32)
    return Rows(len(plain), {NUMBERS: dense}, {LISTS: Lists(values, ends)})


def plain_of(rows: Rows) -> list[PlainRow]:
    """The rows again; checks that shapes, dtypes and offsets are those of tensors."""
    dense, lists = rows.flat[NUMBERS], rows.lists[LISTS]
    assert dense.shape == (rows.count, 2) and dense.dtype == np.float32
    assert lists.offsets.shape == (rows.count + 1,) and lists.offsets.dtype == np.int64
    assert lists.offsets[0] == 0 and lists.offsets[-1] == len(lists.values)
    assert lists.values.dtype == np.int32 and lists.values.flags.c_contiguous
    ends = lists.offsets.tolist()
    items = [tuple(lists.values[a:b].tolist()) for a, b in itertools.pairwise(ends)]
    assert (dense[:, 1] == -dense[:, 0]).all()
    return list(zip(dense[:, 0].astype(int).tolist(), items, strict=True))


@settings(deadline=None)  # the first example compiles
@given(plain=plain_rows, data=st.data())
def test_cutting_drawing_joining_and_padding(plain: list[PlainRow], data: Any) -> None:
    """Each gives the rows that a list of Python gives; padding is zeros and empty Lists."""
    rows = rows_of(plain)
    start = data.draw(st.integers(0, len(plain)))
    stop = data.draw(st.integers(start, len(plain)))
    order = data.draw(st.permutations(range(len(plain))))
    more = data.draw(st.integers(0, 3))
    assert plain_of(rows.between(start, stop)) == plain[start:stop]
    assert plain_of(rows.drawn(np.array(order, np.int64))) == [plain[i] for i in order]
    both = Rows.joined([rows.between(start, stop), rows, rows.between(0, start)])
    assert plain_of(both) == plain[start:stop] + plain + plain[:start]
    assert plain_of(rows.padded(len(plain) + more)) == plain + [(0, ())] * more


@settings(deadline=None)  # the first example compiles
@given(parts=st.lists(plain_rows, max_size=5), size=st.integers(1, 40))
def test_batches_are_the_rows_in_order(parts: list[list[PlainRow]], size: int) -> None:
    """All batches but the last have one size, wherever parts end; no row is lost or moved."""
    made = [plain_of(b) for b in batches(map(rows_of, parts), size)]
    assert [row for batch in made for row in batch] == [row for part in parts for row in part]
    assert all(len(batch) == size for batch in made[:-1])
    assert all(0 < len(batch) <= size for batch in made)


@settings(deadline=None)  # the first example compiles
@given(
    parts=st.lists(plain_rows, max_size=5),
    buffer_rows=st.integers(1, 60),
    seed=st.integers(0, 99),
)
def test_a_shuffle_gives_each_row_once(
    parts: list[list[PlainRow]], buffer_rows: int, seed: int
) -> None:
    """Whatever the sizes of buffer and parts; with one seed in one order; parts are not written."""
    given_rows = [rows_of(part) for part in parts]
    runs = [
        [
            row
            for part in shuffled(given_rows, buffer_rows, np.random.default_rng(seed))
            for row in plain_of(part)
        ]
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    assert Counter(runs[0]) == Counter(row for part in parts for row in part)
    assert [plain_of(rows) for rows in given_rows] == parts


def test_a_buffer_of_all_rows_shuffles_evenly() -> None:
    """Each place gets each row equally often: 2,000 shuffles of 8 rows, within 5 deviations."""
    plain: list[PlainRow] = [(n, ()) for n in range(8)]
    counts = np.zeros((8, 8), int)
    for seed in range(2_000):
        rng = np.random.default_rng(seed)
        order = [n for p in shuffled([rows_of(plain)], 8, rng) for n, _ in plain_of(p)]
        counts[np.arange(8), order] += 1
    deviation = (2_000 * (1 / 8) * (7 / 8)) ** 0.5
    assert np.abs(counts - 250).max() < 5 * deviation


def test_a_row_moves_backward_by_the_buffer_at_most() -> None:
    """What comes later than the buffer reaches cannot come first: memory is bounded."""
    plain: list[PlainRow] = [(n, ()) for n in range(1_000)]
    parts = [rows_of(plain[at : at + 100]) for at in range(0, 1_000, 100)]
    given_rows = shuffled(parts, 150, np.random.default_rng(0))
    order = [n for part in given_rows for n, _ in plain_of(part)]
    assert all(n - place <= 150 + 100 for place, n in enumerate(order))
    assert sorted(order) == list(range(1_000)) != order


@settings(deadline=None)  # the first example compiles
@given(
    file_rows=st.lists(st.integers(0, 50), max_size=6),
    piece_rows=st.integers(1, 20),
    parts=st.integers(1, 9),
)
def test_shares_are_all_rows_once_and_even(
    file_rows: list[int], piece_rows: int, parts: int
) -> None:
    """However many parts: their union is every row of every file, their sizes differ by one."""
    pieces = pieces_of(file_rows, piece_rows)
    shares = [share(pieces, part, parts) for part in range(parts)]

    def rows(some: list[Piece]) -> list[tuple[int, int]]:
        return [(piece.file, row) for piece in some for row in range(piece.start, piece.stop)]

    every = [(file, row) for file, count in enumerate(file_rows) for row in range(count)]
    assert [row for some in shares for row in rows(some)] == every
    sizes = [len(rows(some)) for some in shares]
    assert max(sizes) - min(sizes) <= 1
    assert all(0 < piece.rows <= piece_rows for piece in pieces)

"""Lists: slices as Polars makes them, buckets as columns have them, and what is refused."""

from __future__ import annotations

import polars as pl
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

import featurelib as fl
from featurelib import dtypes
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.intrinsics import Arena, View
from featurelib.ops.sequence.buckets import list_hash_bucket_i8
from featurelib.ops.sequence.elements import integer_at
from featurelib.ops.sequence.lists import list_slice
from parity_tests.core.small_sets import feature, make_set

INPUTS = fl.InputSchema.from_fields(
    {"ids": list[int], "maybe": list[fl.Int8] | None, "parts": list[fl.Float32], "n": fl.Int8}
)
IDS, MAYBE = fl.col("ids"), fl.col("maybe")
LONG = st.integers(-(2**63), 2**63 - 1)
NEAR = st.integers(-9, 9)


def typed(expr, **layout) -> fl.FeatureSet:
    """A set with this expression as its feature `made`."""
    return make_set(feature("made", expr), inputs=INPUTS, name="bags", **layout)


def reference(expr, **row):
    """The value of an expression on a row, by the reference evaluator."""
    from featurelib.evaluate import Evaluator

    bundle = typed(expr).bind()
    values = {"ids": (), "maybe": None, "parts": (), "n": 0} | row
    return Evaluator(bundle.program, bundle.state).row(values)["made"]


@given(st.lists(LONG, max_size=8), NEAR, st.one_of(st.none(), st.integers(0, 9)))
def test_slices_are_those_of_polars(values, offset, length) -> None:
    """Offset and length mean what they mean to Polars, also for an offset before the start."""
    expected = pl.Series([values], dtype=pl.List(pl.Int64)).list.slice(offset, length)[0]
    assert reference(IDS.list.slice(offset, length), ids=tuple(values)) == tuple(expected)


@given(st.lists(LONG, max_size=8), st.integers(0, 9))
def test_head_and_tail_are_those_of_polars(values, n) -> None:
    """The first and the last n elements; a list of fewer stays whole."""
    series = pl.Series([values], dtype=pl.List(pl.Int64))
    given_ids = tuple(values)
    assert reference(IDS.list.head(n), ids=given_ids) == tuple(series.list.head(n)[0])
    assert reference(IDS.list.tail(n), ids=given_ids) == tuple(series.list.tail(n)[0])
    assert reference(IDS.list.len(), ids=given_ids) == len(values)


@given(st.integers(0, 5), st.integers(0, 5), st.one_of(NEAR, LONG), st.one_of(NEAR, LONG))
def test_slices_stay_inside_their_list(start, count, offset, length) -> None:
    """Whatever the numbers, the view is inside the list and copies nothing."""
    items = View(bytes(80), start, start + count)
    piece = list_slice(items, offset=offset, length=length)
    assert items.start <= piece.start <= piece.stop <= items.stop
    assert piece.buf is items.buf


@given(st.lists(st.one_of(st.integers(-128, 127)), max_size=8), st.integers(-128, 127))
def test_membership_is_that_of_polars(values, item) -> None:
    """A constant or a column is among the elements or not; null where the list is null."""
    expected = pl.Series([values], dtype=pl.List(pl.Int8)).list.contains(item)[0]
    assert reference(MAYBE.list.contains(item), maybe=tuple(values)) is expected
    assert reference(MAYBE.list.contains(fl.col("n")), maybe=tuple(values), n=item) is expected
    assert reference(MAYBE.list.contains(item)) is None


@given(st.lists(st.integers(-128, 127), max_size=8), st.integers(1, 2**64 - 1), st.integers(0, 99))
def test_an_element_falls_into_the_bucket_of_a_column(values, n, seed) -> None:
    """A List of ids and a column of ids are hashed alike, whatever their width."""
    buckets = reference(MAYBE.list.hash_bucket(n, seed=seed), maybe=tuple(values))
    columns = [reference(fl.col("n").hash_bucket(n, seed=seed), n=v) for v in values]
    eight = [v.to_bytes(8, "little", signed=True) for v in values]
    assert buckets == tuple(columns) == tuple(xxhash.xxh64_intdigest(b, seed) % n for b in eight)
    made = typed(MAYBE.list.hash_bucket(n)).program.outputs["made"]
    assert made.dtype == dtypes.list_type(dtypes.UINT32 if n <= 2**32 else dtypes.UINT64)


@pytest.mark.parametrize(
    ("n", "limit", "fits"), [(9, 12, 1), (9, 11, 0), (2**33, 24, 1), (2**33, 23, 0)]
)
def test_buckets_over_the_row_limit_are_null(n, limit, fits) -> None:
    """Three buckets take 12 bytes, or 24 above n = 2**32; one byte less is too little."""
    items = View(bytes(5), 1, 4)
    result, valid = list_hash_bucket_i8(items, Arena(limit), n=n, seed=0)
    assert (valid, result.stop - result.start) == (bool(fits), 3 if fits else 0)


@given(st.data(), st.sampled_from([t for t in dtypes.SCALARS.values() if t.is_integer]))
def test_elements_of_every_width_are_read_with_their_sign(data, dtype) -> None:
    """An element is the 64 bits of its value, at any place of the buffer."""
    values = data.draw(st.lists(st.integers(*dtype.bounds), min_size=1, max_size=5))
    size = dtype.bits // 8
    buf = b"".join(v.to_bytes(size, "little", signed=dtype.is_signed) for v in values)
    width = -size if dtype.is_signed else size
    assert [integer_at(buf, i, width) for i in range(len(values))] == [v % 2**64 for v in values]


def test_an_empty_list_fills_a_null_one() -> None:
    """What is filled with [] is never null, so it may stand in a layout."""
    bag = MAYBE.list.hash_bucket(1000).fill_null([])
    features = typed(bag, layout={"bag": ["made"]})
    (tensor,) = features.layout.tensors
    assert (tensor.dtype, tensor.is_ragged) == (dtypes.UINT32, True)
    assert reference(bag) == ()
    assert len(reference(bag, maybe=(1, 2, 3))) == 3
    assert reference(MAYBE.fill_null([]), maybe=(1,)) == (1,)
    with pytest.raises(DefinitionError, match="may be null") as refused:
        typed(MAYBE.list.hash_bucket(1000), layout={"bag": ["made"]})
    assert "made.fill_null([])" in refused.value.hint


@pytest.mark.parametrize(
    ("expr", "error", "message"),
    [
        (MAYBE.fill_null([1]), FeatureTypeError, r"a constant List is \[\], got \(1,\)"),
        (IDS.list.head(-1), DefinitionError, "list.head, n: .* >= 0, got -1"),
        (IDS.list.tail(True), DefinitionError, "list.tail, n: .*got True"),
        (IDS.list.slice(0, -1), DefinitionError, "list.slice, length: .* >= 0, got -1"),
        (IDS.list.slice(1 << 63), DefinitionError, "list.slice, offset: "),
        (IDS.list.contains(1.5), FeatureTypeError, r"1.5 \(float\) does not fit Int64"),
        (IDS.list.contains(fl.col("n")), FeatureTypeError, r"got \(List\(Int64\), Int8\)"),
        (IDS.list.hash_bucket(0), DefinitionError, "list.hash_bucket: .* got n=0"),
        (IDS.list.hash_bucket(9, seed=-1), DefinitionError, "seed"),
        (fl.col("parts").list.hash_bucket(9), FeatureTypeError, r"got \(List\(Float32\)\)"),
        (fl.col("n").list.len(), FeatureTypeError, r"takes \(List\), got \(Int8\)"),
    ],
    ids=str,
)
def test_what_a_list_cannot_is_refused(expr, error, message) -> None:
    """Constants that do not fit, other types, and counts below zero are named where they stand."""
    with pytest.raises(error, match=f"bags.made: .*{message}"):
        typed(expr)

"""Layouts: the tensors of a model, checked where they are defined."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

import featurelib as fl
from featurelib import dtypes
from featurelib.errors import DefinitionError
from featurelib.layout import Layout
from parity_tests.core.small_sets import feature, make_set

DENSE = feature("dense", fl.col("distance").log1p().cast(fl.Float32))
VECTOR = feature("vector", (fl.col("pax") % 3).cast(fl.UInt32).one_hot(3))
INDEX = feature("index", fl.col("carrier").vocabulary_index(max_size=8))
MAYBE = feature("maybe", fl.col("delay").cast(fl.Float32))
TEXT = feature("text", fl.col("carrier").str.slice(0, 1))


def layout_of(**tensors) -> Layout:
    """The layout of these tensors over the features of this file."""
    return make_set(DENSE, VECTOR, INDEX, MAYBE, TEXT, layout=tensors).layout


def test_numbers_and_arrays_stand_side_by_side() -> None:
    """A number takes one column, an Array its size, in the order of the members."""
    (tensor,) = layout_of(x=["vector", "dense", "small", "vector"]).tensors
    assert (tensor.dtype, tensor.widths, tensor.width) == (dtypes.FLOAT32, (3, 1, 1, 3), 8)


def test_an_input_may_stand_in_a_layout() -> None:
    """A column that a model reads as it is needs no feature."""
    (tensor,) = layout_of(x=["small"]).tensors
    assert tensor.members == ("small",)
    (tensor,) = layout_of(flags=["is_late"]).tensors
    assert tensor.dtype == dtypes.BOOL


def test_tensors_keep_their_order() -> None:
    """The order of the mapping is the order of the tensors."""
    made = layout_of(b=["dense"], a=["index"])
    assert [t.name for t in made.tensors] == ["b", "a"]


@pytest.mark.parametrize(
    "members, message, hint",
    [
        ([], "has no members", None),
        (["nosuch"], "names `nosuch`, which is no feature and no input", None),
        (["dense", "index"], r"different types \(dense: Float32, index: UInt32\)", "cast them"),
        (["dense", "distance"], "different types", ".cast(fl.Float32)"),
        (["maybe"], "member `maybe` may be null", "maybe.fill_null(...)"),
        (["delay"], "member `delay` may be null", "fill_null"),
        (["text"], "is String; a tensor holds numbers", None),
        (["leaves"], "a tensor holds numbers", None),
        (["carrier"], "a tensor holds numbers", None),
    ],
    ids=str,
)
def test_what_cannot_be_a_tensor_is_refused(members, message, hint) -> None:
    """An unknown member, mixed types, text, times and nulls are errors where the set is made."""
    with pytest.raises(DefinitionError, match=f"trips: tensor `x`.*{message}") as refused:
        layout_of(x=members)
    assert hint is None or hint in refused.value.hint


def test_a_layout_survives_json() -> None:
    """What `to_json` writes reads back equal."""
    made = layout_of(x=["vector", "dense"], ids=["index"])
    assert Layout.from_json(made.to_json()) == made


NUMBERS = [*(t for t in dtypes.SCALARS.values() if t.is_numeric), dtypes.BOOL]


def lists(layout: dict[str, list[str]], **more) -> fl.FeatureSet:
    """A set over columns that are Lists, with this layout."""
    columns = {
        "ids": list[fl.Int32],
        "weights": list[fl.Float32],
        "days": list[fl.Date],
        "maybe": list[fl.Int32] | None,
        "x": fl.Int32,
        **more,
    }
    inputs = fl.InputSchema.from_fields(columns)
    return make_set(name="bags", inputs=inputs, layout=layout)


@given(st.sampled_from(NUMBERS))
def test_a_list_is_a_ragged_tensor(element) -> None:
    """One List makes a tensor of its element type that has no width, and offsets beside it."""
    made = lists({"bag": ["made"], "x": ["x"]}, made=dtypes.list_type(element)).layout
    bag, x = made.tensors
    assert (bag.dtype, bag.widths, bag.width, bag.is_ragged) == (element, (0,), 0, True)
    assert (bag.name, bag.offsets_name) == ("bag", "bag.offsets")
    assert (x.widths, x.is_ragged) == ((1,), False)
    assert Layout.from_json(made.to_json()) == made


@given(st.integers(1, 9))
def test_an_array_is_no_list(size) -> None:
    """An Array has a width, also of 1, so other members may stand beside it."""
    made = lists({"t": ["made", "x"]}, made=dtypes.array_type(dtypes.INT32, size)).layout
    assert [(t.widths, t.is_ragged) for t in made.tensors] == [((size, 1), False)]
    alone = lists({"t": ["made"]}, made=dtypes.array_type(dtypes.INT32, size)).layout
    assert [(t.widths, t.is_ragged) for t in alone.tensors] == [((size,), False)]


@pytest.mark.parametrize(
    "layout, message, hint",
    [
        (
            {"bag": ["x", "ids"]},
            r"the List `ids` beside other members \(x: Int32, ids: List\(Int32\)\)",
            'layout={"ids": ["ids"], ...}',
        ),
        (
            {"bag": ["ids", "weights"]},
            r"\(ids: List\(Int32\), weights: List\(Float32\)\)",
            "a tensor for each",
        ),
        ({"bag": ["ids", "ids"]}, "the List `ids` beside other members", "a tensor for each"),
        ({"bag": ["maybe"]}, "member `maybe` may be null", "maybe.fill_null([])"),
        ({"bag": ["days"]}, r"is List\(Date\); a tensor holds numbers", None),
        ({"bag": ["ids"], "bag.offsets": ["x"]}, "the offsets of tensor `bag`", "rename one"),
        ({"bag.offsets": ["ids"], "bag": ["weights"]}, "the offsets of tensor `bag`", "rename one"),
    ],
    ids=str,
)
def test_what_cannot_be_a_ragged_tensor_is_refused(layout, message, hint) -> None:
    """A List stands alone, is never null, holds numbers, and its offsets' name is its own."""
    with pytest.raises(DefinitionError, match=f"bags: tensor `.*{message}") as refused:
        lists(layout)
    assert hint is None or hint in refused.value.hint


def test_a_name_that_ends_like_offsets_is_free_beside_numbers() -> None:
    """Only a ragged tensor has offsets, so only beside one is the name taken."""
    made = lists({"bag": ["x"], "bag.offsets": ["x"], "ids": ["ids"]}).layout
    assert [t.name for t in made.tensors] == ["bag", "bag.offsets", "ids"]


def test_a_bundle_keeps_ragged_tensors() -> None:
    """A bundle with lists in its layout reads back equal; where a list stands is in its print."""
    features = lists({"bag": ["ids"], "x": ["x"]})
    bundle = features.bind()
    again = fl.Bundle.from_bytes(bundle.to_bytes())
    assert again == bundle == pickle.loads(pickle.dumps(features)).bind()
    assert again.layout.tensors[0].is_ragged
    other = lists({"bag": ["weights"], "x": ["x"]}).bind()
    assert other.fingerprint != bundle.fingerprint


def test_a_ragged_tensor_is_shown_as_a_list() -> None:
    """A notebook says which tensor is a List and of what, and how wide the others are."""
    page = lists({"bag": ["ids"], "pair": ["x", "x"]})._repr_html_()
    assert "tensor bag: a List of Int32" in page
    assert "tensor pair: 2 × Int32" in page

"""Layouts: the tensors of a model, checked where they are defined."""

from __future__ import annotations

import pytest

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

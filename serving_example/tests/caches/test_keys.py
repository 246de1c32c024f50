"""Keys: equal exactly where requests are, by an oracle that compares values and not bytes."""

from __future__ import annotations

import math
import struct
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from parity_tests.soak import examples
from serving_example.caches import answerer, canonical, pair

NANS = [struct.unpack("<d", struct.pack("<Q", bits))[0] for bits in (
    0x7FF8000000000000, 0xFFF8000000000000, 0x7FF0000000000001, 0x7FF800000000BEEF,
)]  # fmt: skip
LEAVES = (
    st.none() | st.booleans() | st.integers(-2, 2) | st.integers() | st.text(max_size=3)
    | st.binary(max_size=3) | st.floats() | st.sampled_from([0.0, -0.0, 1.0, *NANS])
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=8,
)


def is_same(a: Any, b: Any) -> bool:
    """Whether two values are one request's: of one type, and equal, sign of zero included."""
    if type(a) is not type(b):
        return False
    if type(a) is float:
        if math.isnan(a) or math.isnan(b):
            return math.isnan(a) and math.isnan(b)
        return a == b and math.copysign(1, a) == math.copysign(1, b)
    if type(a) is list:
        return len(a) == len(b) and all(map(is_same, a, b))
    if type(a) is dict:
        return a.keys() == b.keys() and all(is_same(a[k], b[k]) for k in a)
    return bool(a == b)


@examples(150, soak=20_000)
@given(VALUES, VALUES)
def test_bytes_are_equal_exactly_where_values_are(a: Any, b: Any) -> None:
    """One NaN, two zeros; 1, 1.0 and True are three values; a mapping has no order."""
    assert canonical(a) == canonical(a)
    assert (canonical(a) == canonical(b)) == is_same(a, b)
    assert (canonical([a, b]) == canonical([b, a])) == is_same(a, b)


@examples(50, soak=5_000)
@given(st.integers(-(2**63), 2**63 - 1) | st.integers(), st.integers(-(2**65), 2**65))
def test_two_integers_have_the_bytes_of_their_list(a: int, b: int) -> None:
    """The short way gives the same bytes, within 64 bits and beyond."""
    assert pair(a, b) == canonical((a, b)) == canonical([a, b])


@examples(100, soak=5_000)
@given(st.lists(VALUES, max_size=4), st.lists(VALUES, max_size=4))
def test_no_value_begins_as_another_goes_on(a: Any, b: Any) -> None:
    """Keys that are put together cannot be confused: no two lists of values give one text."""
    joined = b"".join(map(canonical, a)) == b"".join(map(canonical, b))
    assert joined == is_same(a, b)


def test_arrays_are_their_type_shape_and_numbers() -> None:
    """Strides and byte order do not count; type, shape, and the sign of zero do."""
    plain = np.arange(6, dtype=np.float32).reshape(2, 3)
    same = [np.asfortranarray(plain), plain.astype(">f4"), np.arange(12, dtype="f4")[::2] / 2]
    assert canonical(plain) == canonical(same[0]) == canonical(same[1])
    assert canonical(plain.reshape(6)) == canonical(same[2])
    others = [plain.reshape(3, 2), plain.astype(np.float64), plain + 1, plain.tolist()]
    assert len({canonical(value) for value in [plain, *others]}) == 5
    odd = np.array([0x7FC00000, 0xFFC00001, 0x7F800001], np.uint32).view(np.float32)
    assert canonical(odd) == canonical(np.full(3, np.nan, np.float32))
    assert canonical(np.array([-0.0])) != canonical(np.array([0.0]))
    with pytest.raises(TypeError, match="array of numbers"):
        canonical(np.array(["a"]))


def test_what_answers_is_part_of_the_key() -> None:
    """Each part counts, and so does its place."""
    made = {answerer("a", "b"), answerer("b", "a"), answerer("ab"), answerer("a", "b", "")}
    assert len(made) == 4 and all(len(name) == 16 for name in made)


@pytest.mark.parametrize("wrong", [{1: 2}, {"a": {1}}, object(), [1, 2j]])
def test_what_is_no_plain_data_is_refused(wrong: Any) -> None:
    """A key that forgets a part of the request would answer another one."""
    with pytest.raises(TypeError, match="expected"):
        canonical(wrong)

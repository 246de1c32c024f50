"""Bits become bytes, offsets become pairs of address and length: wherever a slice begins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib.jit import arrow_bits


@settings(deadline=None)  # the first example compiles
@given(st.binary(max_size=9), st.data())
def test_bits_become_bytes_from_any_bit_on(packed, data):
    """The byte of a row is its bit, the lowest of a byte first; the zeros are counted."""
    first = data.draw(st.integers(0, 8 * len(packed)))
    rows = data.draw(st.integers(0, 8 * len(packed) - first))
    memory = np.frombuffer(packed + b"\xff", np.uint8)
    out = np.full(rows, 7, np.uint8)
    zeros = arrow_bits.expand(memory.ctypes.data, first, out)
    whole = int.from_bytes(packed, "little")
    assert out.tolist() == [whole >> (first + i) & 1 for i in range(rows)]
    assert zeros == rows - sum(out.tolist())


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@settings(deadline=None)
@given(st.lists(st.none() | st.integers(0, 40), max_size=20))
def test_offsets_become_addresses_and_lengths(dtype, lengths):
    """A text begins where the one before ends; a null has no bytes, whatever its offsets say."""
    sizes = [5 if n is None else n for n in lengths]
    ends = np.cumsum([3, *sizes]).astype(dtype)
    valid = np.array([n is not None for n in lengths], np.uint8)
    pairs = np.full((len(lengths), 2), -1, np.int64)
    wide, at = dtype is np.int64, ends.ctypes.data
    arrow_bits.pairs_of_offsets(at, wide, 1000, valid, pairs)
    assert pairs[:, 0].tolist() == [1003 + sum(sizes[:i]) for i in range(len(sizes))]
    assert pairs[:, 1].tolist() == [n or 0 for n in lengths]
    arrow_bits.pairs_of_offsets(at, wide, 1000, None, pairs)
    assert pairs[:, 1].tolist() == sizes

"""The reference evaluator: simple, and exact about nulls, NaN and text."""

from __future__ import annotations

import math
import struct

import pytest

import featurelib as fl
from featurelib.evaluate import Evaluator, enter, leave
from featurelib.intrinsics import Arena, View
from parity_tests.core.rows import bits
from parity_tests.core.small_sets import feature, fitted, make_set


def evaluate(expr, arena: Arena | None = None, **values):
    """One expression on canonical values, the rest of the row left out."""
    program = make_set(feature("f", expr)).program
    return Evaluator(program, {}, arena or Arena()).row(values)["f"]


def test_null_is_not_nan() -> None:
    """A null argument gives null; a NaN argument gives NaN."""
    twice = fl.col("delay") * 2.0
    assert evaluate(twice, delay=None) is None
    assert math.isnan(evaluate(twice, delay=math.nan))
    assert evaluate(fl.col("delay").fill_null(1.0), delay=None) == 1.0
    assert math.isnan(evaluate(fl.col("delay").fill_null(1.0), delay=math.nan))


def test_a_nan_leaves_as_the_canonical_one() -> None:
    """Whatever NaN comes in, the output has the bits that engines write."""
    odd = struct.unpack("<d", struct.pack("<Q", 0xFFF0000000000123))[0]
    assert bits(evaluate(fl.col("distance"), distance=odd)) == bits(math.nan)
    assert bits(evaluate(fl.col("distance") + 1.0, distance=odd)) == bits(math.nan)


@pytest.mark.parametrize("text", [b"", b"UA", "Zürich".encode(), "日本".encode()])
def test_text_is_bytes_of_utf8(text) -> None:
    """Text goes in and comes out as its bytes; a slice is a part of them."""
    assert evaluate(fl.col("carrier"), carrier=text) == text
    sliced = evaluate(fl.col("carrier").str.slice(1, 1), carrier=text)
    assert sliced == text.decode()[1:2].encode()


def test_text_over_the_limit_is_null() -> None:
    """The arena's row limit holds in the reference as in machine code."""
    joined = fl.concat_str([fl.col("carrier"), fl.lit("!")])
    assert evaluate(joined, Arena(3), carrier=b"UA") == b"UA!"
    assert evaluate(joined, Arena(2), carrier=b"UA") is None


def test_lists_are_tuples() -> None:
    """An Array comes out as a tuple of its elements."""
    hot = (fl.col("pax") % 4).cast(fl.UInt32).one_hot(4)
    assert evaluate(hot, pax=6) == (0.0, 0.0, 1.0, 0.0)


@pytest.mark.parametrize(
    "dtype, value",
    [
        (fl.dtypes.list_type(fl.dtypes.BOOL), (True, False)),
        (fl.dtypes.list_type(fl.dtypes.INT16), (-32768, 32767)),
        (fl.dtypes.list_type(fl.dtypes.UINT64), ((1 << 64) - 1,)),
        (fl.dtypes.array_type(fl.dtypes.FLOAT32, 2), (-0.0, 1.5)),
        (fl.dtypes.list_type(fl.dtypes.DATETIME), ()),
        (fl.dtypes.STRING, b"abc"),
        (fl.dtypes.BOOL, True),
        (fl.dtypes.INT8, None),
    ],
    ids=str,
)
def test_what_enters_leaves(dtype, value) -> None:
    """A canonical value becomes a kernel value and the same canonical value again."""
    pair = enter(value, dtype)
    assert pair[1] is (value is not None)
    assert bits(leave(pair, dtype)) == bits(value)


def test_under_a_null_stands_zero() -> None:
    """A body that runs on a null's value sees zeros or an empty view."""
    assert enter(None, fl.dtypes.FLOAT64) == (0.0, False)
    assert enter(None, fl.dtypes.STRING) == (View(b"", 0, 0), False)


def test_every_node_can_be_looked_at() -> None:
    """`nodes` gives value and flag of each node, shared ones once."""
    made = make_set(feature("f", fl.col("delay") + 1.0))
    pairs = Evaluator(made.program, {}).nodes({"delay": 2.0})
    assert [pairs[n.key] for n in made.program.nodes] == [(2.0, True), (1.0, True), (3.0, True)]


def test_fitted_values_come_from_the_state() -> None:
    """The evaluator reads scalars and tables of the state, and computes no fit."""
    made = make_set(
        feature("z", fl.col("distance") - fl.mean(fl.col("distance"))),
        feature("i", fl.col("carrier").vocabulary_index(max_size=9)),
    )
    row = Evaluator(made.program, fitted(made)).row({"distance": 2.0, "carrier": "Zürich".encode()})
    assert row == {"z": 0.5, "i": 3}

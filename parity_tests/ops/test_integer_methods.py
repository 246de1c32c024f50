"""Checked arithmetic, shifts and safe division, at every width, against numbers without one."""

from __future__ import annotations

import operator
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib import dtypes
from featurelib.dtypes import DType
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.evaluate import Evaluator
from featurelib.node import Node, input_node
from featurelib.program import Program
from featurelib.state import FittedState
from parity_tests.soak import examples

INTEGERS = [t for t in dtypes.SCALARS.values() if t.is_integer]
CHECKED = {"add": operator.add, "sub": operator.sub, "mul": operator.mul}


def value(node: Node, **row):
    """What the reference evaluator gives for a node on a row."""
    program = Program({"made": node})
    return Evaluator(program, FittedState({})).row(row)["made"]


def near_ends(dtype: DType) -> st.SearchStrategy[int]:
    """Numbers of a type, many of them close to where it ends."""
    low, high = dtype.bounds
    return st.one_of(
        st.integers(low, high), st.sampled_from([low, low + 1, high - 1, high, 0, 1, high // 2])
    )


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
@examples(25, soak=1000)
@given(st.data())
def test_checked_arithmetic_is_exact_or_null(dtype: DType, data) -> None:
    """Sum, difference and product are the true ones, or null where the type cannot hold them."""
    low, high = dtype.bounds
    a, b = data.draw(near_ends(dtype)), data.draw(near_ends(dtype))
    x, y = input_node("a", dtype, False), input_node("b", dtype, False)
    for name, exact_of in CHECKED.items():
        exact = exact_of(a, b)
        expected = exact if low <= exact <= high else None
        columns = getattr(x, f"checked_{name}")(y)
        assert (columns.dtype, columns.nullable) == (dtype, True)
        assert value(columns, a=a, b=b) == expected
        assert value(getattr(x, f"checked_{name}")(b), a=a) == expected
    if dtype.is_signed:
        assert value(x.checked_neg(), a=a) == (-a if -a <= high else None)
        assert value(x.checked_abs(), a=a) == (abs(a) if abs(a) <= high else None)


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
@examples(15, soak=300)
@given(st.data())
def test_a_shift_multiplies_or_divides_by_a_power_of_two(dtype: DType, data) -> None:
    """Left is x * 2**n at the width of the type, right is x // 2**n."""
    low, high = dtype.bounds
    a, n = data.draw(near_ends(dtype)), data.draw(st.integers(0, dtype.bits - 1))
    x = input_node("a", dtype, False)
    assert value(x.shift_left(n), a=a) == ((a << n) - low) % (high - low + 1) + low
    assert value(x.shift_right(n), a=a) == a >> n
    assert not x.shift_left(n).nullable


@given(st.floats(), st.sampled_from([0.0, -0.0, 1.5, float("inf"), float("nan")]))
def test_safe_division_is_null_by_zero_alone(a: float, b: float) -> None:
    """Null by either zero, else what `/` gives, bit for bit."""
    x, y = (input_node(n, dtypes.FLOAT64, False) for n in "ab")
    safe = value(x.safe_divide(y), a=a, b=b)
    if b == 0.0:
        assert safe is None
    else:
        assert struct.pack("<d", safe) == struct.pack("<d", value(x / y, a=a, b=b))


def test_safe_division_of_integers_is_that_of_their_floats() -> None:
    """Integers become Float64 first; a constant may stand on either side."""
    x, y = (input_node(n, dtypes.INT16, False) for n in "ab")
    assert [value(x.safe_divide(y), a=7, b=b) for b in (2, 0)] == [3.5, None]
    assert value(x.safe_divide(4), a=7) == 1.75
    assert value(x.safe_divide(0), a=7) is None


@pytest.mark.parametrize(
    "build, error, message",
    [
        (lambda f, i, u: i.shift_left(8), DefinitionError, "of Int8: expected 0 <= n < 8, got n=8"),
        (lambda f, i, u: i.shift_right(-1), DefinitionError, "got n=-1"),
        (lambda f, i, u: f.shift_left(1), FeatureTypeError, r"`shift_left` takes .* got \(Float64"),
        (lambda f, i, u: f.checked_add(f), FeatureTypeError, r"takes integers, got \(Float64, F"),
        (lambda f, i, u: i.checked_mul(u), FeatureTypeError, "do not meet in one type"),
        (lambda f, i, u: i.checked_add(300), DefinitionError, "300 .* does not fit Int8"),
        (lambda f, i, u: u.checked_neg(), FeatureTypeError, "takes signed integers, got UInt64"),
    ],
)
def test_what_cannot_be_meant_is_refused(build, error, message) -> None:
    """A wrong type or number of places is an error where the feature is defined."""
    nodes = [input_node(t.name, t, False) for t in (dtypes.FLOAT64, dtypes.INT8, dtypes.UINT64)]
    with pytest.raises(error, match=message):
        build(*nodes)

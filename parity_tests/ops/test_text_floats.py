"""Text read as floats: what Python reads, and the nearest Float32, rounded once."""

from __future__ import annotations

import struct
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from featurelib import dtypes
from featurelib.evaluate import Evaluator
from featurelib.intrinsics import Arena, View
from featurelib.node import input_node
from featurelib.ops.text_values.floats import parse_float
from featurelib.program import Program
from featurelib.state import FittedState
from parity_tests.soak import examples

TEXT = input_node("s", dtypes.STRING, False)
DIGITS = st.text("0123456789", min_size=1, max_size=40)
SHORT = st.tuples(st.integers(0, 10**19), st.integers(-30, 25)).map(lambda t: f"{t[0]}e{t[1]}")
"""Around the 18 digits and the exponents that words of 64 bits hold."""
NUMBERS = st.one_of(
    st.floats(allow_nan=False).map(repr),
    st.tuples(DIGITS, DIGITS, st.integers(-350, 330)).map(lambda t: f"{t[0]}.{t[1]}e{t[2]}"),
    SHORT,
)


def read(text: str, dtype: dtypes.DType = dtypes.FLOAT64) -> float | None:
    """What a cast gives, by the reference evaluator."""
    program = Program({"made": TEXT.cast(dtype)})
    made: float | None = Evaluator(program, FittedState({})).row({"s": text.encode()})["made"]
    return made


@examples(60, soak=20_000)
@given(NUMBERS)
def test_a_number_is_the_float_that_python_reads(text: str) -> None:
    """The nearest one, whatever the number of digits; with its sign."""
    made = read(text)
    assert made is not None
    assert struct.pack("<d", made) == struct.pack("<d", float(text))


SINGLES = st.one_of(
    st.tuples(
        st.floats(width=32, allow_nan=False, allow_infinity=False), st.sampled_from(["", "5", "49"])
    ).map(lambda t: f"{t[0]:.60f}{t[1]}"),
    SHORT,
)


@examples(60, soak=20_000)
@given(SINGLES)
def test_a_float32_is_rounded_once(text: str) -> None:
    """No other Float32 is nearer than the one that is read."""
    made = read(text, dtypes.FLOAT32)
    assert made is not None
    bits = struct.unpack("<i", struct.pack("<f", abs(made)))[0]
    beside = [struct.unpack("<f", struct.pack("<i", b))[0] for b in (bits - 1, bits + 1) if b >= 0]
    exact = abs(Fraction(text))
    for other in beside:
        if other <= 3.4028234663852886e38:
            assert abs(Fraction(abs(made)) - exact) <= abs(Fraction(other) - exact)


def test_what_has_no_room_for_exact_numbers_is_null() -> None:
    """Two integers of 560 bytes each are what a number may need."""
    text = View(b"1.5", 0, 3)
    assert parse_float(text, Arena(1120), single=False) == (1.5, True)
    assert parse_float(text, Arena(1119), single=False)[1] is False

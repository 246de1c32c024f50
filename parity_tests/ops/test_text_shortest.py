"""Floats written as text: the fewest digits that read back, in Polars' layout."""

from __future__ import annotations

import math
import struct
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import featurelib as fl
from featurelib import dtypes
from featurelib.errors import DefinitionError
from featurelib.evaluate import Evaluator
from featurelib.intrinsics import Arena, View
from featurelib.node import input_node
from featurelib.ops.text_values.shortest import power_table, text_of_float
from featurelib.program import Program
from featurelib.state import FittedState
from featurelib.tables import TableData
from featurelib_offline import fit, transform
from parity_tests.soak import amount, examples


class Numbers(fl.Schema):
    """A float of either width."""

    wide: float
    narrow: fl.Float32


FEATURES = [
    fl.Feature(f"{name}_text", version=1, expr=fl.col(name).cast(fl.String))
    for name in ("wide", "narrow")
]
SET = fl.FeatureSet("texts", version="1.0.0", inputs=Numbers, features=FEATURES)


@examples(60, soak=20_000)
@given(st.floats(), st.sampled_from([dtypes.FLOAT64, dtypes.FLOAT32]))
def test_a_float_comes_back_from_its_text(x: float, dtype: dtypes.DType) -> None:
    """Written and read, every bit is the same, that of the sign included; a NaN is the one NaN."""
    with np.errstate(over="ignore"):
        held = float(np.float32(x)) if dtype == dtypes.FLOAT32 else x
    number = input_node("x", dtype, False)
    program = Program({"text": number.cast(fl.String), "back": number.cast(fl.String).cast(dtype)})
    made = Evaluator(program, FittedState({})).row({"x": held})
    assert struct.pack("<d", made["back"]) == struct.pack("<d", math.nan if x != x else held)
    assert len(made["text"]) <= 24


def test_random_bits_are_written_as_polars_and_with_the_digits_of_numpy() -> None:
    """The compiled body agrees with both on random bits, powers of two and short decimals."""
    n = amount(4000, soak=1_000_000)
    draw = np.random.default_rng(20)
    wide = draw.integers(0, 2**64, n, dtype=np.uint64).view(np.float64)
    short = draw.integers(0, 10**9, n) / 10.0 ** draw.integers(0, 12, n)
    wide = np.concatenate([wide, short, np.ldexp(1.0, np.arange(-1074, 1024))])
    narrow = draw.integers(0, 2**32, len(wide), dtype=np.uint32).view(np.float32)
    narrow[-277:] = np.ldexp(1.0, np.arange(-149, 128)).astype(np.float32)
    frame = pl.DataFrame({"wide": wide, "narrow": narrow})
    made = transform(SET.bind(fit(SET, frame)), frame)
    for name in ("wide", "narrow"):
        texts = made[f"{name}_text"]
        assert texts.equals(frame[name].cast(pl.String).rename(texts.name))
        for x, text in zip(frame[name].to_numpy(), texts, strict=True):
            if np.isfinite(x):
                assert Decimal(text) == Decimal(np.format_float_scientific(x)), repr(x)


@pytest.mark.parametrize(
    ("x", "size"), [(-2.2250738585072014e-308, 24), (1.0, 3), (float("nan"), 3), (-1e16, 6)]
)
def test_a_text_over_the_row_limit_is_null(x: float, size: int) -> None:
    """A text of n bytes takes a limit of n; one byte less gives null, and writes nothing."""
    data, count = power_table().encode()
    powers = View(data, 0, count)
    made, valid = text_of_float(x, powers, Arena(size), single=False)
    assert (valid, made.stop - made.start) == (True, size)
    made, valid = text_of_float(x, powers, Arena(size - 1), single=False)
    assert (valid, made.stop - made.start) == (False, 0)


def test_other_powers_are_refused() -> None:
    """A bundle cannot bring a table that the body would read beyond."""
    with pytest.raises(DefinitionError, match="here are -292 to 324"):
        TableData("powers_of_ten", (-1, 1)).encode()

"""What leaves machine code: canonical NaN, zeros under nulls, outputs of every sort."""

from __future__ import annotations

import math

import numpy as np
import pytest

import featurelib as fl
from featurelib.errors import CompileError
from featurelib.jit.kernel import Column, Kernel
from parity_tests.core.rows import edge_rows, machine_rows, reference_rows
from parity_tests.core.small_sets import feature, fitted, make_set

X = fl.col("distance")


def _run(
    made: fl.FeatureSet, columns: dict[str, Column], rows: int, **options
) -> dict[str, Column]:
    kernel = Kernel(made.program, {}, **options)
    out = kernel.run([columns[n] for n in kernel.inputs], rows)
    return dict(zip(made.program.outputs, out, strict=True))


NANS = [0x7FF0000000000001, 0xFFF8000000000000, 0x7FFFFFFFFFFFFFFF, 0x7FF8000000000000]
SMALL_NANS = [0x7F800001, 0xFFC00000, 0x7FFFFFFF, 0x7FC00000]


@pytest.mark.parametrize("wide", [True, False])
def test_every_nan_leaves_as_the_canonical_one(wide) -> None:
    """Sign, payload and signalling of a NaN that came in, or arose, are gone at the exit."""
    made = make_set(
        feature("same", X),
        feature("scaled", X * -1.0),
        feature("undefined", (X - X) / (X - X)),
        feature("small_same", fl.col("small")),
        feature("small_scaled", fl.col("small") * -1.0),
        feature("narrowed", X.cast(fl.Float32)),
    )
    columns = {
        "distance": Column(np.array(NANS, "<u8").view("<f8"), None),
        "small": Column(np.array(SMALL_NANS, "<u4").view("<f4"), None),
    }
    for name, out in _run(made, columns, 4, wide=wide).items():
        words = out.values.view(f"<u{out.values.itemsize}").tolist()
        assert words == [0x7FF8 << 48 if out.values.itemsize == 8 else 0x7FC00000] * 4, name


@pytest.mark.parametrize("wide", [True, False])
def test_the_value_under_a_null_is_zero(wide) -> None:
    """Bytes under a null are zeros of the type, so equal columns have equal bytes."""
    made = make_set(
        feature("float", fl.col("delay")),
        feature("sum", fl.col("delay") + 1.0),
        feature("narrow", fl.col("gate") + 1),
        feature("truth", fl.col("is_full")),
        feature("text", fl.col("tail")),
        feature("same_day", fl.col("day")),
        feature("cast", fl.col("delay").cast(fl.Int32)),
        feature("none", fl.when(fl.col("is_full")).then(5).otherwise(None)),
    )
    columns = {
        "delay": Column(np.array([7.5]), np.zeros(1, np.uint8)),
        "gate": Column(np.array([7], np.int8), np.zeros(1, np.uint8)),
        "is_full": Column(np.ones(1, np.uint8), np.zeros(1, np.uint8)),
        "tail": Column(np.full((1, 2), 77, np.int64), np.zeros(1, np.uint8)),
        "day": Column(np.array([7], np.int32), np.zeros(1, np.uint8)),
    }
    for name, out in _run(made, columns, 1, wide=wide).items():
        assert out.valid.tolist() == [0], name
        assert not out.values.view(np.uint8).any(), name


def test_text_over_the_row_limit_is_null() -> None:
    """At the limit a text is there; one byte more and it is null, in both meanings."""
    made = make_set(feature("twice", fl.concat_str([fl.col("carrier"), fl.col("carrier")])))
    rows = [{"carrier": b"x" * n} for n in (0, 7, 8, 9, 200)]
    expected = reference_rows(made.program, {}, rows, limit=16)
    assert [r["twice"][1] is None for r in expected] == [False, False, False, True, True]
    for wide in (True, False):
        assert machine_rows(made.program, {}, rows, wide=wide, limit=16) == expected


def test_outputs_that_are_inputs_constants_or_one_another() -> None:
    """An output may be an input, a constant, a fitted value, or the very node of another output."""
    made = make_set(
        feature("copy", X),
        feature("again", X),
        feature("sum", X + 1.0),
        feature("same_sum", fl.col("sum")),
        feature("text", fl.col("carrier")),
        feature("number", fl.lit(2.5)),
        feature("word", fl.lit("Zürich")),
        feature("truth", fl.lit(True)),
        feature("nan", fl.lit(math.nan)),
        feature("top", fl.lit((1 << 64) - 1)),
        feature("mean", fl.mean(X)),
    )
    state = fitted(made, -0.0)
    rows = [{"distance": -0.0, "carrier": b""}, {"distance": 3.0, "carrier": b"abc"}]
    expected = reference_rows(made.program, state, rows)
    for wide in (True, False):
        assert machine_rows(made.program, state, rows, wide=wide) == expected


def test_products_and_sums_are_rounded_apart() -> None:
    """No multiply-add is contracted: x * y - z is rounded twice, as CPython rounds it."""
    a = 1.0 + 2.0**-30
    made = make_set(feature("f", X * X - (1.0 + 2.0**-29)))
    rows = [{"distance": a}] * 9
    expected = reference_rows(made.program, {}, rows)
    assert a * a - (1.0 + 2.0**-29) == 0.0  # fused it would be 2**-60
    for wide in (True, False):
        assert machine_rows(made.program, {}, rows, wide=wide) == expected


def test_garbage_under_a_null_is_harmless() -> None:
    """A cast that failed leaves any bits in a register; what is computed from them is null."""
    seats = fl.col("seats")
    when = seats.cast(fl.Datetime).dt.convert_time_zone("Europe/Paris")
    made = make_set(
        feature("hour", when.dt.hour()),
        feature("month", when.dt.truncate("1mo")),
        feature("digit", seats.cast(fl.Int8) * 2),
        feature("among", X.cast(fl.Int16).is_in([0, 1])),
    )
    big = (1 << 63) - 1
    odd = [(big, math.nan), (-big - 1, 1e300), (0, -0.5), (-1, 1.0), (253402300799999999, 4e4)]
    rows = [{"seats": s, "distance": d} for s, d in odd]
    expected = reference_rows(made.program, {}, rows)
    for wide in (True, False):
        assert machine_rows(made.program, {}, rows, wide=wide) == expected


def test_a_program_of_300_features() -> None:
    """A large set compiles as a whole, and every output is in its place."""
    parts = [X, fl.col("small"), fl.col("seats"), fl.col("delay")]
    features = [
        feature(f"f{i}", (parts[i % 4] * (i % 7 + 1) + parts[(i + 1) % 4]).clip(-5, i))
        for i in range(300)
    ]
    made = make_set(*features)
    rows = edge_rows(6)
    expected = reference_rows(made.program, {}, rows)
    assert machine_rows(made.program, {}, rows, wide=False) == expected


@pytest.mark.parametrize("limit", [-1, 1 << 62, 15, 16.0, True, None], ids=repr)
def test_a_row_limit_that_cannot_hold_an_array_is_refused(limit) -> None:
    """An Array is never null, so a limit below its size is refused before anything is compiled."""
    made = make_set(feature("hot", (fl.col("pax") % 4).cast(fl.UInt32).one_hot(4)))
    with pytest.raises(CompileError, match="row limit"):
        Kernel(made.program, {}, limit=limit)
    rows = [{"pax": 7}]
    expected = reference_rows(made.program, {}, rows)
    assert machine_rows(made.program, {}, rows, limit=16) == expected

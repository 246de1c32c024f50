"""NumPy arrays, and pandas frames, as columns."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import featurelib as fl
from featurelib import borders
from featurelib.errors import FieldValueError, InputError
from featurelib.fields import InputSchema
from featurelib.parity.golden_values import same_bits
from featurelib_online.columns import read_columns
from parity_tests.online.all_types import stored
from parity_tests.online.test_arrow_columns import field_of

UTC = dt.datetime(2013, 1, 1, 5, tzinfo=dt.UTC)


def read(data: Any, dtype: str, *, nullable: bool = True) -> list[Any]:
    """The canonical values that a kernel would see in column `x` of a mapping or frame."""
    field = field_of(dtype, nullable)
    bundle: Any = SimpleNamespace(name="flights", schema=InputSchema("S", (field,)))
    columns, rows = read_columns(data, bundle)
    return [stored(columns["x"], field.dtype, row) for row in range(rows)]


TAKEN = [
    (np.array([True, False]), "fl.Bool", [True, False]),
    (np.array([2, 0], np.uint8).view(bool), "fl.Bool", [True, False]),
    (np.array([-128, 127], np.int64), "fl.Int8", [-128, 127]),
    (np.array([5, 6], np.uint8), "fl.Int64", [5, 6]),
    (np.array([2**64 - 1], np.uint64), "fl.UInt64", [2**64 - 1]),
    (np.array([1, 2], ">i4"), "fl.Int32", [1, 2]),
    (np.arange(10)[::-3], "fl.Int64", [9, 6, 3, 0]),
    (np.array([1.5, np.nan, -0.0], np.float32), "fl.Float64", [1.5, float("nan"), -0.0]),
    (np.array([0.1]), "fl.Float32", [float(np.float32(0.1))]),
    (np.array([1.5], np.float16), "fl.Float32", [1.5]),
    (np.array([3, 4], np.int8), "fl.Float64", [3.0, 4.0]),
    (np.array(["é", "", "abc"]), "fl.String", ["é".encode(), b"", b"abc"]),
    (np.array(["é", "abc"], np.dtypes.StringDType()), "fl.String", ["é".encode(), b"abc"]),
    (np.array(["a", None, "b"], object), "fl.String", [b"a", None, b"b"]),
    (np.array([None, None], object), "fl.String", [None, None]),
    (np.array([1, None, np.int8(3)], object), "fl.Float64", [1.0, None, 3.0]),
    (np.array([UTC, None]), "fl.Datetime", [1_357_016_400_000_000, None]),
    (np.array(["2013-01-01", "NaT"], "M8[D]"), "fl.Date", [15_706, None]),
    (np.array([5, -1], "m8[ms]"), "fl.Duration", [5_000, -1_000]),
    (np.array([2, "NaT"], "m8[h]"), "fl.Duration", [7_200_000_000, None]),
    (np.array([3, "NaT"], "m8[10ms]"), "fl.Duration", [30_000, None]),
    (np.array([[1, 2], [3, 4]], np.int8), "list[fl.Int16]", [(1, 2), (3, 4)]),
    (np.array([[1, 2], [3, 4]]).T, "Annotated[list[fl.Float32], fl.Size(2)]", [(1, 3), (2, 4)]),
    (np.empty((2, 0)), "list[fl.Float64]", [(), ()]),
    (np.array([[1], None, []], object), "list[fl.Int8]", [(1,), None, ()]),
    (np.ma.masked_array([1.5, 2.5], [False, True]), "fl.Float64", [1.5, None]),
    (np.ma.masked_array(["a", "b"], [True, False]), "fl.String", [None, b"b"]),
]


@pytest.mark.parametrize("array, dtype, expected", TAKEN, ids=lambda v: ascii(v)[:40])
def test_arrays_that_lose_nothing_are_taken(array: Any, dtype: str, expected: list[Any]) -> None:
    """Widening where every value is the same; None, NaT and a mask are null."""
    got, kind = read({"x": array}, dtype), field_of(dtype).dtype
    assert len(got) == len(expected)
    assert all(same_bits(a, b, kind) for a, b in zip(got, expected, strict=True)), got


REFUSED = [
    (np.array([1, 0]), "fl.Bool", "a column of NumPy int64"),
    (np.array([True]), "fl.Int8", "a column of NumPy bool"),
    (np.array([128]), "fl.Int8", "got 128 (int) in row 0"),
    (np.array([1.0]), "fl.Int8", "a column of NumPy float64"),
    (np.array([2**53 + 1]), "fl.Float64", "not exact in Float64"),
    (np.array([1e39]), "fl.Float32", "outside Float32"),
    (np.array([1 + 1j]), "fl.Float64", "complex128"),
    (np.array([b"a"]), "fl.String", "a column of NumPy |S1"),
    (np.array(["a", "\ud800"]), "fl.String", "in row 1: a lone surrogate"),
    (np.array(["a", 1], object), "fl.String", "got 1 (int) in row 1"),
    (np.array(["1"]), "fl.Int8", "'1'"),
    (np.array(["2013-01-01T05"], "M8[us]"), "fl.Datetime", "has no time zone"),
    (np.array(["2013-01-01T05"], "M8[us]"), "fl.Date", "numpy.datetime64"),
    (np.array(["2013-01"], "M8[M]"), "fl.Date", "datetime64[D]"),
    (np.array([7], "m8[ns]"), "fl.Duration", "nanoseconds would be lost"),
    (np.array([1], "m8[M]"), "fl.Duration", "no fixed length"),
    (np.array([2**62], "m8[h]"), "fl.Duration", "64 bits of microseconds"),
    (np.array([1]), "fl.Duration", "a column of NumPy int64"),
    (np.array([[1.0]]), "list[fl.Int8]", "a column of"),
    (np.array([[300]]), "list[fl.Int8]", "[0]"),
    (np.array([[1, 2, 3]]), "Annotated[list[fl.Int8], fl.Size(2)]", "expected 2 elements"),
    (np.ma.masked_array([[1, 2]], [[True, False]]), "list[fl.Int8]", "may not be null"),
    (np.zeros((1, 1, 1)), "list[fl.Float64]", "one dimension"),
    (np.array(1.0), "fl.Float64", "no rows"),
    ([1.0], "fl.Float64", "a column as list"),
]


@pytest.mark.parametrize("array, dtype, text", REFUSED, ids=lambda v: ascii(v)[:40])
def test_arrays_that_would_change_are_refused(array: Any, dtype: str, text: str) -> None:
    """With set, field, type and what is wrong."""
    with pytest.raises(FieldValueError, match="flights: field `x") as caught:
        read({"x": array}, dtype)
    assert text in str(caught.value)


LIMITED = [
    ("Annotated[float, fl.Constraints(finite=True)]", [1.0, float("nan")]),
    ("Annotated[float, fl.Constraints(finite=True)]", [-1.0, float("-inf")]),
    ("Annotated[float, fl.Constraints(ge=0, lt=2)]", [-0.0, 1.5, 2.0]),
    ("Annotated[float, fl.Constraints(gt=0)]", [1.0, float("nan")]),
    ("Annotated[fl.Float32, fl.Constraints(le=0.1)]", [0.1, 0.1000000001, 0.11]),
    ("Annotated[fl.Int8, fl.Constraints(ge=-3)]", [-3, -4]),
    ("Annotated[fl.UInt64, fl.Constraints(one_of=(1, 2))]", [1, 3]),
    ("Annotated[str, fl.Constraints(one_of=('a', 'é'))]", ["a", "é", "e"]),
    ("Annotated[str, fl.Constraints(max_length=2)]", ["éé", "", "abc"]),
    ("Annotated[list[int], fl.Constraints(max_length=1)]", [[], [1], [1, 2]]),
    ("Annotated[list[float], fl.Constraints(finite=True)]", [[1.0], [], [1.0, float("inf")]]),
]


@pytest.mark.parametrize("as_arrow", [False, True])
@pytest.mark.parametrize("dtype, values", LIMITED)
def test_constraints_hold_as_for_rows(dtype: str, values: list[Any], as_arrow: bool) -> None:
    """The first row that the border for values refuses is refused, in its words."""
    good = [*values[:-1]] * 5
    field, bad = field_of(dtype), [*good, None, values[-1], values[-1]]
    with pytest.raises(FieldValueError) as expected:
        borders.canonical(values[-1], field, where="flights", row=len(good) + 1)

    def column(of: list[Any]) -> Any:
        if as_arrow or isinstance(of[0], str | list):
            return pa.array(of)
        return np.ma.masked_array([v or 0 for v in of], [v is None for v in of])

    taken = read({"x": column([*good, None])}, dtype)
    assert taken == [borders.canonical(v, field) for v in [*good, None]]
    with pytest.raises(FieldValueError) as caught:
        read({"x": column(bad)}, dtype)
    assert str(caught.value) == str(expected.value)
    assert caught.value.row == len(good) + 1


def test_a_pandas_frame_is_read_as_the_border_says() -> None:
    """NaN in a float column is null where the field is nullable, and only there."""
    frame = pd.DataFrame({"x": [1.5, np.nan]})
    assert read(frame, "fl.Float64") == [1.5, None]
    assert np.isnan(read(frame, "fl.Float64", nullable=False)[1])
    columns = [
        (pd.Series([1, None], dtype="Int64"), "fl.Int8", [1, None]),
        (pd.Series([True, None], dtype=object), "fl.Bool", [True, None]),
        (pd.Series(["a", None]), "fl.String", [b"a", None]),
        (pd.Series(pd.Categorical(["a", None])), "fl.String", [b"a", None]),
        (pd.Series([UTC, None]), "fl.Datetime", [1_357_016_400_000_000, None]),
        (pd.Series([1, 2]), "fl.Float64", [1.0, 2.0]),
    ]
    for column, dtype, expected in columns:
        assert read(column.to_frame("x"), dtype) == expected
    with pytest.raises(FieldValueError, match="flights: field `x`"):
        read(pd.DataFrame({"x": ["a", 1]}, dtype=object), "fl.String")
    with pytest.raises(InputError, match="stands twice"):
        read(pd.DataFrame([[1.0, 2.0]], columns=["x", "x"]), "fl.Float64")


def test_columns_that_a_schema_ignores_are_not_read() -> None:
    """With extra="ignore" another column may be of any kind and length."""
    schema = fl.InputSchema.from_fields({"x": float}, extra="ignore")
    bundle: Any = SimpleNamespace(name="flights", schema=schema)
    columns, rows = read_columns({"y": object(), "x": np.array([1.0])}, bundle)
    assert rows == 1 and list(columns) == ["x"]


@settings(deadline=None)
@given(st.lists(st.none() | st.text(max_size=6)), st.data())
def test_texts_as_objects_are_what_they_are_in_rows(texts, data):
    """Any texts, missing ones and a mask over some: UTF-8 bytes, and null under None or mask."""
    hidden = data.draw(st.lists(st.booleans(), min_size=len(texts), max_size=len(texts)))
    column = np.ma.masked_array(np.array(texts, object), hidden or False)
    expected = [
        None if text is None or gone else text.encode()
        for text, gone in zip(texts, hidden, strict=True)
    ]
    assert read({"x": column}, "fl.String") == expected


def test_a_missing_text_is_refused_where_none_may_be():
    """None in a column that is not nullable is named with its row, behind texts that are fine."""
    with pytest.raises(FieldValueError, match="row 2"):
        read({"x": np.array(["a", "", None], object)}, "fl.String", nullable=False)

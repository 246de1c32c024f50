"""Columns between Polars and the kernel ABI."""

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib import dtypes
from featurelib.errors import FeatureTypeError
from featurelib.jit.kernel import Column
from featurelib_offline.columns import frame_columns, series, series_column
from featurelib_offline.types import polars_type

LONG = "more than twelve bytes, é included"
VALUES: list[tuple[dtypes.DType, list[Any]]] = [
    (dtypes.BOOL, [True, None, False]),
    (dtypes.INT8, [-128, None, 127]),
    (dtypes.UINT64, [2**64 - 1, None, 0]),
    (dtypes.FLOAT32, [1.5, None, -0.0]),
    (dtypes.FLOAT64, [0.1, None, float("inf")]),
    (dtypes.STRING, ["é", None, LONG, "", "exactly12345", "exactly123456"]),
    (dtypes.DATE, [dt.date.min, None, dt.date.max]),
    (dtypes.DATETIME, [dt.datetime(2013, 1, 1, tzinfo=dt.UTC), None]),
    (dtypes.DURATION, [dt.timedelta(-1), None]),
    (dtypes.list_type(dtypes.INT32), [[1, 2], None, []]),
    (dtypes.list_type(dtypes.BOOL), [[True], None, [False, True]]),
    (dtypes.array_type(dtypes.FLOAT32, 2), [[1.0, 2.0], None, [3.0, 4.0]]),
    (dtypes.array_type(dtypes.BOOL, 3), [[True, False, True], None, [False] * 3]),
]


@pytest.mark.parametrize("with_nulls", [True, False])
@pytest.mark.parametrize("dtype, values", VALUES, ids=[str(t) for t, _ in VALUES])
def test_slices_come_back_as_they_went(dtype: Any, values: list[Any], with_nulls: bool) -> None:
    """A slice at any offset and of any length keeps its values and nulls."""
    plain = [v for v in values if with_nulls or v is not None]
    whole = pl.Series("x", plain * 20, dtype=polars_type(dtype))
    for start, length in [(0, len(whole)), (1, 11), (7, 9), (8, 8), (13, 0), (9, 1)]:
        part = whole.slice(start, length)
        column = series_column(part, dtype)
        assert (column.valid is None) == (part.null_count() == 0)
        back = series("x", column, dtype)
        assert back.dtype == part.dtype
        assert back.to_list() == part.to_list()


@given(st.lists(st.one_of(st.none(), st.text(max_size=20)), max_size=40), st.integers(0, 9))
@settings(deadline=None, max_examples=50)
def test_text_comes_in_as_addresses_of_its_utf8(values: list[str | None], start: int) -> None:
    """Each pair is the address and length of the row's UTF-8; a null has length 0."""
    import ctypes

    part = pl.Series("x", values, dtype=pl.String).slice(start)
    column = series_column(part, dtypes.STRING)
    for (address, length), value in zip(column.values.tolist(), part.to_list(), strict=True):
        assert ctypes.string_at(address, length) == (value or "").encode()
    assert series("x", column, dtypes.STRING).to_list() == part.to_list()


def test_chunks_and_appended_frames_are_one_column() -> None:
    """A series of several chunks gives one contiguous column."""
    parts = [pl.Series("x", ["a", LONG, None]).slice(1), pl.Series("x", [None, "b" * 13])]
    whole = pl.concat(parts, rechunk=False)
    assert series("x", series_column(whole, dtypes.STRING), dtypes.STRING).to_list() == (
        whole.to_list()
    )


def test_flags_that_are_all_set_mean_no_null() -> None:
    """An output with flags but no null has no validity bitmap."""
    column = Column(np.array([1.0, 2.0]), np.ones(2, np.uint8))
    assert series("x", column, dtypes.FLOAT64).null_count() == 0


def test_columns_come_in_the_order_asked_for() -> None:
    """A kernel's inputs are taken by name, in its order."""
    frame = pl.DataFrame({"a": [1], "b": [2.0], "c": ["x"]})
    columns = frame_columns(frame, {"b": dtypes.FLOAT64, "a": dtypes.INT64})
    assert [c.values.tolist() for c in columns] == [[2.0], [1]]


def test_a_column_of_another_type_is_refused() -> None:
    """A kernel is never given a column of another width or unit."""
    with pytest.raises(FeatureTypeError, match="reads Int32"):
        series_column(pl.Series("x", [1]), dtypes.INT32)

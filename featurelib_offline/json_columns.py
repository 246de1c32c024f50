"""Columns of JSON values: how a batch of parsed values becomes a Polars series, nothing guessed.

The quick way takes a column whose values all have the exact Python types that its field expects.
Everything else goes value by value through the border, which converts it or names it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from featurelib.dtypes import DType
from featurelib_offline.text_columns import parse
from featurelib_offline.types import polars_type

__all__ = ["canonical_series", "quick_series", "source_type"]

_NULL = type(None)
_EXACT = 2.0**53
"""Every smaller integer is a float."""
_REFUSED = (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError)


def source_type(dtype: DType) -> pl.DataType:
    """The Polars type of what `quick_series` gives; the border of columns makes `dtype` of it."""
    if dtype.inner is not None:
        return pl.List(source_type(dtype.inner))
    return pl.Float64() if dtype.is_float else polars_type(dtype)


def quick_series(values: Sequence[Any], dtype: DType) -> pl.Series | None:
    """The values as `source_type` has them; None if one of them needs a closer look."""
    kinds = set(map(type, values))
    kinds.discard(_NULL)
    if dtype.inner is not None:
        return _quick_lists(values, dtype.inner) if kinds <= {list} else None
    if not kinds <= _kinds(dtype):
        return None
    text = dtype.name in ("Date", "Datetime")
    try:
        made = pl.Series("", values, pl.String() if text else source_type(dtype), strict=True)
    except _REFUSED:
        return None
    if text:
        times = made.to_frame().select(parse(pl.col(""), dtype)).to_series()
        return times if times.null_count() == made.null_count() else None
    if dtype.is_float:
        # What is infinite was written like 1e400; an integer may have been rounded on its way.
        if made.is_infinite().any():
            return None
        if int in kinds and not (made.abs() < _EXACT).all():
            return None
    return made


def _quick_lists(values: Sequence[list[Any] | None], inner: DType) -> pl.Series | None:
    items = quick_series(list(chain.from_iterable(filter(None, values))), inner)
    if items is None:
        return None
    # Polars' own way from Python makes a series of every list.
    offsets = np.zeros(len(values) + 1, np.int64)
    np.cumsum([0 if value is None else len(value) for value in values], out=offsets[1:])
    null = pa.array([value is None for value in values], pa.bool_())
    return pl.Series("", pa.LargeListArray.from_arrays(offsets, items.to_arrow(), mask=null))


def _kinds(dtype: DType) -> set[type]:
    if dtype.is_integer:
        return {int}
    if dtype.is_float:
        return {float, int}
    if dtype.name == "Bool":
        return {bool}
    return {str} if dtype.name in ("String", "Date", "Datetime") else set()


def canonical_series(values: Sequence[Any], dtype: DType) -> pl.Series:
    """Canonical values (see `featurelib.borders`) as a series of the type."""
    if dtype.name == "String":
        values = [None if v is None else v.decode() for v in values]
    elif dtype.inner is not None:
        values = [None if v is None else list(v) for v in values]
    made = pl.Series("", values, _physical(dtype), strict=True)
    return made.cast(polars_type(dtype))


def _physical(dtype: DType) -> pl.DataType:
    """What Polars holds numbers and times in; a Float32 comes rounded, as Float64."""
    if dtype.inner is not None:
        inner = _physical(dtype.inner)
        return pl.List(inner) if dtype.size is None else pl.Array(inner, dtype.size)
    if dtype.name == "Date":
        return pl.Int32()
    return pl.Int64() if dtype.is_temporal else source_type(dtype)

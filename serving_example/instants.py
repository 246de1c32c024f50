"""Moments as the example keeps them, microseconds since 1970, and as Python has them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

__all__ = ["instant", "microseconds", "microseconds_of"]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


def instant(moment: int) -> dt.datetime:
    """The moment as an aware datetime in UTC."""
    return _EPOCH + moment * _MICROSECOND


def microseconds(moment: dt.datetime) -> int:
    """An aware datetime in microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def microseconds_of(times: pl.Series) -> np.ndarray[Any, Any]:
    """A column of times in microseconds since 1970: int64."""
    return times.to_physical().to_numpy()

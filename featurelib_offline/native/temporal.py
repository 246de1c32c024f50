"""Parts of dates and UTC times in Polars. Zones go to the column kernel: its table is pinned."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import polars as pl

from featurelib.node import Node
from featurelib_offline.native.registry import lower

_PARTS = (
    *("year", "quarter", "month", "day", "ordinal_day", "weekday", "week", "iso_year"),
    *("is_leap_year", "hour", "minute", "second", "millisecond", "microsecond"),
)


def _part(node: Node, args: Sequence[pl.Expr], *, name: str) -> pl.Expr | None:
    if node.args[0].dtype.zone not in (None, "UTC"):
        return None
    part: pl.Expr = getattr(args[0].dt, name)()
    return part


for _name in _PARTS:
    lower(f"dt.{_name}@1", domain="Date, and Datetime in UTC")(partial(_part, name=_name))

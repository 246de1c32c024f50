"""Bounds and sets of values in Polars."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from featurelib.node import LITERAL, Node
from featurelib.tables import TableData
from featurelib_offline.native.registry import lower
from featurelib_offline.types import polars_type


@lower("clip@1", domain="numbers between constants that are no NaN, lower <= upper")
def clip(node: Node, args: Sequence[pl.Expr]) -> pl.Expr | None:
    if not node.dtype.is_numeric or any(a.op != LITERAL for a in node.args[1:]):
        return None
    x, low, high = args
    bottom, top = (a.param["value"] for a in node.args[1:])
    if bottom is None:
        return None if top is None or top != top else _at_most(x, high, node)
    if top is None:
        return pl.when(x < low).then(low).otherwise(x) if bottom == bottom else None
    if not bottom <= top:
        return None
    return pl.when(x < low).then(low).otherwise(_at_most(x, high, node))


def _at_most(x: pl.Expr, high: pl.Expr, node: Node) -> pl.Expr:
    above = (x > high) & x.is_not_nan() if node.dtype.is_float else x > high
    return pl.when(above).then(high).otherwise(x)


@lower("is_in@1", domain="integers, text and times in a constant set")
def is_in(node: Node, args: Sequence[pl.Expr]) -> pl.Expr | None:
    x, values = node.args
    if values.op != LITERAL or x.dtype.is_float:
        return None
    table: TableData = values.param["value"]
    plain = pl.String() if x.dtype.name == "String" else polars_type(x.dtype)
    if x.dtype.is_temporal:
        held = pl.Series(table.content, dtype=pl.Int32 if x.dtype.name == "Date" else pl.Int64)
        members = held.cast(plain)
    else:
        members = pl.Series(table.content, dtype=plain)
    return args[0].is_in(pl.lit(members.implode()))

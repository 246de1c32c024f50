"""Bounds and sets of values in Polars."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from featurelib.node import LITERAL, Node
from featurelib.tables import TableData
from featurelib_offline.native.registry import lower
from featurelib_offline.types import polars_type


@lower("clip@1", domain="numbers between constants that are neither null nor NaN, lower <= upper")
def clip(node: Node, args: Sequence[pl.Expr]) -> pl.Expr | None:
    bounds = [a.param["value"] if a.op == LITERAL else None for a in node.args[1:]]
    if not node.dtype.is_numeric or any(b is None or b != b for b in bounds):
        return None
    # Polars' clip moves a zero between zeros of other signs; a choice does not.
    x, (low, high) = args[0], args[1:]
    if bounds[0] > bounds[1]:
        return None
    return pl.when(x < low).then(low).when((x > high) & _is_number(x, node)).then(high).otherwise(x)


def _is_number(x: pl.Expr, node: Node) -> pl.Expr:
    return x.is_not_nan() if node.dtype.is_float else pl.lit(True)


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

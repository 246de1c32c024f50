"""Casts in Polars: what does not fit is null there too, if the cast is not strict."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from featurelib.node import Node
from featurelib_offline.native.registry import lower
from featurelib_offline.types import polars_type


@lower("retype@1", domain="numbers and times, but for a Datetime to another zone")
def retype(node: Node, args: Sequence[pl.Expr]) -> pl.Expr | None:
    source = node.args[0].dtype
    if source.kind == "v" or (source.name == "Datetime" and node.dtype.name == "Datetime"):
        return None
    return args[0].cast(polars_type(node.dtype))


@lower(
    "cast_signed@1",
    "cast_unsigned@1",
    "cast_signed_to_unsigned@1",
    "cast_unsigned_to_signed@1",
    "widen_unsigned_to_signed@1",
    "cast_to_float64@1",
    "cast_to_float32@1",
    "cast_float_to_signed@1",
    "cast_float_to_unsigned@1",
    "cast_bool_to_signed@1",
    "cast_bool_to_unsigned@1",
    "cast_bool_to_float@1",
    domain="between numbers and truth values",
)
def cast(node: Node, args: Sequence[pl.Expr]) -> pl.Expr | None:
    if node.dtype.is_temporal or node.args[0].dtype.is_temporal:
        return None
    return args[0].cast(polars_type(node.dtype), strict=False)


@lower("cast_to_bool@1")
def cast_to_bool(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    return args[0] != 0

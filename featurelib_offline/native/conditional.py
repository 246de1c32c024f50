"""Conditions and missing values in Polars."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from featurelib.node import Node
from featurelib_offline.native.registry import lower


def _of_floats(node: Node) -> bool:
    return node.args[0].dtype.is_float


@lower("if_else@1")
def if_else(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    condition, then, otherwise = args
    return pl.when(condition).then(then).otherwise(otherwise)


@lower("is_null@1")
def is_null(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    return args[0].is_null()


@lower("is_not_null@1")
def is_not_null(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    return args[0].is_not_null()


@lower("fill_null@1")
def fill_null(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    return args[0].fill_null(args[1])


@lower("is_nan@1", domain="floats")
def is_nan(node: Node, args: Sequence[pl.Expr]) -> pl.Expr | None:
    return args[0].is_nan() if _of_floats(node) else None


@lower("is_not_nan@1", domain="floats")
def is_not_nan(node: Node, args: Sequence[pl.Expr]) -> pl.Expr | None:
    return args[0].is_not_nan() if _of_floats(node) else None


@lower("is_finite@1", domain="floats")
def is_finite(node: Node, args: Sequence[pl.Expr]) -> pl.Expr | None:
    return args[0].is_finite() if _of_floats(node) else None


@lower("is_infinite@1", domain="floats")
def is_infinite(node: Node, args: Sequence[pl.Expr]) -> pl.Expr | None:
    return args[0].is_infinite() if _of_floats(node) else None


@lower("fill_nan@1")
def fill_nan(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    x, value = args
    return pl.when(x.is_nan()).then(value).otherwise(x)

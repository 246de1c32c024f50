"""Comparison in Polars: NaN equals itself and is the greatest there too."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from featurelib.node import Node
from featurelib_offline.native.registry import lower


@lower("eq@1")
def eq(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    return args[0] == args[1]


@lower("ne@1")
def ne(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    return args[0] != args[1]


@lower("lt@1")
def lt(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    return args[0] < args[1]


@lower("le@1")
def le(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    return args[0] <= args[1]


@lower("gt@1")
def gt(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    return args[0] > args[1]


@lower("ge@1")
def ge(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    return args[0] >= args[1]


@lower("eq_missing@1")
def eq_missing(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    return args[0].eq_missing(args[1])


@lower("ne_missing@1")
def ne_missing(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    return args[0].ne_missing(args[1])

"""Text in Polars: lengths, ends, slices. To search inside a text the column kernel is faster."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from featurelib.node import Node
from featurelib_offline.native.registry import lower


@lower("str.len_bytes@1")
def len_bytes(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    return args[0].str.len_bytes()


@lower("str.len_chars@1")
def len_chars(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    return args[0].str.len_chars()


@lower("str.starts_with@1")
def starts_with(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    return args[0].str.starts_with(args[1])


@lower("str.ends_with@1")
def ends_with(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    return args[0].str.ends_with(args[1])


@lower("str.slice@1")
def slice_(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    return args[0].str.slice(node.param["offset"], node.param["length"])

"""Kleene logic in Polars; integers bit by bit go to the column kernel."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from featurelib.node import Node
from featurelib_offline.native.registry import lower


def _of_bools(node: Node) -> bool:
    return all(a.dtype.name == "Bool" for a in node.args)


@lower("and_@1", domain="truth values")
def and_(node: Node, args: Sequence[pl.Expr]) -> pl.Expr | None:
    return args[0] & args[1] if _of_bools(node) else None


@lower("or_@1", domain="truth values")
def or_(node: Node, args: Sequence[pl.Expr]) -> pl.Expr | None:
    return args[0] | args[1] if _of_bools(node) else None


@lower("xor@1", domain="truth values")
def xor(node: Node, args: Sequence[pl.Expr]) -> pl.Expr | None:
    return args[0] ^ args[1] if _of_bools(node) else None


@lower("not_@1", domain="truth values")
def not_(node: Node, args: Sequence[pl.Expr]) -> pl.Expr | None:
    return ~args[0] if _of_bools(node) else None

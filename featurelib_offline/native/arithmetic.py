"""Arithmetic in Polars: bodies compute 64 bits wide, and `narrow` brings the result back."""

from __future__ import annotations

import math
from collections.abc import Sequence

import polars as pl

from featurelib.node import INPUT, LITERAL, Node
from featurelib.program import topological
from featurelib_offline.native.registry import lower, widened
from featurelib_offline.types import polars_type


@lower("add@1")
def add(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    a, b = widened(node, args)
    return a + b


@lower("sub@1")
def sub(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    a, b = widened(node, args)
    return a - b


@lower("mul@1")
def mul(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    a, b = widened(node, args)
    return a * b


@lower("truediv@1", domain="a divisor that varies by row, or a power of two")
def truediv(node: Node, args: Sequence[pl.Expr]) -> pl.Expr | None:
    # By a constant, Polars multiplies with the reciprocal, which is rounded once more.
    if not _varies(node.args[1]) and not _has_exact_reciprocal(node.args[1]):
        return None
    a, b = widened(node, args)
    return a / b


def _varies(node: Node) -> bool:
    return any(n.op == INPUT for n in topological([node], through_fits=False))


def _has_exact_reciprocal(node: Node) -> bool:
    """Whether 1 / x is no subnormal, and exact: x is a power of two, below 2**1022."""
    if node.op != LITERAL or not isinstance(node.param["value"], float):
        return False
    mantissa, exponent = math.frexp(node.param["value"])
    return abs(mantissa) == 0.5 and -1021 <= exponent <= 1022


@lower("floordiv@1", "floordiv_nonzero@1")
def floordiv(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    a, b = widened(node, args)
    return a // b


@lower("mod@1", "mod_nonzero@1")
def mod(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    a, b = widened(node, args)
    return a % b


@lower("neg@1")
def neg(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    (a,) = widened(node, args)
    return -a


@lower("abs@1")
def abs_(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    (a,) = widened(node, args)
    return a.abs()


@lower("narrow_float@1", "narrow_signed@1", "narrow_unsigned@1")
def narrow(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    if node.dtype.is_float:
        return args[0].cast(polars_type(node.dtype))
    return args[0].cast(polars_type(node.dtype), wrap_numerical=True)


@lower("floor@1", domain="floats")
def floor(node: Node, args: Sequence[pl.Expr]) -> pl.Expr | None:
    return widened(node, args)[0].floor() if node.args[0].dtype.is_float else None


@lower("ceil@1", domain="floats")
def ceil(node: Node, args: Sequence[pl.Expr]) -> pl.Expr | None:
    return widened(node, args)[0].ceil() if node.args[0].dtype.is_float else None

"""Arithmetic in Polars: bodies compute 64 bits wide, and `narrow` brings the result back.

Polars 2.1 rewrites float arithmetic with a constant: `x + 0.0` is x (so -0.0 stays), and `x / c` is
x times the rounded 1/c (2.5 / 1.5 is an ulp off). Both are outside the domains here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import polars as pl

from featurelib.node import LITERAL, Node
from featurelib_offline.native.registry import is_constant, lower, widened
from featurelib_offline.types import polars_type

_NO_ZERO = "integers; floats beside columns and constants that are not zero"
_NONZERO = "by a constant that is not zero"


@lower("add@1", domain=_NO_ZERO)
def add(node: Node, args: Sequence[pl.Expr]) -> pl.Expr | None:
    a, b = widened(node, args)
    return None if _may_add_zero(node) else a + b


@lower("sub@1", domain=_NO_ZERO)
def sub(node: Node, args: Sequence[pl.Expr]) -> pl.Expr | None:
    a, b = widened(node, args)
    return None if _may_add_zero(node) else a - b


def _may_add_zero(node: Node) -> bool:
    """Whether a float argument is a constant that is zero, or one that only a fit knows."""
    if not node.dtype.is_float:
        return False
    return any(is_constant(a) and (a.op != LITERAL or not a.param["value"]) for a in node.args)


@lower("mul@1")
def mul(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    a, b = widened(node, args)
    return a * b


@lower("truediv@1", domain="a divisor that varies by row, or a power of two")
def truediv(node: Node, args: Sequence[pl.Expr]) -> pl.Expr | None:
    # By a constant, Polars multiplies with the reciprocal, which is rounded once more.
    if is_constant(node.args[1]) and not _has_exact_reciprocal(node.args[1]):
        return None
    a, b = widened(node, args)
    return a / b


def _has_exact_reciprocal(node: Node) -> bool:
    """Whether 1 / x is no subnormal, and exact: x is a power of two, below 2**1022."""
    if node.op != LITERAL or not isinstance(node.param["value"], float):
        return False
    mantissa, exponent = math.frexp(node.param["value"])
    return abs(mantissa) == 0.5 and -1021 <= exponent <= 1022


@lower("floordiv@1")
def floordiv(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    a, b = widened(node, args)
    return a // b


@lower("floordiv_nonzero@1", domain=_NONZERO)
def floordiv_nonzero(node: Node, args: Sequence[pl.Expr]) -> pl.Expr | None:
    a, b = widened(node, args)
    return a // b if _is_nonzero(node.args[1]) else None


@lower("mod@1")
def mod(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    a, b = widened(node, args)
    return a % b


@lower("mod_nonzero@1", domain=_NONZERO)
def mod_nonzero(node: Node, args: Sequence[pl.Expr]) -> pl.Expr | None:
    a, b = widened(node, args)
    return a % b if _is_nonzero(node.args[1]) else None


def _is_nonzero(divisor: Node) -> bool:
    return divisor.op == LITERAL and bool(divisor.param["value"])


@lower("neg@1")
def neg(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    (a,) = widened(node, args)
    return -a


@lower("abs@1")
def abs_(node: Node, args: Sequence[pl.Expr]) -> pl.Expr:
    (a,) = widened(node, args)
    return a.abs()


@lower(
    "narrow_float@1",
    "narrow_signed@1",
    "narrow_unsigned@1",
    domain="to a narrow type of as many bits",
)
def narrow(node: Node, args: Sequence[pl.Expr]) -> pl.Expr | None:
    if node.dtype.bits != node.param.get("bits", 32):
        return None
    if node.dtype.is_float:
        return args[0].cast(polars_type(node.dtype))
    return args[0].cast(polars_type(node.dtype), wrap_numerical=True)


@lower("floor@1", domain="floats")
def floor(node: Node, args: Sequence[pl.Expr]) -> pl.Expr | None:
    return widened(node, args)[0].floor() if node.args[0].dtype.is_float else None


@lower("ceil@1", domain="floats")
def ceil(node: Node, args: Sequence[pl.Expr]) -> pl.Expr | None:
    return widened(node, args)[0].ceil() if node.args[0].dtype.is_float else None

"""Arithmetic: + - * / // % neg abs sign. Integers wrap at their declared width."""

from featurelib.dtypes import Float64, Int64
from featurelib.intrinsics import (
    f64_abs,
    f64_div,
    f64_floor,
    i64_add,
    i64_floordiv,
    i64_mod,
    i64_mul,
    i64_sub,
    u64_add,
    u64_div,
    u64_mod,
    u64_mul,
    u64_sub,
)
from featurelib.op import Float, Nulls, Signed, Unsigned, op


@op("add", version=1, promote=True)
def add(a: Float, b: Float) -> Float:
    """Sum; integers wrap at their width."""
    return a + b


@add.body
def add_signed(a: Signed, b: Signed) -> Signed:
    return i64_add(a, b)


@add.body
def add_unsigned(a: Unsigned, b: Unsigned) -> Unsigned:
    return u64_add(a, b)

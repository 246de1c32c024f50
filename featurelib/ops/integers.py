"""Integers: shifts, arithmetic that is null instead of wrapping, and division that is null by zero.

The checked ops are bodies for 64 bits. A narrower type needs none: its numbers are computed in
64 bits, where they cannot overflow, and cast back, which is null out of range.
"""

from typing import Any

from featurelib.dtypes import INT64, UINT64, DType, Int64, UInt64
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.intrinsics import (
    i64_add,
    i64_and,
    i64_floordiv,
    i64_mod,
    i64_mul,
    i64_shl,
    i64_shr,
    i64_sub,
    i64_xor,
    u64_add,
    u64_from_i64,
    u64_mul,
    u64_mulhi,
    u64_shl,
    u64_shr,
    u64_sub,
)
from featurelib.node import Node, apply, literal
from featurelib.op import Nulls, Signed, Unsigned, method, op

_SMALLEST = -9223372036854775808


@op("shift_left", version=1, public=False)
def shift_left(x: Signed, *, n: Int64) -> Signed:
    """The bits of x moved n places up, 0 <= n < width; what passes the top is lost."""
    return i64_shl(x, n)


@shift_left.body
def shift_left_unsigned(x: Unsigned, *, n: Int64) -> Unsigned:
    return u64_shl(x, n)


@op("shift_right", version=1, public=False)
def shift_right(x: Signed, *, n: Int64) -> Signed:
    """The bits of x moved n places down, 0 <= n < width; the sign is kept: x // 2**n."""
    return i64_shr(x, n)


@shift_right.body
def shift_right_unsigned(x: Unsigned, *, n: Int64) -> Unsigned:
    return u64_shr(x, n)


@op("checked_add", version=1, nulls=Nulls.MAYBE, public=False)
def checked_add(a: Int64, b: Int64) -> Int64:
    """Sum; null where it does not fit 64 bits."""
    total = i64_add(a, b)
    # It overflows where both terms have one sign and the sum has the other.
    return total, i64_and(i64_xor(a, total), i64_xor(b, total)) >= 0


@checked_add.body
def checked_add_unsigned(a: UInt64, b: UInt64) -> UInt64:
    total = u64_add(a, b)
    return total, total >= a


@op("checked_sub", version=1, nulls=Nulls.MAYBE, public=False)
def checked_sub(a: Int64, b: Int64) -> Int64:
    """Difference; null where it does not fit 64 bits, an unsigned one below zero too."""
    difference = i64_sub(a, b)
    return difference, i64_and(i64_xor(a, b), i64_xor(a, difference)) >= 0


@checked_sub.body
def checked_sub_unsigned(a: UInt64, b: UInt64) -> UInt64:
    return u64_sub(a, b), a >= b


@op("checked_mul", version=1, nulls=Nulls.MAYBE, public=False)
def checked_mul(a: Int64, b: Int64) -> Int64:
    """Product; null where it does not fit 64 bits."""
    product = i64_mul(a, b)
    # Only a product that did not wrap gives b back; the one that hides it is -1 * -2**63.
    fits = i64_floordiv(product, a) == b and i64_mod(product, a) == 0
    return product, a == 0 or (fits and not (a == -1 and b == _SMALLEST))


@checked_mul.body
def checked_mul_unsigned(a: UInt64, b: UInt64) -> UInt64:
    return u64_mul(a, b), u64_mulhi(a, b) == u64_from_i64(0)


@method("shift_left")
def shift_up(x: Node, n: int) -> Node:
    """The bits of an integer moved n places up, zeros behind them; what passes the top is lost."""
    return apply(shift_left, (x,), {"n": _places("shift_left", x, n)})


@method("shift_right")
def shift_down(x: Node, n: int) -> Node:
    """The bits of an integer moved n places down; a signed one keeps its sign: x // 2**n."""
    return apply(shift_right, (x,), {"n": _places("shift_right", x, n)})


@method("checked_add")
def add_or_null(a: Any, b: Any) -> Node:
    """Sum of integers; null where the type cannot hold it."""
    return _checked("checked_add", a, b)


@method("checked_sub")
def sub_or_null(a: Any, b: Any) -> Node:
    """Difference of integers; null where the type cannot hold it."""
    return _checked("checked_sub", a, b)


@method("checked_mul")
def mul_or_null(a: Any, b: Any) -> Node:
    """Product of integers; null where the type cannot hold it."""
    return _checked("checked_mul", a, b)


@method("checked_neg")
def neg_or_null(x: Node) -> Node:
    """Minus x; null for the smallest integer of the type, which has no opposite."""
    return _but_smallest("checked_neg", x, "neg")


@method("checked_abs")
def abs_or_null(x: Node) -> Node:
    """x without its sign; null for the smallest integer of the type."""
    return _but_smallest("checked_abs", x, "abs")


@method("safe_divide")
def divide_or_null(a: Any, b: Any) -> Node:
    """`/`, but null where b is zero, -0.0 included; a NaN stays NaN."""
    divisor = b.nullif(0) if isinstance(b, Node) else literal(b).nullif(0)
    quotient: Node = a / divisor
    return quotient


def _places(what: str, x: Node, n: int) -> int:
    bits = x.dtype.bits if x.dtype.is_integer else 64
    if type(n) is not int or not 0 <= n < bits:
        raise DefinitionError(f"`{what}` of {x.dtype}: expected 0 <= n < {bits}, got n={n!r}")
    return n


def _checked(name: str, a: Any, b: Any) -> Node:
    common = apply(name.removeprefix("checked_"), (a, b)).dtype
    if not common.is_integer:
        raise FeatureTypeError(f"`{name}` takes integers, got {_types(a, b)}")
    wide = _wide(name, common)
    made = apply(name, tuple(_as(x, common, wide) for x in (a, b)))
    narrowed: Node = made.cast(common)
    return narrowed


def _wide(name: str, common: DType) -> DType:
    """64 bits in which the result of two numbers of a type is exact, if it is a narrower one."""
    is_signed = common.is_signed or (common.bits < 64 and name != "checked_mul")
    return INT64 if is_signed else UINT64


def _as(x: Any, common: DType, wide: DType) -> Any:
    return (x if isinstance(x, Node) else literal(x, common)).cast(wide)


def _but_smallest(name: str, x: Node, op_name: str) -> Node:
    if not x.dtype.is_signed:
        raise FeatureTypeError(f"`{name}` takes signed integers, got {x.dtype}")
    made: Node = apply(op_name, (x,)).nullif(x.dtype.bounds[0])
    return made


def _types(*operands: Any) -> str:
    named = (str(x.dtype) if isinstance(x, Node) else repr(x) for x in operands)
    return "(" + ", ".join(named) + ")"

"""Arithmetic: + - * / // % neg abs sign. Integers wrap at their declared width.

Bodies add and multiply 64 bits wide; where the type is narrower the program adds one of the
`narrow` ops. Division of integers by zero is null, so `floordiv` and `mod` of integers may give
null; by a non-zero constant they cannot, and of floats they follow IEEE 754: three ops each, chosen
by the methods `floordiv` and `mod`.
"""

from typing import Any

from featurelib.dtypes import FLOAT64, Int64
from featurelib.intrinsics import (
    f64_abs,
    f64_copysign,
    f64_div,
    f64_floor,
    f64_round_f32,
    i64_add,
    i64_floordiv,
    i64_mod,
    i64_mul,
    i64_shl,
    i64_shr,
    i64_sub,
    u64_add,
    u64_div,
    u64_from_i64,
    u64_mod,
    u64_mul,
    u64_shl,
    u64_shr,
    u64_sub,
)
from featurelib.node import LITERAL, Node, apply
from featurelib.op import Float, Nulls, Signed, Unsigned, method, op


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


@op("sub", version=1, promote=True)
def sub(a: Float, b: Float) -> Float:
    """Difference; integers wrap at their width, unsigned ones below zero too."""
    return a - b


@sub.body
def sub_signed(a: Signed, b: Signed) -> Signed:
    return i64_sub(a, b)


@sub.body
def sub_unsigned(a: Unsigned, b: Unsigned) -> Unsigned:
    return u64_sub(a, b)


@op("mul", version=1, promote=True)
def mul(a: Float, b: Float) -> Float:
    """Product; integers wrap at their width."""
    return a * b


@mul.body
def mul_signed(a: Signed, b: Signed) -> Signed:
    return i64_mul(a, b)


@mul.body
def mul_unsigned(a: Unsigned, b: Unsigned) -> Unsigned:
    return u64_mul(a, b)


@op("truediv", version=1, promote=True)
def truediv(a: Float, b: Float) -> Float:
    """IEEE 754 quotient: x / 0 is an infinity, 0 / 0 is NaN. Integers are cast to Float64 first."""
    return f64_div(a, b)


@op("floordiv", version=1, nulls=Nulls.MAYBE, promote=True)
def floordiv(a: Signed, b: Signed) -> Signed:
    """Integer quotient rounded towards minus infinity; by zero it is null.

    The smallest integer of a type by -1 wraps to itself.
    """
    return i64_floordiv(a, b), b != 0


@floordiv.body
def floordiv_unsigned(a: Unsigned, b: Unsigned) -> Unsigned:
    return u64_div(a, b), b != u64_from_i64(0)


@op("floordiv_nonzero", version=1, promote=True, public=False)
def floordiv_nonzero(a: Signed, b: Signed) -> Signed:
    """`floordiv` by a constant that is not zero: never null by itself."""
    return i64_floordiv(a, b)


@floordiv_nonzero.body
def floordiv_nonzero_unsigned(a: Unsigned, b: Unsigned) -> Unsigned:
    return u64_div(a, b)


@op("floordiv_float", version=1, promote=True, public=False)
def floordiv_float(a: Float, b: Float) -> Float:
    """floor(a / b) in IEEE 754 arithmetic, as in Polars: x // 0 is an infinity or NaN."""
    return f64_floor(f64_div(a, b))


@op("mod", version=1, nulls=Nulls.MAYBE, promote=True)
def mod(a: Signed, b: Signed) -> Signed:
    """Remainder of the floored quotient: it has the sign of `b`; by zero it is null."""
    return i64_mod(a, b), b != 0


@mod.body
def mod_unsigned(a: Unsigned, b: Unsigned) -> Unsigned:
    return u64_mod(a, b), b != u64_from_i64(0)


@op("mod_nonzero", version=1, promote=True, public=False)
def mod_nonzero(a: Signed, b: Signed) -> Signed:
    """`mod` by a constant that is not zero: never null by itself."""
    return i64_mod(a, b)


@mod_nonzero.body
def mod_nonzero_unsigned(a: Unsigned, b: Unsigned) -> Unsigned:
    return u64_mod(a, b)


@op("mod_float", version=1, promote=True, public=False)
def mod_float(a: Float, b: Float) -> Float:
    """a - b * floor(a / b), each step rounded, as in Polars; NaN where `b` is 0 or infinite."""
    return a - b * f64_floor(f64_div(a, b))


@op("neg", version=1)
def neg(a: Float) -> Float:
    """Minus a; the smallest integer of a type wraps to itself. Unsigned types have none."""
    return -a


@neg.body
def neg_signed(a: Signed) -> Signed:
    return i64_sub(0, a)


@op("abs", version=1)
def abs_(a: Float) -> Float:
    """a without its sign; the smallest integer of a type wraps to itself, as in Polars."""
    return f64_abs(a)


@abs_.body
def abs_signed(a: Signed) -> Signed:
    return i64_sub(0, a) if a < 0 else a


@abs_.body
def abs_unsigned(a: Unsigned) -> Unsigned:
    return a


@op("sign", version=1)
def sign(a: Float) -> Float:
    """-1, 0 or 1 in the type of `a`; -0.0, 0.0 and NaN are kept."""
    if a != a or a == 0.0:
        return a
    return f64_copysign(1.0, a)


@sign.body
def sign_signed(a: Signed) -> Signed:
    if a < 0:
        return -1
    return 1 if a > 0 else 0


@sign.body
def sign_unsigned(a: Unsigned) -> Unsigned:
    return u64_from_i64(0) if a == u64_from_i64(0) else u64_from_i64(1)


@op("narrow_float", version=1, public=False)
def narrow_float(x: Float) -> Float:
    """x rounded once to binary32."""
    return f64_round_f32(x)


@op("narrow_signed", version=1, public=False)
def narrow_signed(x: Signed, *, bits: Int64) -> Signed:
    """The low `bits` bits of x, read as a signed integer."""
    return i64_shr(i64_shl(x, i64_sub(64, bits)), i64_sub(64, bits))


@op("narrow_unsigned", version=1, public=False)
def narrow_unsigned(x: Unsigned, *, bits: Int64) -> Unsigned:
    """The low `bits` bits of x."""
    return u64_shr(u64_shl(x, i64_sub(64, bits)), i64_sub(64, bits))


@method("truediv")
def divide(a: Any, b: Any) -> Any:
    """`/`: integers become Float64 first, except beside a Float column, which decides the type."""
    if not _any_float(a, b):
        a, b = _to_float64(a), _to_float64(b)
    return apply(truediv, (a, b))


@method("floordiv")
def divide_floor(a: Any, b: Any) -> Any:
    """`//`: rounded down; null by an integer zero."""
    if _any_float(a, b):
        return apply(floordiv_float, (a, b))
    return apply(floordiv_nonzero if _is_nonzero_constant(b) else floordiv, (a, b))


@method("mod")
def remainder(a: Any, b: Any) -> Any:
    """`%`: what `//` leaves; null by an integer zero."""
    if _any_float(a, b):
        return apply(mod_float, (a, b))
    return apply(mod_nonzero if _is_nonzero_constant(b) else mod, (a, b))


def _any_float(*operands: Any) -> bool:
    return any(isinstance(x, Node) and x.dtype.is_float for x in operands)


def _to_float64(x: Any) -> Any:
    if isinstance(x, Node):
        return x.cast(FLOAT64) if x.dtype.is_integer else x
    return float(x) if type(x) is int else x


def _is_nonzero_constant(x: Any) -> bool:
    if isinstance(x, Node):
        return x.op == LITERAL and x.param["value"] not in (None, 0)
    return type(x) is int and x != 0

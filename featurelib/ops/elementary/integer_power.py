"""Powers of integers, and the methods `pow` and `log` that choose among ops."""

import math
from typing import Any

from featurelib.dtypes import FLOAT64, Int64
from featurelib.errors import DefinitionError
from featurelib.intrinsics import (
    i64_and,
    i64_from_u64,
    i64_mul,
    i64_shr,
    u64_and,
    u64_clz,
    u64_from_i64,
    u64_mul,
    u64_shr,
)
from featurelib.op import Nulls, Signed, Unsigned, kernel_function, method, op


@kernel_function
def natural_signed(x, n):
    """x to the power n modulo 2**64; 1 for a negative n."""
    result = 1
    square = x
    left = n
    while left > 0:  # at most 63 times
        result = i64_mul(result, square) if i64_and(left, 1) == 1 else result
        square = i64_mul(square, square)
        left = i64_shr(left, 1)
    return result


@kernel_function
def natural_unsigned(x, n):
    """x to the power n modulo 2**64."""
    result = u64_and(1, 1)
    square = x
    left = n
    while u64_clz(left) < 64:  # at most 64 times
        result = u64_mul(result, square) if i64_from_u64(u64_and(left, 1)) == 1 else result
        square = u64_mul(square, square)
        left = u64_shr(left, 1)
    return result


@op("pow_natural", version=1, public=False)
def pow_natural(x: Signed, *, n: Int64) -> Signed:
    """x to a constant power n >= 0, wrapping at its width."""
    return natural_signed(x, n)


@pow_natural.body
def pow_natural_unsigned(x: Unsigned, *, n: Int64) -> Unsigned:
    return natural_unsigned(x, u64_from_i64(n))


@op("pow_integer", version=1, nulls=Nulls.MAYBE, promote=True, public=False)
def pow_integer(x: Signed, y: Signed) -> Signed:
    """x to the power y, wrapping at its width; null for a negative y."""
    return natural_signed(x, y), y >= 0


@pow_integer.body
def pow_integer_unsigned(x: Unsigned, y: Unsigned) -> Unsigned:
    return natural_unsigned(x, y), True


def _is_whole(value: Any) -> bool:
    if hasattr(value, "dtype"):
        return bool(value.dtype.is_integer)
    return isinstance(value, int) and not isinstance(value, bool)


@method("pow")
def pow_method(x: Any, y: Any) -> Any:
    """x to the power y: an integer of integers, wrapping at its width, else a float (see `pow`).

    An integer to the power of a negative integer column is null.

    Raises:
        DefinitionError: An integer to the power of a negative constant.
    """
    from featurelib.node import apply

    if isinstance(y, int) and _is_whole(x) and _is_whole(y):
        if y < 0:
            raise DefinitionError(
                f"pow: of an integer, expected an exponent >= 0, got {y}",
                hint=f"cast the base: x.cast(fl.Float64) ** {y}",
            )
        return apply("pow_natural", (x,), {"n": y})
    if _is_whole(x) and _is_whole(y):
        return apply("pow_integer", (x, y), {})
    floats = (v.cast(FLOAT64) if hasattr(v, "dtype") and _is_whole(v) else v for v in (x, y))
    return apply("pow", tuple(floats), {})


@method("log")
def log_method(x: Any, base: float = math.e) -> Any:
    """Logarithm to base e, 2 or 10, each an op of its own with its own accuracy.

    Raises:
        DefinitionError: Another base.
    """
    from featurelib.node import apply

    names = {math.e: "log", 2: "log2", 10: "log10"}
    if base not in names:
        raise DefinitionError(
            f"log: expected base e, 2 or 10, got base={base!r}",
            hint="divide by a constant: x.log() / math.log(base)",
        )
    return apply(names[base], (x,), {})

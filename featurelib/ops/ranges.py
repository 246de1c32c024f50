"""Values against bounds and sets: min and max of columns, clip, is_between, is_in.

NaN is not a bound: the minimum and maximum skip it as they skip nulls, and `clip` ignores it. Of
two equal values the second is taken, which shows for -0.0 and 0.0 alone. All as in Polars.
"""

from typing import Any

from featurelib import expr, literals
from featurelib.dtypes import INT64, Bool, DType, String
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.intrinsics import (
    i64_add,
    i64_shl,
    i64_shr,
    load_f64,
    load_i64,
    load_u64_le,
)
from featurelib.node import Node, apply, literal
from featurelib.op import (
    Float,
    FloatTable,
    Nulls,
    Signed,
    SignedTable,
    StringTable,
    Temporal,
    TypeSet,
    Unsigned,
    UnsignedTable,
    method,
    op,
)
from featurelib.ops.comparison import Discrete, text_less
from featurelib.ops.string_table import table_find
from featurelib.tables import TableData

SignedLike = TypeSet("SignedLike", Signed.names | Temporal.names)
"""Types held as a signed 64-bit integer."""


def _if_both(*nullables: bool) -> bool:
    return all(nullables)


@op("max_horizontal", version=1, nulls=Nulls.EXPLICIT, promote=True, nullable=_if_both)
def max_horizontal(a: Float, b: Float) -> Float:
    """The greater of two; nulls are skipped, NaN too where the other is a number."""
    if not a[1] or not b[1]:
        return a if a[1] else b
    return a if a[0] > b[0] or b[0] != b[0] else b


@max_horizontal.body
def max_discrete(a: Discrete, b: Discrete) -> Discrete:
    if not a[1] or not b[1]:
        return a if a[1] else b
    return a if a[0] > b[0] else b


@max_horizontal.body
def max_bool(a: Bool, b: Bool) -> Bool:
    if not a[1] or not b[1]:
        return a if a[1] else b
    return a[0] or b[0], True


@max_horizontal.body
def max_text(a: String, b: String) -> String:
    if not a[1] or not b[1]:
        return a if a[1] else b
    return a if text_less(b[0], a[0]) else b


@op("min_horizontal", version=1, nulls=Nulls.EXPLICIT, promote=True, nullable=_if_both)
def min_horizontal(a: Float, b: Float) -> Float:
    """The lesser of two; nulls are skipped, NaN too where the other is a number."""
    if not a[1] or not b[1]:
        return a if a[1] else b
    return a if a[0] < b[0] or b[0] != b[0] else b


@min_horizontal.body
def min_discrete(a: Discrete, b: Discrete) -> Discrete:
    if not a[1] or not b[1]:
        return a if a[1] else b
    return a if a[0] < b[0] else b


@min_horizontal.body
def min_bool(a: Bool, b: Bool) -> Bool:
    if not a[1] or not b[1]:
        return a if a[1] else b
    return a[0] and b[0], True


@min_horizontal.body
def min_text(a: String, b: String) -> String:
    if not a[1] or not b[1]:
        return a if a[1] else b
    return a if text_less(a[0], b[0]) else b


@op("clip", version=1, nulls=Nulls.EXPLICIT, promote=True, nullable=lambda x, low, high: x)
def clip(x: Float, low: Float, high: Float) -> Float:
    """x brought between two bounds; a null or NaN bound is none, NaN stays, `low` wins."""
    if low[1] and x[0] < low[0]:
        return low[0], x[1]
    if high[1] and x[0] > high[0]:
        return high[0], x[1]
    return x


@clip.body
def clip_discrete(x: Discrete, low: Discrete, high: Discrete) -> Discrete:
    if low[1] and x[0] < low[0]:
        return low[0], x[1]
    if high[1] and x[0] > high[0]:
        return high[0], x[1]
    return x


@op("is_in", version=1, public=False)
def is_in(x: Float, values: FloatTable) -> Bool:
    """Whether x is in a sorted `f64` table; NaN is found, -0.0 and 0.0 are one value."""
    low, high = 0, values.stop
    while low < high:
        middle = i64_shr(i64_add(low, high), 1)
        value = load_f64(values.buf, middle)
        if value < x or (x != x and value == value):
            low = i64_add(middle, 1)
        else:
            high = middle
    if low == values.stop:
        return False
    value = load_f64(values.buf, low)
    return value == x or (value != value and x != x)


@is_in.body
def is_in_signed(x: SignedLike, values: SignedTable) -> Bool:
    low, high = 0, values.stop
    while low < high:
        middle = i64_shr(i64_add(low, high), 1)
        if load_i64(values.buf, middle) < x:
            low = i64_add(middle, 1)
        else:
            high = middle
    return low < values.stop and load_i64(values.buf, low) == x


@is_in.body
def is_in_unsigned(x: Unsigned, values: UnsignedTable) -> Bool:
    low, high = 0, values.stop
    while low < high:
        middle = i64_shr(i64_add(low, high), 1)
        if load_u64_le(values.buf, i64_shl(middle, 3)) < x:
            low = i64_add(middle, 1)
        else:
            high = middle
    return low < values.stop and load_u64_le(values.buf, i64_shl(low, 3)) == x


@is_in.body
def is_in_text(x: String, values: StringTable) -> Bool:
    return table_find(values, x) >= 0


@method("is_in")
def in_constants(x: Node, other: Any) -> Node:
    """Whether the value is one of a list of constants; a null stays null."""
    if isinstance(other, (str, bytes)) or not isinstance(other, (list, tuple, set, frozenset)):
        raise DefinitionError(f"`is_in` takes a list of constants, got {other!r}")
    if any(v is None for v in other):
        raise DefinitionError(
            f"`is_in`: expected values, got None in {list(other)!r}",
            hint="a null is in no list; write x.is_in([...]) | x.is_null()",
        )
    values = {literals.to_kernel(v, x.dtype) for v in other}
    if x.dtype.name == "Bool":
        x, values = x.cast(INT64), {int(v) for v in values}
    return apply(is_in, (x, _sorted_table(values, x.dtype)))


def _sorted_table(values: set[Any], dtype: DType) -> TableData:
    if dtype.is_float:
        numbers = sorted({v + 0.0 for v in values if v == v})
        return TableData(
            "f64", (*numbers, *([float("nan")] if any(v != v for v in values) else []))
        )
    if dtype.name == "String":
        return TableData("strings", tuple(v.decode() for v in sorted(values)))
    if dtype.kind not in "iu":
        raise FeatureTypeError(f"`is_in` takes numbers, text, truth values or time, got {dtype}")
    return TableData("u64" if dtype.kind == "u" else "i64", tuple(sorted(values)))


@method("is_between")
def is_between(x: Any, lower_bound: Any, upper_bound: Any, closed: str = "both") -> Node:
    """Whether the value lies between two bounds; `closed` is both, left, right or none."""
    if closed not in ("both", "left", "right", "none"):
        raise DefinitionError(
            "`is_between`: expected closed='both', 'left', 'right' or 'none', "
            f"got closed={closed!r}"
        )
    above = apply("ge" if closed in ("both", "left") else "gt", (x, lower_bound))
    below = apply("le" if closed in ("both", "right") else "lt", (x, upper_bound))
    return apply("and_", (above, below))


@method("clip")
def clip_between(x: Node, lower_bound: Any = None, upper_bound: Any = None) -> Node:
    """The value, or the bound that it passes; None is no bound."""
    bounds = (lower_bound, upper_bound)
    plain = not any(isinstance(b, Node) or b is None for b in bounds)
    if plain:
        low, high = (literals.to_kernel(b, x.dtype) for b in bounds)
        if low > high:
            raise DefinitionError(
                f"`clip`: expected lo <= hi, got lo={lower_bound}, hi={upper_bound}"
            )
    low, high = (literal(None, x.dtype) if b is None else b for b in bounds)
    return apply(clip, (x, low, high))


@method("max_horizontal")
def max_of(first: Any, *others: Any) -> Any:
    """The greatest of several, expressions or nodes; nulls are skipped."""
    for other in others:
        first = expr.apply(max_horizontal, (first, other), {})
    return first


@method("min_horizontal")
def min_of(first: Any, *others: Any) -> Any:
    """The least of several, expressions or nodes; nulls are skipped."""
    for other in others:
        first = expr.apply(min_horizontal, (first, other), {})
    return first

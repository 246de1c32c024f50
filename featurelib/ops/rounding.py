"""Rounding: floor, ceil, round, truncate, bucketize (the index of the bin), rank of quantiles."""

from typing import Any

from featurelib.dtypes import Bool, Float64, UInt32
from featurelib.errors import DefinitionError
from featurelib.intrinsics import (
    f64_abs,
    f64_ceil,
    f64_copysign,
    f64_div,
    f64_floor,
    f64_from_i64,
    f64_rint,
    f64_trunc,
    i64_add,
    i64_shr,
    i64_sub,
    load_f64,
    u64_from_i64,
)
from featurelib.node import Node, apply
from featurelib.op import Float, FloatTable, kernel_function, method, op
from featurelib.ops.comparison import Integer
from featurelib.tables import TableData

_WHOLE = 4503599627370496.0
"""2**52: a float of this magnitude or more has no digits after the point."""
_LARGEST = 1.7976931348623157e308
"""The largest finite float: what is above it is an infinity."""


@op("floor", version=1)
def floor(x: Float) -> Float:
    """The greatest whole number that is not above x; an integer is itself."""
    return f64_floor(x)


@floor.body
def floor_integer(x: Integer) -> Integer:
    return x


@op("ceil", version=1)
def ceil(x: Float) -> Float:
    """The least whole number that is not below x; a zero has the sign of x."""
    return f64_ceil(x)


@ceil.body
def ceil_integer(x: Integer) -> Integer:
    return x


@op("round_half_to_even", version=1, public=False)
def round_half_to_even(x: Float, *, scale: Float64) -> Float:
    """rint(x * scale) / scale; x itself where x * scale has no digits after the point."""
    scaled = x * scale
    if not f64_abs(scaled) < _WHOLE:
        return x
    return f64_div(f64_rint(scaled), scale)


@op("round_half_away_from_zero", version=1, public=False)
def round_half_away_from_zero(x: Float, *, scale: Float64) -> Float:
    """As `round_half_to_even`, but halves go away from zero."""
    scaled = x * scale
    if not f64_abs(scaled) < _WHOLE:
        return x
    whole = f64_trunc(scaled)
    if f64_abs(scaled - whole) >= 0.5:
        whole = whole + f64_copysign(1.0, scaled)
    return f64_div(whole, scale)


@op("truncate_decimals", version=1, public=False)
def truncate_decimals(x: Float, *, scale: Float64) -> Float:
    """trunc(x * scale) / scale; x itself where x * scale has no digits after the point."""
    scaled = x * scale
    if not f64_abs(scaled) < _WHOLE:
        return x
    return f64_div(f64_trunc(scaled), scale)


@op("bucketize", version=1)
def bucketize(x: Float, edges: FloatTable, *, right: Bool) -> UInt32:
    """Index of the bin of x between rising edges, 0 below the first, n above the last of n.

    A value on an edge belongs to the bin below it if `right` (bins are closed on the right), else
    to the bin above. NaN is the greatest value: it is in the last bin. A null stays null.
    """
    low, high = 0, edges.stop
    while low < high:
        middle = i64_shr(i64_add(low, high), 1)
        edge = load_f64(edges.buf, middle)
        if edge < x or x != x or (edge == x and not right):
            low = i64_add(middle, 1)
        else:
            high = middle
    return u64_from_i64(low)


@kernel_function
def _share(x: Float64, low: Float64, high: Float64) -> Float64:
    """How far x is on the way from low to high, for low < x < high."""
    width = high - low
    if width > _LARGEST:  # then halves are exact, and their difference has a value
        return f64_div(x * 0.5 - low * 0.5, high * 0.5 - low * 0.5)
    return f64_div(x - low, width)


@op("quantile_rank", version=1, public=False)
def quantile_rank(x: Float64, quantiles: FloatTable) -> Float64:
    """Where x stands among n rising quantiles: 0 at the first and below, 1 at the last and above.

    Between two neighbours in proportion; at quantiles that are equal in the middle of them. NaN is
    NaN, also where there are fewer than two quantiles.
    """
    last = i64_sub(quantiles.stop, 1)
    if x != x or last < 1:
        return f64_div(0.0, 0.0)
    if x <= load_f64(quantiles.buf, 0):
        return 0.0
    if x >= load_f64(quantiles.buf, last):
        return 1.0
    # The first quantile that is not below x, and the first that is above it.
    first, above = 0, last
    while first < above:
        middle = i64_shr(i64_add(first, above), 1)
        if load_f64(quantiles.buf, middle) < x:
            first = i64_add(middle, 1)
        else:
            above = middle
    low, high = first, last
    while low < high:
        middle = i64_shr(i64_add(low, high), 1)
        if load_f64(quantiles.buf, middle) <= x:
            low = i64_add(middle, 1)
        else:
            high = middle
    if low > first:
        rank = f64_from_i64(i64_add(first, i64_sub(low, 1))) * 0.5
    else:
        before = load_f64(quantiles.buf, i64_sub(first, 1))
        part = _share(x, before, load_f64(quantiles.buf, first))
        rank = f64_from_i64(i64_sub(first, 1)) + part
    return f64_div(rank, f64_from_i64(last))


@method("round")
def round_decimals(x: Node, decimals: int = 0, mode: str = "half_to_even") -> Node:
    """Rounded to a number of decimals; an integer is itself."""
    if mode not in ("half_to_even", "half_away_from_zero"):
        raise DefinitionError(
            f"`round`: expected mode='half_to_even' or 'half_away_from_zero', got mode={mode!r}"
        )
    return _with_scale("round", f"round_{mode}", x, decimals)


@method("truncate")
def truncate(x: Node, decimals: int = 0) -> Node:
    """Cut to a number of decimals, towards zero; an integer is itself."""
    return _with_scale("truncate", "truncate_decimals", x, decimals)


def _with_scale(method_name: str, op_name: str, x: Node, decimals: int) -> Node:
    # Up to 10**22 a power of ten is exact in a Float64.
    if type(decimals) is not int or not 0 <= decimals <= 22:
        raise DefinitionError(
            f"`{method_name}`: expected 0 <= decimals <= 22, got decimals={decimals!r}"
        )
    return x if x.dtype.is_integer else apply(op_name, (x,), {"scale": float(10**decimals)})


@method("bucketize")
def bucketize_edges(x: Node, edges: Any, right: bool = False) -> Node:
    """Index of the bin of the value; `edges` are rising constants or fitted ones."""
    if isinstance(edges, (list, tuple)):
        if not edges or any(type(e) not in (int, float) or e != e for e in edges):
            raise DefinitionError(f"`bucketize`: expected numbers as edges, got {edges!r}")
        for a, b in zip(edges, edges[1:], strict=False):
            if not a < b:
                raise DefinitionError(f"`bucketize`: expected rising edges, got {a!r} before {b!r}")
        edges = TableData("f64", tuple(map(float, edges)), "edges")
    return apply(bucketize, (x, edges), {"right": right})

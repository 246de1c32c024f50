"""Sums and differences of times: what operators mean where a side is temporal.

Durations wrap like the Int64 that they are. A Date or Datetime outside years 1 to 9999 is null. The
functions `temporal_add`, `temporal_sub`, ... choose the op by types; the operators ask
them first and go on to numbers where the answer is None.
"""

import datetime
from collections.abc import Callable
from typing import Any

from featurelib.dtypes import Date, Duration, Float64, Int64
from featurelib.errors import FeatureTypeError
from featurelib.intrinsics import (
    f64_div,
    f64_from_i64,
    i64_add,
    i64_floordiv,
    i64_mul,
    i64_sub,
)
from featurelib.node import Node, apply, literal
from featurelib.op import AnyDatetime, Nulls, kernel_function, op
from featurelib.ops.temporal.calendar import (
    DAY,
    FIRST_INSTANT,
    LAST_INSTANT,
)

REACH = LAST_INSTANT - FIRST_INSTANT
"""A longer duration leads from no year in 1 to 9999 to another; a shorter one cannot overflow."""


@kernel_function
def moved(t, d):
    """t + d and whether that is in years 1 to 9999."""
    if d < -REACH or d > REACH:
        return 0, False
    result = i64_add(t, d)
    return result, result >= FIRST_INSTANT and result <= LAST_INSTANT


@kernel_function
def moved_back(t, d):
    """t - d and whether that is in years 1 to 9999."""
    if d < -REACH or d > REACH:
        return 0, False
    return moved(t, i64_sub(0, d))


@op("datetime_add", version=1, nulls=Nulls.MAYBE, public=False)
def datetime_add(t: AnyDatetime, d: Duration) -> AnyDatetime:
    """The instant `d` later; null outside years 1 to 9999."""
    return moved(t, d)


@datetime_add.body
def date_add(day: Date, d: Duration) -> Date:
    """The date of the instant `d` after midnight."""
    t, valid = moved(i64_mul(day, DAY), d)
    return i64_floordiv(t, DAY), valid


@op("datetime_sub", version=1, nulls=Nulls.MAYBE, public=False)
def datetime_sub(t: AnyDatetime, d: Duration) -> AnyDatetime:
    """The instant `d` earlier; null outside years 1 to 9999."""
    return moved_back(t, d)


@datetime_sub.body
def date_sub(day: Date, d: Duration) -> Date:
    """The date of the instant `d` before midnight."""
    t, valid = moved_back(i64_mul(day, DAY), d)
    return i64_floordiv(t, DAY), valid


@op("datetime_diff", version=1, public=False)
def datetime_diff(a: AnyDatetime, b: AnyDatetime) -> Duration:
    """How much later `a` is than `b`."""
    return i64_sub(a, b)


@datetime_diff.body
def date_diff(a: Date, b: Date) -> Duration:
    return i64_mul(i64_sub(a, b), DAY)


@op("duration_add", version=1, public=False)
def duration_add(a: Duration, b: Duration) -> Duration:
    """Sum, wrapping."""
    return i64_add(a, b)


@op("duration_sub", version=1, public=False)
def duration_sub(a: Duration, b: Duration) -> Duration:
    """Difference, wrapping."""
    return i64_sub(a, b)


@op("duration_mul", version=1, public=False)
def duration_mul(d: Duration, n: Int64) -> Duration:
    """n times the duration, wrapping."""
    return i64_mul(d, n)


@op("duration_ratio", version=1, public=False)
def duration_ratio(a: Duration, b: Duration) -> Float64:
    """How often `b` goes into `a`: both as nearest floats, divided as IEEE 754 says."""
    return f64_div(f64_from_i64(a), f64_from_i64(b))


@op("duration_neg", version=1, public=False)
def duration_neg(d: Duration) -> Duration:
    """The opposite, wrapping."""
    return i64_sub(0, d)


@op("duration_abs", version=1, public=False)
def duration_abs(d: Duration) -> Duration:
    """Without the sign; the smallest wraps to itself."""
    return i64_sub(0, d) if d < 0 else d


def temporal_add(a: Any, b: Any) -> Node | None:
    """a + b if a side is temporal, else None."""
    types = _types(a, b)
    if types is None:
        return None
    a, b, left, right = types
    if left == right == "Duration":
        return apply(duration_add, (a, b))
    if right == "Duration" and left in ("Date", "Datetime"):
        return apply(datetime_add, (a, b))
    if left == "Duration" and right in ("Date", "Datetime"):
        return apply(datetime_add, (b, a))
    raise _refusal("+", a, b)


def temporal_sub(a: Any, b: Any) -> Node | None:
    """a - b if a side is temporal, else None."""
    types = _types(a, b)
    if types is None:
        return None
    a, b, left, right = types
    if left == right == "Duration":
        return apply(duration_sub, (a, b))
    if right == "Duration" and left in ("Date", "Datetime"):
        return apply(datetime_sub, (a, b))
    if a.dtype == b.dtype:
        return apply(datetime_diff, (a, b))
    raise _refusal("-", a, b)


def temporal_mul(a: Any, b: Any) -> Node | None:
    """a * b if a side is temporal, else None."""
    types = _types(a, b)
    if types is None:
        return None
    a, b, left, right = types
    if left == "Duration" and b.dtype.is_signed:
        return apply(duration_mul, (a, b.cast(Int64)))
    if right == "Duration" and a.dtype.is_signed:
        return apply(duration_mul, (b, a.cast(Int64)))
    raise _refusal("*", a, b)


def temporal_truediv(a: Any, b: Any) -> Node | None:
    """a / b if a side is temporal, else None."""
    types = _types(a, b)
    if types is None:
        return None
    a, b, left, right = types
    if left == right == "Duration":
        return apply(duration_ratio, (a, b))
    raise _refusal("/", a, b)


def temporal_neg(x: Node) -> Node | None:
    """-x of a Duration, else None."""
    return apply(duration_neg, (x,)) if x.dtype.name == "Duration" else None


def temporal_abs(x: Node) -> Node | None:
    """abs(x) of a Duration, else None."""
    return apply(duration_abs, (x,)) if x.dtype.name == "Duration" else None


TEMPORAL: dict[str, Callable[..., Node | None]] = {
    "add": temporal_add,
    "sub": temporal_sub,
    "mul": temporal_mul,
    "truediv": temporal_truediv,
    "neg": temporal_neg,
    "abs": temporal_abs,
}
"""What to ask before the op of that name, where an argument is temporal."""


def _types(a: Any, b: Any) -> tuple[Node, Node, str, str] | None:
    """Both sides as nodes, with the names of their types; None where no side is temporal."""
    a_node = a if isinstance(a, Node) else _constant(a, b)
    b_node = b if isinstance(b, Node) else _constant(b, a)
    if not (a_node.dtype.is_temporal or b_node.dtype.is_temporal):
        return None
    return a_node, b_node, a_node.dtype.name, b_node.dtype.name


def _constant(value: Any, beside: Any) -> Node:
    """A constant; a datetime takes the zone of the column beside it."""
    if isinstance(value, datetime.datetime) and isinstance(beside, Node):
        if beside.dtype.name == "Datetime":
            return literal(value, beside.dtype)
    return literal(value)


def _refusal(sign: str, a: Node, b: Node) -> FeatureTypeError:
    hint = "a Duration can be added to a Date or Datetime; two of one type can be subtracted"
    if a.dtype.name == b.dtype.name == "Datetime":
        hint = "bring both to one zone: .dt.convert_time_zone('UTC')"
    return FeatureTypeError(f"`{a.dtype} {sign} {b.dtype}` has no meaning", hint=hint)

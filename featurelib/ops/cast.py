"""`cast`: from one type to another, always explicit.

A float becomes an integer by truncation; NaN, infinities and what is out of range give null, as
does an integer that its new type cannot hold. To a float the nearest value is taken, halves to
even, rounded once. Truth values are 0 and 1; any number but zero is true, NaN too. Dates are days,
Datetimes and Durations microseconds; a Date becomes midnight UTC and back, whatever the zone.
Text that is exactly a number or a truth value becomes one, all else null; numbers, truth values,
Dates and Datetimes in UTC become text as in Polars (`featurelib/ops/text_values`), a float the
shortest text that reads back as the same float.

A parameter `to` (and `zone`) of these ops names the result type; bodies do not see it.
"""

from typing import Any

from featurelib import dtypes
from featurelib.dtypes import (
    BOOL,
    DATE,
    DATETIME,
    FLOAT32,
    FLOAT64,
    INT32,
    INT64,
    STRING,
    Bool,
    DType,
    Float64,
    Int64,
    UInt64,
)
from featurelib.errors import FeatureTypeError
from featurelib.intrinsics import (
    f64_from_i64,
    f64_from_u64,
    f64_round_f32,
    f64_trunc,
    i64_and,
    i64_floordiv,
    i64_from_bool,
    i64_from_f64,
    i64_from_u64,
    i64_mul,
    i64_or,
    u64_and,
    u64_from_f64,
    u64_from_i64,
    u64_or,
)
from featurelib.node import Node, apply, narrow, table
from featurelib.op import Float, Nulls, Signed, T, Unsigned, method, op
from featurelib.ops.ranges import SignedLike

_DATES = (-719162, 2932896)
_DATETIMES = (-62135596800000000, 253402300799999999)
"""Years 1 to 9999 as days and as microseconds."""
_DAY_US = 86400000000
_STICKY = 2048
_LOW_11_U64 = 0xFFFFFFFFFFFFF800


def _to(arg_types: tuple[DType, ...], params: dict[str, Any]) -> DType:
    """Result rule: the type that the parameters `to` and `zone` name."""
    if params["to"] == "Datetime":
        return dtypes.datetime_type(params["zone"])
    return dtypes.SCALARS[params["to"]]


@op("retype", version=1, result=_to, public=False)
def retype(x: T) -> T:
    """The same value in a type of the same kind that holds all values of the old one."""
    return x


@op("cast_signed", version=1, nulls=Nulls.MAYBE, result=_to, public=False)
def cast_signed(x: SignedLike, *, low: Int64, high: Int64) -> Int64:
    """The same number in another signed type; null outside its bounds."""
    return x, low <= x and x <= high


@op("cast_unsigned", version=1, nulls=Nulls.MAYBE, result=_to, public=False)
def cast_unsigned(x: Unsigned, *, high: UInt64) -> UInt64:
    """The same number in another unsigned type; null above its bound."""
    return x, x <= high


@op("cast_signed_to_unsigned", version=1, nulls=Nulls.MAYBE, result=_to, public=False)
def cast_signed_to_unsigned(x: SignedLike, *, high: UInt64) -> UInt64:
    """The same number in an unsigned type; null below zero and above the bound."""
    return u64_from_i64(x), x >= 0 and u64_from_i64(x) <= high


@op("cast_unsigned_to_signed", version=1, nulls=Nulls.MAYBE, result=_to, public=False)
def cast_unsigned_to_signed(x: Unsigned, *, high: UInt64) -> Int64:
    """The same number in a signed type; null above its bound."""
    return i64_from_u64(x), x <= high


@op("widen_unsigned_to_signed", version=1, result=_to, public=False)
def widen_unsigned_to_signed(x: Unsigned) -> Int64:
    """The same number in a wider signed type."""
    return i64_from_u64(x)


@op("cast_to_float64", version=1, public=False)
def cast_to_float64(x: SignedLike) -> Float64:
    """The nearest Float64, halves to even."""
    return f64_from_i64(x)


@cast_to_float64.body
def cast_unsigned_to_float64(x: Unsigned) -> Float64:
    return f64_from_u64(x)


@op("cast_to_float32", version=1, result=lambda arg_types, params: FLOAT32, public=False)
def cast_to_float32(x: SignedLike) -> Float64:
    """The nearest Float32, halves to even, rounded once.

    Above 2**53 the low 11 bits are replaced by one that says whether any was set: the first
    rounding is then exact, and the second decides as if it saw all bits.
    """
    if x < -9007199254740992 or x > 9007199254740992:
        low = i64_and(x, 2047)
        x = i64_and(x, -2048)
        if low != 0:
            x = i64_or(x, _STICKY)
    return f64_round_f32(f64_from_i64(x))


@cast_to_float32.body
def cast_unsigned_to_float32(x: Unsigned) -> Float64:
    if x > u64_from_i64(9007199254740992):
        low = u64_and(x, u64_from_i64(2047))
        x = u64_and(x, _LOW_11_U64)
        if low != u64_from_i64(0):
            x = u64_or(x, u64_from_i64(_STICKY))
    return f64_round_f32(f64_from_u64(x))


@op("cast_float_to_signed", version=1, nulls=Nulls.MAYBE, result=_to, public=False)
def cast_float_to_signed(x: Float, *, low: Float64, above: Float64) -> Int64:
    """Truncated; null for NaN, below `low`, and from `above` on."""
    whole = f64_trunc(x)
    return i64_from_f64(whole), low <= whole and whole < above


@op("cast_float_to_unsigned", version=1, nulls=Nulls.MAYBE, result=_to, public=False)
def cast_float_to_unsigned(x: Float, *, above: Float64) -> UInt64:
    """Truncated; null for NaN, at -1 and below, and from `above` on."""
    whole = f64_trunc(x)
    return u64_from_f64(whole), 0.0 <= whole and whole < above


@op("cast_bool_to_signed", version=1, result=_to, public=False)
def cast_bool_to_signed(x: Bool) -> Int64:
    """1 for true, 0 for false."""
    return i64_from_bool(x)


@op("cast_bool_to_unsigned", version=1, result=_to, public=False)
def cast_bool_to_unsigned(x: Bool) -> UInt64:
    """1 for true, 0 for false."""
    return u64_from_i64(i64_from_bool(x))


@op("cast_bool_to_float", version=1, result=_to, public=False)
def cast_bool_to_float(x: Bool) -> Float64:
    """1.0 for true, 0.0 for false."""
    return f64_from_i64(i64_from_bool(x))


@op("cast_to_bool", version=1, public=False)
def cast_to_bool(x: Float) -> Bool:
    """Whether the number is not zero; NaN is not."""
    return x != 0.0


@cast_to_bool.body
def cast_signed_to_bool(x: Signed) -> Bool:
    return x != 0


@cast_to_bool.body
def cast_unsigned_to_bool(x: Unsigned) -> Bool:
    return x != u64_from_i64(0)


@op("cast_date_to_datetime", version=1, result=_to, public=False)
def cast_date_to_datetime(x: SignedLike) -> Int64:
    """Midnight UTC of the day."""
    return i64_mul(x, _DAY_US)


@op("cast_datetime_to_date", version=1, result=_to, public=False)
def cast_datetime_to_date(x: SignedLike) -> Int64:
    """The day in UTC."""
    return i64_floordiv(x, _DAY_US)


@method("cast")
def cast(x: Node, dtype: Any) -> Node:
    """The value in another type: a type of featurelib, or a Python type."""
    target = dtypes.as_dtype(dtype, "cast")
    source = x.dtype
    if source == target:
        return x
    if source.kind == "v" or target.kind == "v" or "Table" in (source.name, target.name):
        return _cast_text(x, target)
    if source.is_temporal or target.is_temporal:
        return _cast_temporal(x, target)
    if source.name == "Bool":
        family = {"i": "signed", "u": "unsigned", "f": "float"}[target.kind]
        return _apply(f"cast_bool_to_{family}", x, target)
    if target.name == "Bool":
        return apply(cast_to_bool, (x,))
    if source.is_float:
        return _cast_float(x, target)
    if target.is_float:
        return apply(cast_to_float32 if target == FLOAT32 else cast_to_float64, (x,))
    return _cast_integer(x, target)


def _apply(name: str, x: Node, target: DType, **bounds: Any) -> Node:
    zone = {"zone": target.zone} if target.zone else {}
    return apply(name, (x,), {"to": target.name, **zone, **bounds})


def _cast_float(x: Node, target: DType) -> Node:
    if target == FLOAT64:
        return _apply("retype", x, target)
    if target == FLOAT32:
        return narrow(x, FLOAT32)
    low, high = target.bounds
    if target.is_unsigned:
        return _apply("cast_float_to_unsigned", x, target, above=float(high + 1))
    return _apply("cast_float_to_signed", x, target, low=float(low), above=float(high + 1))


def _cast_integer(x: Node, target: DType) -> Node:
    """Between integer types: without a null where the new type holds all of the old one."""
    (old_low, old_high), (low, high) = x.dtype.bounds, target.bounds
    holds = low <= old_low and old_high <= high
    if x.dtype.kind == target.kind:
        if holds:
            return _apply("retype", x, target)
        if x.dtype.is_signed:
            return _apply("cast_signed", x, target, low=low, high=high)
        return _apply("cast_unsigned", x, target, high=high)
    if x.dtype.is_signed:
        return _apply("cast_signed_to_unsigned", x, target, high=high)
    if holds:
        return _apply("widen_unsigned_to_signed", x, target)
    return _apply("cast_unsigned_to_signed", x, target, high=high)


def _cast_text(x: Node, target: DType) -> Node:
    """From and to text, where there is one text for a value."""
    if target == STRING and (x.dtype.is_integer or x.dtype in (BOOL, DATE, DATETIME)):
        return apply("text_of", (x,))
    if target == STRING and x.dtype.is_float:
        # Here, because the texts of values are built on this file.
        from featurelib.ops.text_values.shortest import power_table

        return apply("text_of_float", (x, table(power_table())), {"single": x.dtype == FLOAT32})
    if x.dtype == STRING and target == BOOL:
        return apply("parse_bool", (x,))
    if x.dtype == STRING and target.is_float:
        return apply("parse_float", (x,), {"single": target == FLOAT32})
    if x.dtype == STRING and target.is_integer:
        low, high = target.bounds
        if target.is_unsigned:
            return _apply("parse_unsigned", x, target, high=high)
        return _apply("parse_signed", x, target, low=low, high=high)
    raise FeatureTypeError(
        f"`cast` does not go from {x.dtype} to {target}",
        hint="text is read by s.str.to_date(...) and s.str.to_datetime(...), or turned into codes "
        "by s.vocabulary_index(...) or s.hash_bucket(...); a Datetime is written in UTC",
    )


def _cast_temporal(x: Node, target: DType) -> Node:
    """From and to Date, Datetime and Duration: between the two first, else by their numbers."""
    source = x.dtype
    if source.name == "Date" and target.name == "Datetime":
        return _apply("cast_date_to_datetime", x, target)
    if source.name == "Datetime" and target.name == "Date":
        return _apply("cast_datetime_to_date", x, target)
    if source.name == "Datetime" and target.name == "Datetime":
        return _apply("retype", x, target)
    if (source.is_temporal and target.is_temporal) or BOOL in (source, target):
        raise FeatureTypeError(
            f"`cast` does not go from {source} to {target}",
            hint="differences of times are Durations: a - b; parts are x.dt.hour(), ...",
        )
    if source.is_temporal:
        number = _apply("retype", x, INT32 if source == DATE else INT64)
        return number.cast(target)
    number = x.cast(INT64)
    if target.name == "Duration":
        return _apply("retype", number, target)
    low, high = _DATES if target == DATE else _DATETIMES
    return _apply("cast_signed", number, target, low=low, high=high)

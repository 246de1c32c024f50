"""Logic: & | ^ ~ of truth values, by Kleene; of integers, bit by bit."""

from featurelib.dtypes import Bool
from featurelib.intrinsics import (
    i64_and,
    i64_or,
    i64_xor,
    u64_and,
    u64_from_i64,
    u64_or,
    u64_xor,
)
from featurelib.op import Nulls, Signed, Unsigned, op


@op("and_", version=1, nulls=Nulls.EXPLICIT, promote=True)
def and_(a: Bool, b: Bool) -> Bool:
    """Both: false beside anything is false, null included; else a null gives null."""
    if (a[1] and not a[0]) or (b[1] and not b[0]):
        return False, True
    return a[0] and b[0], a[1] and b[1]


@and_.body
def and_signed(a: Signed, b: Signed) -> Signed:
    return i64_and(a[0], b[0]), a[1] and b[1]


@and_.body
def and_unsigned(a: Unsigned, b: Unsigned) -> Unsigned:
    return u64_and(a[0], b[0]), a[1] and b[1]


@op("or_", version=1, nulls=Nulls.EXPLICIT, promote=True)
def or_(a: Bool, b: Bool) -> Bool:
    """Either: true beside anything is true, null included; else a null gives null."""
    if (a[1] and a[0]) or (b[1] and b[0]):
        return True, True
    return a[0] or b[0], a[1] and b[1]


@or_.body
def or_signed(a: Signed, b: Signed) -> Signed:
    return i64_or(a[0], b[0]), a[1] and b[1]


@or_.body
def or_unsigned(a: Unsigned, b: Unsigned) -> Unsigned:
    return u64_or(a[0], b[0]), a[1] and b[1]


@op("xor", version=1, promote=True)
def xor(a: Bool, b: Bool) -> Bool:
    """Exactly one."""
    return (a or b) and not (a and b)


@xor.body
def xor_signed(a: Signed, b: Signed) -> Signed:
    return i64_xor(a, b)


@xor.body
def xor_unsigned(a: Unsigned, b: Unsigned) -> Unsigned:
    return u64_xor(a, b)


@op("not_", version=1)
def not_(a: Bool) -> Bool:
    """The other truth value; of an integer, every bit of its width turned over."""
    return not a


@not_.body
def not_signed(a: Signed) -> Signed:
    return i64_xor(a, -1)


@not_.body
def not_unsigned(a: Unsigned) -> Unsigned:
    return u64_xor(a, u64_from_i64(-1))

"""Elements of a List: integers of every width, read and written by the bytes that they are."""

from typing import Any

from featurelib.dtypes import Int64, UInt64
from featurelib.intrinsics import (
    i64_add,
    i64_mul,
    i64_or,
    i64_shl,
    i64_shr,
    i64_sub,
    i64_xor,
    load_i32,
    load_u8,
    load_u32_le,
    load_u64_le,
    store_u8,
    u64_from_i64,
)
from featurelib.op import inlined


@inlined
def integer_at(buf: Any, i: Int64, width: Int64) -> UInt64:
    """Element i as 64 bits: those of its value as Int64 or UInt64.

    Args:
        buf: Elements side by side.
        i: Place of the element.
        width: Bytes of an element: 1, 2, 4 or 8; below zero if it is signed.
    """
    if width == 8 or width == -8:
        return load_u64_le(buf, i64_mul(i, 8))
    if width == 4:
        return load_u32_le(buf, i64_mul(i, 4))
    if width == -4:
        return u64_from_i64(load_i32(buf, i))
    if width == 1:
        return u64_from_i64(load_u8(buf, i))
    if width == -1:
        return u64_from_i64(i64_sub(i64_xor(load_u8(buf, i), 128), 128))
    at = i64_mul(i, 2)
    both = i64_or(load_u8(buf, at), i64_shl(load_u8(buf, i64_add(at, 1)), 8))
    if width == 2:
        return u64_from_i64(both)
    return u64_from_i64(i64_sub(i64_xor(both, 32768), 32768))


@inlined
def _store_half(buf: Any, at: Int64, value: Int64) -> Int64:
    """Writes the low four bytes of a value from byte `at`, little-endian; gives the place after."""
    # Spelled out: so LLVM makes one store of them.
    store_u8(buf, at, value)
    store_u8(buf, i64_add(at, 1), i64_shr(value, 8))
    store_u8(buf, i64_add(at, 2), i64_shr(value, 16))
    return store_u8(buf, i64_add(at, 3), i64_shr(value, 24))


@inlined
def store_u32(buf: Any, i: Int64, value: Int64) -> Int64:
    """Writes the low 32 bits of a value as element i; gives the place after its last byte."""
    return _store_half(buf, i64_mul(i, 4), value)


@inlined
def store_u64(buf: Any, i: Int64, value: Int64) -> Int64:
    """Writes 64 bits as element i; gives the place after its last byte."""
    return _store_half(buf, _store_half(buf, i64_mul(i, 8), value), i64_shr(value, 32))

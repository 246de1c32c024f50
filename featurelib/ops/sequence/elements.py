"""Elements of Lists and Arrays: which sets of them ops take, how one is read and written.

A body for elements of several types is told by the constant `element` which one it reads: the bytes
of an integer, a truth value or a time (1, 2, 4 or 8; below zero if it is signed), the bits of a
float (32 or 64). `element_code` gives it, and the result rules check it, so that no file can make a
body read elements of another width.
"""

from typing import Any

from featurelib.dtypes import DType, Float64, Int64, UInt64
from featurelib.errors import FeatureTypeError
from featurelib.intrinsics import (
    f64_from_i64,
    f64_from_u64,
    i64_add,
    i64_from_u64,
    i64_mul,
    i64_or,
    i64_shl,
    i64_shr,
    i64_sub,
    i64_xor,
    load_f32,
    load_f64,
    load_i32,
    load_u8,
    load_u32_le,
    load_u64_le,
    store_u8,
    u64_from_i64,
)
from featurelib.op import Float, Signed, Temporal, TypeSet, Unsigned, inlined

_SEQUENCES = frozenset({"List", "Array"})
_SIGNED, _UNSIGNED, _FLOATS = Signed.names, Unsigned.names, Float.names
_BOOL = frozenset({"Bool"})


def _sequence(name: str, elements: frozenset[str]) -> TypeSet:
    return TypeSet(name, _SEQUENCES, elements)


SignedItems = _sequence("SignedItems", _SIGNED | Temporal.names)
"""Lists and Arrays of what is held as a signed 64-bit integer, times too."""
UnsignedItems = _sequence("UnsignedItems", _UNSIGNED)
IntegerItems = _sequence("IntegerItems", _SIGNED | _UNSIGNED)
FloatItems = _sequence("FloatItems", _FLOATS)
BoolItems = _sequence("BoolItems", _BOOL)
NumberItems = _sequence("NumberItems", _SIGNED | _UNSIGNED | _FLOATS)
AnyItems = _sequence("AnyItems", _SIGNED | _UNSIGNED | _FLOATS | _BOOL | Temporal.names)


def element_code(dtype: DType) -> int:
    """What tells a body how to read an element of a type: see the head of the module."""
    if dtype.is_float:
        return dtype.bits
    return dtype.bits // 8 * (-1 if dtype.kind == "i" else 1)


def checked_element(types: tuple[DType, ...], params: dict[str, Any]) -> DType:
    """The type of the elements, for result rules of ops with the constant `element`.

    Raises:
        FeatureTypeError: The constant is not the one of the first argument's elements.
    """
    inner = types[0].inner
    if inner is None or params.get("element") != element_code(inner):
        raise FeatureTypeError(
            f"element={params.get('element')!r} does not read elements of {types[0]}"
        )
    return inner


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
def float_at(buf: Any, i: Int64, element: Int64) -> Float64:
    """Element i as a float; an integer is rounded to the nearest one, halves to even."""
    if element == 64:
        return load_f64(buf, i)
    if element == 32:
        return load_f32(buf, i)
    bits = integer_at(buf, i, element)
    if element > 0:
        return f64_from_u64(bits)
    return f64_from_i64(i64_from_u64(bits))


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


@inlined
def store_eight(buf: Any, at: Int64, value: Int64) -> Int64:
    """Writes 64 bits from byte `at`, wherever that is; gives the place after."""
    return _store_half(buf, _store_half(buf, at, value), i64_shr(value, 32))

"""Lists that are made of the same elements: sorted, without repetitions, brought to one length.

An element travels as its bytes. It is compared by a key, an unsigned integer in whose order the
values are: NaN is the greatest, and -0.0 comes before 0.0.
"""

from typing import Any

from featurelib.dtypes import UINT8, Bool, Int64, UInt64, array_type
from featurelib.errors import FeatureTypeError
from featurelib.intrinsics import (
    View,
    arena_limit,
    arena_reserve,
    i64_add,
    i64_floordiv,
    i64_from_u64,
    i64_mul,
    i64_sub,
    store_u8,
    u64_and,
    u64_from_i64,
    u64_or,
    u64_shl,
    u64_shr,
    u64_xor,
)
from featurelib.op import Arena, Nulls, inlined, kernel_function, op
from featurelib.ops.sequence.elements import (
    AnyItems,
    checked_element,
    integer_at,
    store_u32,
    store_u64,
)

ALL_ONES = 0xFFFFFFFFFFFFFFFF
SIGN = 0x8000000000000000
MAGNITUDE = 0x7FFFFFFFFFFFFFFF
INFINITY_64 = 0x7FF0000000000000
INFINITY_32 = 0x7F80000000000000  # the bits of a Float32 in the upper half
NAN_64 = 0x7FF8000000000000
NAN_32 = 0x7FC00000


@inlined
def size_of(element: Int64) -> Int64:
    """Bytes of an element, from the constant that tells a body how to read it."""
    if element >= 32:
        return i64_floordiv(element, 8)
    return i64_sub(0, element) if element < 0 else element


@kernel_function
def key_of(bits: UInt64, element: Int64) -> UInt64:
    """A number in whose order the values are, from the bytes of an element."""
    if element >= 32:
        high = u64_shl(bits, i64_sub(64, element))
        infinity = u64_from_i64(INFINITY_32 if element == 32 else INFINITY_64)
        if u64_and(high, MAGNITUDE) > infinity:
            return ALL_ONES
        if i64_from_u64(high) < 0:
            return u64_xor(high, ALL_ONES)
        return u64_or(high, SIGN)
    if element < 0:
        return u64_xor(bits, u64_shl(1, i64_sub(i64_mul(-8, element), 1)))
    return bits


@inlined
def store_element(buf: Any, i: Int64, bits: UInt64, size: Int64) -> Int64:
    """Writes an element of 1, 2, 4 or 8 bytes."""
    value = i64_from_u64(bits)
    if size == 8:
        return store_u64(buf, i, value)
    if size == 4:
        return store_u32(buf, i, value)
    at = i64_mul(i, size)
    if size == 2:
        store_u8(buf, i64_add(at, 1), i64_from_u64(u64_shr(bits, 8)))
    return store_u8(buf, at, value)


@kernel_function
def order_at(buf: Any, i: Int64, element: Int64, flip: UInt64) -> UInt64:
    """The key of element i, with its bits turned where the order falls."""
    return u64_xor(key_of(integer_at(buf, i, size_of(element)), element), flip)


@kernel_function
def sift(buf: Any, root: Int64, count: Int64, element: Int64, flip: UInt64) -> Bool:
    """Moves an element down a heap until both below it are not greater."""
    size = size_of(element)
    going = True
    while going:
        child = i64_add(i64_mul(root, 2), 1)
        going = child < count
        if going:
            largest = order_at(buf, child, element, flip)
            if i64_add(child, 1) < count:
                other = order_at(buf, i64_add(child, 1), element, flip)
                if other > largest:
                    child = i64_add(child, 1)
                    largest = other
            going = order_at(buf, root, element, flip) < largest
            if going:
                bits = integer_at(buf, root, size)
                store_element(buf, root, integer_at(buf, child, size), size)
                store_element(buf, child, bits, size)
                root = child
    return True


@kernel_function
def plain_bits(bits: UInt64, element: Int64, distinct: Bool) -> UInt64:
    """The bits to keep of an element: one NaN, and where values are to differ, one zero."""
    if element < 32:
        return bits
    if key_of(bits, element) == ALL_ONES:
        return u64_from_i64(NAN_32 if element == 32 else NAN_64)
    if distinct and i64_from_u64(u64_shl(bits, i64_sub(65, element))) == 0:
        return u64_from_i64(0)
    return bits


@op(
    "list.sort",
    version=1,
    nulls=Nulls.MAYBE,
    result=lambda types, params: types[0] if checked_element(types, params) else types[0],
    device_reason="a List that makes a List",
    public=False,
)
def list_sort(
    items: AnyItems, arena: Arena, *, element: Int64, descending: Bool, distinct: Bool
) -> AnyItems:
    """The elements in rising or falling order, each value once if `distinct`.

    NaN is the greatest and -0.0 is before 0.0; if `distinct`, both zeros are 0.0. Null over the row
    limit.
    """
    count = i64_sub(items.stop, items.start)
    size = size_of(element)
    if i64_mul(count, size) > arena_limit(arena):
        return View(items.buf, items.start, items.start), False
    buf = arena_reserve(arena, i64_mul(count, size))
    for i in range(count):
        bits = integer_at(items.buf, i64_add(items.start, i), size)
        store_element(buf, i, plain_bits(bits, element, distinct), size)
    flip = u64_from_i64(-1 if descending else 0)
    # A heap: its time is bounded whatever the order of the elements, and it needs no more memory.
    for i in range(i64_floordiv(count, 2)):
        sift(buf, i64_sub(i64_sub(i64_floordiv(count, 2), 1), i), count, element, flip)
    for i in range(1, count):
        last = i64_sub(count, i)
        bits = integer_at(buf, 0, size)
        store_element(buf, 0, integer_at(buf, last, size), size)
        store_element(buf, last, bits, size)
        sift(buf, 0, last, element, flip)
    if not distinct:
        return View(buf, 0, count), True
    kept = 0
    for i in range(count):
        bits = integer_at(buf, i, size)
        if i == 0 or bits != integer_at(buf, i64_sub(kept, 1), size):
            store_element(buf, kept, bits, size)
            kept = i64_add(kept, 1)
    return View(buf, 0, kept), True


def _array_of(types, params):
    inner = types[0].inner
    if inner is None or params.get("size") != inner.bits // 8:
        raise FeatureTypeError(f"size={params.get('size')!r} is not that of elements of {types[0]}")
    return array_type(inner, params["n"])


@op(
    "list.pad_to",
    version=1,
    nulls=Nulls.EXPLICIT,
    nullable=lambda items: items,
    result=_array_of,
    public=False,
)
def list_pad_to(
    items: AnyItems, arena: Arena, *, n: Int64, size: Int64, fill: UInt64, at_start: Bool
) -> array_type(UINT8, 1):
    """An Array of n: elements are left out, or `fill` is put in, at the end or at the start.

    `fill` is the bits of an element of `size` bytes. The row limit must be at least n times `size`,
    which the definition checks against the default one.
    """
    view, valid = items
    if i64_mul(n, size) > arena_limit(arena):
        return View(arena_reserve(arena, 0), 0, 0), False
    buf = arena_reserve(arena, i64_mul(n, size))
    count = i64_sub(view.stop, view.start)
    # Place 0 of the result is this one of the list: below zero or behind the end it is filled.
    first = i64_sub(count, n) if at_start else 0
    for i in range(n):
        at = i64_add(first, i)
        bits = fill
        if valid and at >= 0 and at < count:
            bits = integer_at(view.buf, i64_add(view.start, at), size)
        store_element(buf, i, bits, size)
    return View(buf, 0, n), valid

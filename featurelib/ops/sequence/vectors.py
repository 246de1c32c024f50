"""Lists and Arrays of numbers as vectors: products and distances, arithmetic, multi-hot.

Sums run from left to right, starting at 0.0, in Float64. Two Lists of different lengths give null.
"""

from featurelib.dtypes import FLOAT32, FLOAT64, Float64, Int64, UInt64, array_type
from featurelib.errors import FeatureTypeError
from featurelib.intrinsics import (
    View,
    arena_limit,
    arena_reserve,
    f64_bits,
    f64_div,
    f64_round_f32,
    i64_add,
    i64_from_u64,
    i64_mul,
    i64_sub,
    load_f32,
    store_f32,
    u64_mod,
)
from featurelib.op import Arena, Nulls, inlined, op
from featurelib.ops.hashing import xxh64_u64
from featurelib.ops.sequence.elements import (
    FloatItems,
    IntegerItems,
    NumberItems,
    checked_element,
    float_at,
    integer_at,
    store_u32,
    store_u64,
)

NAN_32 = 0x7FC00000
ADD, SUB, MUL, DIV, SUB_FROM, DIV_INTO = range(6)
"""What `list.arithmetic` does; of a number and a list the last two take the number first."""


def _float_type(types, params):
    checked_element(types, params)
    return FLOAT64


@op("list.dot", version=1, nulls=Nulls.MAYBE, result=_float_type, public=False)
def list_dot(a: NumberItems, b: NumberItems, *, element: Int64) -> Float64:
    """The sum of the products of elements at the same place, as floats; null for two lengths."""
    count = i64_sub(a.stop, a.start)
    if i64_sub(b.stop, b.start) != count:
        return 0.0, False
    total = 0.0
    for i in range(count):
        x = float_at(a.buf, i64_add(a.start, i), element)
        total = total + x * float_at(b.buf, i64_add(b.start, i), element)
    return total, True


@op("list.squared_distance", version=1, nulls=Nulls.MAYBE, result=_float_type, public=False)
def list_squared_distance(a: NumberItems, b: NumberItems, *, element: Int64) -> Float64:
    """The sum of the squared differences of elements at the same place; null for two lengths."""
    count = i64_sub(a.stop, a.start)
    if i64_sub(b.stop, b.start) != count:
        return 0.0, False
    total = 0.0
    for i in range(count):
        x = float_at(a.buf, i64_add(a.start, i), element)
        apart = x - float_at(b.buf, i64_add(b.start, i), element)
        total = total + apart * apart
    return total, True


@inlined
def combined(x: Float64, y: Float64, how: Int64) -> Float64:
    """What one of the operations above makes of two numbers."""
    if how == 0:
        return x + y
    if how == 1:
        return x - y
    if how == 2:
        return x * y
    if how == 3:
        return f64_div(x, y)
    return y - x if how == 4 else f64_div(y, x)


@inlined
def store_float(buf: object, i: Int64, x: Float64, element: Int64) -> Int64:
    """Writes a float as element i; a Float32 is rounded once, a NaN is the canonical one."""
    if element == 32:
        # A NaN of machine arithmetic has a sign that CPython's has not.
        return store_u32(buf, i, NAN_32) if x != x else store_f32(buf, i, f64_round_f32(x))
    return store_u64(buf, i, i64_from_u64(f64_bits(x)))


def _same_list(types, params):
    checked_element(types, params)
    if not ADD <= params.get("how", -1) <= DIV_INTO:
        raise FeatureTypeError(f"how={params.get('how')!r} is none of 0 to 5")
    return types[0]


@op(
    "list.arithmetic",
    version=1,
    nulls=Nulls.MAYBE,
    result=_same_list,
    device_reason="a List that makes a List",
    public=False,
)
def list_arithmetic(
    a: FloatItems, b: FloatItems, arena: Arena, *, element: Int64, how: Int64
) -> FloatItems:
    """Sums, differences, products or quotients of elements at the same place, or with a number.

    A Float32 is computed in Float64 and rounded once. Null for two lengths, and over the row limit.
    """
    count = i64_sub(a.stop, a.start)
    size = i64_mul(count, 4 if element == 32 else 8)
    if i64_sub(b.stop, b.start) != count or size > arena_limit(arena):
        return View(a.buf, a.start, a.start), False
    buf = arena_reserve(arena, size)
    for i in range(count):
        x = float_at(a.buf, i64_add(a.start, i), element)
        y = float_at(b.buf, i64_add(b.start, i), element)
        store_float(buf, i, combined(x, y, how), element)
    return View(buf, 0, count), True


@list_arithmetic.body
def list_arithmetic_number(
    a: FloatItems, b: Float64, arena: Arena, *, element: Int64, how: Int64
) -> FloatItems:
    count = i64_sub(a.stop, a.start)
    size = i64_mul(count, 4 if element == 32 else 8)
    if size > arena_limit(arena):
        return View(a.buf, a.start, a.start), False
    buf = arena_reserve(arena, size)
    for i in range(count):
        x = float_at(a.buf, i64_add(a.start, i), element)
        store_float(buf, i, combined(x, b, how), element)
    return View(buf, 0, count), True


def _hot_type(types, params):
    checked_element(types, params)
    return array_type(FLOAT32, params["n"])


@op(
    "multi_hot",
    version=1,
    nulls=Nulls.EXPLICIT,
    nullable=lambda items: False,
    result=_hot_type,
    public=False,
)
def multi_hot(items: IntegerItems, arena: Arena, *, n: UInt64, element: Int64) -> array_type(
    FLOAT32, 1
):
    """n zeros with a 1 at each index in the list; an index below zero or of n or more is left out.

    All zeros for null. The row limit must be at least 4 n bytes, as `one_hot` has it.
    """
    view, valid = items
    size = i64_from_u64(n)
    if i64_mul(size, 4) > arena_limit(arena):
        return View(arena_reserve(arena, 0), 0, 0), False
    buf = arena_reserve(arena, i64_mul(size, 4))
    for i in range(size):
        store_f32(buf, i, 0.0)
    if valid:
        for i in range(view.start, view.stop):
            index = integer_at(view.buf, i, element)
            if index < n:  # an index below zero is a great one, read as unsigned
                store_f32(buf, i64_from_u64(index), 1.0)
    return View(buf, 0, size), True


@op(
    "list.hash_vector",
    version=1,
    nulls=Nulls.EXPLICIT,
    nullable=lambda items: False,
    result=_hot_type,
    public=False,
)
def list_hash_vector(
    items: IntegerItems, arena: Arena, *, n: UInt64, seed: UInt64, element: Int64
) -> array_type(FLOAT32, 1):
    """n sums of 1 and -1, one for each element at its XXH64 modulo n; -1 by the highest bit.

    All zeros for null. The row limit must be at least 4 n bytes, as `one_hot` has it.
    """
    view, valid = items
    size = i64_from_u64(n)
    if i64_mul(size, 4) > arena_limit(arena):
        return View(arena_reserve(arena, 0), 0, 0), False
    buf = arena_reserve(arena, i64_mul(size, 4))
    for i in range(size):
        store_f32(buf, i, 0.0)
    if valid:
        for i in range(view.start, view.stop):
            h = xxh64_u64(integer_at(view.buf, i, element), seed)
            place = i64_from_u64(u64_mod(h, n))
            # Rounded, since a list may have more ones than a Float32 counts.
            sign = -1.0 if i64_from_u64(h) < 0 else 1.0
            store_f32(buf, place, f64_round_f32(load_f32(buf, place) + sign))
    return View(buf, 0, size), True

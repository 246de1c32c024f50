"""One value of a List or Array: an element, the sum, the mean, the least and the greatest.

Floats are added from left to right, starting at 0.0, whatever stands in the rows beside: so the
bits are those of a loop in any language.
"""

from featurelib.dtypes import FLOAT64, INT64, UINT64, Bool, Float64, Int64, UInt32, UInt64
from featurelib.errors import FeatureTypeError
from featurelib.intrinsics import (
    f64_div,
    f64_from_i64,
    i64_add,
    i64_from_u64,
    i64_sub,
    load_u8,
    u64_add,
    u64_from_i64,
)
from featurelib.op import Nulls, kernel_function, op
from featurelib.ops.sequence.elements import (
    BoolItems,
    FloatItems,
    NumberItems,
    SignedItems,
    UnsignedItems,
    checked_element,
    float_at,
    integer_at,
)


@kernel_function
def place_of(start, stop, index):
    """Where the element is that an index means, and whether it is there; else the first place."""
    count = i64_sub(stop, start)
    if index < 0:
        index = i64_add(index, count)
    if index < 0 or index >= count:
        return start, False
    return i64_add(start, index), True


@op("list.get", version=1, nulls=Nulls.MAYBE, result=checked_element, public=False)
def list_get(items: SignedItems, index: Int64, *, element: Int64) -> Int64:
    """The element at an index, from the end where that is below zero; null where there is none."""
    at, found = place_of(items.start, items.stop, index)
    if not found:
        return 0, False
    return i64_from_u64(integer_at(items.buf, at, element)), True


@list_get.body
def list_get_unsigned(items: UnsignedItems, index: Int64, *, element: Int64) -> UInt64:
    at, found = place_of(items.start, items.stop, index)
    if not found:
        return u64_from_i64(0), False
    return integer_at(items.buf, at, element), True


@list_get.body
def list_get_float(items: FloatItems, index: Int64, *, element: Int64) -> Float64:
    at, found = place_of(items.start, items.stop, index)
    if not found:
        return 0.0, False
    return float_at(items.buf, at, element), True


@list_get.body
def list_get_bool(items: BoolItems, index: Int64, *, element: Int64) -> Bool:
    at, found = place_of(items.start, items.stop, index)
    if not found:
        return False, False
    return load_u8(items.buf, at) != 0, True


@op("list.holds_bool", version=1, public=False)
def list_holds_bool(items: BoolItems, *, wanted: Int64) -> Bool:
    """Whether an element is true (`wanted` 1) or false (0); of an empty list none is."""
    found = False
    at = items.start
    while at < items.stop and not found:
        found = load_u8(items.buf, at) == wanted
        at = i64_add(at, 1)
    return found


@kernel_function
def _count_true(items):
    count = 0
    for i in range(items.start, items.stop):
        count = i64_add(count, load_u8(items.buf, i))
    return count


@op("list.count_true", version=1, public=False)
def list_count_true(items: BoolItems) -> UInt32:
    """How many elements are true."""
    return u64_from_i64(_count_true(items))


@op("list.share_true", version=1, nulls=Nulls.MAYBE, public=False)
def list_share_true(items: BoolItems) -> Float64:
    """The share of elements that are true; null for the empty list."""
    count = i64_sub(items.stop, items.start)
    return f64_div(f64_from_i64(_count_true(items)), f64_from_i64(count)), count > 0


def _sum_type(types, params):
    inner = checked_element(types, params)
    if inner.name in ("Date", "Datetime"):
        raise FeatureTypeError(f"`sum` of {types[0]}: times have no sum")
    if inner.name == "Duration":
        return inner
    return {"i": INT64, "u": UINT64, "f": FLOAT64}[inner.kind]


@op("list.sum", version=1, result=_sum_type, public=False)
def list_sum(items: SignedItems, *, element: Int64) -> Int64:
    """The sum: of integers as Int64 or UInt64, wrapping; of floats from left to right from 0.0."""
    total = 0
    for i in range(items.start, items.stop):
        total = i64_add(total, i64_from_u64(integer_at(items.buf, i, element)))
    return total


@list_sum.body
def list_sum_unsigned(items: UnsignedItems, *, element: Int64) -> UInt64:
    total = u64_from_i64(0)
    for i in range(items.start, items.stop):
        total = u64_add(total, integer_at(items.buf, i, element))
    return total


@list_sum.body
def list_sum_float(items: FloatItems, *, element: Int64) -> Float64:
    total = 0.0
    for i in range(items.start, items.stop):
        total = total + float_at(items.buf, i, element)
    return total


def _float_type(types, params):
    checked_element(types, params)
    return FLOAT64


@op("list.mean", version=1, nulls=Nulls.MAYBE, result=_float_type, public=False)
def list_mean(items: NumberItems, *, element: Int64) -> Float64:
    """The sum of the elements as floats, from left to right, divided by their number.

    Null for the empty list.
    """
    total = 0.0
    for i in range(items.start, items.stop):
        total = total + float_at(items.buf, i, element)
    count = i64_sub(items.stop, items.start)
    return f64_div(total, f64_from_i64(count)), count > 0


@op("list.extreme", version=1, nulls=Nulls.MAYBE, result=checked_element, public=False)
def list_extreme(items: SignedItems, *, element: Int64, greatest: Bool) -> Int64:
    """The least or the greatest element, the last of equal ones; null for the empty list.

    A NaN is taken where nothing else is there.
    """
    found = 0
    for i in range(items.start, items.stop):
        value = i64_from_u64(integer_at(items.buf, i, element))
        if i == items.start or (value > found if greatest else value < found):
            found = value
    return found, items.start < items.stop


@list_extreme.body
def list_extreme_unsigned(items: UnsignedItems, *, element: Int64, greatest: Bool) -> UInt64:
    found = u64_from_i64(0)
    for i in range(items.start, items.stop):
        value = integer_at(items.buf, i, element)
        if i == items.start or (value > found if greatest else value < found):
            found = value
    return found, items.start < items.stop


@list_extreme.body
def list_extreme_float(items: FloatItems, *, element: Int64, greatest: Bool) -> Float64:
    found = 0.0
    for i in range(items.start, items.stop):
        value = float_at(items.buf, i, element)
        # As of two columns: of equal values the later is taken, which shows for zeros alone.
        is_further = value >= found if greatest else value <= found
        if i == items.start or found != found or is_further:
            found = value
    return found, items.start < items.stop

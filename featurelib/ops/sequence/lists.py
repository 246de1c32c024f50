"""Lists: length, slices and membership.

A slice is a view into the list that it comes from and copies nothing. An element is never null.
"""

from featurelib.dtypes import (
    FLOAT32,
    FLOAT64,
    INT8,
    INT16,
    INT32,
    INT64,
    UINT8,
    UINT16,
    UINT32,
    UINT64,
    Bool,
    Float32,
    Float64,
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    list_type,
)  # fmt: skip
from featurelib.errors import DefinitionError
from featurelib.intrinsics import View, i64_add, i64_sub, load_f32, load_f64, u64_from_i64
from featurelib.node import Node, apply, literal
from featurelib.op import Nulls, TypeSet, kernel_function, method, op
from featurelib.ops.sequence.elements import integer_at

AnyList = TypeSet("List", frozenset({"List"}))
_TO_THE_END = (1 << 63) - 1


@op("list.len", version=1)
def list_len(items: AnyList) -> UInt32:
    """Number of elements."""
    return u64_from_i64(i64_sub(items.stop, items.start))


@op("list.slice", version=1, public=False)
def list_slice(items: AnyList, *, offset: Int64, length: Int64) -> AnyList:
    """At most `length` elements from the one at `offset`; a negative one counts from the end.

    As in Polars, an offset before the start still counts: of [1, 2, 3], -4 and length 2 give [1].
    """
    n = i64_sub(items.stop, items.start)
    first = offset
    if offset < 0:
        first = i64_add(offset, n)
    if first > n:
        first = n
    if length < i64_sub(n, first) or first < 0:
        last = i64_add(first, length)
    else:
        last = n
    if first < 0:
        first = 0
    if last > n:
        last = n
    if last < first:
        last = first
    return View(items.buf, i64_add(items.start, first), i64_add(items.start, last))


@op("list.fill_empty", version=1, nulls=Nulls.EXPLICIT, nullable=lambda items: False, public=False)
def list_fill_empty(items: AnyList) -> AnyList:
    """The list, or an empty one where it is null."""
    value, valid = items
    if valid:
        return value, True
    return View(value.buf, value.start, value.start), True


@kernel_function
def holds_integer(items: View, wanted: UInt64, width: Int64) -> Bool:
    """Whether an integer of these 64 bits is among elements of a width (see `integer_at`)."""
    found = False
    at = items.start
    while at < items.stop and not found:
        found = integer_at(items.buf, at, width) == wanted
        at = i64_add(at, 1)
    return found


@kernel_function
def same_float(a: Float64, b: Float64) -> Bool:
    """Equality in which NaN equals itself, and the zeros each other."""
    return a == b or (a != a and b != b)


def _of_the_list(items: bool, item: bool) -> bool:
    return items


@op("list.contains", version=1, nulls=Nulls.EXPLICIT, nullable=_of_the_list, public=False)
def list_contains(items: list_type(INT64), item: Int64) -> Bool:
    """Whether a value is among the elements; a null value is not. NaN equals itself."""
    wanted = u64_from_i64(item[0])
    return item[1] and holds_integer(items[0], wanted, -8), items[1]


@list_contains.body
def list_contains_i32(items: list_type(INT32), item: Int32) -> Bool:
    wanted = u64_from_i64(item[0])
    return item[1] and holds_integer(items[0], wanted, -4), items[1]


@list_contains.body
def list_contains_i16(items: list_type(INT16), item: Int16) -> Bool:
    wanted = u64_from_i64(item[0])
    return item[1] and holds_integer(items[0], wanted, -2), items[1]


@list_contains.body
def list_contains_i8(items: list_type(INT8), item: Int8) -> Bool:
    wanted = u64_from_i64(item[0])
    return item[1] and holds_integer(items[0], wanted, -1), items[1]


@list_contains.body
def list_contains_u64(items: list_type(UINT64), item: UInt64) -> Bool:
    return item[1] and holds_integer(items[0], item[0], 8), items[1]


@list_contains.body
def list_contains_u32(items: list_type(UINT32), item: UInt32) -> Bool:
    return item[1] and holds_integer(items[0], item[0], 4), items[1]


@list_contains.body
def list_contains_u16(items: list_type(UINT16), item: UInt16) -> Bool:
    return item[1] and holds_integer(items[0], item[0], 2), items[1]


@list_contains.body
def list_contains_u8(items: list_type(UINT8), item: UInt8) -> Bool:
    return item[1] and holds_integer(items[0], item[0], 1), items[1]


@list_contains.body
def list_contains_f64(items: list_type(FLOAT64), item: Float64) -> Bool:
    view, found = items[0], False
    at = view.start
    while item[1] and at < view.stop and not found:
        found = same_float(load_f64(view.buf, at), item[0])
        at = i64_add(at, 1)
    return found, items[1]


@list_contains.body
def list_contains_f32(items: list_type(FLOAT32), item: Float32) -> Bool:
    view, found = items[0], False
    at = view.start
    while item[1] and at < view.stop and not found:
        found = same_float(load_f32(view.buf, at), item[0])
        at = i64_add(at, 1)
    return found, items[1]


@method("list.slice")
def _slice(items: Node, offset: int, length: int | None = None) -> Node:
    """Elements from `offset` (negative: from the end), `length` of them or all."""
    params = {
        "offset": _integer(offset, "list.slice, offset", -(1 << 63)),
        "length": _TO_THE_END if length is None else _integer(length, "list.slice, length"),
    }
    return apply("list.slice", (items,), params)


@method("list.head")
def _head(items: Node, n: int) -> Node:
    """The first n elements, all if there are fewer."""
    return apply("list.slice", (items,), {"offset": 0, "length": _integer(n, "list.head, n")})


@method("list.tail")
def _tail(items: Node, n: int) -> Node:
    """The last n elements, all if there are fewer."""
    # An offset before the start still counts, so n as length would cut what is shorter.
    length = _TO_THE_END if _integer(n, "list.tail, n") else 0
    return apply("list.slice", (items,), {"offset": -n, "length": length})


@method("list.contains")
def _contains(items: Node, item: object) -> Node:
    """Whether a value is among the elements; a null value is not. NaN equals itself.

    Null where the list is. A column has the type of the elements; a constant fits it.
    """
    inner = items.dtype.inner
    if not isinstance(item, Node) and inner is not None:
        item = literal(item, inner)
    return apply("list.contains", (items, item))


def _integer(value: object, what: str, low: int = 0) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value < 1 << 63:
        raise DefinitionError(f"{what}: expected a constant integer >= {low}, got {value!r}")
    return value

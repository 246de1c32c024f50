"""Lists by an expression over their elements: what it makes of each, and which of them it keeps."""

from featurelib.dtypes import BOOL, Int64, list_type
from featurelib.errors import FeatureTypeError
from featurelib.intrinsics import (
    View,
    arena_limit,
    arena_reserve,
    i64_add,
    i64_mul,
    i64_sub,
    load_u8,
)
from featurelib.mapping import element, mapped
from featurelib.node import Node, apply, literal
from featurelib.op import Arena, Nulls, method, op
from featurelib.ops.sequence.elements import checked_element, element_code, integer_at
from featurelib.ops.sequence.lists import AnyList
from featurelib.ops.sequence.ordering import size_of, store_element


@op(
    "list.filter",
    version=1,
    nulls=Nulls.MAYBE,
    result=lambda types, params: types[0] if checked_element(types, params) else types[0],
    device_reason="a List that makes a List",
    public=False,
)
def list_filter(items: AnyList, keep: list_type(BOOL), arena: Arena, *, element: Int64) -> AnyList:
    """The elements at whose places `keep` is true; null for two lengths and over the row limit."""
    count = i64_sub(items.stop, items.start)
    if i64_sub(keep.stop, keep.start) != count:
        return View(items.buf, items.start, items.start), False
    kept = 0
    for i in range(count):
        if load_u8(keep.buf, i64_add(keep.start, i)) != 0:
            kept = i64_add(kept, 1)
    size = size_of(element)
    if i64_mul(kept, size) > arena_limit(arena):
        return View(items.buf, items.start, items.start), False
    buf = arena_reserve(arena, i64_mul(kept, size))
    at = 0
    for i in range(count):
        if load_u8(keep.buf, i64_add(keep.start, i)) != 0:
            bits = integer_at(items.buf, i64_add(items.start, i), size)
            store_element(buf, at, bits, size)
            at = i64_add(at, 1)
    return View(buf, 0, kept), True


@method("arr.eval")
@method("list.eval")
def evaluated(items: Node, expr: Node) -> Node:
    """An expression for each element: ``x.list.eval(fl.element().log1p())``.

    The result is as long as the list: a List, or of an Array an Array. Besides `fl.element()` the
    expression may read any column, which has one value for the row. An element is never null, so a
    value that may be null needs `fill_null`; it is a number, a truth value or a time. An analyzer
    (`fl.mean`) sees whole columns and is refused. Null where the list is, and a List over the row
    limit, 64 KiB unless the kernel is compiled with another.
    """
    return mapped(items, expr if isinstance(expr, Node) else literal(expr))


@method("list.filter")
def kept(items: Node, predicate: Node) -> Node:
    """The elements for which an expression is true: ``x.list.filter(fl.element() > 0)``.

    They stay in their order. Besides `fl.element()` the expression may read any column. An element
    for which it is null is left out. Null where the list is, where what is kept is over the row
    limit (64 KiB unless the kernel is compiled with another), and where the list has more elements
    than that has bytes.
    """
    if items.dtype.name != "List":
        raise FeatureTypeError(f"`list.filter` takes a List, got {items.dtype}")
    if not isinstance(predicate, Node) or predicate.dtype != BOOL:
        got = predicate.dtype if isinstance(predicate, Node) else repr(predicate)
        raise FeatureTypeError(
            f"`list.filter` takes an expression that is true or false, got {got}",
            hint="compare: fl.element() != 0",
        )
    keep = mapped(items, predicate.fill_null(False))
    inner = element(items).dtype
    return apply("list.filter", (items, keep), {"element": element_code(inner)})

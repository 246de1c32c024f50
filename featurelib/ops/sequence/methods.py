"""The methods of Lists and of Arrays: what `list` and `arr` have in common, and operators."""

import struct
from collections.abc import Callable
from typing import Any

from featurelib import literals
from featurelib.dtypes import BOOL, FLOAT32, FLOAT64, INT64, DType
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.node import Node, apply, literal, number
from featurelib.node_rules import ROW_LIMIT
from featurelib.op import method
from featurelib.ops.encode import checked_places
from featurelib.ops.hashing import checked_seed
from featurelib.ops.sequence.elements import element_code
from featurelib.ops.sequence.vectors import ADD, DIV, DIV_INTO, MUL, SUB, SUB_FROM

_HOW = {"add": (ADD, ADD), "sub": (SUB, SUB_FROM), "mul": (MUL, MUL), "truediv": (DIV, DIV_INTO)}


def _both(name: str) -> Callable[[Callable[..., Node]], Callable[..., Node]]:
    """Decorator: the method of Lists and, in the namespace `arr`, of Arrays."""

    def register(fn: Callable[..., Node]) -> Callable[..., Node]:
        method(f"list.{name}")(fn)
        return method(f"arr.{name}")(fn)

    return register


def _inner(items: Node, name: str, takes: str = "") -> DType:
    inner = items.dtype.inner
    held = inner is not None and {
        "": True, "numbers": inner.is_numeric, "integers": inner.is_integer,
        "truth values": inner.name == "Bool", "numbers or times": inner.name != "Bool",
        "numbers or truth values": inner.is_numeric or inner == BOOL,
        "numbers, Durations or truth values": inner.is_numeric
        or inner.name in ("Duration", "Bool"),
    }[takes]  # fmt: skip
    if inner is None or not held:
        what = f" of {takes}" if takes else ""
        raise FeatureTypeError(f"`{name}` takes a List or Array{what}, got {items.dtype}")
    return inner


def _element(items: Node, name: str, takes: str = "") -> dict[str, Any]:
    return {"element": element_code(_inner(items, name, takes))}


def _narrowed(made: Node, *of: Node) -> Node:
    """What was computed of Float32 elements, rounded to Float32."""
    return made.cast(FLOAT32) if all(x.dtype.inner == FLOAT32 for x in of) else made


@_both("get")
def get(items: Node, index: Node | int) -> Node:
    """The element at an index, from the end where that is below zero; null where there is none."""
    at = index if isinstance(index, Node) else literal(index, INT64)
    return apply("list.get", (items, at.cast(INT64)), _element(items, "get"))


@_both("first")
def first(items: Node) -> Node:
    """The first element; null for the empty list."""
    return get(items, 0)


@_both("last")
def last(items: Node) -> Node:
    """The last element; null for the empty list."""
    return get(items, -1)


@_both("sum")
def total(items: Node) -> Node:
    """The sum, from left to right; 0 for the empty list.

    Of integers an Int64 or UInt64, wrapping; of Float32 a Float32 that is rounded once; of truth
    values how many are true, as UInt32.
    """
    if _inner(items, "sum", "numbers, Durations or truth values") == BOOL:
        return apply("list.count_true", (items,))
    element = _element(items, "sum", "numbers, Durations or truth values")
    return _narrowed(apply("list.sum", (items,), element), items)


@_both("mean")
def mean(items: Node) -> Node:
    """The mean of numbers: summed as floats from left to right, divided once; null where empty.

    Of truth values the share that is true, as Float64.
    """
    if _inner(items, "mean", "numbers or truth values") == BOOL:
        return apply("list.share_true", (items,))
    element = _element(items, "mean", "numbers or truth values")
    return _narrowed(apply("list.mean", (items,), element), items)


@_both("min")
def least(items: Node) -> Node:
    """The least element; NaN only where all are; null for the empty list."""
    return apply(
        "list.extreme", (items,), {**_element(items, "min", "numbers or times"), "greatest": False}
    )


@_both("max")
def greatest(items: Node) -> Node:
    """The greatest element; NaN only where all are; null for the empty list."""
    return apply(
        "list.extreme", (items,), {**_element(items, "max", "numbers or times"), "greatest": True}
    )


@_both("any")
def is_any(items: Node) -> Node:
    """Whether an element is true; false for the empty list."""
    _inner(items, "any", "truth values")
    return apply("list.holds_bool", (items,), {"wanted": 1})


@_both("all")
def are_all(items: Node) -> Node:
    """Whether no element is false; true for the empty list."""
    _inner(items, "all", "truth values")
    return apply("not_", (apply("list.holds_bool", (items,), {"wanted": 0}),))


@_both("sort")
def sort(items: Node, *, descending: bool = False) -> Node:
    """The elements in rising or falling order; NaN is the greatest, and -0.0 comes before 0.0.

    Null over the row limit, 64 KiB unless the kernel is compiled with another.
    """
    return _sorted(items, "sort", descending, distinct=False)


@method("list.unique")
def unique(items: Node) -> Node:
    """Each value once, in rising order; NaN equals itself, and both zeros are 0.0.

    Null over the row limit, 64 KiB unless the kernel is compiled with another.
    """
    if items.dtype.name != "List":
        raise FeatureTypeError(f"`unique` takes a List, got {items.dtype}")
    return _sorted(items, "unique", descending=False, distinct=True)


def _sorted(items: Node, name: str, descending: bool, distinct: bool) -> Node:
    params = {"descending": descending, "distinct": distinct}
    return apply("list.sort", (items,), {**_element(items, name), **params})


@_both("pad_to")
def pad_to(items: Node, n: int, fill: Any = 0, *, at_start: bool = False) -> Node:
    """An Array of exactly n elements, null where the list is.

    Args:
        items: A List or an Array.
        n: How many; all of them may take 64 KiB.
        fill: The constant where the list has no element; 0 is also false, and the epoch.
        at_start: Whether elements are left out and put in at the start, so that the last n stay;
            else at the end.
    """
    inner = _inner(items, "pad_to")
    size = inner.bits // 8
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n * size <= ROW_LIMIT:
        raise DefinitionError(
            f"pad_to: expected an integer n, 1 <= n <= {ROW_LIMIT // size} of {inner}, got n={n!r}"
        )
    held = 0 if type(fill) is int and fill == 0 else literals.to_kernel(fill, inner)
    if held is None:
        raise DefinitionError(
            "pad_to: expected a value as fill, got None; an element is never null"
        )
    if inner.is_float:
        bits = int.from_bytes(struct.pack("<f" if size == 4 else "<d", held), "little")
    else:
        bits = int(held) % (1 << 8 * size)
    params = {"n": n, "size": size, "fill": bits, "at_start": at_start}
    return apply("list.pad_to", (items,), params)


@_both("dot")
def dot(items: Node, other: Node) -> Node:
    """The dot product of numbers, summed in Float64 from left to right; null for two lengths.

    Of Float32 elements a Float32, rounded once.
    """
    return _narrowed(_dot(items, other, "dot"), items, other)


@_both("norm")
def norm(items: Node) -> Node:
    """The Euclidean length: the root of the sum of squares, as `dot` adds them."""
    return _narrowed(_length(items, "norm"), items)


@_both("distance")
def distance(items: Node, other: Node) -> Node:
    """The Euclidean distance of two vectors; null for two lengths.

    Of Float32 elements a Float32, computed in Float64.
    """
    _like(items, other, "distance")
    made = apply("list.squared_distance", (items, other), _element(items, "distance", "numbers"))
    return _narrowed(apply("sqrt", (made,)), items, other)


@_both("cosine")
def cosine(items: Node, other: Node) -> Node:
    """The cosine of the angle between two vectors: `dot` divided by the product of both norms.

    NaN where a norm is 0; rounding may lead a little beyond -1 and 1. Null for two lengths.
    """
    product = _dot(items, other, "cosine")
    lengths = apply("mul", (_length(items, "cosine"), _length(other, "cosine")))
    made = apply("truediv", (product, lengths))
    return _narrowed(made, items, other)


@_both("normalize")
def normalize(items: Node) -> Node:
    """Each element of a vector of floats divided by its `norm` in Float64; a zero vector stays."""
    length = _length(items, "normalize")
    divisor = apply("if_else", (apply("eq", (length, 0.0)), 1.0, length))
    return _arithmetic("normalize", items, divisor, DIV)


@_both("multi_hot")
def hot(items: Node, n: int) -> Node:
    """A Float32 array of n with a 1 at each index in a list of integers; all zeros for null.

    An index below zero, or of n or more, is left out.
    """
    params = {"n": checked_places(n, "multi_hot"), **_element(items, "multi_hot", "integers")}
    return apply("multi_hot", (items,), params)


@_both("hash_vector")
def hash_vector(items: Node, n: int, *, seed: int = 0) -> Node:
    """The feature hasher: a Float32 array of n, to which each integer of a list adds 1 or -1.

    The place is the XXH64 of the integer modulo n, as `list.hash_bucket`; the sign is minus where
    the highest bit of the hash is set. All zeros for null.
    """
    params = {"n": checked_places(n, "hash_vector"), "seed": checked_seed(seed)}
    params |= _element(items, "hash_vector", "integers")
    return apply("list.hash_vector", (items,), params)


def sequence_operator(name: str, a: Any, b: Any) -> Node:
    """What + - * / mean where a side is a List or Array of floats."""
    sides = [isinstance(x, Node) and x.dtype.inner is not None for x in (a, b)]
    how, reversed_how = _HOW[name]
    if all(sides):
        _like(a, b, name)
        return _arithmetic(name, a, b, how)
    items, one = (a, b) if sides[0] else (b, a)
    given = number(one, name) if isinstance(one, Node) else literal(one, FLOAT64)
    return _arithmetic(name, items, given, how if sides[0] else reversed_how)


def _arithmetic(name: str, items: Node, other: Node, how: int) -> Node:
    inner = _inner(items, name, "numbers")
    if not inner.is_float:
        raise FeatureTypeError(
            f"`{name}` takes a List or Array of floats, got {items.dtype}",
            hint="declare its elements as floats",
        )
    return apply("list.arithmetic", (items, other), {"element": element_code(inner), "how": how})


def _like(items: Node, other: Node, name: str) -> None:
    if not isinstance(other, Node) or other.dtype != items.dtype:
        got = other.dtype if isinstance(other, Node) else repr(other)
        raise FeatureTypeError(f"`{name}` takes two of one type, got {items.dtype} and {got}")


def _dot(items: Node, other: Node, name: str) -> Node:
    _like(items, other, name)
    return apply("list.dot", (items, other), _element(items, name, "numbers"))


def _length(items: Node, name: str) -> Node:
    return apply("sqrt", (_dot(items, items, name),))

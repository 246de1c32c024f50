"""An expression over the elements of a list: the two kinds of nodes that make a loop in a graph.

`element` stands for one element of a List or Array, and ops compute on it as on any value. A `map`
goes through the list: for each element it computes what lies between the two, and puts the values
into a list. What does not depend on the element is a value of the row, and is computed once.

A list that is made of an element has no elements of its own here: a map takes time in proportion to
its list, whatever a bundle says, and loops in loops would not.
"""

from __future__ import annotations

from featurelib import dtypes
from featurelib.dtypes import DType
from featurelib.errors import FeatureTypeError
from featurelib.node import ELEMENT, MAP, Node, here

__all__ = ["PER_ELEMENT", "element", "map_nullable", "map_type", "mapped"]

PER_ELEMENT = ("list.eval", "arr.eval", "list.filter")
"""Methods whose first argument is a list, and the other one an expression over its elements."""


def element(items: Node) -> Node:
    """One element of a List or Array; it is never null.

    Raises:
        FeatureTypeError: It is neither, or is itself made of an element.
    """
    if items.dtype.inner is None:
        raise FeatureTypeError(f"only a List or Array has elements, got {items.dtype}")
    if items.free:
        raise FeatureTypeError(
            "a list that is made of an element of a list has no expression of its own",
            hint="loops in loops are not there: compute it of a column",
        )
    return Node(ELEMENT, (items,), (), items.dtype.inner, False, here())


def mapped(items: Node, value: Node) -> Node:
    """The list of the values that an expression has for each element of a list.

    Args:
        items: A List or Array.
        value: Computed from `element(items)`, from other values of the row, or from both.

    Raises:
        FeatureTypeError: The value may be null, or cannot be an element.
    """
    dtype = map_type(items.dtype, value)
    args = (items, element(items), value)
    return Node(MAP, args, (), dtype, map_nullable(items), here())


def map_type(items: DType, value: Node) -> DType:
    """The type of a list of these values, as many as a list of that type has.

    Raises:
        FeatureTypeError: The value may be null, or cannot be an element.
    """
    if value.nullable:
        raise FeatureTypeError(
            "an element of a list is never null, and this value may be",
            hint="say what stands for null: .fill_null(0)",
        )
    if items.size is None:
        return dtypes.list_type(value.dtype)
    return dtypes.array_type(value.dtype, items.size)


def map_nullable(items: Node) -> bool:
    """Whether a list of values may be null: a List may be too long for the row limit."""
    return items.nullable or items.dtype.size is None

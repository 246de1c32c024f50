"""Lists and Arrays: elements, slices, sums, order, buckets, and vectors."""

from featurelib.ops.sequence import (
    buckets,
    lists,
    mapping,
    methods,
    ordering,
    projection,
    reductions,
    terms,
    vectors,
)

__all__ = [
    "buckets",
    "lists",
    "mapping",
    "methods",
    "ordering",
    "projection",
    "reductions",
    "terms",
    "vectors",
]

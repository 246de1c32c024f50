"""Lists and Arrays: elements, slices, sums, order, buckets, and vectors."""

from featurelib.ops.sequence import (
    buckets,
    lists,
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
    "methods",
    "ordering",
    "projection",
    "reductions",
    "terms",
    "vectors",
]

"""Lists: length, slices, membership, and buckets of their elements."""

from featurelib.ops.sequence import buckets, lists

__all__ = ["buckets", "lists"]

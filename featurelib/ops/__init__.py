"""The op families. Importing this registers every op and method."""

from featurelib.ops import (
    arithmetic,
    cast,
    comparison,
    conditional,
    elementary,
    encode,
    hashing,
    logic,
    ranges,
    rounding,
    temporal,
)

__all__ = [
    "arithmetic",
    "cast",
    "comparison",
    "conditional",
    "elementary",
    "encode",
    "hashing",
    "logic",
    "ranges",
    "rounding",
    "temporal",
]

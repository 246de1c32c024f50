"""The op families. Importing this registers every op and method."""

from featurelib.ops import (
    arithmetic,
    casing,
    cast,
    comparison,
    conditional,
    elementary,
    encode,
    geo,
    hashing,
    logic,
    ranges,
    rounding,
    structs,
    temporal,
    text,
    text_methods,
)

__all__ = [
    "arithmetic",
    "casing",
    "cast",
    "comparison",
    "conditional",
    "elementary",
    "encode",
    "geo",
    "hashing",
    "logic",
    "ranges",
    "rounding",
    "structs",
    "temporal",
    "text",
    "text_methods",
]

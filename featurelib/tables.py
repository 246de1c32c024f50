"""Constant and fitted data as kernels read it: typed arrays, string sets, zones.

A `TableData` has a kind and content that is plain JSON data; `encode` turns the content into bytes
and a count, for machine code and the reference evaluator alike. The kinds:

    f64, i64, u64      elements of eight bytes; count = number of elements
    strings, integers  sets with an index by hash: see `featurelib/ops/string_table.py`
    zone               see `featurelib/zones.py`
    unicode_case, unicode_class, unicode_normal    see `featurelib/ops/unicode_encoding.py`
    powers_of_ten      see `featurelib/ops/text_values/shortest.py`
    regex, regex_finder, regex_groups    see `featurelib/regex/table.py`
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

ENCODERS: dict[str, Callable[[Any], tuple[bytes, int]]] = {}


@dataclass(frozen=True, eq=False)
class TableData:
    """A table: `kind` names its layout, `content` is a tuple of plain values (hashable).

    `name` says where it comes from ("zone America/New_York"), for people.
    """

    kind: str
    content: tuple[Any, ...]
    name: str = ""

    def encode(self) -> tuple[bytes, int]:
        """The bytes that kernels read, and the count that stands in the view's `stop`."""
        return self._encoded

    @cached_property
    def _encoded(self) -> tuple[bytes, int]:
        return ENCODERS[self.kind](self.content)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TableData):
            return NotImplemented
        # By repr, which keeps 0.0 apart from -0.0 and 1 from True, and makes NaN equal to itself.
        mine, theirs = (self.kind, repr(self.content)), (other.kind, repr(other.content))
        return mine == theirs

    def __hash__(self) -> int:
        return hash((self.kind, repr(self.content)))

    def __str__(self) -> str:
        return self.name or f"{self.kind}[{len(self.content)}]"


def encoder(kind: str) -> Callable[[Callable[[Any], tuple[bytes, int]]], Any]:
    """Decorator that registers how content of a kind becomes bytes."""

    def register(fn: Callable[[Any], tuple[bytes, int]]) -> Callable[[Any], tuple[bytes, int]]:
        ENCODERS[kind] = fn
        return fn

    return register


@encoder("f64")
def _f64(content: tuple[float, ...]) -> tuple[bytes, int]:
    return struct.pack(f"<{len(content)}d", *content), len(content)


@encoder("i64")
def _i64(content: tuple[int, ...]) -> tuple[bytes, int]:
    return struct.pack(f"<{len(content)}q", *content), len(content)


@encoder("u64")
def _u64(content: tuple[int, ...]) -> tuple[bytes, int]:
    return struct.pack(f"<{len(content)}Q", *content), len(content)

"""Constant and fitted data as kernels read it: typed arrays, string sets, zones.

A `TableData` has a kind and content that is plain JSON data; `encode` turns the content into bytes and a count for
machine code and the reference evaluator alike, and registers kinds by decorator:

    f64, i64, u64   elements of eight bytes; count = number of elements
    strings         see `featurelib/ops/encode.py`
    zone            see `featurelib/ops/temporal.py`
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

ENCODERS: dict[str, Callable[[Any], tuple[bytes, int]]] = {}


@dataclass(frozen=True, slots=True)
class TableData:
    """A table: `kind` names its layout, `content` is a tuple of plain values (hashable).

    `name` says where it comes from ("zone America/New_York"), for people.
    """

    kind: str
    content: tuple[Any, ...]
    name: str = ""

    def encode(self) -> tuple[bytes, int]:
        """The bytes that kernels read, and the count that stands in the view's `stop`."""
        return _encode(self)

    def __str__(self) -> str:
        return self.name or f"{self.kind}[{len(self.content)}]"


@lru_cache(maxsize=256)
def _encode(table: TableData) -> tuple[bytes, int]:
    return ENCODERS[table.kind](table.content)


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

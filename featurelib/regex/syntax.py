"""The syntax tree of a pattern, after flags, classes and case have been resolved."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from featurelib.regex.charset import CharSet


class Look(enum.Enum):
    """A claim about the place between two characters; it takes no text.

    The word claims of the second half know ASCII words only.
    """

    START = enum.auto()
    END = enum.auto()
    LINE_START = enum.auto()
    LINE_END = enum.auto()
    CRLF_START = enum.auto()
    CRLF_END = enum.auto()
    WORD = enum.auto()
    NOT_WORD = enum.auto()
    WORD_START = enum.auto()
    WORD_END = enum.auto()
    WORD_START_HALF = enum.auto()
    WORD_END_HALF = enum.auto()
    ASCII_WORD = enum.auto()
    ASCII_NOT_WORD = enum.auto()
    ASCII_WORD_START = enum.auto()
    ASCII_WORD_END = enum.auto()
    ASCII_WORD_START_HALF = enum.auto()
    ASCII_WORD_END_HALF = enum.auto()


@dataclass(frozen=True)
class Chars:
    """One character of a set; where it stands in the pattern, for errors."""

    chars: CharSet
    span: tuple[int, int]


@dataclass(frozen=True)
class Assertion:
    """An empty text, at a place where the claim holds."""

    look: Look


@dataclass(frozen=True)
class Concat:
    """One after the other; of none it is the empty text."""

    items: tuple[Tree, ...]


@dataclass(frozen=True)
class Alternate:
    """One of several; the earlier is preferred."""

    items: tuple[Tree, ...]


@dataclass(frozen=True)
class Repeat:
    """An item `least` to `most` times (None: without end).

    Attributes:
        is_greedy: Whether more is preferred to less.
        span: Where the operator stands in the pattern, for errors.
    """

    item: Tree
    least: int
    most: int | None
    is_greedy: bool
    span: tuple[int, int]


@dataclass(frozen=True)
class Group:
    """A group that captures, by its number from 1."""

    item: Tree
    index: int


Tree = Chars | Assertion | Concat | Alternate | Repeat | Group

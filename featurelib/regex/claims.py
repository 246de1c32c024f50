"""Claims about a place: what the characters on both sides decide.

A side is one of a few kinds of character, or None where the text begins or ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from featurelib.regex import charset
from featurelib.regex.charset import CharSet
from featurelib.regex.partition import Partition
from featurelib.regex.properties import perl
from featurelib.regex.syntax import Look


class Side(NamedTuple):
    """What a claim may ask of a character."""

    is_newline: bool
    is_return: bool
    is_word: bool
    is_ascii_word: bool


def sets_of(looks: Iterable[Look]) -> list[CharSet]:
    """The sets that a partition needs, so that each class has one kind for these claims."""
    names = {look.name for look in looks}
    is_lines = any(n.startswith(("LINE", "CRLF")) for n in names)
    is_ascii = any(n.startswith("ASCII") for n in names)
    is_words = any("WORD" in n and not n.startswith("ASCII") for n in names)
    return [
        charset.of("\n") if is_lines else charset.EMPTY,
        charset.of("\r") if is_lines else charset.EMPTY,
        perl("w", True) if is_words else charset.EMPTY,
        perl("w", False) if is_ascii else charset.EMPTY,
    ]


def sides_of(classes: Partition, first: int) -> list[Side]:
    """The kind of each class; the four sets of `sets_of` stand in the partition from `first` on."""
    return [Side(*(bool(mask >> (first + k) & 1) for k in range(4))) for mask in classes.members]


def holds(look: Look, before: Side | None, after: Side | None) -> bool:
    """Whether a claim holds between two characters."""
    match look:
        case Look.START:
            return before is None
        case Look.END:
            return after is None
        case Look.LINE_START:
            return before is None or before.is_newline
        case Look.LINE_END:
            return after is None or after.is_newline
        case Look.CRLF_START:
            inside = after is not None and after.is_newline
            return before is None or before.is_newline or (before.is_return and not inside)
        case Look.CRLF_END:
            inside = before is not None and before.is_return
            return after is None or after.is_return or (after.is_newline and not inside)
    is_ascii = look.name.startswith("ASCII_")
    left, right = (_is_word(side, is_ascii) for side in (before, after))
    match look.name.removeprefix("ASCII_"):
        case "WORD":
            return left != right
        case "NOT_WORD":
            return left == right
        case "WORD_START":
            return right and not left
        case "WORD_END":
            return left and not right
        case "WORD_START_HALF":
            return not left
    return not right


def _is_word(side: Side | None, is_ascii: bool) -> bool:
    if side is None:
        return False
    return side.is_ascii_word if is_ascii else side.is_word

"""Sets of code points: sorted tuples of ranges ``(first, last)`` that neither touch nor overlap.

They are sets of what text may hold, so U+D800 to U+DFFF is in none of them.
"""

from __future__ import annotations

from collections.abc import Iterable

CharSet = tuple[tuple[int, int], ...]

EMPTY: CharSet = ()
ALL: CharSet = ((0, 0xD7FF), (0xE000, 0x10FFFF))
ASCII: CharSet = ((0, 0x7F),)


def from_ranges(ranges: Iterable[tuple[int, int]]) -> CharSet:
    """The set of all code points in any of the ranges, in any order."""
    return intersect(_joined(ranges), ALL)


def _joined(ranges: Iterable[tuple[int, int]]) -> CharSet:
    made: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if made and first <= made[-1][1] + 1:
            made[-1] = (made[-1][0], max(made[-1][1], last))
        else:
            made.append((first, last))
    return tuple(made)


def of(text: str) -> CharSet:
    """The characters of a text."""
    return from_ranges((ord(c), ord(c)) for c in text)


def union(*sets: CharSet) -> CharSet:
    """What is in any of them."""
    return from_ranges(r for s in sets for r in s)


def intersect(a: CharSet, b: CharSet) -> CharSet:
    """What is in both."""
    made: list[tuple[int, int]] = []
    i = j = 0
    while i < len(a) and j < len(b):
        first, last = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if first <= last:
            made.append((first, last))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return tuple(made)


def negate(a: CharSet) -> CharSet:
    """What is not in it."""
    gaps: list[tuple[int, int]] = []
    start = 0
    for first, last in a:
        if start < first:
            gaps.append((start, first - 1))
        start = last + 1
    if start <= 0x10FFFF:
        gaps.append((start, 0x10FFFF))
    return intersect(tuple(gaps), ALL)


def subtract(a: CharSet, b: CharSet) -> CharSet:
    """What is in the first and not in the second."""
    return intersect(a, negate(b))

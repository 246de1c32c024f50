"""Code points in classes: two of one class are the same to every set of a pattern."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from featurelib.regex.charset import CharSet


@dataclass(frozen=True)
class Partition:
    """The coarsest classes of code points that a list of sets does not cut.

    Attributes:
        starts: First code points of the runs, rising, from 0; the last run ends with the last one.
        classes: The class of each run. Classes are numbered in the order of their first run.
        members: For each class a bit mask: bit k says that it is in set k of the list.
    """

    starts: tuple[int, ...]
    classes: tuple[int, ...]
    members: tuple[int, ...]

    def class_of(self, code: int) -> int:
        """The class of a code point."""
        return self.classes[bisect_right(self.starts, code) - 1]


def partition(sets: Iterable[CharSet]) -> Partition:
    """The partition by these sets."""
    toggles: dict[int, int] = {0: 0}
    for k, chars in enumerate(sets):
        for first, last in chars:
            # No text holds U+D800 to U+DFFF: the run before them goes on instead of a class more.
            for at in (first, 0xE000 if last == 0xD7FF else last + 1):
                toggles[at] = toggles.get(at, 0) ^ (1 << k)
    starts: list[int] = []
    classes: list[int] = []
    members: dict[int, int] = {}
    mask = 0
    for at in sorted(t for t in toggles if t <= 0x10FFFF):
        mask ^= toggles[at]
        found = members.setdefault(mask, len(members))
        if not classes or classes[-1] != found:
            starts.append(at)
            classes.append(found)
    return Partition(tuple(starts), tuple(classes), tuple(members))


def merge(given: Partition, names: Iterable[int]) -> Partition:
    """The partition in which class k has become class ``names[k]``; `members` are the first's."""
    names = tuple(names)
    starts: list[int] = []
    classes: list[int] = []
    for at, old in zip(given.starts, given.classes, strict=True):
        if not classes or classes[-1] != names[old]:
            starts.append(at)
            classes.append(names[old])
    first = dict(zip(reversed(names), reversed(given.members), strict=True))
    return Partition(tuple(starts), tuple(classes), tuple(first[k] for k in sorted(first)))

"""Where the groups of a match stand: an automaton that is at one place at a time.

It reads a match that `finder` has found, from its beginning to its end, and knows at each character
which place of the pattern reads it, so it notes where groups begin and end as it goes. Two ways to
one place are one (the preferred). Two places that read the same character would need to be followed
both: unless no group begins or ends any more behind either, such a pattern is refused.

So there is one path from the beginning of the match to its end at most; since there is a match, it
is the one that Rust takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from featurelib.regex.claims import Side, holds
from featurelib.regex.nfa import Nfa, build
from featurelib.regex.partition import Partition
from featurelib.regex.reach import ANY, MAX_STATES, Reach, classes_of
from featurelib.regex.reader import refuse
from featurelib.regex.syntax import Tree

DONE = 0
"""The state in which no group begins or ends any more."""
MAX_GROUPS = 15
"""Their marks stand in one word, two bits each."""


@dataclass(frozen=True)
class OnePass:
    """The automaton. A mark is bit 2k where group k begins, bit 2k + 1 where it ends.

    Attributes:
        classes: The classes of code points; the edge of the text counts as one more, the last.
        starts: The state to begin with, by the class of the character before.
        rows: For each state by class the next state, the marks on the way there, and the marks on
            the way to the end of the match.
    """

    classes: Partition
    starts: list[int]
    rows: list[list[tuple[int, int, int]]]


def one_pass(tree: Tree, pattern: str, groups: tuple[int, ...]) -> OnePass:
    """The automaton that finds these groups of a tree, by their numbers; `pattern` is for errors.

    Raises:
        DefinitionError: The pattern is not one-pass; points at the place.
    """
    nfa = build(tree, pattern, groups=groups)
    made = _Paths(nfa, pattern)
    starts = [made.number(nfa.start, side) for side in (*made.reach.sides, None)]
    rows = [[(DONE, 0, 0)] * len(starts)]
    rows += (made.row(*state) for state in made.waiting)  # which grows meanwhile
    return OnePass(made.classes, starts, rows)


class _Paths:
    """The states found so far: a place, and the character before where a claim asks for it."""

    def __init__(self, nfa: Nfa, pattern: str) -> None:
        self.classes = classes_of(nfa)
        self.reach = Reach(nfa, pattern, self.classes)
        self.waiting: list[tuple[int, Side | None]] = []
        self._nfa, self._pattern = nfa, pattern
        self._numbers: dict[tuple[int, Side | None], int] = {}
        self._asks: dict[int, bool] = {}
        self._marking = _leading_to_marks(nfa)

    def number(self, place: int, before: Side | None) -> int:
        """The state for a place."""
        if place not in self._marking:
            return DONE
        if place not in self._asks:
            self._asks[place] = not self.reach.claiming.isdisjoint(self._paths(place, None))
        if not self._asks[place]:
            before = ANY  # and so makes no other state
        key = (place, before)
        if key not in self._numbers:
            if len(self.waiting) == MAX_STATES:
                self.reach.refuse()
            self.waiting.append(key)
            self._numbers[key] = len(self.waiting)
        return self._numbers[key]

    def row(self, place: int, before: Side | None) -> list[tuple[int, int, int]]:
        """Where each class leads, with the marks on the way."""
        paths = {side: self._paths(place, (before, side)) for side in {*self.reach.sides, None}}
        made = [
            (*self._next(paths[side], side, mask), paths[side].get(0, 0))
            for side, mask in zip(self.reach.sides, self.classes.members, strict=True)
        ]
        return [*made, (DONE, 0, paths[None].get(0, 0))]

    def _next(self, paths: dict[int, int], side: Side, mask: int) -> tuple[int, int]:
        """The next state after a character in the sets of the mask, and the marks before it."""
        reads = self._nfa.reads
        hits = [p for p in paths if reads[p] >= 0 and mask >> reads[p] & 1]
        self.reach.count(len(hits))
        found: dict[tuple[int, int], int] = {}
        for p in hits:
            found.setdefault((self.number(self._nfa.nexts[p][0], side), paths[p]), p)
        if len(found) > 1:
            first, second, *_ = found.values()
            self._refuse(first, second)
        return next(iter(found), (DONE, 0))

    def _paths(self, place: int, sides: tuple[Side | None, Side | None] | None) -> dict[int, int]:
        """The places reached without reading, each with the marks on the preferred way there.

        Without sides it stops at no claim and finds all that may be reached.
        """
        nfa = self._nfa
        found: dict[int, int] = {}
        stack = [(place, 0)]
        while stack:
            at, marks = stack.pop()
            if at in found:
                continue
            found[at] = marks
            claim = nfa.claims[at]
            if nfa.marks[at] >= 0:
                marks |= 1 << nfa.marks[at]
            if nfa.reads[at] < 0 and (claim is None or sides is None or holds(claim, *sides)):
                stack += ((after, marks) for after in reversed(nfa.nexts[at]))
        self.reach.count(len(found))
        return found

    def _refuse(self, first: int, second: int) -> NoReturn:
        spans = self._nfa.spans
        start, stop = spans[second]
        other = self._pattern[slice(*spans[first])]
        refuse(
            self._pattern,
            start,
            stop,
            f"which group a character belongs to is not known when it is read: {other} (position "
            f"{spans[first][0]}) may read it as well",
            "let what repeats leave out what follows it: ([^@]*)@ instead of (.*)@; group 0, the "
            "whole match, can always be taken",
        )


def _leading_to_marks(nfa: Nfa) -> set[int]:
    """Places from which the beginning or end of a group may still be reached."""
    before: dict[int, list[int]] = {}
    for place, nexts in enumerate(nfa.nexts):
        for after in nexts:
            before.setdefault(after, []).append(place)
    waiting = [p for p, mark in enumerate(nfa.marks) if mark >= 0]
    found = set(waiting)
    while waiting:
        for place in before.get(waiting.pop(), ()):
            if place not in found:
                found.add(place)
                waiting.append(place)
    return found

"""Subset construction: a state of the automaton for each set of places a text can have led to."""

from __future__ import annotations

from dataclasses import dataclass

from featurelib.regex.claims import Side
from featurelib.regex.nfa import Nfa
from featurelib.regex.partition import Partition
from featurelib.regex.reach import ANY, MAX_STATES, Reach, classes_of

DEAD, FOUND = 0, 1
"""States that no character leaves: nothing can be found any more; something was found."""
_Set = frozenset[int]


@dataclass(frozen=True)
class Dfa:
    """A deterministic automaton over classes of code points.

    Attributes:
        classes: The classes.
        start: The state before the first character.
        rows: For each state the next state by class; those of `DEAD` and `FOUND` are themselves.
        accepts: For each state whether a text that ends there is accepted.
    """

    classes: Partition
    start: int
    rows: list[list[int]]
    accepts: list[bool]


def search_dfa(nfa: Nfa, pattern: str) -> Dfa:
    """The automaton that accepts a text if a match stands anywhere in it; `pattern` is for errors.

    Raises:
        DefinitionError: It needs too many states.
    """
    made = _Subsets(nfa, pattern)
    n_classes = len(made.classes.members)
    rows = [[DEAD] * n_classes, [FOUND] * n_classes]
    accepts = [False, True]
    start = made.number(frozenset(), None)
    for places, before in made.waiting:  # which grows meanwhile
        accepts.append(0 in made.passed(places | made.begin(before), before, None))
        rows.append(made.row(places, before))
    return Dfa(made.classes, start, rows, accepts)


class _Subsets:
    """The sets found so far, and what leads from one to another.

    A match may begin at every place of the text. The places of its beginning belong to every state,
    so they stand in none, and what they lead to is computed once: a pattern of a thousand words
    has a thousand of them.
    """

    def __init__(self, nfa: Nfa, pattern: str) -> None:
        self.classes = classes_of(nfa)
        self.reach = Reach(nfa, pattern, self.classes)
        self.numbers: dict[tuple[_Set, Side | None], int] = {}
        self.waiting: list[tuple[_Set, Side | None]] = []
        self._begun: dict[tuple[Side | None, int], _Set | None] = {}
        first = frozenset(self.reach.start())
        self._begins = first, first - self.reach.at_edge

    def begin(self, before: Side | None) -> _Set:
        """The places of the beginning; `before` is None where the text begins."""
        return self._begins[before is not None]

    def passed(self, places: _Set, before: Side | None, after: Side | None) -> _Set:
        """The places that are reached without reading, between two characters."""
        return frozenset(self.reach.passed(tuple(places), before, after))

    def number(self, places: _Set, before: Side | None) -> int:
        """The state for these places, besides those of the beginning."""
        begin = self.begin(before)
        if before is not None:
            places -= self.reach.at_edge
        if 0 in places or 0 in begin:
            return FOUND
        if not places and not begin:
            return DEAD
        claiming = self.reach.claiming
        if begin.isdisjoint(claiming) and places.isdisjoint(claiming):
            before = ANY  # and so makes no other state
        key = (places, before)
        if key not in self.numbers:
            if len(self.waiting) == MAX_STATES:
                self.reach.refuse()
            self.numbers[key] = len(self.waiting) + 2
            self.waiting.append(key)
        return self.numbers[key]

    def row(self, places: _Set, before: Side | None) -> list[int]:
        """Where each class leads."""
        known: dict[tuple[Side, int], int] = {}
        sides = self.reach.sides
        passed = {side: self.passed(places, before, side) for side in set(sides)}
        used = {side: self.reach.sets(passed[side]) for side in passed}
        made = []
        for c, mask in enumerate(self.classes.members):
            side = sides[c]
            begun = self._begin_after(before, c)
            key = (side, mask & used[side])
            if begun is None or 0 in passed[side]:
                made.append(FOUND)
            elif begun:
                made.append(self.number(self._step(passed[side], mask) | begun, side))
            else:
                if key not in known:
                    known[key] = self.number(self._step(passed[side], mask), side)
                made.append(known[key])
        self.reach.count(len(made))
        return made

    def _begin_after(self, before: Side | None, c: int) -> _Set | None:
        """The places after a match began with a character of class c; None if it also ended."""
        key = (before, c)
        if key not in self._begun:
            begun = self.passed(self.begin(before), before, self.reach.sides[c])
            mask = self.classes.members[c]
            self._begun[key] = None if 0 in begun else self._step(begun, mask)
        return self._begun[key]

    def _step(self, places: _Set, mask: int) -> _Set:
        return frozenset(self.reach.step(tuple(places), mask))

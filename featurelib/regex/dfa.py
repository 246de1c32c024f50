"""Subset construction: a state of the automaton for each set of places a text can have led to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

from featurelib.errors import DefinitionError
from featurelib.regex.claims import Side, holds, sets_of, sides_of
from featurelib.regex.nfa import Nfa
from featurelib.regex.partition import Partition, partition
from featurelib.regex.syntax import Look

MAX_STATES = 10_000
_MAX_STEPS = 4_000_000
"""Places looked at: a bound that is the same on every machine, a few seconds of work."""

DEAD, FOUND = 0, 1
"""States that no character leaves: nothing can be found any more; something was found."""
_ANY = Side(False, False, False, False)
"""The character before, where nothing asks for it."""
Places = frozenset[int]


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
        looks = {claim for claim in nfa.claims if claim is not None}
        self.nfa, self.pattern = nfa, pattern
        self.classes = partition([*nfa.sets, *sets_of(looks)])
        self.sides = sides_of(self.classes, len(nfa.sets))
        self.n_steps = 0
        self.numbers: dict[tuple[Places, Side | None], int] = {}
        self.waiting: list[tuple[Places, Side | None]] = []
        self._after: dict[int, Places] = {}
        self._begun: dict[tuple[Side | None, int], Places | None] = {}
        self._claiming = frozenset(p for p, look in enumerate(nfa.claims) if look is not None)
        self._at_start = frozenset(p for p in self._claiming if nfa.claims[p] is Look.START)
        first = self._reached([nfa.start], None)
        self._begins = first, first - self._at_start

    def begin(self, before: Side | None) -> Places:
        """The places of the beginning; `before` is None where the text begins."""
        return self._begins[before is not None]

    def number(self, places: Places, before: Side | None) -> int:
        """The state for these places, besides those of the beginning."""
        begin = self.begin(before)
        if before is not None:
            places -= self._at_start
        if 0 in places or 0 in begin:
            return FOUND
        if not places and not begin:
            return DEAD
        if begin.isdisjoint(self._claiming) and places.isdisjoint(self._claiming):
            before = _ANY  # and so makes no other state
        key = (places, before)
        if key not in self.numbers:
            if len(self.waiting) == MAX_STATES:
                self._refuse()
            self.numbers[key] = len(self.waiting) + 2
            self.waiting.append(key)
        return self.numbers[key]

    def row(self, places: Places, before: Side | None) -> list[int]:
        """Where each class leads."""
        known: dict[tuple[Side, int], int] = {}
        passed = {side: self.passed(places, before, side) for side in set(self.sides)}
        used = {side: self._sets(passed[side]) for side in passed}
        made = []
        for c, mask in enumerate(self.classes.members):
            side = self.sides[c]
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
        self._count(len(made))
        return made

    def _begin_after(self, before: Side | None, c: int) -> Places | None:
        """The places after a match began with a character of class c; None if it also ended."""
        key = (before, c)
        if key not in self._begun:
            begun = self.passed(self.begin(before), before, self.sides[c])
            mask = self.classes.members[c]
            self._begun[key] = None if 0 in begun else self._step(begun, mask)
        return self._begun[key]

    def _sets(self, places: Places) -> int:
        """The sets that these places read, as a mask."""
        made = 0
        for p in places:
            made |= 1 << self.nfa.reads[p] if self.nfa.reads[p] >= 0 else 0
        return made

    def passed(self, places: Places, before: Side | None, after: Side | None) -> Places:
        """The places that are reached without reading, between two characters."""
        if places.isdisjoint(self._claiming):
            return places
        return self._reached(places, (before, after))

    def _step(self, places: Places, mask: int) -> Places:
        """The places after a character that is in the sets of the mask."""
        nfa = self.nfa
        self._count(len(places))
        after: set[int] = set()
        for p in places:
            if nfa.reads[p] >= 0 and mask >> nfa.reads[p] & 1:
                if p not in self._after:
                    self._after[p] = self._reached(nfa.nexts[p], None)
                after |= self._after[p]
        return frozenset(after)

    def _reached(
        self, places: Iterable[int], sides: tuple[Side | None, Side | None] | None
    ) -> Places:
        """Follows what reads nothing; stops at claims if the sides are not known yet."""
        nfa = self.nfa
        found: set[int] = set()
        stack = list(places)
        while stack:
            place = stack.pop()
            if place in found:
                continue
            found.add(place)
            claim = nfa.claims[place]
            if nfa.reads[place] < 0 and (
                claim is None or (sides is not None and holds(claim, *sides))
            ):
                stack += nfa.nexts[place]
        self._count(len(found))
        # What only leads on says nothing; without it, equal states are seen to be equal.
        return frozenset(
            p for p in found if p == 0 or nfa.reads[p] >= 0 or nfa.claims[p] is not None
        )

    def _count(self, n: int) -> None:
        self.n_steps += n
        if self.n_steps > _MAX_STEPS:
            self._refuse()

    def _refuse(self) -> NoReturn:
        raise DefinitionError(
            f"the pattern {self.pattern!r} is too large: its automaton has more than "
            f"{MAX_STATES:,} states, or takes too long to make",
            hint="repeat less often, without an upper bound (+ instead of {1,1000}), begin with ^, "
            "or make two patterns of it, joined by | or &",
        )

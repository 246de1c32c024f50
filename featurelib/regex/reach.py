"""What a character leads to in a nondeterministic automaton, places in order of preference.

The order is what leftmost-first needs, and a search for any match does without; so both kinds of
deterministic automaton are made from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NoReturn

from featurelib.errors import DefinitionError
from featurelib.regex.claims import Side, holds, sets_of, sides_of
from featurelib.regex.nfa import Nfa
from featurelib.regex.partition import Partition, partition
from featurelib.regex.syntax import Look

MAX_STATES = 10_000
_MAX_STEPS = 4_000_000
"""Places looked at: a bound that is the same on every machine, a few seconds of work."""

ANY = Side(False, False, False, False)
"""The character before, where nothing asks for it."""
Places = tuple[int, ...]
"""Each once, the preferred first."""


def classes_of(nfa: Nfa) -> Partition:
    """The classes that neither the sets nor the claims of an automaton cut."""
    return partition([*nfa.sets, *sets_of(look for look in nfa.claims if look is not None)])


class Reach:
    """The steps from place to place; they are counted, and too many are refused.

    Attributes:
        nfa: The automaton.
        sides: For each class what claims may ask of its characters.
        claiming: Places that wait for a claim, which asks for the character to come.
        at_edge: Those whose claim holds at the edge of the text only where the reading begins.
    """

    def __init__(
        self, nfa: Nfa, pattern: str, classes: Partition, *, is_backward: bool = False
    ) -> None:
        self.nfa = nfa
        self.sides = sides_of(classes, len(nfa.sets))
        edge = Look.END if is_backward else Look.START
        self.claiming = frozenset(p for p, look in enumerate(nfa.claims) if look is not None)
        self.at_edge = frozenset(p for p in self.claiming if nfa.claims[p] is edge)
        self._pattern = pattern
        self._is_backward = is_backward
        self._n_steps = 0

    def start(self) -> Places:
        """The places before anything is read."""
        return self._follow([self.nfa.start], None)

    def sets(self, places: Iterable[int]) -> int:
        """The sets that these places read, as a mask."""
        made = 0
        for p in places:
            made |= 1 << self.nfa.reads[p] if self.nfa.reads[p] >= 0 else 0
        return made

    def passed(self, places: Places, before: Side | None, after: Side | None) -> Places:
        """The places that are reached without reading, between the last character and the next."""
        if self.claiming.isdisjoint(places):
            return places
        return self._follow(places, (after, before) if self._is_backward else (before, after))

    def step(self, places: Places, mask: int) -> Places:
        """The places after a character that is in the sets of the mask."""
        reads = self.nfa.reads
        hit = (p for p in places if reads[p] >= 0 and mask >> reads[p] & 1)
        return self._follow([self.nfa.nexts[p][0] for p in hit], None)

    def _follow(
        self, places: Sequence[int], sides: tuple[Side | None, Side | None] | None
    ) -> Places:
        """Follows what reads nothing; stops at claims if the sides are not known yet."""
        nfa = self.nfa
        found: dict[int, None] = {}
        stack = [*reversed(places)]
        while stack:
            place = stack.pop()
            if place in found:
                continue
            found[place] = None
            claim = nfa.claims[place]
            if nfa.reads[place] < 0 and (
                claim is None or (sides is not None and holds(claim, *sides))
            ):
                stack += reversed(nfa.nexts[place])
        self.count(len(found))
        # What only leads on says nothing; without it, equal states are seen to be equal.
        return tuple(p for p in found if p == 0 or nfa.reads[p] >= 0 or p in self.claiming)

    def count(self, n: int) -> None:
        """Counts so many steps.

        Raises:
            DefinitionError: They are too many.
        """
        self._n_steps += n
        if self._n_steps > _MAX_STEPS:
            self.refuse()

    def refuse(self) -> NoReturn:
        """Raises the error about a pattern that grows too large.

        Raises:
            DefinitionError: Always.
        """
        raise DefinitionError(
            f"the pattern {self._pattern!r} is too large: its automaton has more than "
            f"{MAX_STATES:,} states, or takes too long to make",
            hint="repeat less often, without an upper bound (+ instead of {1,1000}), begin with ^, "
            "or make two patterns of it, joined by | or &",
        )

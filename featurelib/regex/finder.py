"""Where a match begins and ends: one deterministic automaton that is read in both directions.

*Forwards*, from any place: a state is the list of places that the threads of a backtracking engine
would be at, the preferred first. A thread that begins at the next character is always the last of
the list, so one that began earlier is preferred (leftmost), and of those that began together the
one which the pattern prefers (first). What a thread would do depends on its place alone, so of two
at one place the later can never win and is left out. Where a thread has matched, those behind it
can never win either and are cut off, new beginnings among them; those before it go on, and if one
matches later, its match is the preferred one. So the last match seen before the list is empty ends
where the leftmost-first match does.

*Backwards*, from that end: the automaton of the pattern turned round, where all places count
alike. The last time it accepts is the farthest beginning of any match with this end. No match
begins before the leftmost one, and that one ends here: it is its beginning.

A match is told by the character after it (before it, backwards) or the edge of the text, which is
one class more: so what a claim asks of that character is known. Hence the flag stands on the step
out of a state (Mealy's kind of automaton) and not on the state.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from featurelib.regex.claims import Side
from featurelib.regex.minimise import blocks_of
from featurelib.regex.nfa import Nfa, build
from featurelib.regex.partition import Partition, merge
from featurelib.regex.reach import ANY, MAX_STATES, Places, Reach, classes_of
from featurelib.regex.syntax import Alternate, Concat, Group, Repeat, Tree

DEAD = 0
"""The state that nothing leaves; forwards and backwards are over there."""


@dataclass(frozen=True)
class Finder:
    """Both automata in one numbering.

    Attributes:
        classes: The classes of code points; the edge of the text counts as one more, the last.
        forward: The state to begin with, by the class of the character before.
        backward: The same for the other direction, by the class of the character after.
        rows: For each state by class twice the next state, plus 1 where a match is before the
            character. The edge leads to `DEAD`.
    """

    classes: Partition
    forward: list[int]
    backward: list[int]
    rows: list[list[int]]


def finder(tree: Tree, pattern: str) -> Finder:
    """The automaton that finds a tree in texts; `pattern` is for errors.

    Raises:
        DefinitionError: It needs too many states.
    """
    nfa = build(tree, pattern)
    turned = build(_turned(tree), pattern, nfa.sets)
    classes = classes_of(nfa)
    n_classes = len(classes.members)
    rows = [[0] * (n_classes + 1)]
    starts = []
    for automaton, is_backward in ((nfa, False), (turned, True)):
        made = _Lists(automaton, pattern, classes, is_backward, len(rows))
        starts.append([made.start(side) for side in (*made.reach.sides, None)])
        rows += (made.row(*state) for state in made.waiting)  # which grows meanwhile
    return _smallest(Finder(classes, starts[0], starts[1], rows))


def _turned(tree: Tree) -> Tree:
    """A tree of the same texts read from their ends."""
    if isinstance(tree, Concat):
        return Concat(tuple(map(_turned, reversed(tree.items))))
    if isinstance(tree, Alternate):
        return Alternate(tuple(map(_turned, tree.items)))
    if isinstance(tree, (Group, Repeat)):
        return replace(tree, item=_turned(tree.item))
    return tree


_State = tuple[Places, Side | None, bool]
"""The places, the character before, and whether a match may still begin."""


class _Lists:
    """The lists of places found so far, and what leads from one to another.

    The places of a beginning stand in no list, and what they lead to is computed once, as in `dfa`.
    """

    def __init__(
        self, nfa: Nfa, pattern: str, classes: Partition, is_backward: bool, first: int
    ) -> None:
        self.reach = Reach(nfa, pattern, classes, is_backward=is_backward)
        self.waiting: list[_State] = []
        self._classes, self._is_backward, self._first = classes, is_backward, first
        self._numbers: dict[_State, int] = {}
        self._begun: dict[tuple[Side | None, int], tuple[Places, bool]] = {}
        begin = self.reach.start()
        self._begins = begin, self._inside(begin)

    def start(self, before: Side | None) -> int:
        """The state where the reading begins behind this character."""
        if self._is_backward:
            return self._number(self._begins[before is not None], before, False)
        return self._number((), before, True)

    def row(self, places: Places, before: Side | None, begins: bool) -> list[int]:
        """Where each class leads, and whether a match is before it."""
        sides = self.reach.sides
        known: dict[tuple[Side, int], int] = {}
        passed = {side: self._matched(places, before, side) for side in {*sides, None}}
        used = {side: self.reach.sets(passed[side][0]) for side in passed}
        made = []
        for c, mask in enumerate(self._classes.members):
            side = sides[c]
            going, is_match = passed[side]
            begun: Places = ()
            goes_on = begins and not is_match
            if goes_on:
                begun, is_begun_match = self._begin_after(before, c)
                goes_on, is_match = not is_begun_match, is_begun_match
            key = (side, mask & used[side])
            if begun or key not in known:
                after = dict.fromkeys((*self.reach.step(going, mask), *begun))
                to = 2 * self._number(tuple(after), side, goes_on) + is_match
                if not begun:
                    known[key] = to
            else:
                to = known[key]
            made.append(to)
        is_match = passed[None][1] or (begins and self._at_edge(before))
        self.reach.count(len(made))
        return [*made, int(is_match)]

    def _begin_after(self, before: Side | None, c: int) -> tuple[Places, bool]:
        """The places after a match began with a character of class c, and if one ended before."""
        key = (before, c)
        if key not in self._begun:
            begin = self._begins[before is not None]
            begun, is_match = self._matched(begin, before, self.reach.sides[c])
            self._begun[key] = self.reach.step(begun, self._classes.members[c]), is_match
        return self._begun[key]

    def _at_edge(self, before: Side | None) -> bool:
        """Whether a match that begins at the edge of the text ends there too."""
        return self._matched(self._begins[before is not None], before, None)[1]

    def _matched(
        self, places: Places, before: Side | None, after: Side | None
    ) -> tuple[Places, bool]:
        """The places that go on between two characters, and whether a match is there."""
        going = self.reach.passed(places, before, after)
        if 0 not in going:
            return going, False
        return (going if self._is_backward else going[: going.index(0)]), True

    def _inside(self, places: Places) -> Places:
        """The places that may lead on where the text has begun already."""
        at_edge = self.reach.at_edge
        return (
            places if at_edge.isdisjoint(places) else tuple(p for p in places if p not in at_edge)
        )

    def _number(self, places: Places, before: Side | None, begins: bool) -> int:
        """The state for these places, besides those of a beginning."""
        if before is not None:
            places = self._inside(places)
        if self._is_backward:
            places = tuple(sorted(places))
        elif 0 in places:
            places, begins = places[: places.index(0) + 1], False
        begin = self._begins[before is not None] if begins else ()
        if not places and not begin:
            return DEAD
        if self.reach.claiming.isdisjoint((*places, *begin)):
            before = ANY  # and so makes no other state
        key = (places, before, bool(begin))
        if key not in self._numbers:
            if len(self.waiting) == MAX_STATES:
                self.reach.refuse()
            self._numbers[key] = self._first + len(self.waiting)
            self.waiting.append(key)
        return self._numbers[key]


def _smallest(given: Finder) -> Finder:
    """The smallest automaton that finds the same, numbered in the order in which it is met."""
    flags = [tuple(to & 1 for to in row) for row in given.rows]
    blocks = blocks_of([[to >> 1 for to in row] for row in given.rows], flags)
    rows = {
        b: [2 * blocks[to >> 1] + (to & 1) for to in row]
        for b, row in zip(blocks, given.rows, strict=True)
    }
    forward, backward = ([blocks[s] for s in way] for way in (given.forward, given.backward))
    edge = len(given.classes.members)
    columns: dict[tuple[int, ...], int] = {}
    names = [
        columns.setdefault((forward[c], backward[c], *(row[c] for row in rows.values())), c)
        for c in range(edge)
    ]
    kept = sorted(columns.values())
    numbers = {blocks[DEAD]: DEAD}
    waiting = [way[c] for way in (forward, backward) for c in (*kept, edge)]
    for block in waiting:
        if block not in numbers:
            numbers[block] = len(numbers)
            waiting += (rows[block][c] >> 1 for c in kept)
    return Finder(
        merge(given.classes, [kept.index(c) for c in names]),
        [numbers[forward[c]] for c in (*kept, edge)],
        [numbers[backward[c]] for c in (*kept, edge)],
        [
            [2 * numbers[to >> 1] + (to & 1) for to in (rows[b][c] for c in (*kept, edge))]
            for b in numbers
        ],
    )

"""A tree as a nondeterministic automaton over code points (Thompson's construction)."""

from __future__ import annotations

from dataclasses import dataclass, field

from featurelib.regex.charset import CharSet
from featurelib.regex.reader import refuse
from featurelib.regex.syntax import (
    Alternate,
    Assertion,
    Chars,
    Concat,
    Group,
    Look,
    Repeat,
    Tree,
)

MAX_NFA_STATES = 20_000
"""States before determinising. It bounds what counted repetitions in each other multiply to."""


@dataclass
class Nfa:
    """States by number; 0 is the match, the one without a way out.

    Attributes:
        start: Where it begins.
        reads: For each state the number of the set that it reads, else -1.
        claims: For each state the claim that must hold to go on, else None.
        nexts: Where each state goes; of several, the earlier is preferred.
        sets: The sets, by number.
        marks: For each state the number of what begins or ends there: 2k where group k of `groups`
            begins, 2k + 1 where it ends; else -1.
        spans: For each state that reads where what it reads stands in the pattern.
        groups: The groups that are marked, by their numbers in the pattern.
    """

    start: int = 0
    reads: list[int] = field(default_factory=lambda: [-1])
    claims: list[Look | None] = field(default_factory=lambda: [None])
    nexts: list[list[int]] = field(default_factory=lambda: [[]])
    sets: dict[CharSet, int] = field(default_factory=dict)
    marks: list[int] = field(default_factory=lambda: [-1])
    spans: dict[int, tuple[int, int]] = field(default_factory=dict)
    groups: tuple[int, ...] = ()

    def add(
        self, nexts: list[int], *, reads: int = -1, claim: Look | None = None, mark: int = -1
    ) -> int:
        """A new state; gives its number."""
        self.nexts.append(nexts)
        self.reads.append(reads)
        self.claims.append(claim)
        self.marks.append(mark)
        return len(self.nexts) - 1


def build(
    tree: Tree,
    pattern: str,
    sets: dict[CharSet, int] | None = None,
    groups: tuple[int, ...] = (),
) -> Nfa:
    """The automaton of a tree; `pattern` is for errors, `sets` are numbered already.

    Its groups are passed by without a state, but for those that are to be marked.

    Raises:
        DefinitionError: It has too many states.
    """
    nfa = Nfa(sets={} if sets is None else sets, groups=groups)
    nfa.start = _add(nfa, tree, 0, pattern)
    return nfa


def _add(nfa: Nfa, tree: Tree, after: int, pattern: str) -> int:
    """Adds the states of a tree that goes on at state `after`; gives where it begins."""
    if isinstance(tree, Chars):
        made = nfa.add([after], reads=nfa.sets.setdefault(tree.chars, len(nfa.sets)))
        nfa.spans[made] = tree.span
        return made
    if isinstance(tree, Assertion):
        return nfa.add([after], claim=tree.look)
    if isinstance(tree, Concat):
        for item in reversed(tree.items):
            after = _add(nfa, item, after, pattern)
        return after
    if isinstance(tree, Alternate):
        return nfa.add([_add(nfa, item, after, pattern) for item in tree.items])
    if isinstance(tree, Group):
        return _add_group(nfa, tree, after, pattern)
    return _add_repeat(nfa, tree, after, pattern)


def _add_group(nfa: Nfa, tree: Group, after: int, pattern: str) -> int:
    if tree.index not in nfa.groups:
        return _add(nfa, tree.item, after, pattern)
    mark = 2 * nfa.groups.index(tree.index)
    end = nfa.add([after], mark=mark + 1)
    return nfa.add([_add(nfa, tree.item, end, pattern)], mark=mark)


def _add_repeat(nfa: Nfa, tree: Repeat, after: int, pattern: str) -> int:
    if tree.most is None:
        loop = nfa.add([])
        begin = _copy(nfa, tree, loop, pattern)
        nfa.nexts[loop] = _choice(tree, begin, after)
        if tree.least == 0:
            # An item that may be empty would otherwise prefer its empty way round the loop to
            # leaving it: (x+)? instead of x*, as Rust does.
            return nfa.add(_choice(tree, begin, after)) if _may_be_empty(tree.item) else loop
        after, copies, optional = begin, tree.least - 1, 0
    else:
        copies, optional = tree.least, tree.most - tree.least
    end = after
    for _ in range(optional):
        after = nfa.add(_choice(tree, _copy(nfa, tree, after, pattern), end))
    for _ in range(copies):
        after = _copy(nfa, tree, after, pattern)
    return after


def _copy(nfa: Nfa, tree: Repeat, after: int, pattern: str) -> int:
    if len(nfa.nexts) > MAX_NFA_STATES:
        refuse(
            pattern,
            *tree.span,
            f"the repetitions make more than {MAX_NFA_STATES:,} states",
            "repeat less often, or without an upper bound: a+ instead of a{1,5000}",
        )
    return _add(nfa, tree.item, after, pattern)


def _choice(tree: Repeat, more: int, less: int) -> list[int]:
    return [more, less] if tree.is_greedy else [less, more]


def _may_be_empty(tree: Tree) -> bool:
    if isinstance(tree, Chars):
        return False
    if isinstance(tree, Concat):
        return all(map(_may_be_empty, tree.items))
    if isinstance(tree, Alternate):
        return any(map(_may_be_empty, tree.items))
    if isinstance(tree, Group):
        return _may_be_empty(tree.item)
    return isinstance(tree, Assertion) or tree.least == 0 or _may_be_empty(tree.item)

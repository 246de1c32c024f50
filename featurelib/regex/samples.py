"""Texts that walk a pattern's automaton, for the checks that compare engines."""

from __future__ import annotations

from featurelib.regex.dfa import DEAD, Dfa
from featurelib.regex.pattern import search_automaton

_MOST = 32
"""States that are visited for one pattern."""


def sample_texts(pattern: str) -> list[str]:
    """Texts that end in the first states of the automaton, and what each needs to be accepted."""
    dfa = search_automaton(pattern)
    chars = _representatives(dfa)
    ways = {dfa.start: ""}
    for state in (waiting := [dfa.start]):
        for c, after in enumerate(dfa.rows[state]):
            if after not in ways and len(ways) < _MOST:
                ways[after] = ways[state] + chars[c]
                waiting.append(after)
    ends = _endings(dfa, chars)
    texts = [way + end for s, way in ways.items() for end in ("", ends.get(s, "")) if s != DEAD]
    return list(dict.fromkeys(texts))


def _representatives(dfa: Dfa) -> list[str]:
    """A character of each class."""
    first: dict[int, str] = {}
    for start, c in zip(dfa.classes.starts, dfa.classes.classes, strict=True):
        first.setdefault(c, chr(start))
    return [first[c] for c in range(len(first))]


def _endings(dfa: Dfa, chars: list[str]) -> dict[int, str]:
    """For each state that can still accept, a shortest text that leads there."""
    before: dict[int, list[tuple[int, int]]] = {}
    for state, row in enumerate(dfa.rows):
        for c, after in enumerate(row):
            before.setdefault(after, []).append((state, c))
    ends = {state: "" for state, accepts in enumerate(dfa.accepts) if accepts}
    for after in (waiting := list(ends)):
        for state, c in before.get(after, ()):
            if state not in ends:
                ends[state] = chars[c] + ends[after]
                waiting.append(state)
    return ends

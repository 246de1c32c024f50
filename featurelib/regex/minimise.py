"""The smallest automaton of the same language, numbered in one way (Hopcroft's algorithm).

Equal languages give equal automata, whatever the patterns are: the states are as few as can be, the
classes as coarse as can be, and both are numbered in the order in which a search meets them.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from featurelib.regex.dfa import DEAD, FOUND, Dfa
from featurelib.regex.partition import merge


def minimise(dfa: Dfa) -> Dfa:
    """The smallest automaton that accepts the same texts; `DEAD` and `FOUND` stay 0 and 1."""
    blocks = blocks_of(dfa.rows, dfa.accepts)
    first: dict[int, int] = {}
    for state, block in enumerate(blocks):
        first.setdefault(block, state)
    columns: dict[tuple[int, ...], int] = {}
    names = [
        columns.setdefault(tuple(blocks[dfa.rows[s][c]] for s in first.values()), len(columns))
        for c in range(len(dfa.classes.members))
    ]
    classes = merge(dfa.classes, names)
    kept = [names.index(k) for k in range(len(columns))]
    numbers = {blocks[DEAD]: DEAD, blocks[FOUND]: FOUND}
    waiting = [blocks[dfa.start]]
    for block in waiting:
        if block not in numbers:
            numbers[block] = len(numbers)
            waiting += (blocks[dfa.rows[first[block]][c]] for c in kept)
    ordered = sorted(numbers, key=numbers.__getitem__)
    return Dfa(
        classes,
        numbers[blocks[dfa.start]],
        [[numbers[blocks[dfa.rows[first[b]][c]]] for c in kept] for b in ordered],
        [dfa.accepts[first[b]] for b in ordered],
    )


def blocks_of(rows: Sequence[Sequence[int]], labels: Sequence[Hashable]) -> list[int]:
    """For each state the number of its block: two states of one block do the same on every text.

    Args:
        rows: For each state the next state by class.
        labels: What states that do the same have in common.
    """
    before: list[list[list[int]]] = [[[] for _ in rows] for _ in rows[0]]
    for state, row in enumerate(rows):
        for c, after in enumerate(row):
            before[c][after].append(state)
    named: dict[Hashable, int] = {}
    block_of = [named.setdefault(label, len(named)) for label in labels]
    members: list[set[int]] = [set() for _ in named]
    for state, block in enumerate(block_of):
        members[block].add(state)
    # All but the largest: what leads to that one is what leads to none of the others.
    largest = max(named.values(), key=lambda b: len(members[b]))
    waiting = [b for b in named.values() if b != largest]
    is_waiting = [b != largest for b in named.values()]
    while waiting:
        splitter = waiting.pop()
        is_waiting[splitter] = False
        states = list(members[splitter])
        for leading in before:
            hit: dict[int, list[int]] = {}
            for after in states:
                for state in leading[after]:
                    hit.setdefault(block_of[state], []).append(state)
            for block, moved in hit.items():
                if len(moved) == len(members[block]):
                    continue
                new = len(members)
                members[block].difference_update(moved)
                members.append(set(moved))
                for state in moved:
                    block_of[state] = new
                is_waiting.append(True)
                if is_waiting[block] or len(moved) <= len(members[block]):
                    waiting.append(new)
                else:
                    is_waiting[new], is_waiting[block] = False, True
                    waiting.append(block)
    return block_of

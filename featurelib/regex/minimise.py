"""The smallest automaton of the same language, numbered in one way (Hopcroft's algorithm).

Equal languages give equal automata, whatever the patterns are: the states are as few as can be, the
classes as coarse as can be, and both are numbered in the order in which a search meets them.
"""

from __future__ import annotations

from featurelib.regex.dfa import DEAD, FOUND, Dfa
from featurelib.regex.partition import merge


def minimise(dfa: Dfa) -> Dfa:
    """The smallest automaton that accepts the same texts; `DEAD` and `FOUND` stay 0 and 1."""
    blocks = _blocks(dfa)
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


def _blocks(dfa: Dfa) -> list[int]:
    """For each state the number of its block: two states of one block accept the same texts."""
    n = len(dfa.rows)
    n_classes = len(dfa.classes.members)
    before: list[list[list[int]]] = [[[] for _ in range(n)] for _ in range(n_classes)]
    for state, row in enumerate(dfa.rows):
        for c, after in enumerate(row):
            before[c][after].append(state)
    members = [{s for s in range(n) if not dfa.accepts[s]}, {s for s in range(n) if dfa.accepts[s]}]
    block_of = [int(accepts) for accepts in dfa.accepts]
    waiting = [min((0, 1), key=lambda b: len(members[b]))]
    is_waiting = [b in waiting for b in (0, 1)]
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

"""An automaton as kernels read it: the table kind `regex`.

Four-byte little-endian words; the count is in words of eight:

    word 0          the state at the start
    word 1          ending: a text that ends in a state from 1 to ending - 1 is accepted
    word 2          n_classes
    word 3          rows: the next state of state s by class c is word ``rows + s * n_classes + c``
    word 4          limit: code points from here on are of class `beyond`
    word 5          beyond
    words 6 to 133  the classes of code points 0 to 127
    from word 134   for each 128 code points below `limit` after those, where their classes stand

State 0 rejects and state 1 accepts, whatever follows.
"""

from __future__ import annotations

import numpy as np

from featurelib.regex.dfa import Dfa
from featurelib.regex.partition import Partition

_BLOCK = 128


def encode(dfa: Dfa) -> tuple[bytes, int]:
    """The words of a minimal automaton, and their count in words of eight bytes."""
    # Accepting states come first, so that one comparison tells them.
    order = sorted(range(2, len(dfa.rows)), key=lambda s: (not dfa.accepts[s], s))
    numbers = {s: k for k, s in enumerate([0, 1, *order])}
    ending = 2 + sum(dfa.accepts[2:])
    ascii_classes, blocks, tail, limit, beyond = _class_blocks(dfa.classes)
    first_tail = 6 + _BLOCK + len(blocks)
    rows_at = first_tail + len(tail)
    words = [numbers[dfa.start], ending, len(dfa.classes.members), rows_at, limit, beyond]
    words += [*ascii_classes, *(first_tail + at for at in blocks), *tail]
    words += [numbers[to] for s in numbers for to in dfa.rows[s]]
    words += [0] * (len(words) % 2)
    return np.array(words, "<i4").tobytes(), len(words) // 2


def _class_blocks(classes: Partition) -> tuple[list[int], list[int], list[int], int, int]:
    """Classes of ASCII, places of the other blocks, the blocks, the limit and the class beyond."""
    limit = max(_BLOCK, -(-classes.starts[-1] // _BLOCK) * _BLOCK)
    ends = [*classes.starts[1:], max(limit, classes.starts[-1] + 1)]
    lengths = [b - a for a, b in zip(classes.starts, ends, strict=True)]
    every = np.repeat(np.array(classes.classes, np.int32), lengths)[:limit]
    known: dict[bytes, int] = {}
    blocks: list[int] = []
    tail: list[int] = []
    for at in range(_BLOCK, limit, _BLOCK):
        block = every[at : at + _BLOCK]
        key = block.tobytes()
        if key not in known:
            known[key] = len(tail)
            tail += block.tolist()
        blocks.append(known[key])
    return every[:_BLOCK].tolist(), blocks, tail, limit, classes.classes[-1]

"""Automata as kernels read them: the table kinds `regex`, `regex_finder` and `regex_groups`.

Four-byte little-endian words; the count is in words of eight. Of all kinds:

    word 2          n_classes
    word 4          limit: code points from here on are of class `beyond`
    word 5          beyond
    words 6 to 133  the classes of code points 0 to 127
    from word 134   for each 128 code points below `limit` after those, where their classes stand

`regex`, which says whether there is a match. State 0 rejects and state 1 accepts, whatever follows:

    word 0          the state at the start
    word 1          ending: a text that ends in a state from 1 to ending - 1 is accepted
    word 3          rows: the next state of state s by class c is word ``rows + s * n_classes + c``

`regex_finder`, which says where it is (see `featurelib.regex.finder`). Class n_classes is the edge
of the text, and nothing leaves state 0:

    word 0          forward: the state at the start behind class c is word ``forward + c``
    word 1          backward: the same for reading from the end of a match
    word 3          rows: word ``rows + s * (n_classes + 1) + c`` is twice the next state, and 1
                    more where a match is before the character

`regex_groups`, which says where groups of a match are (see `featurelib.regex.one_pass`):

    word 0          starts: the state at the start behind class c is word ``starts + c``
    word 3          rows: from word ``rows + 3 * (s * (n_classes + 1) + c)`` the next state, the
                    marks on the way to it, and those on the way to the end of the match
"""

from __future__ import annotations

import numpy as np

from featurelib.regex.dfa import Dfa
from featurelib.regex.finder import Finder
from featurelib.regex.one_pass import OnePass
from featurelib.regex.partition import Partition

_BLOCK = 128


def encode(dfa: Dfa) -> tuple[bytes, int]:
    """The words of a minimal automaton, and their count in words of eight bytes."""
    # Accepting states come first, so that one comparison tells them.
    order = sorted(range(2, len(dfa.rows)), key=lambda s: (not dfa.accepts[s], s))
    numbers = {s: k for k, s in enumerate([0, 1, *order])}
    ending = 2 + sum(dfa.accepts[2:])
    classes, rows_at = _class_words(dfa.classes)
    words = [numbers[dfa.start], ending, len(dfa.classes.members), rows_at, *classes]
    words += [numbers[to] for s in numbers for to in dfa.rows[s]]
    return _packed(words)


def encode_finder(made: Finder) -> tuple[bytes, int]:
    """The words of a finder, and their count in words of eight bytes."""
    classes, forward = _class_words(made.classes)
    edge = len(made.classes.members)
    backward = forward + edge + 1
    words = [forward, backward, edge, backward + edge + 1, *classes]
    words += [*made.forward, *made.backward]
    words += [to for row in made.rows for to in row]
    return _packed(words)


def encode_groups(made: OnePass) -> tuple[bytes, int]:
    """The words of a one-pass automaton, and their count in words of eight bytes."""
    classes, starts = _class_words(made.classes)
    edge = len(made.classes.members)
    words = [starts, 0, edge, starts + edge + 1, *classes, *made.starts]
    words += [word for row in made.rows for entry in row for word in entry]
    return _packed(words)


def _packed(words: list[int]) -> tuple[bytes, int]:
    words += [0] * (len(words) % 2)
    return np.array(words, "<i4").tobytes(), len(words) // 2


def _class_words(classes: Partition) -> tuple[list[int], int]:
    """The words from word 4 on that tell classes, and where what follows them stands."""
    ascii_classes, blocks, tail, limit, beyond = _class_blocks(classes)
    first_tail = 6 + _BLOCK + len(blocks)
    words = [limit, beyond, *ascii_classes, *(first_tail + at for at in blocks), *tail]
    return words, first_tail + len(tail)


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

"""How often keys were asked for of late, in a fixed number of bytes.

G. Einziger, R. Friedman, B. Manes: TinyLFU, ACM Transactions on Storage 13(4), 2017: a count-min
sketch of small counters, all of which are halved now and then, so that it forgets.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

__all__ = ["Sketch"]

MOST: Final = 15
"""Where a counter stops, as in the paper: who is asked for more often is let in anyway."""
_HALF: Final = bytes(count >> 1 for count in range(256))
_MIX: Final = 0x9E3779B97F4A7C15
"""2^64 over the golden ratio: spreads hashes whose low bits alone differ."""
_ALL: Final = (1 << 64) - 1
_STEP: Final = 15
"""Bits between the places of a key in two rows."""


class Sketch:
    """Counts keys, too high at times and never too low (since the last halving). Single-threaded.

    Args:
        width: Counters of each of the four rows, rounded up to a power of two: four times the
            entries that the cache has room for.
        sample: After so many counts all are halved; None: ten times the width, as in the paper.

    Attributes:
        era: How often all were halved.
    """

    def __init__(self, width: int, sample: int | None = None) -> None:
        bits = max(width - 1, 15).bit_length()
        self._mask = (1 << bits) - 1
        self._rows = tuple(bytearray(1 << bits) for _ in range(4))
        self._sample = self._left = sample or 10 << bits
        self.era = 0

    def add(self, key: Hashable) -> None:
        """A key was asked for."""
        # As `count` and then `raise_to`, with the places looked for once: each miss comes by here.
        at, mask = (hash(key) * _MIX) & _ALL, self._mask
        first, second, third, fourth = self._rows
        a, b, c, d = at & mask, at >> _STEP & mask, at >> 2 * _STEP & mask, at >> 3 * _STEP & mask
        count = min(first[a], second[b], third[c], fourth[d]) + 1
        if count <= MOST:
            if first[a] < count:
                first[a] = count
            if second[b] < count:
                second[b] = count
            if third[c] < count:
                third[c] = count
            if fourth[d] < count:
                fourth[d] = count
        self._left -= 1
        if not self._left:
            self._left = self._sample
            self.era += 1
            for row in self._rows:
                row[:] = row.translate(_HALF)

    def raise_to(self, key: Hashable, count: int) -> None:
        """A key was asked for at least so often."""
        at, mask = (hash(key) * _MIX) & _ALL, self._mask
        for row in self._rows:
            # Those that are higher stay: they hold what other keys have left.
            if row[at & mask] < count:
                row[at & mask] = count
            at >>= _STEP

    def count(self, key: Hashable) -> int:
        """How often it was asked for of late, at most 15."""
        at, mask = (hash(key) * _MIX) & _ALL, self._mask
        first, second, third, fourth = self._rows
        return min(
            first[at & mask], second[at >> _STEP & mask], third[at >> 2 * _STEP & mask],
            fourth[at >> 3 * _STEP & mask],
        )  # fmt: skip

"""What the states of a plan are like: how large, and how one begins."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from featurelib.jit.windows import layout as at
from featurelib.jit.windows.plan_totals import TotalsPlan

Array = np.ndarray[Any, Any]


class StateShape:
    """The half of a plan that says how large things are; `Plan` fills the attributes."""

    words: Array
    slot_words: int
    chunk_words: int
    header_words: int
    max_capacity: int
    totals: TotalsPlan
    _at_head: int
    _arg_kinds: list[int]
    _classes: list[list[int]]
    _max_events: int

    @property
    def _has_blocks(self) -> bool:
        return self._max_events >= at.LARGE

    def capacity_for(self, events: int) -> int:
        """Slots of the smallest state for so many events."""
        return max(at.CHUNK, chunks_of(events))

    def larger(self, capacity: int) -> int:
        """Slots of the next larger state."""
        return min(2 * capacity, self.max_capacity)

    @property
    def work_words(self) -> int:
        """Words of a workspace for states of up to `max_capacity` slots."""
        return self.work_words_for(self.max_capacity)

    def work_words_for(self, capacity: int) -> int:
        """Words of a workspace for states of so many slots."""
        return int(self.words[at.P_KEYS]) + 2 * capacity + 8

    def state_words(self, capacity: int) -> int:
        """Words of a state with room for so many events, a multiple of a chunk's."""
        chunks = capacity // at.CHUNK
        blocks = capacity // at.BLOCK if self._has_blocks else 0
        records = (chunks + blocks) * self.chunk_words
        return self.header_words + records + capacity * self.slot_words

    @cached_property
    def check_words(self) -> int:
        """Words of memory that the check of a state needs."""
        nodes = (self.totals.node_words(self._classes, f) for f in range(len(self.totals.families)))
        return max(self.chunk_words, self.totals.head_words, *nodes, 0)

    @cached_property
    def max_state_words(self) -> int:
        """Words of the largest state."""
        return self.state_words(self.max_capacity) + self.totals.max_words(self._classes)

    def slots_of(self, words: Array) -> Array:
        """The slots of a state, a row each."""
        capacity = int(words[at.S_CAPACITY])
        stop = self.state_words(capacity)
        return words[stop - capacity * self.slot_words : stop].reshape(-1, self.slot_words)

    def head_of(self, words: Array) -> Array:
        """A copy of the head of a state's totals."""
        return words[self._at_head : self.header_words].copy()

    def empty_state(self, capacity: int = at.CHUNK, head: Array | None = None) -> Array:
        """A state without events, not sealed; with room for totals as a head says."""
        if head is None:
            head = np.zeros(self.totals.head_words, np.int64)
            if self.has_totals:
                head[[at.T_NEWEST, at.T_FINAL, at.T_LOST]] = at.LONG_AGO
                families = head[at.TOTALS_HEAD :][: at.FAMILY * len(self.totals.families)]
                families[at.F_EXPIRED :: at.FAMILY] = at.LONG_AGO
        size = self.state_words(capacity) + (int(head[at.T_WORDS]) if self.has_totals else 0)
        words: Array = np.zeros(size, np.int64)
        words[self._at_head : self.header_words] = head
        words[at.S_MAGIC] = at.MAGIC
        words[[at.S_DIGEST, at.S_DIGEST_2]] = self.words[[at.P_DIGEST, at.P_DIGEST_2]]
        words[at.S_WORDS] = len(words)
        words[at.S_CAPACITY] = capacity
        for i in range(len(self._arg_kinds)):
            argument = at.HEADER + at.ARGUMENT * i
            words[argument + at.A_UNIT], words[argument + at.A_TOP] = at.NO_UNIT, -1
        return words


def chunks_of(slots: int) -> int:
    """So many slots, rounded up to whole chunks."""
    return -(-slots // at.CHUNK) * at.CHUNK

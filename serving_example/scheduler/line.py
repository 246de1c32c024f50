"""Works in order: the structure under every queue."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from itertools import chain
from operator import itemgetter
from typing import Literal

from serving_example.scheduler.work import Work

__all__ = ["Line", "Order"]

Order = Literal["arrival", "deadline", "weight"]

_Item = tuple[float, int, Work]
_KEY = itemgetter(0)
_BLOCK = 512
"""Works of one block: so many pointers move in less time than one comparison in Python takes."""


class Line:
    """Works that wait, by arrival, by deadline, or by weight and then arrival.

    A list of sorted blocks. Adding and removing search in O(log n), and move the pointers of
    one block; works that come in order, which most do, are appended.

    Attributes:
        order: What comes first.
        rows: Rows of all works.
        count: How many works.
    """

    __slots__ = ("_blocks", "count", "order", "rows")

    def __init__(self, order: Order) -> None:
        self.order: Order = order
        self._blocks: list[list[_Item]] = [[]]
        self.rows = self.count = 0

    def add(self, work: Work) -> None:
        """Puts a work into its place; its `order` is unlike all others'."""
        key = work.deadline if self.order == "deadline" else self._key(work)
        item, blocks = (key, work.order, work), self._blocks
        last = blocks[-1]
        if not last or item > last[-1]:
            last.append(item)
            at = len(blocks) - 1
        else:
            at = self._block_of(item)
            insort(blocks[at], item)
        block = blocks[at]
        if len(block) > 2 * _BLOCK:
            blocks[at : at + 1] = [block[:_BLOCK], block[_BLOCK:]]
        self.rows += work.rows
        self.count += 1

    def remove(self, works: Sequence[Work]) -> None:
        """Takes out works that stand here; those that stand one behind the other go at once."""
        at = 0
        while at < len(works):
            item = (self._key(works[at]), works[at].order, works[at])
            index = self._block_of(item)
            block = self._blocks[index]
            start = stop = bisect_left(block, item)
            while at < len(works) and stop < len(block) and block[stop][2] is works[at]:
                self.rows -= works[at].rows
                at, stop = at + 1, stop + 1
            if start == stop:
                raise ValueError(f"work {works[at].order} does not stand in this line")
            del block[start:stop]
            self.count -= stop - start
            if not block and len(self._blocks) > 1:
                del self._blocks[index]

    def first(self) -> Work:
        """The first work of a line that is not empty."""
        return self._blocks[0][0][2]

    def count_before(self, deadline: float) -> int:
        """In a line by deadline: how many works have an earlier one."""
        passed = 0
        for block in self._blocks:
            if block and block[-1][0] >= deadline:
                return passed + bisect_left(block, deadline, key=_KEY)
            passed += len(block)
        return passed

    def walk(self, skip: int = 0) -> Iterator[Work]:
        """The works in order, without the first `skip`."""
        for block in self._blocks:
            if skip < len(block):
                yield from (item[2] for item in (block[skip:] if skip else block))
                skip = 0
            else:
                skip -= len(block)

    def fitting(self, room: int, skip: int = 0) -> list[Work]:
        """The works behind the first `skip` that fit together, in order.

        A work that does not fit ends it: a small one does not overtake a large one.
        """
        taken: list[Work] = []
        for work in self.walk(skip):
            room -= work.rows
            if room < 0:
                break
            taken.append(work)
        return taken

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Work]:
        return (item[2] for item in chain.from_iterable(self._blocks))

    def _key(self, work: Work) -> float:
        if self.order == "deadline":
            return work.deadline
        return 0.0 if self.order == "arrival" else -work.weight

    def _block_of(self, item: _Item) -> int:
        low, high = 0, len(self._blocks) - 1
        while low < high:  # the first block whose last item is not before this one
            middle = (low + high) // 2
            if self._blocks[middle][-1] < item:
                low = middle + 1
            else:
                high = middle
        return low

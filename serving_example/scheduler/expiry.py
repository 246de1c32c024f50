"""Which work's deadline comes next."""

from __future__ import annotations

from heapq import heapify, heappop, heappush

from serving_example.scheduler.work import Work

__all__ = ["Expiry"]

SLACK = 1024
"""Entries of works that wait no more are thrown out when there are this many more of them."""


class Expiry:
    """A heap of deadlines; works that wait no more are left in it until it is worth cleaning."""

    __slots__ = ("_heap",)

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Work]] = []

    def push(self, work: Work, waiting: int) -> None:
        """Remembers a work that waits; `waiting` is how many do."""
        heappush(self._heap, (work.deadline, work.order, work))
        if len(self._heap) > 2 * waiting + SLACK:
            kept = {item[1]: item for item in self._heap if item[2].state == "waiting"}
            self._heap = list(kept.values())
            heapify(self._heap)

    def take(self, now: float) -> list[Work]:
        """The works that wait and whose deadline has come, each once."""
        heap, due = self._heap, dict[int, Work]()
        while heap and heap[0][0] <= now:
            work = heappop(heap)[2]
            if work.state == "waiting":
                due[work.order] = work
        return list(due.values())

    def next(self) -> float | None:
        """The next deadline of a work that waits."""
        heap = self._heap
        while heap and heap[0][2].state != "waiting":
            heappop(heap)
        return heap[0][0] if heap else None

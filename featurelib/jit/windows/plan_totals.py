"""Which totals a plan has: a family for each resolution and one for the lifetime, with classes."""

from __future__ import annotations

from collections.abc import Sequence

from featurelib.jit.windows import layout as at
from featurelib.windows import aggregates as kinds
from featurelib.windows.window import Last, Window

Records = list[list[int]]
Estimate = tuple[int, int, int, int]
"""Words of an estimate in a node, its op, its precision, its bound of buckets; zeros: none."""
NO_ESTIMATE = (0, 0, 0, 0)


class TotalsPlan:
    """The totals of the aggregates over one source.

    Args:
        lateness: How long after its event a record may come, in microseconds. None: any time, so
            that no event can ever be added to a total, and there are none.

    Attributes:
        families: Their records.
    """

    def __init__(self, lateness: int | None) -> None:
        self._lateness = lateness
        self._numbers: dict[int, int] = {}
        self.families: Records = []
        self._totals: list[Records] = []

    def family(self, window: Window) -> int:
        """The number of a window's family, which is made if there is none; -1: no totals."""
        if self._lateness is None or not window.has_totals:
            return -1
        resolution = (window.resolution_us or 0) if isinstance(window, Last) else 0
        tiles = window.length_us // resolution + 1 if isinstance(window, Last) else 1
        if resolution not in self._numbers:
            self._numbers[resolution] = len(self.families)
            self.families.append([resolution, 1, 0, 0])
            self._totals.append([])
        number = self._numbers[resolution]
        record = self.families[number]
        record[at.PF_LEAVES] = max(record[at.PF_LEAVES], 1 << (tiles - 1).bit_length())
        return number

    def add(self, family: int, cls: int, needs: int, estimate: Estimate) -> tuple[int, int]:
        """A class of a family: the family and the class's place in it (see `number`).

        What is estimated has a total for itself.
        """
        totals, wanted = self._totals[family], [cls, *estimate]
        known = [[t[at.PT_CLASS], *t[at.PT_MORE :]] for t in totals]
        place = known.index(wanted) if wanted in known else len(totals)
        if place == len(totals):
            totals.append([cls, 0, *estimate])
        totals[place][at.PT_NEEDS] |= needs
        return family, place

    def close(self) -> None:
        """Numbers the totals; there are no more."""
        first = 0
        for record, totals in zip(self.families, self._totals, strict=True):
            record[at.PF_FIRST], record[at.PF_TOTALS] = first, len(totals)
            first += len(totals)

    def number(self, total: tuple[int, int]) -> int:
        """The number of a total among those of all families."""
        family, place = total
        return self.families[family][at.PF_FIRST] + place

    @property
    def totals(self) -> Records:
        """The records of the totals, family by family."""
        return [total for family in self._totals for total in family]

    @property
    def content(self) -> str:
        """What a state holds of them: all but the lengths of windows."""
        resolutions = [family[at.PF_RESOLUTION] for family in self.families]
        return f"{resolutions}:{self._totals}"

    @property
    def head_words(self) -> int:
        """Words of their head in a state; 0 if there are none."""
        if not self.families:
            return 0
        return at.TOTALS_HEAD + at.FAMILY * len(self.families) + at.VALUES * len(self.totals)

    def node_words(self, classes: Sequence[Sequence[int]], family: int) -> int:
        """Words of a family's largest node."""
        return at.NODE_HEAD + sum(_most_words(classes[t[0]], t) for t in self._totals[family])

    def max_words(self, classes: Sequence[Sequence[int]]) -> int:
        """Words of all totals, at most."""
        return sum(
            (2 * record[at.PF_LEAVES] - 1) * self.node_words(classes, f)
            for f, record in enumerate(self.families)
        )


def estimate_of(made: kinds.Aggregate, op: int) -> Estimate:
    """What a total holds of an aggregate that is an estimate: registers, or a table of buckets."""
    if isinstance(made, kinds.ApproxNUnique):
        return (1 << made.precision) // 8, op, made.precision, 0
    if isinstance(made, kinds.ApproxQuantile):
        return 1 + 2 * made.max_buckets, op, made.precision, made.max_buckets
    return NO_ESTIMATE


def _most_words(cls: Sequence[int], total: Sequence[int]) -> int:
    needs = total[at.PT_NEEDS]
    is_float = cls[at.PC_KIND] == at.KIND_FLOAT
    high = at.ALL_WORDS if is_float else 1
    n = 4 if is_float and needs else 1
    n += high + 1 if needs & at.NEEDS_SUM else 0
    n += 2 * high + 1 if needs & at.NEEDS_SQUARES else 0
    n += 2 if needs & at.NEEDS_ENDS else 0
    return n + total[at.PT_MORE]

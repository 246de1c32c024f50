"""The sizes at which a device runs a model.

torch computes rows in groups, and the rows that are left over in another way, so a row's score may
depend on how many rows it comes with (docs/models.md measures it). A device therefore runs at the
sizes of a ladder only: the rows behind the last are zeros. Every size is a multiple of 4, and the
smallest is large enough that no size takes another path than the next; `models.differing_rows`
proves it for a model.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from featurelib.errors import DefinitionError, InputError

__all__ = ["DEFAULT_SIZES", "Ladder"]

DEFAULT_SIZES = (128, 256, 512, 1024, 2048, 3072)
"""The smallest holds the 100 candidates of one request, the largest those of thirty: what a call of
a model takes before its first row is what some 600 rows of a ranker take."""

MULTIPLE = 4
"""Rows that torch's products take together on x86-64 (docs/models.md, section 5)."""


class Ladder:
    """Sizes in rising order.

    Args:
        sizes: Rows, each a multiple of 4.

    Attributes:
        sizes: The sizes.

    Raises:
        DefinitionError: No size, a size that is no multiple of 4, or not in rising order.
    """

    __slots__ = ("sizes",)

    def __init__(self, sizes: Iterable[int] = DEFAULT_SIZES) -> None:
        self.sizes = tuple(sizes)
        if not self.sizes:
            raise DefinitionError("a ladder has at least one size, got none")
        for size in self.sizes:
            if type(size) is not int or size < MULTIPLE or size % MULTIPLE:
                raise DefinitionError(
                    f"a size of a ladder is a multiple of {MULTIPLE} rows, got {size!r}"
                )
        if list(self.sizes) != sorted(set(self.sizes)):
            raise DefinitionError(f"sizes of a ladder rise, got {self.sizes}")

    @property
    def largest(self) -> int:
        """Rows of the largest batch."""
        return self.sizes[-1]

    def size_for(self, rows: int) -> int:
        """The smallest size that holds so many rows.

        Raises:
            InputError: There are no rows, or more than the largest size.
        """
        if not 1 <= rows <= self.largest:
            raise InputError(
                f"expected 1 <= rows <= {self.largest}, got rows={rows}",
                hint="send fewer rows at once",
            )
        return self.sizes[bisect_left(self.sizes, rows)]

    def __iter__(self) -> Iterator[int]:
        return iter(self.sizes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ladder) and self.sizes == other.sizes

    def __hash__(self) -> int:
        return hash(self.sizes)

    def __repr__(self) -> str:
        return f"Ladder({self.sizes})"

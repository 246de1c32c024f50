"""The narrow waist: what an online store and an event log do, whoever implements them.

Times are microseconds since 1970 in UTC, keys are integers of 64 bits with a sign.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from serving_example.store.vector import Stamp, Vector, View

__all__ = [
    "Batch", "Change", "Changes", "Clock", "Entry", "EventLog", "Health", "Letter", "Move",
    "OnlineStore", "Put", "Written", "wall_clock",
]  # fmt: skip

Clock = Callable[[], int]
"""Gives the moment in microseconds since 1970."""


def wall_clock() -> int:
    """The machine's clock."""
    return time.time_ns() // 1000


class Put(NamedTuple):
    """A vector (or a tombstone) for an entity."""

    view: View
    key: int
    vector: Vector


class Move(NamedTuple):
    """The offset that a batch leaves and the one that it reaches."""

    before: int
    after: int


class Letter(NamedTuple):
    """An event that was refused: a dead letter.

    Attributes:
        offset: Where it stands in the log.
        reason: Why.
        data: The event as it was appended.
    """

    offset: int
    reason: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """What is written as one: all of it or nothing, and readers see both or neither.

    Attributes:
        puts: Vectors; one that is not newer than what stands there is left out.
        expects: The stamps that the batch was computed from; None where no live vector was.
        move: The log's offset; the one before must be what is stored.
        letters: Dead letters of events that the move passes, in order.
        marks: Small named values, such as how far a job is.
    """

    puts: Sequence[Put] = ()
    expects: Mapping[tuple[View, int], Stamp | None] = field(default_factory=dict)
    move: Move | None = None
    letters: Sequence[Letter] = ()
    marks: Mapping[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        offsets = [letter.offset for letter in self.letters]
        if offsets != sorted(set(offsets)):
            raise ValueError(f"expected letters in the order of their offsets, got {offsets}")
        if offsets and (
            self.move is None or not self.move.before < offsets[0] <= offsets[-1] <= self.move.after
        ):
            raise ValueError(f"letters at {offsets} lie outside of the move {self.move}")


class Written(NamedTuple):
    """What became of a batch.

    Attributes:
        taken: How many vectors were written.
        older: The others: they were not newer than what stood there.
    """

    taken: int
    older: tuple[tuple[View, int], ...]


class Change(NamedTuple):
    """One line of the stream of changes: an entity of a view (`View.id`) has another vector."""

    seq: int
    view: str
    key: int


class Changes(NamedTuple):
    """Changes after a place in the stream.

    Attributes:
        changes: In order.
        is_trimmed: Changes between are not kept any more: scan the views, then go on from `head`.
        head: The last change of the whole stream.
    """

    changes: list[Change]
    is_trimmed: bool
    head: int


class Health(NamedTuple):
    """Whether a store or log can be used, and what it tells about itself."""

    is_ok: bool
    detail: str


class OnlineStore(Protocol):
    """Vectors by view and entity. Safe to call from many threads.

    Each method may raise StoreUnavailable (no answer in time) and StoreError.
    """

    def get(self, view: View, key: int) -> Vector | None:
        """The vector of an entity; None if there is none, it was deleted or has expired."""
        ...

    def get_many(self, view: View, keys: Sequence[int]) -> list[Vector | None]:
        """The same of many entities, in one call, as of one moment."""
        ...

    def write(self, batch: Batch) -> Written:
        """Writes a batch as one.

        Raises:
            StoreConflictError: Another writer was first; nothing was written.
            StoreFullError: There is no room; nothing was written.
        """
        ...

    def offset(self) -> int:
        """The log's offset up to which events are applied; 0 at first."""
        ...

    def mark(self, name: str) -> bytes | None:
        """What a batch noted under this name."""
        ...

    def scan(self, view: View) -> Iterator[tuple[int, Vector]]:
        """All live vectors of a view; one that changes meanwhile comes in either form, or both."""
        ...

    def changes(self, after: int, limit: int) -> Changes:
        """The stream of changes after a place in it (0: from its start)."""
        ...

    def letters(self, after: int, limit: int) -> list[Letter]:
        """The dead letters behind an offset, oldest first; a bounded number is kept."""
        ...

    def sweep(self, view: View, before: int) -> int:
        """Forgets the vectors and tombstones of a view that expired at or before a moment.

        Returns:
            How many.
        """
        ...

    def health(self) -> Health:
        """Whether it answers; never raises."""
        ...

    def close(self) -> None:
        """Gives its connections and files back; it is not used any more."""
        ...


class Entry(NamedTuple):
    """An event in the log.

    Attributes:
        offset: Its place: 1, 2, 3, ... without gaps.
        appended_at: When.
        data: The event as JSON.
    """

    offset: int
    appended_at: int
    data: bytes


class EventLog(Protocol):
    """Events in the order of their coming. Safe to call from many threads."""

    def append(self, records: Sequence[bytes]) -> list[int]:
        """Appends events; they are durable when it returns.

        Returns:
            Their offsets.
        """
        ...

    def read(self, after: int, limit: int) -> list[Entry]:
        """Events behind an offset, in order."""
        ...

    def last(self) -> int:
        """The last offset that was given; 0 at first."""
        ...

    def wait(self, after: int, timeout_s: float) -> bool:
        """Waits for an event behind an offset; whether there is one."""
        ...

    def trim(self, upto: int) -> int:
        """Forgets events up to an offset, which must be applied everywhere; how many."""
        ...

    def health(self) -> Health:
        """Whether it answers; never raises."""
        ...

    def close(self) -> None:
        """Gives its connections and files back."""
        ...

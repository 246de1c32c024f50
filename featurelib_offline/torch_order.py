"""In which order rows come, which rows a worker gets, and how they are cut into batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from featurelib_offline.torch_rows import Rows

__all__ = ["Piece", "batches", "pieces_of", "share", "shuffled"]


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows that are read and computed in one go.

    Attributes:
        file: Which of the files.
        start: The first row in it.
        stop: The row after the last.
    """

    file: int
    start: int
    stop: int

    @property
    def rows(self) -> int:
        return self.stop - self.start


def pieces_of(file_rows: Sequence[int], piece_rows: int) -> list[Piece]:
    """Files with so many rows each, cut into pieces, in the order of files and rows."""
    return [
        Piece(file, start, min(start + piece_rows, rows))
        for file, rows in enumerate(file_rows)
        for start in range(0, rows, piece_rows)
    ]


def share(pieces: Sequence[Piece], part: int, parts: int) -> list[Piece]:
    """One of several parts of the rows; together they are all rows, each once.

    Parts differ by one row at most, whatever the sizes of files: ranks that train together then
    take equally many steps. A piece on an edge is cut.
    """
    total = sum(p.rows for p in pieces)
    first, last = total * part // parts, total * (part + 1) // parts
    mine, at = [], 0
    for piece in pieces:
        start, stop = max(first, at), min(last, at + piece.rows)
        if start < stop:
            mine.append(Piece(piece.file, piece.start + start - at, piece.start + stop - at))
        at += piece.rows
    return mine


def shuffled(parts: Iterable[Rows], buffer_rows: int, rng: np.random.Generator) -> Iterator[Rows]:
    """All rows, each drawn at random from a buffer of so many.

    A full buffer gives a random row for each new one, which takes its place. So a row can move
    forward any number of places, and backward as many as the buffer has.
    """
    waiting: list[Rows] = []
    buffer: Rows | None = None
    for part in parts:
        at = 0
        if buffer is None:
            missing = buffer_rows - sum(w.count for w in waiting)
            at = min(missing, part.count)
            waiting.append(part.between(0, at))
            if at < missing:
                continue
            # In memory of its own, because new rows are written into it.
            buffer, waiting = Rows.joined(waiting).drawn(rng.permutation(buffer_rows)), []
        while at < part.count:
            stop = min(at + buffer_rows, part.count)
            given, buffer = _exchanged(buffer, part.between(at, stop), rng)
            yield given
            at = stop
    rest = buffer if buffer is not None else Rows.joined(waiting) if waiting else None
    if rest is not None:
        yield rest.drawn(rng.permutation(rest.count))


def _exchanged(buffer: Rows, new: Rows, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Random rows of the buffer, and the buffer with the new ones in their places."""
    slots = rng.choice(buffer.count, new.count, replace=False)
    given = buffer.drawn(slots)
    for key, values in buffer.flat.items():
        values[slots] = new.flat[key]
    lists = {}
    if buffer.lists:
        kept = np.arange(buffer.count)
        kept[slots] = buffer.count + np.arange(new.count)
        for key, old in buffer.lists.items():
            lists[key] = old.joined([old, new.lists[key]]).drawn(kept)
    return given, Rows(buffer.count, buffer.flat, lists)


def batches(parts: Iterable[Rows], batch_rows: int) -> Iterator[Rows]:
    """The rows in batches of equal size; the last may be smaller.

    A batch that lies in one part is not copied.
    """
    waiting: list[Rows] = []
    missing = batch_rows
    for part in parts:
        at = 0
        while at < part.count:
            stop = min(at + missing, part.count)
            waiting.append(part.between(at, stop))
            missing -= stop - at
            at = stop
            if not missing:
                yield Rows.joined(waiting)
                waiting, missing = [], batch_rows
    if waiting:
        yield Rows.joined(waiting)

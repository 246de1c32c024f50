"""All films' vectors in memory: a matrix to gather from, kept fresh by the store's changes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from featurelib.errors import InputError
from featurelib_online.staged import Staged, StageTable
from serving_example.features.lookup import RowLookup
from serving_example.features.stages import AS_OF, Views
from serving_example.store import Clock, OnlineStore, Vector

__all__ = ["FilmTable"]

Array = np.ndarray[Any, Any]
_CHANGES = 4096
_NEVER = int(np.iinfo(np.int64).max)


class FilmTable:
    """The films that can be recommended. One thread refreshes it; any may read.

    Args:
        staged: The stages.
        views: The views of the bundle.
        store: Where the vectors are.
        clock: Microseconds since 1970, that of requests.
        before: Called when new vectors are read and not shown yet: a cache of users takes in what
            has changed until then, so that no request sees a film's rating without the user's.

    Attributes:
        table: The vectors; row numbers stay what they are.
        offset: The log's offset up to which all events are in the vectors.
        newest: The latest of `as_ofs`, which is here before the moment's vector is in the table.
    """

    def __init__(
        self,
        staged: Staged,
        views: Views,
        store: OnlineStore,
        clock: Clock,
        before: Callable[[], object] = lambda: None,
    ) -> None:
        self._clock = clock
        self._store, self._views, self._staged = store, views, staged
        self._before = before
        self.table: StageTable = staged.table("film")
        self._row: dict[int, int] = {}
        self._ids, self._times, self._as_ofs = _Column(), _Column(), _Column()
        self._versions, self._shown_ats = _Column(), _Column()
        self._moves, self._moving = 0, threading.Lock()
        self._lookup = RowLookup(np.empty(0, np.int64))
        self._seen = self.offset = 0
        self.newest = -_NEVER
        self._one = threading.Lock()

    def __len__(self) -> int:
        return len(self._row)

    @property
    def ids(self) -> Array:
        """The film of each row: int64, read-only."""
        return self._ids.values

    @property
    def event_times(self) -> Array:
        """The event time of each row's vector, microseconds since 1970: int64, read-only."""
        return self._times.values

    @property
    def as_ofs(self) -> Array:
        """The moment that each row's vector was computed for: int64, read-only.

        A request is answered for a later one, so that all of it sees what the vectors have seen. A
        row's moment is here before its vector is in the table.
        """
        return self._as_ofs.values

    @property
    def versions(self) -> Array:
        """How often each row's vector was written: int64, read-only.

        What is computed from a vector is as good as new while its version is the same. A vector is
        in the table before its version is here.
        """
        return self._versions.values

    @property
    def shown_ats(self) -> Array:
        """The moment at which each row's vector was in the table: int64, read-only.

        It may be long after the one that the vector was computed for. A request for a later moment
        has seen this vector or a newer one. While a vector is exchanged it is the end of time.
        """
        return self._shown_ats.values

    def settled(self) -> int:
        """A number that is another one after anything has changed; waits while something does.

        What was read between two calls that give the same number is of one moment.
        """
        while self._moves % 2:
            with self._moving:
                pass
        return self._moves

    def load(self) -> int:
        """Reads all vectors; gives how many there are.

        Raises:
            StoreUnavailable: The store does not answer; what is in memory goes on.
        """
        with self._one:
            return self._load()

    def refresh(self) -> list[int]:
        """Takes what has changed since the last look; gives the rows that are new or others.

        Raises:
            StoreUnavailable: The store does not answer; what is in memory goes on.
        """
        with self._one:
            offset = self._store.offset()  # before the changes: what it counts is among them
            found = self._store.changes(self._seen, _CHANGES)
            if found.is_trimmed:
                self._load()
                return list(range(len(self)))
            mine = {c.key for c in found.changes if c.view == self._views.film.id}
            keys = sorted(mine)
            vectors = self._store.get_many(self._views.film, keys) if keys else []
            self._before()
            rows = self._take([(k, v) for k, v in zip(keys, vectors, strict=True) if v is not None])
            self._seen = found.changes[-1].seq if found.changes else self._seen
            if self._seen >= found.head:
                self.offset = offset
            return rows

    def rows(self, films: Sequence[int]) -> Array:
        """The row of each film.

        Raises:
            InputError: A film is not there.
        """
        row = self._row
        try:
            return np.array([row[film] for film in films], np.int64)
        except KeyError as error:
            raise InputError(
                f"there is no film {error.args[0]!r}",
                field="items",
                hint="materialize puts the films of the catalogue into the store",
            ) from None

    def known(self, films: Array) -> Array:
        """The row of each film, -1 of one that is not there: int64."""
        return self._lookup.rows(films)

    def _load(self) -> int:
        # Before the scan: what comes meanwhile is seen again.
        offset, head = self._store.offset(), self._store.changes(0, 1).head
        found = list(self._store.scan(self._views.film))
        self._before()
        self._take(found)
        self._seen, self.offset = head, offset
        return len(self)

    def _take(self, found: Sequence[tuple[int, Vector]]) -> list[int]:
        """Puts vectors into the table; a film that was deleted stays as it was."""
        live = [(film, v.event_time, v.payload) for film, v in found if v.payload is not None]
        known = [item for item in live if item[0] in self._row]
        fresh = [item for item in live if item[0] not in self._row]
        rows = [self._row[film] for film, _, _ in known]
        rows += range(len(self), len(self) + len(fresh))
        ordered = [*known, *fresh]
        if not ordered:
            return rows
        with self._moving:
            self._moves += 1
            try:
                self._put(rows, ordered, len(known))
            finally:
                self._moves += 1
        return rows

    def _put(self, rows: list[int], ordered: list[tuple[int, int, bytes]], known: int) -> None:
        """Writes vectors, of which the first so many stand in the table."""
        self._shown_ats.write(rows, [_NEVER] * len(rows))
        moments = [AS_OF.unpack_from(payload)[0] for _, _, payload in ordered]
        self.newest = max(self.newest, *moments)
        self._as_ofs.write(rows, moments)
        for row, (_, _, payload) in zip(rows, ordered[:known], strict=False):
            self.table.put(row, payload[AS_OF.size :])
        self.table.extend([payload[AS_OF.size :] for _, _, payload in ordered[known:]])
        before = self.versions[rows[:known]].tolist()
        self._versions.write(rows, [version + 1 for version in before] + [0] * (len(rows) - known))
        self._times.write(rows, [at for _, at, _ in ordered])
        self._ids.write(rows, [film for film, _, _ in ordered])
        self._row |= {film: row for row, (film, _, _) in zip(rows, ordered, strict=True)}
        if len(rows) > known:
            self._lookup = RowLookup(self.ids)
        self._shown_ats.write(rows, [self._clock()] * len(rows))


class _Column:
    """An int64 for each row. It grows by doubling: a refresh writes what has changed, no more.

    Attributes:
        values: Of all rows, read-only: what is written later shows in it too.
    """

    def __init__(self) -> None:
        self._room = np.zeros(0, np.int64)
        self.values = self._room

    def write(self, rows: Sequence[int], values: Sequence[int]) -> None:
        """Writes some rows, which may lie behind the end."""
        end = max(max(rows, default=-1) + 1, len(self.values))
        if end > len(self._room):
            room = np.zeros(2 * end, np.int64)
            room[: len(self.values)] = self.values
            self._room = room
        self._room[rows] = values
        if end > len(self.values):
            shown = self._room[:end]
            shown.flags.writeable = False
            self.values = shown

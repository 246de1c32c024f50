"""The embedded online store: LMDB. One process writes at a time, any number of threads read.

A batch is one transaction: vectors, changes, dead letters and the log's offset come together. A
killed process loses no batch; a machine that dies may undo the last ones, whole (no wait for the
disk's second write), and the tailer applies them again from the log, which waits for both.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import lmdb

from serving_example.store.errors import StoreConflictError, StoreError
from serving_example.store.interface import (
    Batch,
    Change,
    Changes,
    Clock,
    Health,
    Letter,
    Put,
    Written,
    wall_clock,
)
from serving_example.store.lmdb_files import (
    MAP_BYTES,
    as_ours,
    bounds,
    count_key,
    count_of,
    opened,
    told,
)
from serving_example.store.resident import Resident
from serving_example.store.vector import (
    EXPIRES,
    STAMP,
    Vector,
    View,
    encode,
    is_live,
    live,
    live_all,
    stamp_bytes,
    time_bytes,
)

__all__ = ["LmdbStore"]

_KEY = struct.Struct(">Q")
_BIAS = 1 << 63
_SCANNED = 256
"""Vectors of a scan that are read in one transaction: a long one would keep old pages alive."""

_READERS_CHECKED = 256
"""After so many writes it is looked whether readers were killed: the pages that they held would
never be used again, and the file would grow with every write."""


class LmdbStore:
    """An `OnlineStore` in a folder.

    Args:
        path: The folder; made where there is none.
        clock: What decides which vectors have expired.
        max_changes: So many changes are kept for readers; who is further behind scans.
        max_letters: So many dead letters are kept.
        map_bytes: The bound of the file's size.
        is_resident: All of it is read into memory, beside what it is asked for.

    Attributes:
        resident: What reads it into memory; None if nothing does.

    Raises:
        StoreError: The folder cannot be used, holds something else, or is open in this process.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        clock: Clock = wall_clock,
        max_changes: int = 1_000_000,
        max_letters: int = 10_000,
        map_bytes: int = MAP_BYTES,
        is_resident: bool = False,
    ) -> None:
        self._path, self._clock = Path(path), clock
        self._max_changes, self._max_letters = max_changes, max_letters
        # Entities are asked for in no order: what lies behind one on the disk is not wanted next.
        self._env = opened(
            self._path, "an online store, format 1", 4, map_bytes, metasync=False, readahead=False
        )
        self.resident = Resident(self._path / "data.mdb") if is_resident else None
        self._writes = itertools.count()
        names = (b"vectors", b"changes", b"letters", b"meta")
        self._vectors, self._changes, self._letters, self._meta = map(self._env.open_db, names)

    def get(self, view: View, key: int) -> Vector | None:
        """See `OnlineStore.get`."""
        # Every request comes by here: `told` would take a microsecond.
        try:
            with self._env.begin(self._vectors) as txn:
                data = txn.get(_place(view, key))
        except (lmdb.Error, OSError) as error:
            raise as_ours(self._path, error) from error
        return None if data is None else live(data, view, key, self._clock())

    def get_many(self, view: View, keys: Sequence[int]) -> list[Vector | None]:
        """See `OnlineStore.get_many`."""
        now, prefix, pack = self._clock(), view.prefix, _KEY.pack
        with told(self._path), self._env.begin(self._vectors) as txn:
            get = txn.get  # as `_place`, whose calls would take a tenth of the time
            found = [get(prefix + pack(key + _BIAS)) for key in keys]
        return live_all(found, view, keys, now)

    def write(self, batch: Batch) -> Written:
        """See `OnlineStore.write`."""
        if next(self._writes) % _READERS_CHECKED == 0:
            with told(self._path):
                self._env.reader_check()
        with told(self._path), self._env.begin(write=True) as txn:
            self._check(txn, batch)
            taken = [put for put in batch.puts if self._put(txn, put)]
            self._note(txn, taken)
            for letter in batch.letters:
                data = len(letter.reason.encode()).to_bytes(4) + letter.reason.encode()
                txn.put(count_key(letter.offset), data + letter.data, db=self._letters)
            self._trim(txn, self._letters, self._max_letters)
            for name, value in batch.marks.items():
                txn.put(b"mark " + name.encode(), value, db=self._meta)
            if batch.move is not None:
                txn.put(b"offset", count_key(batch.move.after), db=self._meta)
        left = set(map(id, taken))
        return Written(len(taken), tuple((p.view, p.key) for p in batch.puts if id(p) not in left))

    def offset(self) -> int:
        """See `OnlineStore.offset`."""
        with told(self._path), self._env.begin(self._meta) as txn:
            return self._number(txn, b"offset")

    def mark(self, name: str) -> bytes | None:
        """See `OnlineStore.mark`."""
        with told(self._path), self._env.begin(self._meta) as txn:
            value: bytes | None = txn.get(b"mark " + name.encode())
            return value

    def scan(self, view: View) -> Iterator[tuple[int, Vector]]:
        """See `OnlineStore.scan`; in the order of keys."""
        start: bytes | None = view.prefix
        end = view.prefix[:-1] + b"\1"
        while start is not None:
            start, found = self._page(view, start, end)
            yield from found

    def changes(self, after: int, limit: int) -> Changes:
        """See `OnlineStore.changes`."""
        with told(self._path), self._env.begin(self._changes) as txn:
            head = self._number(txn, b"changes")
            kept = bounds(txn, self._changes)
            first = head + 1 if kept is None else kept[0]
            cursor = txn.cursor()
            found = []
            if cursor.set_range(count_key(after + 1)):
                for seq, data in itertools.islice(cursor, limit):
                    found.append(Change(count_of(seq), data[:-9].decode(), _key_of(data)))
            return Changes(found, after + 1 < first and after < head, head)

    def letters(self, after: int, limit: int) -> list[Letter]:
        """See `OnlineStore.letters`."""
        made = []
        with told(self._path), self._env.begin(self._letters) as txn:
            cursor = txn.cursor()
            if cursor.set_range(count_key(after + 1)):
                for offset, data in itertools.islice(cursor, limit):
                    end = 4 + int.from_bytes(data[:4])
                    made.append(Letter(count_of(offset), data[4:end].decode(), data[end:]))
        return made

    def sweep(self, view: View, before: int) -> int:
        """See `OnlineStore.sweep`."""
        gone, limit = 0, time_bytes(before)
        with told(self._path), self._env.begin(self._vectors, write=True) as txn:
            cursor = txn.cursor()
            found = cursor.set_range(view.prefix)
            while found and cursor.key().startswith(view.prefix):
                if cursor.value()[EXPIRES] <= limit:
                    found = cursor.delete() and bool(cursor.key())
                    gone += 1
                else:
                    found = cursor.next()
        return gone

    def health(self) -> Health:
        """See `OnlineStore.health`."""
        try:
            with told(self._path), self._env.begin(self._vectors) as txn:
                entries = txn.stat(self._vectors)["entries"]
        except StoreError as error:
            return Health(False, str(error))
        return Health(True, f"LMDB {self._path}: {entries} vectors")

    def close(self) -> None:
        """See `OnlineStore.close`."""
        if self.resident is not None:
            self.resident.close()
        self._env.close()

    def _page(
        self, view: View, start: bytes, end: bytes
    ) -> tuple[bytes | None, list[tuple[int, Vector]]]:
        """Some live vectors from a key on, and the key to go on from."""
        found: list[tuple[int, Vector]] = []
        now = self._clock()
        with told(self._path), self._env.begin(self._vectors) as txn:
            cursor = txn.cursor()
            if cursor.set_range(start):
                for seen, (place, data) in enumerate(cursor):
                    if place >= end:
                        break
                    if seen == _SCANNED:
                        return place, found
                    key = _key_of(place)
                    vector = live(data, view, key, now)
                    if vector is not None:
                        found.append((key, vector))
        return None, found

    def _check(self, txn: Any, batch: Batch) -> None:
        """Refuses a batch that was computed from something else than what stands here."""
        now = time_bytes(self._clock())
        for (view, key), stamp in batch.expects.items():
            data = txn.get(_place(view, key), db=self._vectors)
            found = data[STAMP] if data is not None and is_live(data, now) else b""
            if found != stamp_bytes(stamp):
                raise StoreConflictError(f"{view.name}, entity {key}: another writer was first")
        if batch.move is not None:
            offset = self._number(txn, b"offset")
            if offset != batch.move.before:
                raise StoreConflictError(
                    f"the store is at offset {offset}, the batch begins at {batch.move.before}: "
                    "another tailer was first"
                )

    def _put(self, txn: Any, put: Put) -> bool:
        """Writes a vector if it is newer; whether it was."""
        place, data = _place(put.view, put.key), encode(put.vector)
        found = txn.get(place, db=self._vectors)
        if found is not None and data[STAMP] <= found[STAMP]:
            return False
        return bool(txn.put(place, data, db=self._vectors))

    def _note(self, txn: Any, taken: Sequence[Put]) -> None:
        """Adds to the stream of changes."""
        if not taken:
            return
        head = self._number(txn, b"changes")
        for seq, put in enumerate(taken, head + 1):
            txn.put(count_key(seq), _place(put.view, put.key), db=self._changes, append=True)
        txn.put(b"changes", count_key(head + len(taken)), db=self._meta)
        self._trim(txn, self._changes, self._max_changes)

    def _trim(self, txn: Any, table: Any, kept: int) -> None:
        with txn.cursor(table) as cursor:
            over = txn.stat(table)["entries"] - kept
            if over > 0 and cursor.first():
                for _ in range(over):
                    cursor.delete()

    def _number(self, txn: Any, name: bytes) -> int:
        data = txn.get(name, db=self._meta)
        return 0 if data is None else count_of(data)


def _place(view: View, key: int) -> bytes:
    return view.prefix + _KEY.pack(key + _BIAS)


def _key_of(place: bytes) -> int:
    return int(_KEY.unpack(place[-8:])[0]) - _BIAS

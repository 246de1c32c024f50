"""The embedded event log: LMDB, with one wait for the disk for all who append at once."""

from __future__ import annotations

import itertools
import struct
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from serving_example.store.errors import StoreError
from serving_example.store.interface import Clock, Entry, Health, wall_clock
from serving_example.store.lmdb_files import MAP_BYTES, bounds, count_key, count_of, opened, told

__all__ = ["LmdbLog"]

_TIME = struct.Struct(">q")
_POLL_S = 0.05
"""How often a waiting reader looks for what another process appended."""
_TRIMMED = 4_096
"""Events that one transaction forgets: who appends waits no longer than that takes."""


class _Ticket:
    """Records that wait to be committed, and what became of them."""

    __slots__ = ("error", "offsets", "records")

    def __init__(self, records: Sequence[bytes]) -> None:
        self.records = records
        self.offsets: list[int] | None = None
        self.error: BaseException | None = None


class LmdbLog:
    """An `EventLog` in a folder. Many processes may append and read.

    Group commit: who comes while a commit waits for the disk is in the next one, with all others.

    Args:
        path: The folder; made where there is none.
        clock: Tells when an event was appended.
        map_bytes: The bound of the file's size.

    Raises:
        StoreError: The folder cannot be used, holds something else, or is open in this process.
    """

    def __init__(
        self, path: Path | str, *, clock: Clock = wall_clock, map_bytes: int = MAP_BYTES
    ) -> None:
        self._path, self._clock = Path(path), clock
        self._env = opened(self._path, "an event log, format 1", 2, map_bytes, metasync=True)
        self._entries, self._meta = self._env.open_db(b"entries"), self._env.open_db(b"meta")
        self._waiting: list[_Ticket] = []
        self._arrived = threading.Condition()
        self._committing = threading.Lock()
        self.commits = 0
        """Transactions so far: fewer than calls of `append` where callers met."""

    def append(self, records: Sequence[bytes]) -> list[int]:
        """See `EventLog.append`."""
        if not all(type(record) is bytes for record in records):
            raise TypeError(f"events are appended as bytes, got {records!r}")
        ticket = _Ticket(records)
        with self._arrived:
            self._waiting.append(ticket)
        with self._committing:
            if ticket.offsets is None and ticket.error is None:
                self._commit()
        if ticket.error is not None:
            raise ticket.error
        assert ticket.offsets is not None
        return ticket.offsets

    def read(self, after: int, limit: int) -> list[Entry]:
        """See `EventLog.read`."""
        made = []
        with told(self._path), self._env.begin(self._entries) as txn:
            cursor = txn.cursor()
            if cursor.set_range(count_key(after + 1)):
                for offset, data in itertools.islice(cursor, limit):
                    (appended_at,) = _TIME.unpack_from(data)
                    made.append(Entry(count_of(offset), appended_at, data[_TIME.size :]))
        return made

    def last(self) -> int:
        """See `EventLog.last`."""
        with told(self._path), self._env.begin(self._meta) as txn:
            data = txn.get(b"last")
            return 0 if data is None else count_of(data)

    def wait(self, after: int, timeout_s: float) -> bool:
        """See `EventLog.wait`; an event of this process wakes at once, another one soon."""
        ends = time.monotonic() + timeout_s
        with self._arrived:
            while self.last() <= after:
                left = ends - time.monotonic()
                if left <= 0:
                    return False
                self._arrived.wait(min(left, _POLL_S))
        return True

    def trim(self, upto: int) -> int:
        """See `EventLog.trim`."""
        gone = 0
        with told(self._path):
            # Pages that a killed reader holds are never used again, and the file would grow.
            self._env.reader_check()
            while some := self._trim_some(upto):
                gone += some
        return gone

    def health(self) -> Health:
        """See `EventLog.health`."""
        try:
            return Health(True, f"LMDB {self._path}: {self.last()} events so far")
        except StoreError as error:
            return Health(False, str(error))

    def close(self) -> None:
        """See `EventLog.close`."""
        self._env.close()

    def _trim_some(self, upto: int) -> int:
        with self._env.begin(self._entries, write=True) as txn:
            kept = bounds(txn, self._entries)
            if kept is None or kept[0] > upto:
                return 0
            gone = min(upto - kept[0] + 1, kept[1] - kept[0] + 1, _TRIMMED)
            cursor = txn.cursor()
            cursor.first()
            for _ in range(gone):
                cursor.delete()
            return gone

    def _commit(self) -> None:
        """Writes all that waits; the caller holds the lock of commits."""
        with self._arrived:
            tickets, self._waiting = self._waiting, []
        try:
            given = self._written(tickets)
        except BaseException as error:
            for ticket in tickets:
                ticket.error = error
        else:
            for ticket, offsets in zip(tickets, given, strict=True):
                ticket.offsets = offsets
            with self._arrived:
                self._arrived.notify_all()

    def _written(self, tickets: Sequence[_Ticket]) -> list[list[int]]:
        now = _TIME.pack(self._clock())
        with told(self._path), self._env.begin(self._entries, write=True) as txn:
            data = txn.get(b"last", db=self._meta)
            last, given = 0 if data is None else count_of(data), []
            for ticket in tickets:
                offsets = list(range(last + 1, last + 1 + len(ticket.records)))
                for offset, record in zip(offsets, ticket.records, strict=True):
                    txn.put(count_key(offset), now + record, append=True)
                last += len(offsets)
                given.append(offsets)
            txn.put(b"last", count_key(last), db=self._meta)
        self.commits += 1
        return given

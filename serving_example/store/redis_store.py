"""The shared online store: a Redis server, or what speaks its protocol.

A batch is one script, so it is applied whole or not at all, and nobody sees half of it. All keys of
a store share one hash tag: a cluster holds a store on one node, and entities are partitioned by
giving each partition a store of its own (another prefix).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from serving_example.store import redis_scripts
from serving_example.store.errors import StoreConflictError
from serving_example.store.interface import (
    Batch,
    Change,
    Changes,
    Clock,
    Health,
    Letter,
    Written,
    wall_clock,
)
from serving_example.store.redis_calls import connected, health_of, told
from serving_example.store.vector import (
    EXPIRES,
    Vector,
    View,
    encode,
    live,
    stamp_bytes,
    time_bytes,
)

__all__ = ["RedisStore"]

_SCANNED = 512
"""Vectors that are asked for at a time in a scan."""


class RedisStore:
    """An `OnlineStore` in a Redis server.

    Args:
        url: Where it is: ``redis://host:port/0``, ``rediss://...``, ``unix:///path``.
        prefix: With what its keys begin: one server may hold several stores.
        clock: What decides which vectors have expired; the server's clock is not asked.
        deadline_s: How long a read may take (and `offset`): a request waits for it.
        write_deadline_s: How long any other call may take, which waits for the server's disk;
            at least `deadline_s`.
        max_changes: So many changes are kept for readers; who is further behind scans.
        max_letters: So many dead letters are kept.
    """

    def __init__(
        self,
        url: str,
        prefix: str = "films",
        *,
        clock: Clock = wall_clock,
        deadline_s: float = 0.05,
        write_deadline_s: float = 2.0,
        max_changes: int = 1_000_000,
        max_letters: int = 10_000,
    ) -> None:
        self._where, self._prefix, self._clock = url.rpartition("@")[2], prefix, clock
        self._max_changes, self._max_letters = max_changes, max_letters
        self._client = connected(url, deadline_s)
        self._writer = connected(url, max(deadline_s, write_deadline_s))
        self._meta, self._changes, self._letters = map(self._name, ("meta", "changes", "letters"))
        self._write = self._writer.register_script(redis_scripts.WRITE)
        self._sweep = self._writer.register_script(redis_scripts.SWEEP)

    def get(self, view: View, key: int) -> Vector | None:
        """See `OnlineStore.get`."""
        with told(self._where):
            data = self._client.hget(self._name(view.id), key)
        return None if data is None else live(data, view, key, self._clock())

    def get_many(self, view: View, keys: Sequence[int]) -> list[Vector | None]:
        """See `OnlineStore.get_many`."""
        if not keys:
            return []
        with told(self._where):
            found = self._client.hmget(self._name(view.id), keys)
        now = self._clock()
        return [
            None if data is None else live(data, view, key, now)
            for data, key in zip(found, keys, strict=True)
        ]

    def write(self, batch: Batch) -> Written:
        """See `OnlineStore.write`."""
        views = list(dict.fromkeys([v for v, _ in batch.expects] + [p.view for p in batch.puts]))
        number = {view: 4 + i for i, view in enumerate(views)}  # behind the three other keys
        before, after = ("", "") if batch.move is None else batch.move
        given: list[Any] = [
            time_bytes(self._clock()), before, after, self._max_changes, self._max_letters,
            len(batch.expects),
        ]  # fmt: skip
        for (view, key), stamp in batch.expects.items():
            given += number[view], key, stamp_bytes(stamp)
        given.append(len(batch.marks))
        for name, value in batch.marks.items():
            given += name, value
        given.append(len(batch.letters))
        for letter in batch.letters:
            given += letter
        given.append(len(batch.puts))
        for view, key, vector in batch.puts:
            given += number[view], view.id, key, encode(vector)
        names = [self._meta, self._changes, self._letters, *(self._name(v.id) for v in views)]
        with told(self._where):
            said, *rest = self._write(keys=names, args=given)
        if said == b"moved":
            raise StoreConflictError(
                f"the store is at offset {int(rest[0])}, the batch begins at {before}: "
                "another tailer was first"
            )
        if said == b"changed":
            view, key = list(batch.expects)[int(rest[0]) - 1]
            raise StoreConflictError(f"{view.name}, entity {key}: another writer was first")
        older = [batch.puts[int(i)] for i in rest]
        return Written(len(batch.puts) - len(older), tuple((p.view, p.key) for p in older))

    def offset(self) -> int:
        """See `OnlineStore.offset`."""
        with told(self._where):
            return int(self._client.hget(self._meta, "offset") or 0)

    def mark(self, name: str) -> bytes | None:
        """See `OnlineStore.mark`."""
        with told(self._where):
            value: bytes | None = self._writer.hget(self._meta, "mark " + name)
        return value

    def scan(self, view: View) -> Iterator[tuple[int, Vector]]:
        """See `OnlineStore.scan`; an entity may come twice."""
        for page in self._pages(view):
            now = self._clock()
            for key, data in page.items():
                vector = live(data, view, int(key), now)
                if vector is not None:
                    yield int(key), vector

    def changes(self, after: int, limit: int) -> Changes:
        """See `OnlineStore.changes`."""
        with told(self._where), self._writer.pipeline(transaction=True) as pipe:
            pipe.hget(self._meta, "changes")
            pipe.xrange(self._changes, min="-", count=1)
            pipe.xrange(self._changes, min=f"{after + 1}-0", count=limit)
            head, first, found = pipe.execute()
        head = int(head or 0)
        kept = _number(first[0][0]) if first else head + 1
        made = [Change(_number(i), of[b"v"].decode(), int(of[b"k"])) for i, of in found]
        return Changes(made, after + 1 < kept and after < head, head)

    def letters(self, after: int, limit: int) -> list[Letter]:
        """See `OnlineStore.letters`."""
        with told(self._where):
            found = self._writer.xrange(self._letters, min=f"{after + 1}-0", count=limit)
        return [Letter(_number(i), of[b"reason"].decode(), of[b"data"]) for i, of in found]

    def sweep(self, view: View, before: int) -> int:
        """See `OnlineStore.sweep`."""
        gone, limit = 0, time_bytes(before)
        for page in self._pages(view):
            over = [key for key, data in page.items() if data[EXPIRES] <= limit]
            if over:
                with told(self._where):
                    gone += self._sweep(keys=[self._name(view.id)], args=[limit, *over])
        return gone

    def health(self) -> Health:
        """See `OnlineStore.health`."""
        return Health(*health_of(self._client, self._where))

    def close(self) -> None:
        """See `OnlineStore.close`."""
        self._client.close()
        self._writer.close()

    def _name(self, what: str) -> str:
        return f"{{{self._prefix}}}:{what}"

    def _pages(self, view: View) -> Iterator[dict[bytes, bytes]]:
        cursor = 0
        while True:
            with told(self._where):
                cursor, page = self._writer.hscan(self._name(view.id), cursor, count=_SCANNED)
            yield page
            if cursor == 0:
                return


def _number(entry_id: bytes) -> int:
    return int(entry_id.partition(b"-")[0])

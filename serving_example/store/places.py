"""Stores and logs by where they are: a folder (LMDB) or the address of a Redis server."""

from __future__ import annotations

from pathlib import Path

from serving_example.store.interface import Clock, EventLog, OnlineStore, wall_clock
from serving_example.store.lmdb_log import LmdbLog
from serving_example.store.lmdb_store import LmdbStore

__all__ = ["open_log", "open_store"]

_SCHEMES = ("redis://", "rediss://", "unix://")


def open_store(
    where: str,
    *,
    prefix: str = "films",
    clock: Clock = wall_clock,
    deadline_s: float = 0.05,
    is_resident: bool = False,
) -> OnlineStore:
    """The online store at a place.

    Args:
        where: A folder, or ``redis://host:port/0``, ``rediss://...``, ``unix:///path``.
        prefix: With what the keys in a Redis server begin.
        clock: What decides which vectors have expired.
        deadline_s: How long a read from a server may take.
        is_resident: All that is in a folder is read into memory, if it is not too much for it.

    Raises:
        StoreError: It cannot be opened. (A server that is away is told by the first call.)
    """
    if where.startswith(_SCHEMES):
        from serving_example.store.redis_store import RedisStore

        return RedisStore(where, prefix, clock=clock, deadline_s=deadline_s)
    return LmdbStore(Path(where), clock=clock, is_resident=is_resident)


def open_log(
    where: str, *, prefix: str = "films", clock: Clock = wall_clock, deadline_s: float = 0.25
) -> EventLog:
    """The event log at a place; see `open_store`."""
    if where.startswith(_SCHEMES):
        from serving_example.store.redis_log import RedisLog

        return RedisLog(where, prefix, clock=clock, deadline_s=deadline_s)
    return LmdbLog(Path(where), clock=clock)

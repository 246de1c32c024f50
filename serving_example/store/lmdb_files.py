"""Opening LMDB environments, and LMDB's errors in our words."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import lmdb

from serving_example.store.errors import StoreError, StoreFullError

__all__ = ["MAP_BYTES", "as_ours", "bounds", "count_key", "opened", "told"]

MAP_BYTES: Final = 16 << 30
"""Address space, not memory and not disk: the file grows as it is written."""
_COUNT = struct.Struct(">Q")


def count_key(number: int) -> bytes:
    """A number from 0 to 2^64 - 1 as a key, in the order of numbers."""
    return _COUNT.pack(number)


def count_of(key: Any) -> int:
    """The number that `count_key` made a key of."""
    return int(_COUNT.unpack(key)[0])


def bounds(txn: Any, table: Any) -> tuple[int, int] | None:
    """The first and last number among a table's keys; None of an empty one."""
    with txn.cursor(table) as cursor:
        if not cursor.last():
            return None
        end = count_of(cursor.key())
        cursor.first()
        return count_of(cursor.key()), end


def opened(
    path: Path, kind: str, tables: int, map_bytes: int, *, metasync: bool, readahead: bool = True
) -> Any:
    """An environment in a folder, which is made where there is none.

    Args:
        path: The folder.
        kind: What it holds; another one is refused.
        tables: How many there are in it.
        map_bytes: The bound of its size.
        metasync: Whether a commit is on the disk when it returns. Without, the last ones may be
            undone, whole, if the machine (not the process) dies.
        readahead: Whether a page that comes from the disk brings those behind it.

    Raises:
        StoreError: It cannot be opened, or holds something else.
    """
    with told(path):
        path.mkdir(parents=True, exist_ok=True)
        env = lmdb.open(
            str(path), map_size=map_bytes, max_dbs=tables + 1, metasync=metasync, mode=0o600,
            max_readers=512, readahead=readahead,
        )  # fmt: skip
        about = env.open_db(b"about")
        with env.begin(about, write=True) as txn:
            found = txn.get(b"kind")
            if found is None:
                txn.put(b"kind", kind.encode())
        if found not in (None, kind.encode()):
            env.close()
            raise StoreError(
                f"{path}: expected {kind}, found {found.decode(errors='replace')}",
                hint="give it a folder of its own",
            )
    return env


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    """LMDB's errors as ours."""
    try:
        yield
    except (lmdb.Error, OSError) as error:
        raise as_ours(path, error) from error


def as_ours(path: Path, error: Exception) -> StoreError:
    """An error of LMDB, or of the system, as ours."""
    if isinstance(error, lmdb.MapFullError):
        return StoreFullError(
            f"{path}: the map is full; nothing was written",
            hint="open it with a larger map_bytes, or sweep views and trim the log",
        )
    if "No space left" in str(error):
        return StoreFullError(f"{path}: {error}", hint="make room on the disk")
    return StoreError(f"{path}: {error}")

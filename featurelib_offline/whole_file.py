"""A file that appears under its name when it is whole, and not before.

It is written under a temporary name beside its final one, and locked as long as its writer lives:
the system frees the lock of a process that was killed, so the next one can tell what was left.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

__all__ = ["whole_file"]

_END = ".partial"


@contextlib.contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """A temporary name in the directory of the target, which becomes it at the end.

    Unfinished files of the same target are removed first if no process writes them any more. After
    an exception nothing is left, and the target is what it was.
    """
    _remove_left_over(target)
    handle, partial = _begin(target)
    try:
        yield partial
        with open(partial, "rb+") as file:
            os.fsync(file.fileno())
        partial.chmod(0o644)
        partial.replace(target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the rename itself
        finally:
            os.close(folder)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)


def _begin(target: Path) -> tuple[int, Path]:
    """A new locked file, and the handle that holds the lock."""
    while True:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=_END)
        try:
            # Another job that cleans up may come between: then it has removed the file, or will.
            if _lock(handle) and os.path.exists(name):
                return handle, Path(name)
        except OSError:  # this file system has no locks: nobody removes what is left over here
            return handle, Path(name)
        os.close(handle)


def _remove_left_over(target: Path) -> None:
    prefix = f".{target.name}."
    for path in target.parent.iterdir():
        middle = path.name.removeprefix(prefix).removesuffix(_END)
        # Neither another file, nor that of a target whose name begins like this one's.
        if path.name != f"{prefix}{middle}{_END}" or "." in middle:
            continue
        with contextlib.suppress(OSError):  # gone already, or another user's
            handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                if _lock(handle):
                    path.unlink()
            finally:
                os.close(handle)


def _lock(handle: int) -> bool:
    """Whether the lock is ours now; false while another process holds it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

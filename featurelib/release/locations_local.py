"""A registry in a directory.

What is written is first whole and on the disk in ``.staging``, in a folder of its own that the
writer holds locked; then one call makes it visible: a hard link for a file (it is refused where
the name exists), a rename for a folder (it is refused over a folder that is not empty). A writer
that dies leaves its folder there without a lock, and the next writer removes it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from featurelib.errors import ReadOnlyRegistryError, RegistryAwayError
from featurelib.release.locations import reaching

__all__ = ["LocalLocation"]

_STAGING = ".staging"
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)
_TAKEN = (errno.EEXIST, errno.ENOTEMPTY)


class LocalLocation:
    """A directory; see `featurelib.release.locations.Location`.

    Attributes:
        where: The directory.
    """

    def __init__(self, root: Path) -> None:
        self.where = str(root)
        self._root = root

    def read(self, path: str) -> bytes:
        """The content of a file; what is no regular file (a pipe would wait for ever) is away."""
        with reaching(self.where, f"reading {path}"):
            try:
                handle = os.open(self._root / path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            except NotADirectoryError as error:
                raise FileNotFoundError(errno.ENOENT, "no such file", path) from error
            try:
                if not stat.S_ISREG(os.fstat(handle).st_mode):
                    raise OSError(errno.EINVAL, "it is no regular file")
                parts = []
                while part := os.read(handle, 1 << 20):
                    parts.append(part)
                return b"".join(parts)
            finally:
                os.close(handle)

    def names(self, folder: str) -> list[str]:
        """What stands in a folder; a directory that is not there itself is away."""
        with reaching(self.where, f"listing {folder}"):
            try:
                return sorted(os.listdir(self._root / folder))
            except (FileNotFoundError, NotADirectoryError):
                if self._root.is_dir():
                    return []
                raise RegistryAwayError(
                    f"{self.where}: there is no such directory",
                    hint="featurelib release makes it with the first release",
                ) from None

    def prepare(self) -> None:
        """Makes the directory, in a parent that exists."""
        try:
            with contextlib.suppress(FileExistsError):
                os.mkdir(self._root)
                _sync(self._root.parent)
            self._make_folders(self._root / _STAGING)
        except OSError as error:
            raise ReadOnlyRegistryError(
                f"{self.where} cannot be written: {error.strerror}",
                hint="the registry's directory is made in a parent that exists; "
                "reading needs no rights to write",
            ) from error

    def create(self, path: str, data: bytes) -> None:
        """Creates a file by a hard link to one that is whole."""
        with reaching(self.where, f"creating {path}"), self._staging() as staging:
            target = self._root / path
            _write(staging / "file", data)
            self._make_folders(target.parent)
            try:
                os.link(staging / "file", target)
            except OSError as error:
                if error.errno in _NO_LINKS and os.access(target.parent, os.W_OK):
                    raise ReadOnlyRegistryError(
                        f"{self.where} is read-only: its file system has no hard links, so a "
                        "file cannot be created whole and by one writer only",
                        hint="keep the registry on a file system that has them; reading from "
                        "here works",
                    ) from error
                raise
            _sync(target.parent)

    def publish(self, folder: str, files: Mapping[str, bytes], last: str) -> None:
        """Makes a folder appear by a rename; so no file of it is seen before ``last``."""
        with reaching(self.where, f"creating {folder}"), self._staging() as staging:
            whole, target = staging / "folder", self._root / folder
            os.mkdir(whole)
            for name, data in files.items():
                _write(whole / name, data)
            _sync(whole)
            self._make_folders(target.parent)
            try:
                os.rename(whole, target)
            except OSError as error:
                if error.errno in _TAKEN:
                    raise FileExistsError(errno.EEXIST, "exists", str(target)) from error
                raise
            _sync(target.parent)

    def discard(self, folder: str) -> None:
        """Moves a folder away in one call, then removes it."""
        target = self._root / folder
        with reaching(self.where, f"removing {folder}"), self._staging() as staging:
            if target.is_dir():
                os.rename(target, staging / "discarded")
                _sync(target.parent)

    def _make_folders(self, folder: Path) -> None:
        if folder == self._root or folder.is_dir():
            return
        self._make_folders(folder.parent)
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder)
            _sync(folder.parent)

    @contextlib.contextmanager
    def _staging(self) -> Iterator[Path]:
        """A new folder, locked while it is in use; those that nobody locks are removed."""
        parent = self._root / _STAGING
        for name in os.listdir(parent):
            _sweep(parent / name)
        folder, handle = _new_folder(parent)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(handle)


def _new_folder(parent: Path) -> tuple[Path, int]:
    while True:
        folder = parent / secrets.token_hex(8)
        os.mkdir(folder)
        try:
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue  # another writer saw it before it was locked, and removed it
        fcntl.flock(handle, fcntl.LOCK_EX)
        if folder.is_dir():
            return folder, handle
        os.close(handle)


def _sweep(folder: Path) -> None:
    """Removes what a writer left that died: nobody holds its lock."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return  # gone, or of another user
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        return  # its writer is at work
    finally:
        os.close(handle)


def _write(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync(folder: Path) -> None:
    """Puts the names of a folder on the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

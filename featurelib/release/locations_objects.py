"""A registry in an object store, or any other place that fsspec reaches.

A store has no rename, so a folder appears when its last file is created, and readers ignore a
folder without it. Each file is created exclusively, in one order for all writers: two writers of
one folder part at the first file where they differ, and one of them is refused there.

Which stores create exclusively? Those whose class does it itself: ``pipe_file(mode="create")`` of
fsspec's base class looks first and writes then, and between the two another writer fits.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Mapping
from typing import Any

from featurelib.errors import MissingExtraError, ReadOnlyRegistryError, RegistryAwayError
from featurelib.release.locations import reaching

__all__ = ["ObjectLocation", "open_objects"]

_ONE_AT_A_TIME = threading.Lock()
"""``memory://`` looks first and writes then, but lives in one process: a lock is enough."""


class ObjectLocation:
    """A folder of an fsspec filesystem; see `featurelib.release.locations.Location`.

    Args:
        filesystem: An `fsspec.AbstractFileSystem`, without a cache of listings.
        root: The folder in it.
        where: How the location is called in errors.

    Attributes:
        where: The location's name.
    """

    def __init__(self, filesystem: Any, root: str, where: str) -> None:
        self.where = where
        self._files = filesystem
        self._root = root.rstrip("/")

    def read(self, path: str) -> bytes:
        """The content of a file."""
        with reaching(self.where, f"reading {path}"):
            return bytes(self._files.cat_file(self._at(path)))

    def names(self, folder: str) -> list[str]:
        """What stands in a folder, as the store says now."""
        with reaching(self.where, f"listing {folder}"):
            self._files.invalidate_cache()
            try:
                found = self._files.ls(self._at(folder), detail=False)
            except FileNotFoundError:
                return []
        return sorted({name.rstrip("/").rpartition("/")[2] for name in found})

    def prepare(self) -> None:
        """Refuses a filesystem that cannot keep the promise."""
        if not _creates_itself(self._files):
            raise ReadOnlyRegistryError(
                f"{self.where} is read-only: {type(self._files).__name__} has no exclusive "
                "creation of its own, so two writers could both win",
                hint="keep the registry in a directory, or in a store with conditional writes "
                "(s3, gs, az); reading from here works",
            )

    def create(self, path: str, data: bytes) -> None:
        """Creates a file by one conditional write."""
        with reaching(self.where, f"creating {path}"), _ONE_AT_A_TIME:
            self._files.pipe_file(self._at(path), data, mode="create")

    def publish(self, folder: str, files: Mapping[str, bytes], last: str) -> None:
        """Creates the files one by one, ``last`` at the end.

        A file with the same content is taken as it is: another try stopped half-way.
        """
        if last in self.names(folder):
            raise FileExistsError(f"{folder}/{last}")
        for name in sorted(files, key=lambda n: (n == last, n)):
            try:
                self.create(f"{folder}/{name}", files[name])
            except FileExistsError:
                if name == last or self.read(f"{folder}/{name}") != files[name]:
                    raise FileExistsError(f"{folder}/{name}") from None

    def discard(self, folder: str) -> None:
        """Removes the files of a folder one by one."""
        with reaching(self.where, f"removing {folder}"):
            for name in self.names(folder):
                self._files.rm_file(self._at(f"{folder}/{name}"))

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}".rstrip("/")


def open_objects(url: str) -> ObjectLocation:
    """The location that a URL names.

    Raises:
        MissingExtraError: fsspec, or what it needs for the protocol, is not installed.
        RegistryAwayError: fsspec does not know the protocol, or cannot open it.
    """
    try:
        from fsspec.core import url_to_fs
    except ModuleNotFoundError:
        raise MissingExtraError(
            f"{url} needs fsspec, which is not installed",
            hint="pip install 'featurelib[release]', or give a directory",
        ) from None
    try:
        filesystem, root = url_to_fs(url, use_listings_cache=False)
    except ImportError as error:
        raise MissingExtraError(f"{url}: {error}", hint="pip install what it names") from None
    except Exception as error:
        raise RegistryAwayError(
            f"{url} cannot be opened: {error}",
            hint="a registry is a directory or a URL of a protocol that fsspec knows",
        ) from error
    return ObjectLocation(filesystem, root, url)


def _creates_itself(filesystem: Any) -> bool:
    from fsspec import AbstractFileSystem
    from fsspec.asyn import AsyncFileSystem

    kind = type(filesystem)
    if isinstance(filesystem, AsyncFileSystem):
        own, base = kind._pipe_file, AsyncFileSystem._pipe_file
    else:
        own, base = kind.pipe_file, AbstractFileSystem.pipe_file
    return own is not base and "mode" in inspect.signature(own).parameters

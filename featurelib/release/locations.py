"""Where a registry is kept: a directory, or whatever fsspec reaches.

A registry needs five verbs of its location, and one promise: **exclusive creation**. A file is
created whole or not at all, and of two writers of one name the second is refused. The promise is
tried out on the location itself before the first write; where it is not kept, the registry is
read-only.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from featurelib.errors import FeaturelibError, ReadOnlyRegistryError, RegistryAwayError

__all__ = ["PROBE", "Location", "open_location", "reaching", "require_exclusive"]

PROBE = ".exclusive"
"""The file that is created twice to see whether the second time is refused. It stays."""


class Location(Protocol):
    """What a registry asks of the place where it is kept. Paths are relative, with slashes.

    Attributes:
        where: The location, for errors.
    """

    where: str

    def read(self, path: str) -> bytes:
        """The content of a file.

        Raises:
            FileNotFoundError: There is none.
            RegistryAwayError: The location does not answer.
        """
        ...

    def names(self, folder: str) -> list[str]:
        """What stands in a folder, sorted; nothing if there is no such folder.

        Raises:
            RegistryAwayError: The location does not answer.
        """
        ...

    def prepare(self) -> None:
        """Makes the place itself, where that has a meaning.

        Raises:
            ReadOnlyRegistryError: It cannot be made, or never takes writers.
        """
        ...

    def create(self, path: str, data: bytes) -> None:
        """Creates a file, whole or not at all.

        Raises:
            FileExistsError: There is one, which stays as it is.
            RegistryAwayError: The location does not answer.
        """
        ...

    def publish(self, folder: str, files: Mapping[str, bytes], last: str) -> None:
        """Makes a folder appear, whole or not at all, for readers who look for ``last`` first.

        Args:
            folder: The folder.
            files: Its files.
            last: The name of the file without which readers ignore the folder.

        Raises:
            FileExistsError: The folder, or a file of it with other content, is there already.
            RegistryAwayError: The location does not answer.
        """
        ...

    def discard(self, folder: str) -> None:
        """Removes a folder with its files; nothing happens if there is none.

        Raises:
            RegistryAwayError: The location does not answer.
        """
        ...


def open_location(location: str | os.PathLike[str]) -> Location:
    """The location of this name.

    Args:
        location: A directory (also as ``file://``), or a URL that fsspec knows.

    Raises:
        MissingExtraError: fsspec, or what it needs for the protocol, is not installed.
        RegistryAwayError: fsspec cannot open it.
    """
    from featurelib.release.locations_local import LocalLocation
    from featurelib.release.locations_objects import open_objects

    text = os.fspath(location)
    for protocol in ("file://", "local://"):
        if text.startswith(protocol):
            return LocalLocation(Path(text.removeprefix(protocol)))
    return open_objects(text) if "://" in text else LocalLocation(Path(text))


def require_exclusive(location: Location) -> None:
    """Refuses a location that does not keep the promise of exclusive creation.

    Raises:
        ReadOnlyRegistryError: It lets a file be created twice, or cannot be written.
        RegistryAwayError: It does not answer.
    """
    location.prepare()
    for _ in range(2):
        try:
            location.create(PROBE, b"a file that exists is never written over\n")
        except FileExistsError:
            return
    raise ReadOnlyRegistryError(
        f"{location.where} is read-only: it let {PROBE} be created twice, so two writers could "
        "both win",
        hint="keep the registry in a directory, or in a store with conditional writes; "
        "reading from here works",
    )


@contextlib.contextmanager
def reaching(where: str, what: str) -> Iterator[None]:
    """Around calls to a location: what it raises, but for files there or not, is that it is away.

    Args:
        where: The location.
        what: What is done, for the message.

    Raises:
        RegistryAwayError: See above; stores of fsspec raise whatever their libraries raise.
    """
    try:
        yield
    except (FileExistsError, FileNotFoundError, FeaturelibError):
        raise
    except Exception as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else repr(error)
        raise RegistryAwayError(
            f"{where} does not answer: {what}: {said}",
            hint="nothing is half-moved; ask again when the location can be reached",
        ) from error

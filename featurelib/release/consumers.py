"""Models and bundles in folders: what may read a feature that changes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from featurelib.bundle import Bundle
from featurelib.errors import FeaturelibError, ReleaseError
from featurelib.model_inputs import ModelInputs

__all__ = ["Consumers", "find_consumers"]

Paths = Sequence[str | os.PathLike[str]]
_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class Consumers:
    """What was found, by path.

    Attributes:
        models: What models remember of their inputs.
        bundles: Bundles.
        unread: Files that look like one of these and cannot be read, with the reason.
    """

    models: dict[str, ModelInputs] = field(default_factory=dict)
    bundles: dict[str, Bundle] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)


def find_consumers(models: Paths = (), bundles: Paths = ()) -> Consumers:
    """Reads files, and the JSON files in folders and in the folders below them.

    In a folder other JSON files are passed over. A file that is named must be what it is taken for.

    Args:
        models: Files of `ModelInputs`, or folders of these.
        bundles: Files of bundles, or folders of these.

    Raises:
        ReleaseError: There is no such file or folder, or a named file is not what it should be.
    """
    unread: dict[str, str] = {}
    return Consumers(
        _all(models, "trained_with", ModelInputs.from_bytes, unread),
        _all(bundles, "program", Bundle.from_bytes, unread),
        unread,
    )


def _all(
    paths: Paths, key: str, read: Callable[[bytes, str], _Read], unread: dict[str, str]
) -> dict[str, _Read]:
    """What can be read of these paths.

    Args:
        paths: Files and folders.
        key: A key that only such a file has.
        read: Reads the content of one.
        unread: Takes what cannot be read.
    """
    found = {}
    for path, is_named in _files(paths):
        data = path.read_bytes()
        if not is_named and not _has(data, key):
            continue
        try:
            found[str(path)] = read(data, str(path))
        except FeaturelibError as error:
            if is_named:
                raise
            unread[str(path)] = str(error).splitlines()[0]
    return found


def _files(paths: Paths) -> Iterator[tuple[Path, bool]]:
    """Files, and whether each was named itself."""
    for path in map(Path, paths):
        if path.is_dir():
            yield from ((p, False) for p in sorted(path.rglob("*.json")) if p.is_file())
        elif path.is_file():
            yield path, True
        else:
            raise ReleaseError(
                f"{path}: there is no such file or folder",
                hint="name files of fl.ModelInputs or bundles, or folders that hold them",
            )


def _has(data: bytes, key: str) -> bool:
    """Whether the file is of this sort; one that was cut off is known by its begin or middle."""
    try:
        content = json.loads(data)
    except ValueError:
        return f'"{key}":'.encode() in data
    return isinstance(content, dict) and key in content

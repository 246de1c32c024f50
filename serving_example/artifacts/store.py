"""A folder of model artifacts, each under its digest, with the manifest of names.

    DIGEST/weights.safetensors
    DIGEST/card.json
    manifest.json

An artifact is written into a folder with a name of its own, synced, and renamed: under its digest
it is whole or not there. Writers wait for each other at a lock, which the system frees when one
dies; readers wait for nobody.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from featurelib import digest_file
from serving_example.artifacts.card import ModelArtifact, ModelCard, digest_of
from serving_example.artifacts.errors import ArtifactError, UnknownModelError
from serving_example.artifacts.manifest import Manifest, is_digest

__all__ = ["ArtifactStore", "Lease"]

WEIGHTS, CARD, MANIFEST = "weights.safetensors", "card.json", "manifest.json"
_PARTIAL, _LOCK = ".partial-", ".lock"


class Lease(NamedTuple):
    """An artifact for who goes on using it.

    Attributes:
        artifact: What is used.
        release: Says that it is not used any more; a second call does nothing. It does not keep the
            artifact in memory.
    """

    artifact: ModelArtifact
    release: Callable[[], None]


class ArtifactStore:
    """Artifacts in a folder of this machine.

    Args:
        folder: Where they are; it is made when something is put there.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    def put(self, artifact: ModelArtifact) -> str:
        """Stores an artifact; the same content is stored once.

        Returns:
            Its digest.

        Raises:
            ArtifactError: Something else lies under that digest.
            OSError: It cannot be written; nothing is left of it.
        """
        digest = artifact.digest
        with self._writing():
            if (self.folder / digest).exists():
                self.get(digest)
                return digest
            partial = Path(tempfile.mkdtemp(dir=self.folder, prefix=_PARTIAL))
            try:
                _write(partial / WEIGHTS, artifact.weights)
                _write(partial / CARD, artifact.card.to_bytes())
                partial.chmod(0o755)
                _sync(partial)
                partial.rename(self.folder / digest)
            except BaseException:
                shutil.rmtree(partial, ignore_errors=True)
                raise
            _sync(self.folder)
        return digest

    def get(self, digest: str) -> ModelArtifact:
        """Reads an artifact; its digest is checked before anything in it is looked at.

        Raises:
            UnknownModelError: There is none.
            ArtifactError: It was altered or cut off, or is of a newer format.
        """
        weights, card = self._read(digest, WEIGHTS), self._read(digest, CARD)
        where = self.folder / digest
        if digest_of(weights, card) != digest:
            raise ArtifactError(
                f"{where}: the artifact was altered or cut off: its files have the digest "
                f"{digest_of(weights, card)}",
                hint="remove this folder and put the artifact again; none is edited by hand",
            )
        return ModelArtifact(weights, ModelCard.from_bytes(card, str(where / CARD)))

    def remove(self, digest: str) -> int:
        """Removes an artifact that no name stands for; who reads it meanwhile finds all or nothing.

        Returns:
            Its bytes; 0 if it was not there.

        Raises:
            ArtifactError: A name stands for it.
        """
        with self._writing():
            names = [name for name, of in self.manifest().names.items() if of == digest]
            if names:
                raise ArtifactError(
                    f"{self.folder}: {digest} is what {', '.join(sorted(names))} stands for",
                    hint="publish another artifact under that name, or withdraw it, first",
                )
            size = self.size(digest)
            if (self.folder / digest).exists():
                gone = Path(tempfile.mkdtemp(dir=self.folder, prefix=_PARTIAL))
                (self.folder / digest).rename(gone / digest)
                shutil.rmtree(gone, ignore_errors=True)
            return size

    def lease(self, digest: str) -> Lease:
        """An artifact for who goes on using it; see `get`. Nothing here goes away by itself."""
        return Lease(self.get(digest), lambda: None)

    def size(self, digest: str) -> int:
        """The bytes of an artifact's files; 0 if it is not there.

        Raises:
            UnknownModelError: It is no digest.
        """
        if not is_digest(digest):
            raise UnknownModelError(f"expected a digest of 64 hex digits, got {digest!r}")
        size = 0
        for name in (WEIGHTS, CARD):
            with contextlib.suppress(FileNotFoundError):
                size += (self.folder / digest / name).stat().st_size
        return size

    def digests(self) -> list[str]:
        """What is stored, in the order of digests, named or not."""
        if not self.folder.is_dir():
            return []
        return sorted(path.name for path in self.folder.iterdir() if is_digest(path.name))

    def manifest(self) -> Manifest:
        """The names; none if nothing was published.

        Raises:
            ArtifactError: The manifest was altered or cut off, or is of a newer format.
        """
        path = self.folder / MANIFEST
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return Manifest()
        return Manifest.from_bytes(data, str(path))

    def digest(self, name: str) -> str:
        """The digest that a name stands for now.

        Raises:
            UnknownModelError: There is no such name.
            ArtifactError: The manifest cannot be read.
        """
        names = self.manifest().names
        if name not in names:
            raise UnknownModelError(
                f"{self.folder}: no model is named {name!r}; there are: "
                f"{', '.join(sorted(names)) or 'none'}",
                hint="publish it, or ask for one of those",
            )
        return names[name]

    def publish(self, names: Mapping[str, str], *, withdraw: Iterable[str] = ()) -> Manifest:
        """Moves names, all of them at once; those that are not given stay.

        Args:
            names: The digest that each name is to stand for.
            withdraw: Names that are to stand for nothing.

        Returns:
            The manifest after it.

        Raises:
            UnknownModelError: A digest is not stored.
            ArtifactError: An artifact or the manifest cannot be used; no name has moved.
        """
        with self._writing():
            for digest in sorted({*names.values()}):
                self.get(digest)
            before, gone = self.manifest(), {*withdraw}
            kept = {n: d for n, d in before.names.items() if n not in gone}
            after = Manifest(dict(sorted((kept | dict(names)).items())), before.revision + 1)
            digest_file.save(self.folder / MANIFEST, after.to_bytes(), "the manifest")
            _sync(self.folder)
        return after

    def _read(self, digest: str, name: str) -> bytes:
        if not is_digest(digest):
            raise UnknownModelError(f"expected a digest of 64 hex digits, got {digest!r}")
        try:
            return (self.folder / digest / name).read_bytes()
        except FileNotFoundError:
            if (self.folder / digest).exists():
                raise ArtifactError(
                    f"{self.folder / digest}: the artifact has no {name}",
                    hint="remove this folder and put the artifact again",
                ) from None
            raise UnknownModelError(
                f"{self.folder}: there is no artifact {digest}",
                hint="put it there first, or ask for a digest of the manifest",
            ) from None

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """One writer at a time. What a dead one has left is removed: nobody writes it any more."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            for path in self.folder.glob(f"{_PARTIAL}*"):
                shutil.rmtree(path, ignore_errors=True)
            for path in self.folder.glob(f".{MANIFEST}.*"):
                path.unlink(missing_ok=True)
            yield
        finally:
            os.close(handle)


def _write(path: Path, data: bytes) -> None:
    with open(path, "xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """The names inside a folder, a rename too, reach the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

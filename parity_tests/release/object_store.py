"""An object store as the tests need one: keys and whole objects, no folders, no rename.

Its objects are files of a directory, so that several processes share it. What it promises is an
argument: a store with conditional writes, one that ignores the condition, and one that fails.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

from fsspec import AbstractFileSystem

from featurelib.release.locations_objects import ObjectLocation


class ObjectStore(AbstractFileSystem):
    """Objects by key.

    Args:
        root: Where they are kept; a directory that exists.
        is_conditional: Whether ``mode="create"`` is kept; else it is taken and ignored.
        fails: Names of the calls that raise, like a network that is away.
    """

    cachable = False
    protocol = "objects"

    def __init__(self, root: Path, *, is_conditional: bool = True, fails: tuple[str, ...] = ()):
        super().__init__()
        self.root = Path(root)
        self.is_conditional = is_conditional
        self.fails = set(fails)

    def location(self) -> ObjectLocation:
        """A registry's location in a bucket of the store."""
        return ObjectLocation(self, "bucket/registry", "objects://bucket/registry")

    def cat_file(self, path: str, start: Any = None, end: Any = None, **more: Any) -> bytes:
        self._may("cat_file")
        file = self._file(path)
        if not file.is_file():
            raise FileNotFoundError(path)
        return file.read_bytes()[start:end]

    def ls(self, path: str, detail: bool = True, **more: Any) -> list[Any]:
        self._may("ls")
        prefix = path.strip("/") + "/"
        keys = [f.name.replace("|", "/") for f in self.root.iterdir() if not f.name.startswith("~")]
        below = [key[len(prefix) :] for key in keys if key.startswith(prefix)]
        if not below:
            raise FileNotFoundError(path)
        names = sorted({prefix + rest.partition("/")[0] for rest in below})
        return [{"name": n, "type": "file"} for n in names] if detail else names

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **more: Any) -> None:
        self._may("pipe_file")
        partial = self.root / f"~{secrets.token_hex(8)}"
        partial.write_bytes(value)
        try:
            if mode == "create" and self.is_conditional:
                os.link(partial, self._file(path))
            else:
                os.replace(partial, self._file(path))
        finally:
            partial.unlink(missing_ok=True)

    def rm_file(self, path: str) -> None:
        self._may("rm_file")
        self._file(path).unlink()

    def _file(self, path: str) -> Path:
        return self.root / path.strip("/").replace("/", "|")

    def _may(self, call: str) -> None:
        if call in self.fails:
            raise RuntimeError(f"{call}: connection reset by peer")


class LooksFirst(ObjectStore):
    """A store whose class leaves ``mode="create"`` to fsspec: it looks first and writes then."""

    pipe_file = AbstractFileSystem.pipe_file

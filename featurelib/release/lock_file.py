"""The file ``featurelib.lock``: one entry a line, so that two branches that add lines merge.

    {"format":1,"recipe":1}
    ["feature flights 1.0.0 log_distance",{"fingerprint":"57d1...","version":1}]
    ["op abs@1",{"body":"5600...","cases":24,"golden":"91ab..."}]
    ["set flights 1.0.0",{"fingerprint":"c044...","golden":"7e1f..."}]
    ["table unicode 17.0.0",{"digest":"0b6d..."}]

Each line is canonical JSON, and the lines after the first are in the order of their names. A name
stands there once: what two branches said differently of one release is a question for people.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from featurelib import canonical_json, digest_file
from featurelib.errors import LockFileError

__all__ = ["FORMAT", "LockFile"]

FORMAT = 1
_MARKERS = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")
_RESOLVE = (
    "keep the entries of both sides, each once; where they differ, the one that is released "
    "stays and the other becomes a new version; then run `featurelib lock`"
)


@dataclass(frozen=True)
class LockFile:
    """What a lock file says.

    Attributes:
        recipe: Version of how its hashes were made.
        entries: What is known of each released thing, by its name.
        is_ordered: Whether the file was written as `to_text` writes it.
    """

    recipe: int
    entries: Mapping[str, Mapping[str, Any]]
    is_ordered: bool = True

    def to_text(self) -> str:
        """The file's content."""
        head = canonical_json.dumps({"format": FORMAT, "recipe": self.recipe})
        rest = (canonical_json.dumps([name, self.entries[name]]) for name in sorted(self.entries))
        return "\n".join([head, *rest]) + "\n"

    def save(self, path: Path) -> None:
        """Writes the file; it appears under its name when it is whole."""
        digest_file.save(path, self.to_text().encode(), "the lock")

    @staticmethod
    def read(path: Path) -> LockFile:
        """The lock in a file.

        Raises:
            LockFileError: There is none, it holds an unsolved merge, or it is damaged.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise LockFileError(
                f"{path}: there is no lock file", hint="run `featurelib lock`, and commit the file"
            ) from None
        except UnicodeDecodeError as error:
            raise _damaged(str(path), str(error)) from None
        return LockFile.from_text(text, str(path))

    @staticmethod
    def from_text(text: str, where: str) -> LockFile:
        """The lock with this content.

        Args:
            text: The content.
            where: Which file, for errors.

        Raises:
            LockFileError: It holds an unsolved merge, is damaged, or is of a newer format.
        """
        # Not `splitlines`: a feature's name may hold a line separator of Unicode.
        rows = text.removesuffix("\n").split("\n")
        for number, row in enumerate(rows, start=1):
            if row.startswith(_MARKERS):
                raise LockFileError(
                    f"{where}:{number}: an unsolved merge ({row[:40]!r})", hint=_RESOLVE
                )
        recipe = _head(rows[0], where)
        entries: dict[str, dict[str, Any]] = {}
        for number, row in enumerate(rows[1:], start=2):
            name, entry = _entry(row, f"{where}:{number}")
            if name in entries:
                how = "with two contents" if entries[name] != entry else "twice"
                raise LockFileError(f"{where}:{number}: `{name}` stands there {how}", hint=_RESOLVE)
            entries[name] = entry
        made = LockFile(recipe, entries)
        return made if made.to_text() == text else LockFile(recipe, entries, is_ordered=False)


def _head(row: str, where: str) -> int:
    try:
        head = json.loads(row)
        newest, recipe = head["format"], head["recipe"]
    except (ValueError, TypeError, KeyError):
        raise _damaged(f"{where}:1", "it does not begin with its format and recipe") from None
    if type(newest) is not int or type(recipe) is not int:
        raise _damaged(f"{where}:1", f"format {newest!r}, recipe {recipe!r}")
    if newest > FORMAT:
        raise LockFileError(
            f"{where}: a lock of format {newest}, this featurelib reads up to {FORMAT}",
            hint="pip install -U featurelib",
        )
    return recipe


def _entry(row: str, where: str) -> tuple[str, dict[str, Any]]:
    try:
        name, entry = json.loads(row)
    except (ValueError, TypeError) as error:
        raise _damaged(where, f"no entry: {row[:60]!r} ({error})") from None
    if not isinstance(name, str) or not isinstance(entry, dict):
        raise _damaged(where, f"no entry: {row[:60]!r}")
    for key, value in entry.items():
        if type(value) not in (str, int):
            raise _damaged(where, f"`{name}` has {key}={value!r}")
    return name, entry


def _damaged(where: str, what: str) -> LockFileError:
    return LockFileError(
        f"{where}: the lock is damaged: {what}",
        hint="restore the file of the last commit: git checkout -- featurelib.lock",
    )

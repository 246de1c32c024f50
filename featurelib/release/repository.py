"""A repository that releases feature sets: what its ``pyproject.toml`` says, and what it recorded.

    [tool.featurelib]
    sets = ["rides.features:trips"]
    golden = "golden_data"        # the default

A version of a set is **released** when its golden rows are recorded, in
``<golden>/features/<set>/<version>/features.jsonl``. Beside them stands its bundle, so that the
version goes on to run when its definition has moved on.
"""

from __future__ import annotations

import difflib
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featurelib.errors import ReleaseError

if TYPE_CHECKING:
    from featurelib.feature_set import FeatureSet

__all__ = ["CONFIG", "Recorded", "Repository"]

CONFIG = "pyproject.toml"
_GOLDEN = "golden_data"
_EXAMPLE = '[tool.featurelib]\n  sets = ["package.module:name"]'
_INSTALLED = {"site-packages", "dist-packages"}


@dataclass(frozen=True)
class Recorded:
    """The golden rows of a released version of a set.

    Attributes:
        name: The set.
        version: Its version.
        rows: The file with the golden rows.
    """

    name: str
    version: str
    rows: Path

    @property
    def bundle(self) -> Path:
        """Where the bundle of this version stands."""
        return self.rows.parent / f"{self.name}-{self.version}.json"


@dataclass(frozen=True)
class Repository:
    """What a repository says of its feature sets.

    Attributes:
        root: Its folder.
        sets: Its feature sets, each as ``module:name``.
        golden: The folder of its golden data.
    """

    root: Path
    sets: tuple[str, ...] = ()
    golden: Path = Path(_GOLDEN)

    @property
    def lock(self) -> Path:
        """The lock file."""
        return self.root / "featurelib.lock"

    @staticmethod
    def find(folder: Path | None = None) -> Repository:
        """The repository that a folder (by default the working directory) is in.

        Raises:
            ReleaseError: No ``pyproject.toml`` there or above has a table ``[tool.featurelib]``.
        """
        found = Repository.look(folder)
        if found is None:
            raise ReleaseError(
                f"{(folder or Path.cwd()).resolve()}: no {CONFIG} here or above has a table "
                "[tool.featurelib]",
                hint=f"name the feature sets of the repository in its {CONFIG}:\n  {_EXAMPLE}",
            )
        return found

    @staticmethod
    def look(folder: Path | None = None) -> Repository | None:
        """The repository that a folder is in; None where `find` refuses because there is none."""
        start = (folder or Path.cwd()).resolve()
        for root in (start, *start.parents):
            table = _table(root / CONFIG)
            if table is not None:
                return _read(root, table)
        return None

    def load_sets(self) -> list[FeatureSet]:
        """The feature sets, imported with the root on the path.

        Raises:
            FeaturelibError: One cannot be imported, or is no feature set.
        """
        from featurelib.bundle import Bundle
        from featurelib.parity.targets import find_target

        if str(self.root) not in sys.path:
            sys.path.insert(0, str(self.root))
        found: list[FeatureSet] = []
        for text in self.sets:
            target = find_target(text)
            if isinstance(target, Bundle):
                raise ReleaseError(
                    f"{self.root / CONFIG}: {text} is a bundle",
                    hint="name the feature set that it was bound from",
                )
            twin = next((s for s in found if s.name == target.name), None)
            if twin is not None:
                raise ReleaseError(
                    f"{self.root / CONFIG}: two feature sets are named `{twin.name}`",
                    hint="a lock knows a set by its name: rename one",
                )
            found.append(target)
        return found

    def recorded(self) -> Iterator[Recorded]:
        """The released versions of all sets, by name and version."""
        for rows in sorted((self.golden / "features").glob("*/*/features.jsonl")):
            yield Recorded(rows.parent.parent.name, rows.parent.name, rows)

    def holds(self, file: str) -> bool:
        """Whether a source file is the repository's own (and not installed below it)."""
        path = Path(file)
        return path.is_relative_to(self.root) and not _INSTALLED.intersection(path.parts)

    def shown(self, path: str | Path) -> str:
        """A path as people of this repository write it."""
        path = Path(path)
        return str(path.relative_to(self.root) if path.is_relative_to(self.root) else path)


def _table(file: Path) -> dict[str, Any] | None:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ReleaseError(f"{file}: no readable TOML: {error}") from None
    found = content.get("tool", {}).get("featurelib")
    if found is not None and not isinstance(found, dict):
        raise ReleaseError(f"{file}: [tool.featurelib] is a table, got {found!r}")
    return found


def _read(root: Path, table: dict[str, Any]) -> Repository:
    where = f"{root / CONFIG}: [tool.featurelib]"
    for key in table:
        if key not in ("sets", "golden"):
            close = difflib.get_close_matches(key, ("sets", "golden"), n=1)
            raise ReleaseError(
                f"{where} has no key {key!r}",
                hint=f"did you mean `{close[0]}`?" if close else "its keys are `sets`, `golden`",
            )
    sets, golden = table.get("sets", []), table.get("golden", _GOLDEN)
    if not isinstance(sets, list) or not all(isinstance(s, str) and ":" in s for s in sets):
        raise ReleaseError(
            f"{where}: expected sets as a list of module:name, got sets={sets!r}", hint=_EXAMPLE
        )
    if not isinstance(golden, str):
        raise ReleaseError(f"{where}: expected golden as a folder's name, got golden={golden!r}")
    return Repository(root, tuple(sets), root / golden)

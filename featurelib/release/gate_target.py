"""What the gate is run on: a release folder, a bundle's file, or a set as its repository has it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from featurelib.bundle import Bundle, load
from featurelib.errors import ReleaseError
from featurelib.release.hotfix_file import FILE
from featurelib.release.release_folder import DECLARATION
from featurelib.release.repository import Recorded, Repository
from featurelib.release.targets import RELEASED
from featurelib.release.versions import parse

__all__ = ["Release", "before", "find", "hotfix_of"]


@dataclass(frozen=True)
class Release:
    """A bundle with its golden rows.

    Attributes:
        bundle: The bundle.
        golden: The file with its golden rows, None if there is none.
        declaration: The file of the hotfix that it is, None if it is none or is no release folder.
    """

    bundle: Bundle
    golden: Path | None = None
    declaration: Path | None = None


def find(repository: Repository, target: str | None) -> Release:
    """The release that is meant.

    Args:
        repository: Where.
        target: A release folder, a bundle's file, the ``module:name`` of a set, or None for the
            only set of the repository. Of a set the bundle of its present version is taken, which
            stands beside its golden rows.

    Raises:
        ReleaseError: There is none, or there are several.
        BundleError: It cannot be read.
    """
    repository.load_sets()  # registers the ops that bundles name
    if target is not None and Path(target).is_dir():
        bundle, golden = (Path(target) / name for name in RELEASED)
        if not bundle.is_file():
            raise ReleaseError(
                f"{target}: no release folder: it has no {bundle.name}",
                hint="`featurelib release` makes such a folder",
            )
        declaration = Path(target) / DECLARATION
        return Release(load(bundle), golden, declaration if declaration.is_file() else None)
    if target is not None and Path(target).is_file():
        made = load(target)
        beside = Path(target).with_name(RELEASED[1])
        return Release(made, beside if beside.is_file() else _rows(repository, made))
    return _of_set(repository, target)


def before(repository: Repository, new: Bundle) -> Release | None:
    """The newest released version before one, None if there is none.

    Raises:
        ReleaseError: A version is not ``major.minor.patch``.
        BundleError: Its bundle cannot be read.
    """
    earlier = [
        r
        for r in repository.recorded()
        if r.name == new.name and parse(r.version) < parse(new.version) and r.bundle.is_file()
    ]
    if not earlier:
        return None
    newest = max(earlier, key=lambda r: parse(r.version))
    return Release(load(newest.bundle), newest.rows)


def hotfix_of(repository: Repository, new: Release) -> Path | None:
    """The hotfix that a release declares, or the ``hotfix.toml`` where it is of this version.

    One that cannot be read is taken too: the gate then says what is wrong with it.
    """
    if new.declaration is not None:
        return new.declaration
    path = repository.root / FILE
    if not path.is_file():
        return None
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return path
    expected = (new.bundle.name, new.bundle.version)
    named = tuple(content.get(k, e) for k, e in zip(("set", "to"), expected, strict=True))
    return path if named == expected else None


def _of_set(repository: Repository, target: str | None) -> Release:
    known = repository.sets
    if target is None and len(known) != 1:
        raise ReleaseError(
            f"{repository.root}: which feature set? it has {len(known)}",
            hint=f"name one of {', '.join(known)}" if known else "name a bundle or a release",
        )
    if target is not None and target not in known:
        raise ReleaseError(
            f"{target}: no such file or folder, and no feature set of {repository.root}",
            hint=f"its feature sets: {', '.join(known) or 'none'}",
        )
    definition = repository.load_sets()[known.index(target) if target else 0]
    folder = repository.golden / "features" / definition.name / definition.version
    recorded = Recorded(definition.name, definition.version, folder / "features.jsonl")
    if not recorded.bundle.is_file():
        raise ReleaseError(
            f"{definition.name} {definition.version} has no bundle at "
            f"{repository.shown(recorded.bundle)}",
            hint="fit the set, save its bundle there, and record its golden rows: "
            "featurelib golden record",
        )
    return Release(load(recorded.bundle), recorded.rows)


def _rows(repository: Repository, bundle: Bundle) -> Path | None:
    rows = repository.golden / "features" / bundle.name / bundle.version / "features.jsonl"
    return rows if rows.is_file() else None
